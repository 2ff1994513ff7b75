package sinktest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
)

func testUndo(t *testing.T, h Harness) {
	for i, c := range []struct {
		name string
		from uint64
		hash string
		last uint64 // rows of 10 to last are left; 0 for none
		want []runtime.Range
	}{
		{"beyond the end", 30, "h29", 29, []runtime.Range{span("eth", 10, 19, "h19", "h9"), span("eth", 20, 29, "h29", "h19")}},
		{"last block", 29, "h28", 28, []runtime.Range{span("eth", 10, 19, "h19", "h9"), span("eth", 20, 28, "h28", "h19")}},
		{"inside the last range", 25, "0xF", 24, []runtime.Range{span("eth", 10, 19, "h19", "h9"), span("eth", 20, 24, "0xF", "h19")}},
		{"one block left", 21, "h20", 20, []runtime.Range{span("eth", 10, 19, "h19", "h9"), span("eth", 20, 20, "h20", "h19")}},
		{"boundary", 20, "h19", 19, []runtime.Range{span("eth", 10, 19, "h19", "h9")}},
		{"inside the first range", 15, "h14", 14, []runtime.Range{span("eth", 10, 14, "h14", "h9")}},
		{"hash unknown", 15, "", 14, []runtime.Range{span("eth", 10, 14, "", "h9")}},
		{"first block", 10, "h9", 0, nil},
		{"everything", 0, "", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := events()
			table.Name = fmt.Sprintf("events%d", i)
			s := prepared(t, h, table)
			load(t, s, unit(span("eth", 10, 19, "h19", "h9")), rowsOf(10, 19, "a"))
			load(t, s, unit(span("eth", 20, 29, "h29", "h19")), rowsOf(20, 29, "a"))
			for range 2 {
				check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: c.from, Hash: c.hash}))
				wantState(t, s, table, c.want...)
				if c.last == 0 {
					wantRows(t, h, table)
				} else {
					wantRows(t, h, table, rowsOf(10, c.last, "a"))
				}
			}
		})
	}
}

// testUndoAndReload walks through a reorganisation inside a committed range, then one that is deeper, and back.
func testUndoAndReload(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	old := span("eth", 0, 9, "h9", "")
	load(t, s, unit(old), rowsOf(0, 9, "a"))
	check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 6, Hash: "h5"}))
	load(t, s, unit(span("eth", 6, 12, "h12'", "h5")), rowsOf(6, 12, "b"))
	wantRows(t, h, table, rowsOf(0, 5, "a"), rowsOf(6, 12, "b"))
	wantState(t, s, table, span("eth", 0, 5, "h5", ""), span("eth", 6, 12, "h12'", "h5"))

	check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 3, Hash: "h2"}))
	load(t, s, unit(span("eth", 3, 9, "h9", "h2")), rowsOf(3, 9, "c"))
	wantRows(t, h, table, rowsOf(0, 2, "a"), rowsOf(3, 9, "c"))
	wantState(t, s, table, span("eth", 0, 2, "h2", ""), span("eth", 3, 9, "h9", "h2"))

	load(t, s, unit(old), rowsOf(0, 9, "again")) // the two ranges together are it
	wantRows(t, h, table, rowsOf(0, 2, "a"), rowsOf(3, 9, "c"))

	check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 0}))
	load(t, s, unit(old), rowsOf(0, 9, "a"))
	wantRows(t, h, table, rowsOf(0, 9, "a"))
	wantState(t, s, table, old)
}

// testUndoOfOneNetwork has the same block numbers on two networks. Rows of an undone range that was cut before are found, too.
func testUndoOfOneNetwork(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	base, eth := span("base", 0, 9, "b9", ""), span("eth", 0, 9, "h9", "")
	load(t, s, unit(base), rowsOf(0, 9, "base"))
	load(t, s, unit(eth), rowsOf(0, 9, "eth"))
	check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 5, Hash: "h4"}))
	wantRows(t, h, table, rowsOf(0, 9, "base"), rowsOf(0, 4, "eth"))
	wantState(t, s, table, base, span("eth", 0, 4, "h4", ""))
	check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 2, Hash: "h1"}))
	wantRows(t, h, table, rowsOf(0, 9, "base"), rowsOf(0, 1, "eth"))
	wantState(t, s, table, base, span("eth", 0, 1, "h1", ""))
	check(t, s.Undo(t.Context(), runtime.Undo{Network: "none", From: 0}))
	wantState(t, s, table, base, span("eth", 0, 1, "h1", ""))
}

// testRefusedUnits begins units that would remove rows which are to be kept or cannot be found, or whose blocks the state cannot hold.
func testRefusedUnits(t *testing.T, h Harness) {
	kept, result := events(), events()
	kept.Name, kept.History, kept.Key = "kept", true, nil
	result.Name, result.Block = "result", ""
	for _, c := range []struct {
		name  string
		table *runtime.Table
		unit  runtime.Unit
	}{
		{"history is replaced", kept, runtime.Unit{Ranges: []runtime.Range{span("eth", 0, 9, "h9", "")}, Replace: true}},
		{"no block column", result, runtime.Unit{Ranges: []runtime.Range{span("eth", 5, 9, "h9", "h4")}, Undo: &runtime.Undo{Network: "eth", From: 5, Hash: "h4"}}},
		{"beyond signed numbers", kept, unit(span("eth", 0, 1<<63, "h", ""))},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := prepared(t, h, c.table)
			tx, err := s.Begin(t.Context(), c.unit)
			wantClass(t, "begin", err, runtime.Permanent)
			if err == nil {
				check(t, tx.Rollback(t.Context()))
			}
		})
	}
}

// testHistory undoes in a table that keeps the rows of abandoned branches.
func testHistory(t *testing.T, h Harness) {
	table := events()
	table.History, table.Key = true, []string{"block_num"}
	s := prepared(t, h, table)
	load(t, s, unit(span("eth", 0, 9, "h9", "")), rowsOf(0, 9, "a"))
	undo := func(from uint64, hash string) {
		t.Helper()
		for range 2 {
			check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: from, Hash: hash}))
		}
	}
	var marked [][]any // the rows that are not current, or have a replacement
	verify := func(current ...arrow.RecordBatch) {
		t.Helper()
		view := *table
		view.Name += "_current"
		wantRows(t, h, &view, current...)
		text, boolean := arrow.BinaryTypes.String, arrow.FixedWidthTypes.Boolean
		got := h.Rows(t, table.Name+"_history", []arrow.Field{{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
			{Name: "name", Type: text}, {Name: "_amp_is_current", Type: boolean}, {Name: "_amp_reorg_batch_id", Type: text, Nullable: true}})
		got = slices.DeleteFunc(got, func(row []any) bool { return row[2] == true && row[3] == nil })
		compare(t, slices.Clone(marked), got)
	}
	undo(7, "h6")
	marked = [][]any{{"7", "a", false, nil}, {"8", "a", false, nil}, {"9", "a", false, nil}} // nothing has replaced them yet
	verify(rowsOf(0, 6, "a"))

	// Each unit of the new branch replaces the rows of its own blocks; a unit that is rolled back replaces nothing.
	first, second := unit(span("eth", 7, 8, "h8'", "h6")), unit(span("eth", 9, 10, "h10'", "h8'"))
	tx, err := s.Begin(t.Context(), first)
	check(t, err)
	check(t, tx.Write(t.Context(), rowsOf(7, 8, "b")))
	check(t, tx.Rollback(t.Context()))
	verify(rowsOf(0, 6, "a"))
	load(t, s, first, rowsOf(7, 8, "b"))
	marked[0][3], marked[1][3] = first.ID(), first.ID()
	verify(rowsOf(0, 6, "a"), rowsOf(7, 8, "b"))
	load(t, s, second, rowsOf(10, 10, "b")) // it has no row of block 9, and replaces the one that was there
	marked[2][3] = second.ID()
	verify(rowsOf(0, 6, "a"), rowsOf(7, 8, "b"), rowsOf(10, 10, "b"))

	// Back to the first branch: rows that were replaced before keep their replacement.
	undo(8, "h7")
	back := unit(span("eth", 8, 11, "h11", "h7"))
	load(t, s, back, rowsOf(8, 11, "c"))
	marked = append(marked, []any{"8", "b", false, back.ID()}, []any{"10", "b", false, back.ID()})
	verify(rowsOf(0, 6, "a"), rowsOf(7, 7, "b"), rowsOf(8, 11, "c"))
	wantState(t, s, table, span("eth", 0, 6, "h6", ""), span("eth", 7, 7, "h7", "h6"), span("eth", 8, 11, "h11", "h7"))

	other := *table
	other.Pipeline = "Others"
	shared := h.Open(t, &other)
	t.Cleanup(func() { check(t, shared.Close()) })
	wantClass(t, "prepare the history table of another pipeline", shared.Prepare(t.Context(), &other), runtime.Permanent)
}

// testUndoProvesTheBoundary: a range that was loaded by block numbers is proven by the fork that leaves it as it is.
func testUndoProvesTheBoundary(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	load(t, s, unit(span("eth", 0, 9, "", "")), rowsOf(0, 9, "a"))
	load(t, s, unit(span("eth", 10, 19, "h19", "")), rowsOf(10, 19, "a"))
	for range 2 {
		check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 10, Hash: "h9"}))
		wantState(t, s, table, span("eth", 0, 9, "h9", ""))
	}
	wantRows(t, h, table, rowsOf(0, 9, "a"))
}
