package sinktest

import (
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
)

// redo loads rows of blocks again; the server's last block was that of tip.
func redo(t *testing.T, s runtime.Sink, table *runtime.Table, blocks, tip runtime.Range, records ...arrow.RecordBatch) error {
	t.Helper()
	tx, err := s.(runtime.Redoer).Redo(t.Context(), table, blocks, tip)
	if err != nil {
		return err
	}
	for _, r := range records {
		check(t, tx.Write(t.Context(), r))
	}
	err = tx.Commit(t.Context())
	check(t, tx.Rollback(t.Context()))
	return err
}

// testRedo loads blocks again beside the loader that has the fence. Sinks that cannot are not asked to.
func testRedo(t *testing.T, h Harness) {
	table := events()
	table.Key = []string{"block_num"}
	loader := prepared(t, h, table)
	if _, ok := loader.(runtime.Redoer); !ok {
		t.Skip("the sink does not load committed blocks again")
	}
	beside := h.Open(t, table)
	t.Cleanup(func() { check(t, beside.Close()) })
	blocks := span("eth", 3, 6, "", "")
	tip := span("eth", 0, 19, "h19", "")
	if err := redo(t, beside, table, blocks, tip, rowsOf(3, 6, "b")); err == nil {
		t.Error("blocks that are not loaded were loaded again")
	}

	first, second := span("eth", 0, 9, "h9", ""), span("eth", 10, 19, "h19", "h9")
	load(t, loader, unit(first), rowsOf(0, 9, "a"))
	wantClass(t, "load again what the server has of an unknown branch", redo(t, beside, table, blocks, tip, rowsOf(3, 6, "b")), runtime.Transient)
	wantRows(t, h, table, rowsOf(0, 9, "a"))
	load(t, loader, unit(second), rowsOf(10, 19, "a"))

	// Readers see the old rows until the commit, and the loader goes on with its fence.
	tx, err := beside.(runtime.Redoer).Redo(t.Context(), table, blocks, tip)
	check(t, err)
	check(t, tx.Write(t.Context(), rowsOf(3, 4, "b")))
	check(t, tx.Write(t.Context(), rowsOf(6, 6, "b")))
	wantRows(t, h, table, rowsOf(0, 19, "a"))
	third := span("eth", 20, 29, "h29", "h19")
	load(t, loader, unit(third), rowsOf(20, 29, "a"))
	check(t, tx.Commit(t.Context()))
	check(t, tx.Rollback(t.Context()))
	wantRows(t, h, table, rowsOf(0, 2, "a"), rowsOf(3, 4, "b"), rowsOf(6, 6, "b"), rowsOf(7, 29, "a"))
	wantState(t, loader, table, first, second, third)

	// A redo that is rolled back, or of which the coverage was undone meanwhile, changes nothing.
	for _, undone := range []bool{false, true} {
		tx, err := beside.(runtime.Redoer).Redo(t.Context(), table, span("eth", 15, 19, "", ""), tip)
		check(t, err)
		check(t, tx.Write(t.Context(), rowsOf(15, 19, "c")))
		if undone {
			check(t, loader.Undo(t.Context(), runtime.Undo{Network: "eth", From: 18, Hash: "h17"}))
			load(t, loader, unit(span("eth", 18, 29, "x29", "h17")), rowsOf(18, 29, "x"))
			wantClass(t, "commit what was undone", tx.Commit(t.Context()), runtime.Transient)
		}
		check(t, tx.Rollback(t.Context()))
	}
	want := []arrow.RecordBatch{rowsOf(0, 2, "a"), rowsOf(3, 4, "b"), rowsOf(6, 6, "b"), rowsOf(7, 17, "a"), rowsOf(18, 29, "x")}
	wantRows(t, h, table, want...)

	// In a table of several networks, each has its own rows replaced and undone; the rows keep the tag of their range.
	table = events()
	table.Name = "shared"
	loader = prepared(t, h, table)
	load(t, loader, unit(first), rowsOf(0, 9, "eth"))
	load(t, loader, unit(span("base", 0, 9, "b9", "")), rowsOf(0, 9, "base"))
	check(t, redo(t, beside, table, blocks, first, rowsOf(3, 6, "again")))
	wantRows(t, h, table, rowsOf(0, 9, "base"), rowsOf(0, 2, "eth"), rowsOf(3, 6, "again"), rowsOf(7, 9, "eth"))
	check(t, loader.Undo(t.Context(), runtime.Undo{Network: "eth", From: 5, Hash: "h4"}))
	wantRows(t, h, table, rowsOf(0, 9, "base"), rowsOf(0, 2, "eth"), rowsOf(3, 4, "again"))
}

// testRedoOfHistory replaces current rows only: what left the chain stays as it was.
func testRedoOfHistory(t *testing.T, h Harness) {
	table := events()
	table.History, table.Key = true, []string{"block_num"}
	s := prepared(t, h, table)
	if _, ok := s.(runtime.Redoer); !ok {
		t.Skip("the sink does not load committed blocks again")
	}
	load(t, s, unit(span("eth", 0, 9, "h9", "")), rowsOf(0, 9, "a"))
	check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 8, Hash: "h7"}))
	next := span("eth", 8, 9, "x9", "h7")
	load(t, s, unit(next), rowsOf(8, 9, "x"))
	check(t, redo(t, s, table, span("eth", 9, 9, "", ""), next, rowsOf(9, 9, "again")))
	var want []arrow.RecordBatch
	want = append(want, rowsOf(0, 9, "a"), rowsOf(8, 8, "x"), rowsOf(9, 9, "again"))
	wantRows(t, h, table, want...)
	view := *table
	view.Name += "_current"
	wantRows(t, h, &view, slices.Concat([]arrow.RecordBatch{rowsOf(0, 7, "a")}, want[1:])...)
}
