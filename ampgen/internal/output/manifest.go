package output

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ManifestName is the file in the output folder that says which files the tool owns and what it wrote into them.
const ManifestName = "ampgen.manifest.json"

const manifestVersion = 1

// manifest maps each owned path to the hashes that the tool may have left there: one, or both the old and the new one while
// a write is under way, so that an interrupted write does not look like a person's edit.
type manifest map[string][]string

type manifestFile struct {
	Version int             `json:"version"`
	Files   []manifestEntry `json:"files"`
}

type manifestEntry struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func manifestOf(files []File) manifest {
	m := manifest{}
	for _, f := range files {
		m[f.Path] = []string{hash(f.Data)}
	}
	return m
}

// union is the manifest that owns what m or n owns.
func (m manifest) union(n manifest) manifest {
	u := manifest{}
	for _, part := range []manifest{m, n} {
		for path, hashes := range part {
			for _, h := range hashes {
				if !slices.Contains(u[path], h) {
					u[path] = append(u[path], h)
				}
			}
		}
	}
	return u
}

// wrote reports whether data is what the tool left at path.
func (m manifest) wrote(path string, data []byte) bool { return slices.Contains(m[path], hash(data)) }

func (m manifest) encode() []byte {
	file := manifestFile{Version: manifestVersion, Files: []manifestEntry{}}
	for path, hashes := range m {
		for _, h := range hashes {
			file.Files = append(file.Files, manifestEntry{path, h})
		}
	}
	slices.SortFunc(file.Files, func(a, b manifestEntry) int {
		return strings.Compare(a.Path+"\x00"+a.SHA256, b.Path+"\x00"+b.SHA256)
	})
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(file); err != nil {
		panic(err) // a struct of strings and a number always encodes
	}
	return b.Bytes()
}

var errBadManifest = errors.New("bad manifest")

// readManifest reads the manifest under root; one that does not exist owns nothing. Faults of its text are errBadManifest.
func readManifest(root string) (manifest, error) {
	data, err := os.ReadFile(filepath.Join(root, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return manifest{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	var file manifestFile
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadManifest, err)
	}
	if file.Version != manifestVersion {
		return nil, fmt.Errorf("%w: its version is %d, and this ampgen knows %d", errBadManifest, file.Version, manifestVersion)
	}
	m := manifest{}
	for _, e := range file.Files {
		// What the manifest owns may be removed: never anything outside of the output folder.
		if !filepath.IsLocal(filepath.FromSlash(e.Path)) {
			return nil, fmt.Errorf("%w: the path %q is not inside of the output folder", errBadManifest, e.Path)
		}
		m[e.Path] = append(m[e.Path], e.SHA256)
	}
	return m, nil
}
