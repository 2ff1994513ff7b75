package coverage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/fault"
)

func span(start, end uint64, hash string) coverage.Range {
	return coverage.Range{Network: "eth", Start: start, End: end, Hash: hash}
}

func rows(ranges ...coverage.Range) []coverage.Row { return coverage.RowsOf(ranges) }

func TestAdmit(t *testing.T) {
	have := rows(span(0, 9, "h9"), span(10, 19, "h19"), span(30, 39, ""), span(40, 49, "h49"))
	for _, c := range []struct {
		name    string
		unit    []coverage.Range
		covered bool
		class   fault.Class
		fails   bool
	}{
		{name: "nothing overlaps", unit: []coverage.Range{span(20, 29, "h29")}},
		{name: "no ranges", unit: nil},
		{name: "the same", unit: []coverage.Range{span(10, 19, "h19")}, covered: true},
		{name: "the end of one", unit: []coverage.Range{span(15, 19, "h19")}, covered: true},
		{name: "two together", unit: []coverage.Range{span(5, 19, "h19")}, covered: true},
		{name: "unproven, the same", unit: []coverage.Range{span(30, 39, "")}, covered: true},
		{name: "unproven, a part", unit: []coverage.Range{span(32, 35, "")}, covered: true},
		{name: "ends proven over an unproven one", unit: []coverage.Range{span(30, 49, "h49")}, covered: true},
		{name: "a gap inside", unit: []coverage.Range{span(10, 49, "h49")}, fails: true},
		{name: "another branch", unit: []coverage.Range{span(10, 19, "x")}, fails: true, class: fault.Reorged},
		{name: "proven over unproven", unit: []coverage.Range{span(30, 39, "h39")}, fails: true},
		{name: "unproven over proven", unit: []coverage.Range{span(10, 19, "")}, fails: true},
		{name: "more than an unproven one", unit: []coverage.Range{span(29, 39, "")}, fails: true},
		{name: "beyond the end", unit: []coverage.Range{span(10, 25, "h25")}, fails: true},
		{name: "inside", unit: []coverage.Range{span(12, 15, "h15")}, fails: true},
		{name: "half covered", unit: []coverage.Range{span(10, 19, "h19"), {Network: "base", End: 9, Hash: "b9"}}, fails: true},
		{name: "another network", unit: []coverage.Range{{Network: "base", End: 19, Hash: "b19"}}},
	} {
		covered, err := coverage.Admit(c.unit, have)
		if covered != c.covered || (err != nil) != c.fails || err != nil && fault.ClassOf(err) != c.class {
			t.Errorf("%s: covered %v, %v", c.name, covered, err)
		}
	}
}

func TestSame(t *testing.T) {
	base := coverage.Range{Network: "base", End: 9, Hash: "b9"}
	have := rows(base, span(0, 9, "h9"))
	for _, c := range []struct {
		unit []coverage.Range
		want bool
	}{
		{[]coverage.Range{span(0, 9, "h9"), base}, true},
		{[]coverage.Range{span(0, 9, "h9")}, false},
		{[]coverage.Range{span(0, 9, "x"), base}, false},
		{[]coverage.Range{span(0, 9, "h9"), span(1, 9, "h9")}, false},
		{nil, false},
	} {
		if got := coverage.Same(c.unit, have); got != c.want {
			t.Errorf("%v: %v", c.unit, got)
		}
	}
	if coverage.Same(nil, nil) {
		t.Error("a unit without ranges is the same as nothing")
	}
}

func TestUndo(t *testing.T) {
	timed := span(10, 19, "h19")
	timed.Timestamp = 1700000000
	have := rows(span(0, 4, "h4"), span(5, 9, ""), timed, span(20, 29, ""))
	for _, c := range []struct {
		name           string
		from           uint64
		hash           string
		undone, remain string
	}{
		{"inside", 15, "x14", "10-19@h19, 20-29", "0-4@h4, 5-9, 10-14@x14"},
		{"hash unknown", 15, "", "10-19@h19, 20-29", "0-4@h4, 5-9, 10-14"},
		{"after a boundary without a hash", 10, "x9", "10-19@h19, 20-29", "0-4@h4, 5-9@x9"},
		{"after a boundary without a hash, unknown", 10, "", "10-19@h19, 20-29", "0-4@h4, 5-9"},
		{"after a boundary with a hash", 5, "x4", "5-9, 10-19@h19, 20-29", "0-4@h4"},
		{"beyond the end", 30, "x29", "", "0-4@h4, 5-9, 10-19@h19, 20-29@x29"},
		{"far beyond the end", 31, "x30", "", "0-4@h4, 5-9, 10-19@h19, 20-29"},
		{"everything", 0, "", "0-4@h4, 5-9, 10-19@h19, 20-29", ""},
	} {
		change := coverage.Undo(have, "eth", c.from, c.hash)
		if got := describe(change.Undone(c.from)); got != c.undone {
			t.Errorf("%s: undone are %s, want %s", c.name, got, c.undone)
		}
		remain := apply(have, change)
		if got := describe(remain); got != c.remain {
			t.Errorf("%s: left are %s, want %s", c.name, got, c.remain)
		}
		for _, r := range remain {
			if r.End == 14 && (r.Batch != timed.ID() || r.Timestamp != 0) {
				t.Errorf("%s: the cut range is %+v; its rows keep their tag, and the time of its new end is unknown", c.name, r)
			}
		}
		if again := coverage.Undo(remain, "eth", c.from, c.hash); len(again.Remove)+len(again.Add) > 0 {
			t.Errorf("%s: undone again, %+v changes", c.name, again)
		}
	}
	if c := coverage.Undo(have, "base", 0, ""); len(c.Remove)+len(c.Add) > 0 {
		t.Errorf("undoing another network changes %+v", c)
	}
}

// TestUndoKeepsTheMark: what is left of a range that may have left the chain may have left it as well, unless the undo proves it.
func TestUndoKeepsTheMark(t *testing.T) {
	young := span(3, 8, "")
	young.Timestamp = 1700000000
	for hash, want := range map[string]int64{"": young.Timestamp, "h6": 0} {
		if c := coverage.Undo(rows(young), "eth", 7, hash); len(c.Add) != 1 || c.Add[0].End != 6 || c.Add[0].Timestamp != want {
			t.Errorf("with the hash %q before it, %+v is left, and the time should be %d", hash, c.Add, want)
		}
	}
}

// followed are the rows of blocks from first on that were followed one by one.
func followed(first, n uint64) []coverage.Row {
	var ranges []coverage.Range
	for b := first; b < first+n; b++ {
		ranges = append(ranges, coverage.Range{Network: "eth", Start: b, End: b, Hash: fmt.Sprint("h", b), PrevHash: fmt.Sprint("h", int64(b)-1)})
	}
	return coverage.RowsOf(ranges)
}

func TestCompact(t *testing.T) {
	const keep = blockrange.KeepBoundaries
	other := rows(coverage.Range{Network: "base", Start: 7, End: 9, Hash: "b9"})
	positions := rows(span(0, 9, ""), span(10, 19, ""), span(30, 39, ""))
	chained := func(start, end uint64) []coverage.Row {
		r := span(start, end, fmt.Sprint("h", end))
		r.PrevHash = fmt.Sprint("h", start-1)
		return rows(r)
	}
	for _, c := range []struct {
		name string
		old  []coverage.Row // before the keep newest ones, which are from block 1000 on
		want string         // of the old
	}{
		{"nothing", nil, ""},
		{"one", followed(999, 1), "999-999@h999"},
		{"a run", followed(900, 100), "900-999@h999"},
		{"two runs with a gap", append(followed(800, 50), followed(900, 100)...), "800-849@h849, 900-999@h999"},
		{"without hashes", positions, "0-19, 30-39"},
		{"without and with", slices.Concat(positions[:2], chained(20, 29), chained(30, 999)), "0-19, 20-999@h999"},
		{"another parent", slices.Concat(chained(10, 19), rows(span(20, 29, "h29")), chained(30, 999)), "10-19@h19, 20-999@h999"},
		{"another network", slices.Concat(other, followed(990, 10)), "7-9@b9, 990-999@h999"},
	} {
		newest := followed(1000, keep)
		have := slices.Concat(newest, c.old)
		change := coverage.Compact(have)
		got := apply(have, change)
		if diff := cmp.Diff(newest, got[len(got)-keep:]); diff != "" {
			t.Fatalf("%s: the newest rows changed: %s", c.name, diff)
		}
		if old := describe(got[:len(got)-keep]); old != c.want {
			t.Errorf("%s: the old rows are %s, want %s", c.name, old, c.want)
		}
		var units uint64
		for _, r := range got {
			units += r.Units
		}
		if units != uint64(len(have)) {
			t.Errorf("%s: %d units are left of %d", c.name, units, len(have))
		}
		if again := coverage.Compact(got); len(again.Remove)+len(again.Add) > 0 {
			t.Errorf("%s: compacted again, %d rows change", c.name, len(again.Remove))
		}
	}
}

// TestStateStaysSmall follows a year of two-second blocks, in steps of what is committed between two compactions.
func TestStateStaysSmall(t *testing.T) {
	var state []coverage.Row
	next := uint64(0)
	for range 200 {
		state = append(state, followed(next, coverage.CompactEvery)...)
		next += coverage.CompactEvery
		state = apply(state, coverage.Compact(state))
		if len(state) > blockrange.KeepBoundaries+1 {
			t.Fatalf("after %d blocks the state has %d rows", next, len(state))
		}
	}
	if first := state[0]; first.Start != 0 || first.Units != next-blockrange.KeepBoundaries || first.PrevHash != "h-1" {
		t.Errorf("the oldest row is %+v", first)
	}
}

// apply is what a sink does with a change.
func apply(rows []coverage.Row, c coverage.Change) []coverage.Row {
	gone := map[coverage.Row]bool{}
	for _, r := range c.Remove {
		gone[r] = true
	}
	out := append(slices.DeleteFunc(slices.Clone(rows), func(r coverage.Row) bool { return gone[r] }), c.Add...)
	slices.SortFunc(out, func(a, b coverage.Row) int { return int(int64(a.Start) - int64(b.Start)) })
	return out
}

func describe(rows []coverage.Row) string {
	s := ""
	for i, r := range rows {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%d-%d", r.Start, r.End)
		if r.Hash != "" {
			s += "@" + r.Hash
		}
	}
	return s
}

func TestRedo(t *testing.T) {
	const far = 20_000
	have := rows(span(0, 99, "h99"), span(100, 199, ""), span(200, 10_000, "h10000"), span(10_001, 10_001, "h10001"))
	for _, c := range []struct {
		name   string
		r, tip coverage.Range
		want   string // the batch's range, or a part of the error
	}{
		{"old blocks", span(10, 19, ""), span(0, far, "x"), "0-99@h99"},
		{"old blocks, without a hash", span(100, 199, ""), span(0, far, "x"), "100-199"},
		{"the last block that is old", span(8000, 10_001-1024, ""), span(0, far, "x"), "200-10000@h10000"},
		{"the first block that is not", span(8000, 10_001-1023, ""), span(0, far, "x"), "the server has blocks up to 20000 and committed are those up to 10001"},
		{"the server is behind", span(8000, 8100, ""), span(0, 9000, "x"), "the server has blocks up to 9000"},
		{"new blocks, the server's tip is committed", span(9990, 10_000, ""), span(0, 10_001, "h10001"), "200-10000@h10000"},
		{"new blocks, an earlier tip is committed", span(9990, 10_000, ""), span(0, 10_000, "h10000"), "200-10000@h10000"},
		{"another branch", span(10, 19, ""), span(0, 10_001, "x"), "the server answered from a branch that ends in eth:0-10001@x"},
		{"over a boundary", span(90, 110, ""), span(0, far, "x"), "the committed ranges around it changed"},
		{"not committed", span(10_002, 10_003, ""), span(0, far, "x"), "the committed ranges around it changed"},
	} {
		row, err := coverage.Redo(have, c.r, c.tip)
		got := describe([]coverage.Row{row})
		if err != nil {
			got = err.Error()
			if fault.ClassOf(err) != fault.Transient {
				t.Errorf("%s: class %s", c.name, fault.ClassOf(err))
			}
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if _, err := coverage.Redo(nil, span(1, 2, ""), span(0, far, "x")); err == nil {
		t.Error("blocks of an empty table are loaded again")
	}
}

func TestExchange(t *testing.T) {
	base := coverage.Range{Network: "base", End: 99, Hash: "b99"}
	have := rows(base, span(0, 9, "h9"), span(10, 19, "h19"), span(20, 29, "h29"))
	for _, c := range []struct {
		name    string
		unit    coverage.Range
		from    uint64
		hash    string
		left    []coverage.Range // besides base, before the unit's own
		covered bool
		class   fault.Class
		fails   bool
	}{
		{name: "at a boundary", unit: span(20, 25, "x25"), from: 20, hash: "h19", left: []coverage.Range{span(0, 9, "h9"), span(10, 19, "h19")}},
		{name: "inside a range", unit: span(15, 40, "x40"), from: 15, hash: "h14", left: []coverage.Range{span(0, 9, "h9"), span(10, 14, "h14")}},
		{name: "of everything", unit: span(0, 40, "x40"), from: 0},
		{name: "what is covered", unit: span(20, 29, "h29"), from: 20, hash: "h19", covered: true,
			left: []coverage.Range{span(0, 9, "h9"), span(10, 19, "h19"), span(20, 29, "h29")}},
		{name: "more than is undone", unit: span(15, 40, "x40"), from: 25, hash: "h24", fails: true,
			left: []coverage.Range{span(0, 9, "h9"), span(10, 19, "h19"), span(20, 24, "h24")}},
	} {
		change, covered, err := coverage.Exchange([]coverage.Range{c.unit}, have, "eth", c.from, c.hash)
		if covered != c.covered || (err != nil) != c.fails || err != nil && fault.ClassOf(err) != c.class {
			t.Errorf("%s: covered %v, %v", c.name, covered, err)
		}
		if left := coverage.RangesOf(change.Apply(have)); !slices.Equal(left, append([]coverage.Range{base}, c.left...)) {
			t.Errorf("%s: %v is left", c.name, left)
		}
	}
}
