// Package coverage has the rules by which a sink keeps what is committed: whether a unit may be committed, what an undo leaves,
// and what is merged so that the state stays small. It is pure; a sink reads rows of its state table, asks here, and writes the
// changes in the transaction of the unit.
package coverage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/fault"
)

// Range is a range of blocks with its hashes.
type Range = blockrange.Range

// Row is a row of a state table.
type Row struct {
	Range
	// Batch is the id that the rows of the range are tagged with: that of the unit which wrote them, also when an undo has cut the
	// range since. No rows are tagged with the id of a merged row.
	Batch string
	// Units is the number of committed units that the row stands for: 1, or more if it is merged.
	Units uint64
}

// RowsOf are the rows that a unit of ranges adds.
func RowsOf(ranges []Range) []Row {
	rows := make([]Row, len(ranges))
	for i, r := range ranges {
		rows[i] = Row{Range: r, Batch: r.ID(), Units: 1}
	}
	return rows
}

// RangesOf are the ranges of rows.
func RangesOf(rows []Row) []Range {
	ranges := make([]Range, len(rows))
	for i, r := range rows {
		ranges[i] = r.Range
	}
	return ranges
}

// Change is what becomes of a state table: rows that go and rows that come, in this order. A row that is altered is in both.
type Change struct{ Remove, Add []Row }

// Apply is what rows become by the change, by network and start.
func (c Change) Apply(rows []Row) []Row {
	out := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return slices.Contains(c.Remove, r) })
	out = append(out, c.Add...)
	slices.SortFunc(out, byStart)
	return out
}

func byStart(a, b Row) int {
	return cmp.Or(cmp.Compare(a.Network, b.Network), cmp.Compare(a.Start, b.Start))
}

// Admit decides what to do with a unit of ranges, given the committed rows, or at least those that overlap it, by network and
// start: commit it, or nothing, since all of it is covered. Any other overlap is an error.
func Admit(ranges []Range, rows []Row) (covered bool, err error) {
	n := 0
	for _, r := range ranges {
		var over []Range
		for _, c := range rows {
			if c.Network == r.Network && c.Start <= r.End && c.End >= r.Start {
				over = append(over, c.Range)
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
	if n > 0 && n < len(ranges) {
		return false, fault.Errorf(fault.Permanent, "commit", "", "%d of the unit's %d ranges are committed already and the others are not", n, len(ranges))
	}
	return n > 0, nil
}

// covers reports whether the ranges over, which are in order and all overlap r, are known to hold r's blocks of r's branch. A
// block's hash stands for all blocks before it, so equal hashes of equal ends prove it, if the ranges leave no gap. A range
// without a hash is any blocks of its numbers, so it is covered by another one without a hash around it.
func covers(over []Range, r Range) bool {
	last := over[len(over)-1]
	if r.Hash == "" {
		return len(over) == 1 && last.Hash == "" && last.Start <= r.Start && last.End >= r.End
	}
	for i, c := range over[1:] {
		if c.Start != over[i].End+1 {
			return false
		}
	}
	return over[0].Start <= r.Start && last.End == r.End && last.Hash == r.Hash
}

func conflict(over []Range, r Range) error {
	last := over[len(over)-1]
	if last.End == r.End && last.Hash != "" && r.Hash != "" && last.Hash != r.Hash {
		return fault.Errorf(fault.Reorged, "commit", r.String(), "%s is committed, of another branch", last)
	}
	return fault.Errorf(fault.Permanent, "commit", "", "%s overlaps the committed %s", r, over[0])
}

// Same reports whether replacing a table by a unit of ranges would change nothing: exactly these ranges are committed. A unit
// without ranges says nothing of its rows, so it is never the same.
func Same(ranges []Range, all []Row) bool {
	if len(all) != len(ranges) || len(all) == 0 {
		return false
	}
	for _, r := range ranges {
		if !slices.ContainsFunc(all, func(c Row) bool {
			return c.Network == r.Network && c.Start == r.Start && c.End == r.End && c.Hash == r.Hash
		}) {
			return false
		}
	}
	return true
}

// Undo is what the undo of a network's blocks from one on leaves of rows, of which those of the network count that end at the
// block before or later. hash is the hash of the block before; empty when unknown: what is left of a range that is not proven, and is
// marked by a time since it may have left the chain, keeps the mark.
func Undo(rows []Row, network string, from uint64, hash string) Change {
	var c Change
	for _, r := range rows {
		switch {
		case r.Network != network:
		case r.Start >= from:
			c.Remove = append(c.Remove, r)
		case r.End >= from, r.End == from-1 && r.Hash == "" && hash != "":
			c.Remove = append(c.Remove, r)
			if r.End >= from {
				r.End = from - 1
				if r.Hash != "" || hash != "" {
					r.Timestamp = 0 // that of a proven range is its last block's
				}
			}
			r.Hash = hash
			c.Add = append(c.Add, r)
		}
	}
	return c
}

// Undone are the rows of c.Remove that have blocks at or after from.
func (c Change) Undone(from uint64) []Row {
	return slices.DeleteFunc(slices.Clone(c.Remove), func(r Row) bool { return r.End < from })
}

// Exchange decides what to do with a unit of ranges that undoes first, as Undo does: what the undo changes, and whether the unit
// may be committed then. rows are all committed ones, by network and start. Where the unit is covered already, its branch is the
// committed one, and there is nothing to undo.
func Exchange(ranges []Range, rows []Row, network string, from uint64, hash string) (c Change, covered bool, err error) {
	if covered, err := Admit(ranges, rows); err == nil && covered {
		return Change{}, true, nil
	}
	c = Undo(rows, network, from, hash)
	covered, err = Admit(ranges, c.Apply(rows))
	return c, covered, err
}

// CompactEvery is after how many commits a sink compacts. With what Compact leaves alone, the coverage of a network that is
// followed is then never more than some thirteen hundred rows.
const CompactEvery = 256

// Compact merges rows, in any order, that are older than any reorganisation; blockrange.Compactable says which.
func Compact(rows []Row) Change {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, byStart)
	var c Change
	for first := 0; first < len(rows); {
		next := first
		for next < len(rows) && rows[next].Network == rows[first].Network {
			next++
		}
		c.compactNetwork(rows[first:next])
		first = next
	}
	return c
}

func (c *Change) compactNetwork(rows []Row) {
	for _, run := range blockrange.Compactable(RangesOf(rows)) {
		merged := Row{Range: run.Range, Batch: run.Range.ID()}
		for _, r := range rows[run.First : run.Last+1] {
			merged.Units += r.Units
			c.Remove = append(c.Remove, r)
		}
		c.Add = append(c.Add, merged)
	}
}

// Redo finds the row that has the blocks of r, whose rows are to be replaced by what the server answered when tip was the last
// block that it had. The coverage does not change by that, so both must be of one branch: either the server's last block is the
// end of a committed range, or the blocks of r are older than any reorganisation. rows are all rows of r's network. The errors
// are Transient where another answer, after what is loaded meanwhile, may do.
func Redo(rows []Row, r, tip Range) (Row, error) {
	const op = "load again"
	var holder Row
	var last Range
	known, found := false, false
	for _, c := range rows {
		if c.Start <= r.Start && c.End >= r.End {
			holder, found = c, true
		}
		if c.End == tip.End && c.Hash != "" {
			if c.Hash != tip.Hash {
				return Row{}, fault.Errorf(fault.Transient, op, r.String(), "the server answered from a branch that ends in %s, and %s is committed", tip, c.Range)
			}
			known = true
		}
		if last.Network == "" || c.End > last.End {
			last = c.Range
		}
	}
	old := func(end uint64) bool {
		return end >= blockrange.KeepBoundaries && r.End <= end-blockrange.KeepBoundaries
	}
	switch {
	case !found:
		return Row{}, fault.Errorf(fault.Transient, op, r.String(), "the committed ranges around it changed")
	case !known && !(old(last.End) && old(tip.End)):
		return Row{}, &fault.Error{Class: fault.Transient, Op: op, On: r.String(),
			Err: fmt.Errorf("the server has blocks up to %d and committed are those up to %d, so it is not known whether both are of one branch", tip.End, last.End),
			Help: fmt.Sprintf("let the loader catch up; blocks that are %d below the last committed one can be loaded again at any time",
				blockrange.KeepBoundaries)}
	}
	return holder, nil
}
