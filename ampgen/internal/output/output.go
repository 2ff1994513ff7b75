// Package output brings generated files to disk: it compares them with what is there, and writes all of them or none.
//
// A manifest beside the files says what the tool wrote. A file that differs from the manifest was edited by a person and is
// never overwritten or removed; a file of an earlier run that no query makes any more is removed if it is as the tool left it.
// Every file is replaced by renaming, so that an interrupted write leaves old or new files and no torn ones.
package output

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
)

// File is a file to be written.
type File struct {
	Path string // slash-separated, relative to the output folder
	Data []byte
}

// Set is what a run made.
type Set struct {
	Files []File
	// Partial says that only some of the project's queries were read: files in folders that the run made nothing in stay.
	Partial bool
}

// Changes say, path by path in order, what a write does to the output folder. The manifest is one of the paths.
type Changes struct {
	Added, Changed, Unchanged, Removed []string
}

// Written are the paths whose content is new.
func (c Changes) Written() []string {
	w := slices.Concat(c.Added, c.Changed)
	slices.Sort(w)
	return w
}

// Empty reports whether everything is as it should be.
func (c Changes) Empty() bool { return len(c.Added)+len(c.Changed)+len(c.Removed) == 0 }

// Diff says what Write would do, and writes nothing. Files that a person edited are diagnostics.
func Diff(root string, set Set, diags *diag.List) (Changes, error) {
	p, err := newPlan(root, set, diags)
	return p.changes, err
}

// Write makes the folder root have exactly the files of set, apart from files that the tool never owned. Files with the right
// content are not touched. With any diagnostic or an error before the first rename, nothing is changed.
func Write(root string, set Set, diags *diag.List) (Changes, error) {
	before := diags.Len()
	p, err := newPlan(root, set, diags)
	if err != nil || diags.Len() > before || p.changes.Empty() {
		return p.changes, err
	}
	if err := p.apply(); err != nil {
		return Changes{}, fmt.Errorf("write generated code: %w", err)
	}
	return p.changes, nil
}

// plan is a comparison of files with what is under root.
type plan struct {
	root     string
	old, new manifest
	write    []File // without the manifest
	changes  Changes
}

func newPlan(root string, set Set, diags *diag.List) (*plan, error) {
	p := &plan{root: root, new: manifestOf(set.Files)}
	var err error
	p.old, err = readManifest(root)
	if errors.Is(err, errBadManifest) {
		diags.Add(diag.Diagnostic{Code: diag.Output, File: p.shown(ManifestName), Message: err.Error(),
			Help: "restore the file from version control, or delete the output folder and run ampgen again"})
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if set.Partial {
		p.keepOthers()
	}
	files := slices.SortedFunc(slices.Values(set.Files), func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	for i, f := range files {
		if i > 0 && files[i-1].Path == f.Path {
			return p, fmt.Errorf("ampgen bug: two generated files are %s", f.Path)
		}
		if err := p.compare(f, diags); err != nil {
			return p, err
		}
	}
	if err := p.findStale(diags); err != nil {
		return p, err
	}
	return p, p.compareManifest()
}

// keepOthers goes on owning the files in folders that this run made nothing in.
func (p *plan) keepOthers() {
	made := map[string]bool{}
	for f := range p.new {
		folder, _, _ := strings.Cut(f, "/")
		made[folder] = true
	}
	for f, hashes := range p.old {
		if folder, _, _ := strings.Cut(f, "/"); !made[folder] {
			p.new[f] = hashes
		}
	}
}

// read gives the content of a file under root, and whether it exists.
func (p *plan) read(slashed string) ([]byte, bool, error) {
	data, err := os.ReadFile(p.full(slashed))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read generated code: %w", err)
	}
	return data, true, nil
}

func (p *plan) full(slashed string) string { return filepath.Join(p.root, filepath.FromSlash(slashed)) }

// shown is how a path is named to the user.
func (p *plan) shown(slashed string) string { return path.Join(filepath.ToSlash(p.root), slashed) }

func (p *plan) compare(f File, diags *diag.List) error {
	data, exists, err := p.read(f.Path)
	switch {
	case err != nil:
		return err
	case !exists:
		p.changes.Added = append(p.changes.Added, f.Path)
		p.write = append(p.write, f)
	case bytes.Equal(data, f.Data):
		p.changes.Unchanged = append(p.changes.Unchanged, f.Path)
	case p.old.wrote(f.Path, data):
		p.changes.Changed = append(p.changes.Changed, f.Path)
		p.write = append(p.write, f)
	case p.old[f.Path] == nil:
		diags.Add(diag.Diagnostic{Code: diag.Output, File: p.shown(f.Path),
			Message: "this file is in the way of a generated one, and ampgen did not write it",
			Note:    ManifestName + " does not list it",
			Help:    "move or delete the file, and run ampgen again"})
	default:
		diags.Add(diag.Diagnostic{Code: diag.Output, File: p.shown(f.Path),
			Message: "this generated file was edited by hand",
			Note:    "its content is not what " + ManifestName + " says",
			Help:    "move the edit to a file of your own beside it, delete this file, and run ampgen again"})
	}
	return nil
}

// findStale finds the files of an earlier run that no query makes any more.
func (p *plan) findStale(diags *diag.List) error {
	for owned := range p.old {
		if p.new[owned] != nil {
			continue
		}
		data, exists, err := p.read(owned)
		if err != nil {
			return err
		}
		if !exists {
			continue
		}
		if !p.old.wrote(owned, data) {
			diags.Add(diag.Diagnostic{Code: diag.Output, File: p.shown(owned),
				Message: "no query makes this generated file any more, and it was edited by hand",
				Note:    "its content is not what " + ManifestName + " says",
				Help:    "move or delete the file, and run ampgen again"})
			continue
		}
		p.changes.Removed = append(p.changes.Removed, owned)
	}
	slices.Sort(p.changes.Removed)
	return nil
}

func (p *plan) compareManifest() error {
	data, exists, err := p.read(ManifestName)
	switch {
	case err != nil:
		return err
	case !exists:
		p.changes.Added = insert(p.changes.Added, ManifestName)
	case bytes.Equal(data, p.new.encode()):
		p.changes.Unchanged = insert(p.changes.Unchanged, ManifestName)
	default:
		p.changes.Changed = insert(p.changes.Changed, ManifestName)
	}
	return nil
}

func insert(sorted []string, s string) []string {
	i, _ := slices.BinarySearch(sorted, s)
	return slices.Insert(sorted, i, s)
}
