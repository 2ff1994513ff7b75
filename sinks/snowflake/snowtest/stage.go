package snowtest

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// staged is a file on a stage.
type staged struct {
	name     string // relative to the stage
	path     string
	size     int64
	modified time.Time
	sum      string // MD5
}

// put answers with where the driver has to copy the file to: the stage's own folder.
func (s *session) put(p *sfsql.Put) (*result, error) {
	st, err := s.stage(p.To.Stage)
	if err != nil {
		return nil, err
	}
	if p.Compress {
		return nil, unsupported("PUT with AUTO_COMPRESS=TRUE")
	}
	if !filepath.IsLocal(filepath.FromSlash(cmp.Or(p.To.Path, "."))) {
		return nil, errorf("001003", "42000", "SQL compilation error: invalid path '%s' on a stage", p.To.Path)
	}
	dir := filepath.Join(st.dir, filepath.FromSlash(p.To.Path))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &result{typeID: typeList, extra: map[string]any{
		"command": "UPLOAD", "operation": "Node", "src_locations": []string{p.File}, "autoCompress": false, "overwrite": p.Overwrite,
		"parallel": p.Parallel, "sourceCompression": "none",
		"stageInfo": map[string]any{"locationType": "LOCAL_FS", "location": dir + "/", "creds": map[string]any{}},
	}}, nil
}

// files are the files below a path of a stage, by name. As on any object store a path is a mere prefix of names.
func (st *stage) files(prefix string) ([]staged, error) {
	var out []staged
	err := filepath.WalkDir(st.dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(st.dir, p)
		if name := filepath.ToSlash(rel); err == nil && strings.HasPrefix(name, prefix) {
			var f staged
			f, err = st.file(name)
			out = append(out, f)
		}
		return err
	})
	slices.SortFunc(out, func(a, b staged) int { return cmp.Compare(a.name, b.name) })
	return out, err
}

// file is one file of a stage. The error is that of the file system.
func (st *stage) file(name string) (staged, error) {
	f := staged{name: name, path: filepath.Join(st.dir, filepath.FromSlash(name))}
	file, err := os.Open(f.path)
	if err != nil {
		return f, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return f, err
	}
	f.size, f.modified = info.Size(), info.ModTime()
	sum := md5.New()
	if _, err := io.Copy(sum, file); err != nil {
		return f, err
	}
	f.sum = hex.EncodeToString(sum.Sum(nil))
	return f, nil
}

// listed is a file's name with the stage's before it, as LIST has it.
func (st *stage) listed(f staged) string { return path.Join(strings.ToLower(st.name[2]), f.name) }

func (s *session) list(l *sfsql.List) (*result, error) {
	st, err := s.stage(l.Path.Stage)
	if err != nil {
		return nil, err
	}
	files, err := st.files(l.Path.Path)
	if err != nil {
		return nil, err
	}
	r := &result{typeID: typeList, columns: []resultColumn{{name: "name", t: varchar}, {name: "size", t: count}, {name: "md5", t: varchar}, {name: "last_modified", t: varchar}}}
	for _, f := range files {
		name, size, modified := st.listed(f), strconv.FormatInt(f.size, 10), f.modified.UTC().Format("Mon, 2 Jan 2006 15:04:05 GMT")
		r.rows = append(r.rows, []*string{&name, &size, &f.sum, &modified})
	}
	return r, nil
}

func (s *session) remove(l *sfsql.Remove) (*result, error) {
	st, err := s.stage(l.Path.Stage)
	if err != nil {
		return nil, err
	}
	files, err := st.files(l.Path.Path)
	if err != nil {
		return nil, err
	}
	r := &result{typeID: typeList, columns: []resultColumn{{name: "name", t: varchar}, {name: "result", t: varchar}}}
	removed := "removed"
	for _, f := range files {
		if err := os.Remove(f.path); err != nil {
			return nil, err
		}
		name := st.listed(f)
		r.rows = append(r.rows, []*string{&name, &removed})
	}
	return r, nil
}
