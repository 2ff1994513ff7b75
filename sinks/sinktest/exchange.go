package sinktest

import (
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
)

// exchange is a unit of one range that undoes the branch before it.
func exchange(r runtime.Range) runtime.Unit {
	return runtime.Unit{Ranges: []runtime.Range{r}, Undo: &runtime.Undo{Network: r.Network, From: r.Start, Hash: r.PrevHash}}
}

// testUndoWithinUnit replaces a branch in one commit: readers see the one or the other, whole, and a unit that comes to nothing
// leaves the old one as it was.
func testUndoWithinUnit(t *testing.T, h Harness) {
	first, second := span("eth", 0, 9, "h9", ""), span("eth", 10, 19, "h19", "h9")
	for i, c := range []struct {
		name string
		next runtime.Range
		left []runtime.Range
	}{
		{"at a boundary", span("eth", 10, 21, "x21", "h9"), []runtime.Range{first}},
		{"in the middle of a range", span("eth", 15, 25, "x25", "h14"), []runtime.Range{first, span("eth", 10, 14, "h14", "h9")}},
		{"the last block", span("eth", 19, 19, "x19", "h18"), []runtime.Range{first, span("eth", 10, 18, "h18", "h9")}},
		{"a branch that is shorter so far", span("eth", 5, 11, "x11", "h4"), []runtime.Range{span("eth", 0, 4, "h4", "")}},
		{"everything", span("eth", 0, 30, "x30", ""), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := events()
			table.Name, table.Key = fmt.Sprintf("events%d", i), []string{"block_num"}
			s := prepared(t, h, table)
			load(t, s, unit(first), rowsOf(0, 9, "a"))
			load(t, s, unit(second), rowsOf(10, 19, "a"))
			for _, commit := range []bool{false, true} {
				tx, err := s.Begin(t.Context(), exchange(c.next))
				check(t, err)
				check(t, tx.Write(t.Context(), rowsOf(c.next.Start, c.next.End, "x")))
				wantRows(t, h, table, rowsOf(0, 19, "a"))
				wantState(t, s, table, first, second)
				if commit {
					check(t, tx.Commit(t.Context()))
				}
				check(t, tx.Rollback(t.Context()))
			}
			var rest []arrow.RecordBatch
			if c.next.Start > 0 {
				rest = append(rest, rowsOf(0, c.next.Start-1, "a"))
			}
			verify := func() {
				t.Helper()
				wantRows(t, h, table, append(rest, rowsOf(c.next.Start, c.next.End, "x"))...)
				wantState(t, s, table, append(c.left, c.next)...)
			}
			verify()
			load(t, s, exchange(c.next), rowsOf(c.next.Start, c.next.End, "again")) // it is covered, and undoes nothing
			verify()
		})
	}
}

// testUndoWithinEmptyUnit: the branch that replaces another one may have no rows in its first blocks.
func testUndoWithinEmptyUnit(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	load(t, s, unit(span("eth", 0, 9, "h9", "")), rowsOf(0, 9, "a"))
	load(t, s, exchange(span("eth", 7, 8, "x8", "h6")))
	wantRows(t, h, table, rowsOf(0, 6, "a"))
	wantState(t, s, table, span("eth", 0, 6, "h6", ""), span("eth", 7, 8, "x8", "h6"))

	for what, u := range map[string]runtime.Unit{
		"an undo of another block":   {Ranges: []runtime.Range{span("eth", 7, 9, "y9", "h6")}, Undo: &runtime.Undo{Network: "eth", From: 6}},
		"an undo of another network": {Ranges: []runtime.Range{span("eth", 7, 9, "y9", "h6")}, Undo: &runtime.Undo{Network: "base", From: 7}},
		"an undo and a replacement":  {Ranges: []runtime.Range{span("eth", 7, 9, "y9", "h6")}, Undo: &runtime.Undo{Network: "eth", From: 7}, Replace: true},
	} {
		wantClass(t, what, try(t.Context(), s, u), runtime.Permanent)
	}
	wantState(t, s, table, span("eth", 0, 6, "h6", ""), span("eth", 7, 8, "x8", "h6"))
}

// testUndoWithinUnitBesideOthers: units of blocks below the fork go on, and wait with their commits at most until the branch is
// replaced. Rows of other networks stay.
func testUndoWithinUnitBesideOthers(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	base, below, above := span("base", 0, 9, "b9", ""), span("eth", 0, 9, "", ""), span("eth", 10, 19, "h19", "h9")
	load(t, s, unit(base), rowsOf(0, 9, "base"))
	load(t, s, unit(above), rowsOf(10, 19, "a"))
	worker, err := s.Begin(t.Context(), unit(below))
	check(t, err)
	check(t, worker.Write(t.Context(), rowsOf(0, 4, "a")))
	next := span("eth", 15, 21, "x21", "h14")
	stream, err := s.Begin(t.Context(), exchange(next))
	if err != nil {
		wantClass(t, "begin a second unit", err, runtime.Permanent)
		check(t, worker.Rollback(t.Context()))
		return
	}
	check(t, worker.Write(t.Context(), rowsOf(5, 9, "a")))
	check(t, stream.Write(t.Context(), rowsOf(15, 18, "x")))
	committed := make(chan error)
	go func() { committed <- worker.Commit(t.Context()) }()
	check(t, stream.Write(t.Context(), rowsOf(19, 21, "x")))
	check(t, stream.Commit(t.Context()))
	check(t, <-committed)
	wantRows(t, h, table, rowsOf(0, 9, "base"), rowsOf(0, 14, "a"), rowsOf(15, 21, "x"))
	wantState(t, s, table, base, below, span("eth", 10, 14, "h14", "h9"), next)
}

// testUndoWithinUnitAndFence: who lost the fence replaces no branch.
func testUndoWithinUnitAndFence(t *testing.T, h Harness) {
	table := events()
	old := prepared(t, h, table)
	load(t, old, unit(span("eth", 0, 9, "h9", "")), rowsOf(0, 9, "a"))
	prepared(t, h, table)
	next := span("eth", 5, 9, "x9", "h4")
	wantClass(t, "replace a branch without the fence", try(t.Context(), old, exchange(next), rowsOf(5, 9, "x")), runtime.Fenced)
	wantRows(t, h, table, rowsOf(0, 9, "a"))
	wantState(t, old, table, span("eth", 0, 9, "h9", ""))
}

// testUndoWithinUnitOfHistory: rows that left the chain are marked, and name what replaced them, in the commit that does.
func testUndoWithinUnitOfHistory(t *testing.T, h Harness) {
	table := events()
	table.History, table.Key = true, []string{"block_num"}
	s := prepared(t, h, table)
	load(t, s, unit(span("eth", 0, 9, "h9", "")), rowsOf(0, 9, "a"))
	first, second := exchange(span("eth", 7, 8, "x8", "h6")), unit(span("eth", 9, 9, "x9", "x8"))
	load(t, s, first, rowsOf(7, 8, "b"))
	verify := func(want [][]any, current ...arrow.RecordBatch) {
		t.Helper()
		view := *table
		view.Name += "_current"
		wantRows(t, h, &view, current...)
		compare(t, want, markedRows(t, h, table))
	}
	verify([][]any{{"7", "a", first.ID()}, {"8", "a", first.ID()}, {"9", "a", nil}}, rowsOf(0, 6, "a"), rowsOf(7, 8, "b"))
	load(t, s, second, rowsOf(9, 9, "b"))
	want := [][]any{{"7", "a", first.ID()}, {"8", "a", first.ID()}, {"9", "a", second.ID()}}
	verify(want, rowsOf(0, 6, "a"), rowsOf(7, 9, "b"))

	// Back to the first branch, whose rows were marked, and get no other replacement.
	back := exchange(span("eth", 7, 11, "h11", "h6"))
	load(t, s, back, rowsOf(7, 11, "a"))
	for n := range 3 {
		want = append(want, []any{fmt.Sprint(7 + n), "b", back.ID()})
	}
	verify(want, rowsOf(0, 11, "a"))
	wantState(t, s, table, span("eth", 0, 6, "h6", ""), span("eth", 7, 11, "h11", "h6"))
}

// markedRows are block, name and replacement of the rows of a history table that are not current.
func markedRows(t *testing.T, h Harness, table *runtime.Table) (marked [][]any) {
	t.Helper()
	text := arrow.BinaryTypes.String
	for _, row := range h.Rows(t, table.Name+"_history", []arrow.Field{{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64}, {Name: "name", Type: text},
		{Name: "_amp_reorg_batch_id", Type: text, Nullable: true}, {Name: "_amp_is_current", Type: arrow.FixedWidthTypes.Boolean}}) {
		if row[3] == false {
			marked = append(marked, row[:3])
		}
	}
	return marked
}
