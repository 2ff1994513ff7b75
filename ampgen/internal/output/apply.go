package output

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
)

// stagingPattern names the folder under the output folder in which new files wait for their rename. Its leading dot keeps the
// go command away from it.
const stagingPattern = ".ampgen-staging-*"

// apply carries the plan out. Everything that can fail for want of space or rights is done in the staging folder first; then
// come the renames, under a manifest that owns both the old and the new content.
func (p *plan) apply() (err error) {
	if err := os.MkdirAll(p.root, 0o755); err != nil {
		return err
	}
	if err := p.sweep(); err != nil {
		return err
	}
	staging, err := os.MkdirTemp(p.root, stagingPattern)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staging)) }()
	moves, err := p.stage(staging)
	if err != nil {
		return err
	}
	for _, m := range moves {
		if err := os.Rename(m.from, m.to); err != nil {
			return err
		}
	}
	for _, stale := range p.changes.Removed {
		if err := p.remove(stale); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(staging, "manifest"), p.full(ManifestName))
}

// sweep removes the staging folders of runs that were killed.
func (p *plan) sweep() error {
	left, err := filepath.Glob(filepath.Join(p.root, stagingPattern))
	if err != nil {
		return fmt.Errorf("look for %s in %s: %w", stagingPattern, p.root, err)
	}
	for _, folder := range left {
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}

type move struct{ from, to string }

// stage writes the new files into the staging folder and makes the folders that they go to. The transitional manifest is the
// first move; the final manifest waits in the file "manifest".
func (p *plan) stage(staging string) ([]move, error) {
	transitional := File{Path: ManifestName, Data: p.old.union(p.new).encode()}
	var moves []move
	for i, f := range append([]File{transitional}, p.write...) {
		m := move{filepath.Join(staging, strconv.Itoa(i)), p.full(f.Path)}
		if err := os.WriteFile(m.from, f.Data, 0o644); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(m.to), 0o755); err != nil {
			return nil, err
		}
		moves = append(moves, m)
	}
	return moves, os.WriteFile(filepath.Join(staging, "manifest"), p.new.encode(), 0o644)
}

// remove removes a stale file, and the folders that it leaves empty.
func (p *plan) remove(slashed string) error {
	if err := os.Remove(p.full(slashed)); err != nil {
		return err
	}
	for folder := path.Dir(slashed); folder != "."; folder = path.Dir(folder) {
		if os.Remove(p.full(folder)) != nil {
			break // not empty
		}
	}
	return nil
}
