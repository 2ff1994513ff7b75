package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
)

// store is what survives a process: the database behind the sinks of all loaders. Its state follows the rules of package
// coverage, as that of a real sink does.
type store struct {
	epoch  uint64 // of the fence
	holder string
	state  []coverage.Row         // by start
	rows   map[uint64][]storedRow // by block
	units  map[string]coverage.Range
	writes int // visible commits that changed something
	keep   int // more proven ranges than these are merged; 0: never
}

type storedRow struct {
	row
	batch string
}

func newStore() *store {
	return &store{rows: map[uint64][]storedRow{}, units: map[string]coverage.Range{}}
}

// last is the committed range with the greatest end; the zero Range if there is none.
func (s *store) last() coverage.Range {
	if len(s.state) == 0 {
		return coverage.Range{}
	}
	return s.state[len(s.state)-1].Range
}

// ranges are the committed ranges by start.
func (s *store) ranges() []coverage.Range {
	out := make([]coverage.Range, len(s.state))
	for i, r := range s.state {
		out[i] = r.Range
	}
	return out
}

// admit reports whether a unit is covered already, and what its undo changes. An error says that its blocks are covered, but not known
// to be the same.
func (s *store) admit(u runtime.Unit) (undone coverage.Change, covered bool, err error) {
	if u.Undo != nil {
		return coverage.Exchange(u.Ranges, s.state, u.Undo.Network, u.Undo.From, u.Undo.Hash)
	}
	covered, err = coverage.Admit(u.Ranges, s.state)
	return undone, covered, err
}

// commit adds a unit that undoes first, or nothing if the rows do not fit: their key is block and index.
func (s *store) commit(u runtime.Unit, undone coverage.Change, rows []row) error {
	id := u.ID()
	added := map[uint64][]storedRow{}
	for _, x := range rows {
		same := func(o storedRow) bool { return o.index == x.index }
		stays := u.Undo == nil || x.block < u.Undo.From
		if stays && slices.ContainsFunc(s.rows[x.block], same) || slices.ContainsFunc(added[x.block], same) {
			return fmt.Errorf("a row with the key (%d, %d) exists", x.block, x.index)
		}
		added[x.block] = append(added[x.block], storedRow{x, id})
	}
	if u.Undo != nil {
		s.removeFrom(u.Undo.From)
	}
	for number, more := range added {
		s.rows[number] = append(s.rows[number], more...)
	}
	undone.Add = append(undone.Add, coverage.RowsOf(u.Ranges)...)
	s.change(undone)
	s.units[id] = u.Ranges[0]
	return nil
}

func (s *store) removeFrom(block uint64) {
	maps.DeleteFunc(s.rows, func(number uint64, _ []storedRow) bool { return number >= block })
}

// undo takes the blocks from a fork point on out of rows and state. It reports whether that changed anything.
func (s *store) undo(u runtime.Undo) bool {
	c := coverage.Undo(s.state, u.Network, u.From, u.Hash)
	if len(c.Remove)+len(c.Add) == 0 {
		return false
	}
	s.removeFrom(u.From)
	s.change(c)
	return true
}

func (s *store) change(c coverage.Change) {
	s.state = c.Apply(s.state)
	s.writes++
}

// compact merges the oldest two ranges while there are more than the store keeps apart, which are fewer than real sinks keep.
// It reports whether it did.
func (s *store) compact() (done bool) {
	for s.keep > 0 && len(s.state) > s.keep {
		a, b := s.state[0], s.state[1]
		if a.Hash == "" || b.PrevHash != a.Hash || a.End+1 != b.Start {
			break
		}
		b.Start, b.PrevHash = a.Start, a.PrevHash
		b.Batch, b.Units = b.ID(), a.Units+b.Units
		s.state = append([]coverage.Row{b}, s.state[2:]...)
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
