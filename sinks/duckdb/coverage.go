package duckdb

import (
	"fmt"

	"github.com/ampgen/ampgen/runtime"
)

// committed is a row of the state table: a range, and the id that its rows are tagged with.
type committed struct {
	runtime.Range
	batch string
}

// admit decides what to do with a unit, given the committed ranges that overlap it, by network and start: commit it, or
// nothing, since all of it is covered. A unit that overlaps in any other way is an error.
func admit(u runtime.Unit, overlapping []committed) (covered bool, err error) {
	n := 0
	for _, r := range u.Ranges {
		var shared []runtime.Range
		for _, c := range overlapping {
			if c.Network == r.Network && c.Start <= r.End && c.End >= r.Start {
				shared = append(shared, c.Range)
			}
		}
		if len(shared) == 0 {
			continue
		}
		if !cover(shared, r) {
			return false, conflict(shared[len(shared)-1], r)
		}
		n++
	}
	if n > 0 && n < len(u.Ranges) {
		return false, fmt.Errorf("%d of the unit's %d ranges are committed already and the others are not", n, len(u.Ranges))
	}
	return n > 0, nil
}

// cover reports whether the ranges of shared, which are in order and all overlap r, are known to hold r's blocks of r's branch.
// A block's hash stands for all blocks before it, so equal hashes of equal ends prove it, if the ranges leave no gap. Ranges
// without hashes are equal by their numbers.
func cover(shared []runtime.Range, r runtime.Range) bool {
	last := shared[len(shared)-1]
	if r.Hash == "" {
		return len(shared) == 1 && last.Hash == "" && last.Start == r.Start && last.End == r.End
	}
	for i, c := range shared[1:] {
		if c.Start != shared[i].End+1 {
			return false
		}
	}
	return shared[0].Start <= r.Start && last.End == r.End && last.Hash == r.Hash
}

func conflict(c, r runtime.Range) error {
	if c.End == r.End && c.Hash != "" && r.Hash != "" && c.Hash != r.Hash {
		return &runtime.Error{Class: runtime.Reorged, Op: "commit", On: r.String(), Err: fmt.Errorf("%s is committed, of another branch", c)}
	}
	return fmt.Errorf("%s overlaps the committed %s", r, c)
}

// same reports whether replacing the table by u would change nothing: exactly its ranges are committed.
func same(u runtime.Unit, all []committed) bool {
	if len(all) != len(u.Ranges) {
		return false
	}
	for _, r := range u.Ranges {
		found := false
		for _, c := range all {
			found = found || c.Network == r.Network && c.Start == r.Start && cover([]runtime.Range{c.Range}, r)
		}
		if !found {
			return false
		}
	}
	return true
}
