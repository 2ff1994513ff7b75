package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/blockrange"
)

// store is what survives a process: the database behind the sinks of all loaders.
type store struct {
	epoch    uint64 // of the fence
	holder   string
	coverage []runtime.Range        // by start, apart from each other
	rows     map[uint64][]storedRow // by block
	units    map[string]blockrange.Span
	writes   int // visible commits that changed something
	keep     int // more proven ranges than these are merged; 0: never
}

type storedRow struct {
	row
	batch string
}

func newStore() *store {
	return &store{rows: map[uint64][]storedRow{}, units: map[string]blockrange.Span{}}
}

// last is the committed range with the greatest end; the zero Range if there is none.
func (s *store) last() runtime.Range {
	if len(s.coverage) == 0 {
		return runtime.Range{}
	}
	return s.coverage[len(s.coverage)-1]
}

// admit reports whether r is covered already. An error says that its blocks are covered, but not known to be r's.
func (s *store) admit(r runtime.Range) (covered bool, err error) {
	var over []runtime.Range
	for _, c := range s.coverage {
		if c.Start <= r.End && r.Start <= c.End {
			over = append(over, c)
		}
	}
	if len(over) == 0 {
		return false, nil
	}
	last := over[len(over)-1]
	proven := r.Hash != "" && last.Hash == r.Hash && last.End == r.End &&
		blockrange.Cover(network, over).Contains(blockrange.Span{Start: r.Start, End: r.End})
	asUnproven := len(over) == 1 && r.Hash == "" && last.Hash == "" && last.Start == r.Start && last.End == r.End
	switch {
	case proven || asUnproven:
		return true, nil
	case last.Hash != "" && r.Hash != "" && last.End == r.End:
		return false, runtime.Errorf(runtime.Reorged, "commit", r.String(), "%v is committed, of another branch", last)
	}
	return false, runtime.Errorf(runtime.Permanent, "commit", r.String(), "it overlaps the committed %v", over)
}

// commit adds a unit. The rows' key is block and index.
func (s *store) commit(u runtime.Unit, rows []row) error {
	r, id := u.Ranges[0], u.ID()
	added := map[uint64][]storedRow{}
	for _, x := range rows {
		same := func(o storedRow) bool { return o.index == x.index }
		if slices.ContainsFunc(s.rows[x.block], same) || slices.ContainsFunc(added[x.block], same) {
			return fmt.Errorf("a row with the key (%d, %d) exists", x.block, x.index)
		}
		added[x.block] = append(added[x.block], storedRow{x, id})
	}
	for number, more := range added {
		s.rows[number] = append(s.rows[number], more...)
	}
	at, _ := slices.BinarySearchFunc(s.coverage, r.Start, func(c runtime.Range, start uint64) int {
		if c.Start < start {
			return -1
		}
		return 1
	})
	s.coverage = slices.Insert(s.coverage, at, r)
	s.units[id] = blockrange.Span{Start: r.Start, End: r.End}
	s.writes++
	return nil
}

// undo takes the blocks from a fork point on out of rows and coverage. It reports whether there were any.
func (s *store) undo(u runtime.Undo) bool {
	kept := s.coverage[:0:0]
	for _, c := range s.coverage {
		if c.End >= u.From {
			if c.Start >= u.From {
				continue
			}
			c.End, c.Hash, c.Timestamp = u.From-1, u.Hash, 0
		}
		kept = append(kept, c)
	}
	if slices.Equal(kept, s.coverage) {
		return false
	}
	for number := range s.rows {
		if number >= u.From {
			delete(s.rows, number)
		}
	}
	s.coverage = kept
	s.writes++
	return true
}

// compact merges the oldest two ranges while there are more than the store keeps apart. It reports whether it did.
func (s *store) compact() (done bool) {
	for s.keep > 0 && len(s.coverage) > s.keep {
		a, b := s.coverage[0], s.coverage[1]
		if a.Hash == "" || b.Hash == "" || a.End+1 != b.Start {
			break
		}
		b.Start, b.PrevHash = a.Start, a.PrevHash
		s.coverage = append([]runtime.Range{b}, s.coverage[2:]...)
		done = true
	}
	return done
}

// table is the content of the table in order, without the tags of the units that wrote it.
func (s *store) table() []row {
	var out []row
	for _, number := range slices.Sorted(maps.Keys(s.rows)) {
		of := make([]row, 0, 4)
		for _, x := range s.rows[number] {
			of = append(of, x.row)
		}
		slices.SortFunc(of, func(a, b row) int { return cmp.Compare(a.index, b.index) })
		out = append(out, of...)
	}
	return out
}
