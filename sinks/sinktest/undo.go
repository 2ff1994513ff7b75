package sinktest

import (
	"fmt"
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

// testHistory undoes in a table that keeps the rows of abandoned branches: two reorganisations, of which the second is deeper.
func testHistory(t *testing.T, h Harness) {
	table := events()
	table.History, table.Key = true, []string{"block_num"}
	s := prepared(t, h, table)
	load(t, s, unit(span("eth", 0, 9, "h9", "")), rowsOf(0, 9, "a"))
	first := unit(span("eth", 8, 10, "h10'", "h7"))
	for range 2 {
		check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 8, Hash: "h7", Replacement: first.ID()}))
	}
	load(t, s, first, rowsOf(8, 10, "b"))
	check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 7, Hash: "h6"}))
	load(t, s, unit(span("eth", 7, 8, "h8", "h6")), rowsOf(7, 8, "c"))

	current := *table
	current.Name += "_current"
	wantRows(t, h, &current, rowsOf(0, 6, "a"), rowsOf(7, 8, "c"))
	text, boolean := arrow.BinaryTypes.String, arrow.FixedWidthTypes.Boolean
	got := h.Rows(t, table.Name+"_history", []arrow.Field{{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64}, {Name: "name", Type: text},
		{Name: "_amp_is_current", Type: boolean}, {Name: "_amp_reorg_batch_id", Type: text, Nullable: true}})
	var want [][]any
	for n := range 7 {
		want = append(want, []any{fmt.Sprint(n), "a", true, nil})
	}
	want = append(want,
		[]any{"8", "a", false, first.ID()}, []any{"9", "a", false, first.ID()}, // replaced by b, and not once more
		[]any{"7", "a", false, nil}, []any{"8", "b", false, nil}, []any{"9", "b", false, nil}, []any{"10", "b", false, nil},
		[]any{"7", "c", true, nil}, []any{"8", "c", true, nil})
	compare(t, want, got)
	wantState(t, s, table, span("eth", 0, 6, "h6", ""), span("eth", 7, 8, "h8", "h6"))
}
