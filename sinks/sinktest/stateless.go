package sinktest

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
)

// testStateless keeps rows and nothing else: no coverage that refuses or knows anything, and no fence.
func testStateless(t *testing.T, h Harness) {
	table := events()
	table.Stateless = true
	s, ok := prepared(t, h, table).(runtime.StatelessSink)
	if !ok {
		t.Skip("the sink always keeps its state")
	}
	wantHasRows(t, s, table, false)
	first := span("eth", 0, 9, "h9", "")
	load(t, s, unit(first), rowsOf(0, 9, "a"))
	wantHasRows(t, s, table, true)
	load(t, s, unit(first), rowsOf(0, 9, "b"))
	wantRows(t, h, table, rowsOf(0, 9, "a"), rowsOf(0, 9, "b"))
	tags := h.Rows(t, table.Name, []arrow.Field{{Name: "_amp_batch_id", Type: arrow.BinaryTypes.String}})
	if len(tags) != 20 || tags[0][0] != unit(first).ID() {
		t.Errorf("%d rows are tagged with %v, want 20 with %s", len(tags), tags[0], unit(first).ID())
	}

	// Blocks are undone by their number, alone and within a unit, and a unit that comes to nothing changes nothing.
	check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 5, Hash: "h4"}))
	wantRows(t, h, table, rowsOf(0, 4, "a"), rowsOf(0, 4, "b"))
	next := exchange(span("eth", 3, 6, "x6", "h2"))
	for _, commit := range []bool{false, true} {
		tx, err := s.Begin(t.Context(), next)
		check(t, err)
		check(t, tx.Write(t.Context(), rowsOf(3, 6, "x")))
		if commit {
			check(t, tx.Commit(t.Context()))
		}
		check(t, tx.Rollback(t.Context()))
	}
	wantRows(t, h, table, rowsOf(0, 2, "a"), rowsOf(0, 2, "b"), rowsOf(3, 6, "x"))
	wantState(t, s, table)

	// Another instance is not kept out.
	other := prepared(t, h, table)
	load(t, s, unit(span("eth", 7, 7, "x7", "x6")), rowsOf(7, 7, "x"))
	load(t, other, runtime.Unit{Ranges: []runtime.Range{first}, Replace: true}, rowsOf(0, 9, "c"))
	wantRows(t, h, table, rowsOf(0, 9, "c"))
	if epoch, holder := fenceOf(t, s, table); epoch != 0 || holder != "" {
		t.Errorf("the fence is %d of %q", epoch, holder)
	}
}

// testStatelessHistory marks rows without a state.
func testStatelessHistory(t *testing.T, h Harness) {
	table := events()
	table.Stateless, table.History, table.Key = true, true, []string{"block_num"}
	s := h.Open(t, table)
	t.Cleanup(func() { check(t, s.Close()) })
	if _, ok := s.(runtime.StatelessSink); !ok {
		t.Skip("the sink always keeps its state")
	}
	check(t, s.Prepare(t.Context(), table))
	load(t, s, unit(span("eth", 0, 9, "h9", "")), rowsOf(0, 9, "a"))
	next := exchange(span("eth", 8, 9, "x9", "h7"))
	load(t, s, next, rowsOf(8, 9, "x"))
	compare(t, [][]any{{"8", "a", next.ID()}, {"9", "a", next.ID()}}, markedRows(t, h, table))
}

// testStatelessBesideState: a table whose state says what it has is not loaded without it, which would make the state wrong.
func testStatelessBesideState(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	if _, ok := s.(runtime.StatelessSink); !ok {
		t.Skip("the sink always keeps its state")
	}
	load(t, s, unit(span("eth", 0, 9, "h9", "")), rowsOf(0, 9, "a"))
	without := *table
	without.Stateless = true
	other := h.Open(t, &without)
	t.Cleanup(func() { check(t, other.Close()) })
	wantClass(t, "load without the state that the table has", other.Prepare(t.Context(), &without), runtime.Permanent)
	load(t, s, unit(span("eth", 10, 19, "h19", "h9")), rowsOf(10, 19, "a"))
	wantRows(t, h, table, rowsOf(0, 19, "a"))
}

func wantHasRows(t *testing.T, s runtime.StatelessSink, table *runtime.Table, want bool) {
	t.Helper()
	if has, err := s.HasRows(t.Context(), table); err != nil || has != want {
		t.Errorf("the table has rows: %t, %v; want %t", has, err, want)
	}
}
