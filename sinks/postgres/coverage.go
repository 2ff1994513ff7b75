package postgres

import (
	"fmt"
	"slices"

	"github.com/ampgen/ampgen/runtime"
)

// committed is a row of the state table: a range, and the id that its rows are tagged with. The id is that of the unit which
// wrote them, also when an undo has cut the range since.
type committed struct {
	runtime.Range
	batch string
}

// admit decides what to do with a unit, given the committed ranges that overlap it in order of start: commit it, or nothing,
// since all of it is covered. Any other overlap is an error.
func admit(u runtime.Unit, overlapping []committed) (covered bool, err error) {
	n := 0
	for _, r := range u.Ranges {
		var over []committed
		for _, c := range overlapping {
			if c.Network == r.Network && c.Start <= r.End && c.End >= r.Start {
				over = append(over, c)
			}
		}
		switch {
		case len(over) == 0:
		case covers(over, r):
			n++
		default:
			return false, conflict(over, r)
		}
	}
	if n > 0 && n < len(u.Ranges) {
		return false, fmt.Errorf("%d of the unit's %d ranges are committed already and the others are not", n, len(u.Ranges))
	}
	return n > 0, nil
}

// covers reports whether the ranges over are known to hold r's blocks of r's branch. A block's hash stands for all blocks
// before it, so equal hashes of equal ends prove it; ranges without hashes are equal by their numbers.
func covers(over []committed, r runtime.Range) bool {
	last := over[len(over)-1]
	if last.End != r.End || last.Hash != r.Hash {
		return false
	}
	if r.Hash == "" {
		return len(over) == 1 && last.Start == r.Start
	}
	if over[0].Start > r.Start {
		return false
	}
	for i := 1; i < len(over); i++ {
		if over[i].Start != over[i-1].End+1 {
			return false
		}
	}
	return true
}

func conflict(over []committed, r runtime.Range) error {
	last := over[len(over)-1]
	if last.End == r.End && last.Hash != "" && r.Hash != "" && last.Hash != r.Hash {
		return &runtime.Error{Class: runtime.Reorged, Op: "commit", On: r.String(), Err: fmt.Errorf("%s is committed, of another branch", last.Range)}
	}
	return fmt.Errorf("%s overlaps the committed %s", r, over[0].Range)
}

// same reports whether replacing the table by u would change nothing: exactly its ranges are committed. A unit without ranges
// says nothing of its rows, so it is never the same.
func same(u runtime.Unit, all []committed) bool {
	if len(all) != len(u.Ranges) || len(all) == 0 {
		return false
	}
	for _, r := range u.Ranges {
		if !slices.ContainsFunc(all, func(c committed) bool {
			return c.Network == r.Network && c.Start == r.Start && c.End == r.End && c.Hash == r.Hash
		}) {
			return false
		}
	}
	return true
}
