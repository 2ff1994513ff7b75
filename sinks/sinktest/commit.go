package sinktest

import (
	"context"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/runtime"
)

// withSchema is the same columns under another schema.
func withSchema(rows arrow.RecordBatch, schema *arrow.Schema) arrow.RecordBatch {
	return array.NewRecordBatch(schema, rows.Columns(), rows.NumRows())
}

func testCommit(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	r := runtime.Range{Network: "eth", Start: 0, End: 19, Hash: "0xAb", PrevHash: "0x00", Timestamp: 1700000000}
	tx, err := s.Begin(t.Context(), unit(r))
	check(t, err)
	check(t, tx.Write(t.Context(), rowsOf(0, 9, "a")))
	check(t, tx.Write(t.Context(), rowsOf(10, 10, "")))
	check(t, tx.Write(t.Context(), rowsOf(11, 19, "b")))
	wantRows(t, h, table)
	wantState(t, s, table)

	check(t, tx.Commit(t.Context()))
	check(t, tx.Rollback(t.Context()))
	wantRows(t, h, table, rowsOf(0, 9, "a"), rowsOf(10, 10, ""), rowsOf(11, 19, "b"))
	state, err := s.State(t.Context(), table)
	check(t, err)
	if len(state.Ranges) != 1 || state.Ranges[0] != r {
		t.Errorf("coverage is %+v, want %+v", state.Ranges, r)
	}
	if age := time.Since(state.Changed); age < -time.Minute || age > time.Hour {
		t.Errorf("the state says that it changed at %s", state.Changed)
	}
	tags := h.Rows(t, table.Name, []arrow.Field{{Name: "_amp_batch_id", Type: arrow.BinaryTypes.String}})
	if len(tags) != 20 || tags[0][0] != unit(r).ID() {
		t.Errorf("%d rows are tagged with %v, want 20 with %s", len(tags), tags[0], unit(r).ID())
	}
	wantClass(t, "write after commit", tx.Write(t.Context(), rowsOf(0, 0, "c")), runtime.Permanent)
}

func testEmptyUnit(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	first, second := span("eth", 0, 9, "h9", ""), span("eth", 10, 10, "h10", "h9")
	load(t, s, unit(first))
	load(t, s, unit(second), rowsOf(1, 0, ""))
	wantRows(t, h, table)
	wantState(t, s, table, first, second)
}

func testRollback(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	r := span("eth", 0, 9, "h9", "")
	for _, written := range []bool{false, true} {
		tx, err := s.Begin(t.Context(), unit(r))
		check(t, err)
		if written {
			check(t, tx.Write(t.Context(), rowsOf(0, 9, "lost")))
		}
		check(t, tx.Rollback(t.Context()))
		check(t, tx.Rollback(t.Context()))
		wantClass(t, "commit after rollback", tx.Commit(t.Context()), runtime.Permanent)
	}
	wantRows(t, h, table)
	wantState(t, s, table)
	load(t, s, unit(r), rowsOf(0, 9, "kept"))
	wantRows(t, h, table, rowsOf(0, 9, "kept"))
}

func testCancelled(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	r := span("eth", 0, 9, "h9", "")
	for _, when := range []string{"before write", "before commit"} {
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := s.Begin(ctx, unit(r))
		check(t, err)
		if when == "before write" {
			cancel()
			err = tx.Write(ctx, rowsOf(0, 9, "lost"))
		} else {
			check(t, tx.Write(ctx, rowsOf(0, 9, "lost")))
			cancel()
		}
		if err == nil {
			err = tx.Commit(ctx)
		}
		if err == nil {
			t.Errorf("cancelled %s, the unit was committed", when)
		}
		check(t, tx.Rollback(ctx))
		wantRows(t, h, table)
		wantState(t, s, table)
	}
	load(t, s, unit(r), rowsOf(0, 9, "kept"))
	wantRows(t, h, table, rowsOf(0, 9, "kept"))
}

// testWrongSchema writes rows that are not the table's. The unit cannot be committed then, whatever its other rows are.
func testWrongSchema(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	rows := rowsOf(0, 9, "a")
	swapped := array.NewRecordBatch(arrow.NewSchema(table.Schema.Fields()[:2], nil), rows.Columns()[:2], rows.NumRows())
	tx, err := s.Begin(t.Context(), unit(span("eth", 0, 9, "h9", "")))
	check(t, err)
	check(t, tx.Write(t.Context(), rows))
	if err := tx.Write(t.Context(), swapped); err == nil {
		t.Error("rows without one of the table's columns were taken")
	}
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("a unit of which a write failed was committed")
	}
	check(t, tx.Rollback(t.Context()))
	wantRows(t, h, table)
	wantState(t, s, table)
}

func testCommitTwice(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	proven, unproven := span("eth", 0, 9, "h9", ""), span("eth", 10, 19, "", "")
	load(t, s, unit(proven), rowsOf(0, 9, "a"))
	load(t, s, unit(unproven), rowsOf(10, 19, "b"))

	load(t, s, unit(proven), rowsOf(0, 9, "again"))
	load(t, s, unit(unproven), rowsOf(10, 19, "again"))
	load(t, s, unit(span("eth", 5, 9, "h9", "h4")), rowsOf(5, 9, "again"))
	wantRows(t, h, table, rowsOf(0, 9, "a"), rowsOf(10, 19, "b"))
	wantState(t, s, table, proven, unproven)
}

func testOverlap(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	committed := []runtime.Range{span("eth", 10, 19, "h19", "h9"), span("eth", 30, 39, "h39", "h29")}
	for _, r := range committed {
		load(t, s, unit(r), rowsOf(r.Start, r.End, "a"))
	}
	for _, r := range []runtime.Range{
		span("eth", 10, 19, "other", "h9"),
		span("eth", 15, 25, "h25", "h14"),
		span("eth", 5, 12, "h12", "h4"),
		span("eth", 12, 15, "h15", "h11"),
		span("eth", 0, 50, "h50", ""),
		span("eth", 0, 19, "h19", ""),
		span("eth", 10, 18, "", ""),
		span("eth", 10, 39, "h39", "h9"),
	} {
		err := try(t.Context(), s, unit(r), rowsOf(r.Start, r.End, "overlap"))
		wantClass(t, fmt.Sprintf("commit %v", r), err, runtime.Permanent, runtime.Reorged)
	}
	err := try(t.Context(), s, unit(span("eth", 10, 19, "other", "h9")))
	wantClass(t, "commit the same blocks of another branch", err, runtime.Reorged)
	wantRows(t, h, table, rowsOf(10, 19, "a"), rowsOf(30, 39, "a"))
	wantState(t, s, table, committed...)
}

// testSeveralRanges commits units that cover two networks, which is one commit or none.
func testSeveralRanges(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	base, eth := span("base", 0, 9, "b9", ""), span("eth", 100, 109, "h109", "h99")
	u := unit(eth, base)
	load(t, s, u, rowsOf(0, 9, "base"), rowsOf(100, 109, "eth"))
	load(t, s, u, rowsOf(0, 9, "again"))
	wantState(t, s, table, base, eth)
	tags := h.Rows(t, table.Name, []arrow.Field{{Name: "_amp_batch_id", Type: arrow.BinaryTypes.String}})
	if want := eth.ID() + "|" + base.ID(); len(tags) != 20 || tags[0][0] != want {
		t.Errorf("%d rows are tagged with %v, want 20 with %s", len(tags), tags[0], want)
	}
	half := unit(eth, span("base", 10, 19, "b19", "b9"))
	wantClass(t, "commit a unit that is half committed", try(t.Context(), s, half, rowsOf(10, 19, "half")), runtime.Permanent)
	wantRows(t, h, table, rowsOf(0, 9, "base"), rowsOf(100, 109, "eth"))
	wantState(t, s, table, base, eth)
}

// testUnitsAtOnce opens two units of one sink. A sink that has one at a time says so.
func testUnitsAtOnce(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	first, second := span("eth", 0, 9, "h9", ""), span("eth", 10, 19, "h19", "h9")
	one, err := s.Begin(t.Context(), unit(first))
	check(t, err)
	check(t, one.Write(t.Context(), rowsOf(0, 4, "a")))
	two, err := s.Begin(t.Context(), unit(second))
	if err != nil {
		wantClass(t, "begin a second unit", err, runtime.Permanent)
		check(t, one.Rollback(t.Context()))
		return
	}
	check(t, two.Write(t.Context(), rowsOf(10, 19, "b")))
	check(t, one.Write(t.Context(), rowsOf(5, 9, "a")))
	check(t, two.Commit(t.Context()))
	wantRows(t, h, table, rowsOf(10, 19, "b"))
	wantState(t, s, table, second)
	check(t, one.Commit(t.Context()))
	wantRows(t, h, table, rowsOf(0, 9, "a"), rowsOf(10, 19, "b"))
	wantState(t, s, table, first, second)

	// Of two units of the same blocks, the first to commit wins, and the other one stores nothing.
	third := span("eth", 20, 29, "h29", "h19")
	one, err = s.Begin(t.Context(), unit(third))
	check(t, err)
	two, err = s.Begin(t.Context(), unit(third))
	check(t, err)
	check(t, one.Write(t.Context(), rowsOf(20, 29, "one")))
	check(t, two.Write(t.Context(), rowsOf(20, 29, "two")))
	check(t, two.Commit(t.Context()))
	check(t, one.Commit(t.Context()))
	wantRows(t, h, table, rowsOf(0, 9, "a"), rowsOf(10, 19, "b"), rowsOf(20, 29, "two"))
	wantState(t, s, table, first, second, third)
}

func testReplace(t *testing.T, h Harness) {
	table := events()
	table.Block, table.Key = "", []string{"block_num"}
	s := prepared(t, h, table)
	replace := func(r runtime.Range) runtime.Unit { return runtime.Unit{Ranges: []runtime.Range{r}, Replace: true} }
	first, second := span("eth", 0, 9, "", ""), span("eth", 0, 19, "", "")
	load(t, s, replace(first), rowsOf(0, 9, "a"))

	tx, err := s.Begin(t.Context(), replace(second))
	check(t, err)
	check(t, tx.Write(t.Context(), rowsOf(5, 19, "b")))
	wantRows(t, h, table, rowsOf(0, 9, "a")) // readers see the old rows, and wait for nothing
	wantState(t, s, table, first)
	check(t, tx.Rollback(t.Context()))
	wantRows(t, h, table, rowsOf(0, 9, "a"))

	load(t, s, replace(second), rowsOf(5, 19, "b"))
	wantRows(t, h, table, rowsOf(5, 19, "b"))
	wantState(t, s, table, second)
	load(t, s, replace(second), rowsOf(5, 19, "again"))
	wantRows(t, h, table, rowsOf(5, 19, "b"))
	load(t, s, replace(span("eth", 0, 29, "", "")))
	wantRows(t, h, table)
	wantState(t, s, table, span("eth", 0, 29, "", ""))
}

// testManyRows streams a unit that is much larger than the memory it may take.
func testManyRows(t *testing.T, h Harness) {
	const batches, perBatch, allowed = 100, 1000, 48 << 20
	table := events()
	s := prepared(t, h, table)
	tx, err := s.Begin(t.Context(), unit(span("eth", 0, batches*perBatch-1, "h", "")))
	check(t, err)
	name := strings.Repeat("x", 1000)
	var before, now goruntime.MemStats
	goruntime.GC()
	goruntime.ReadMemStats(&before)
	for i := range uint64(batches) {
		rows := rowsOf(i*perBatch, (i+1)*perBatch-1, name)
		check(t, tx.Write(t.Context(), rows))
		rows.Release()
		if i%10 == 9 {
			goruntime.GC()
			goruntime.ReadMemStats(&now)
			if now.HeapAlloc > before.HeapAlloc+allowed {
				t.Fatalf("after %d batches the heap has grown by %d MiB", i+1, (now.HeapAlloc-before.HeapAlloc)>>20)
			}
		}
	}
	check(t, tx.Commit(t.Context()))
	if got := len(h.Rows(t, table.Name, []arrow.Field{{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64}})); got != batches*perBatch {
		t.Errorf("%d rows, want %d", got, batches*perBatch)
	}
}

// testLargestBlock either stores or refuses ranges beyond 2^63.
func testLargestBlock(t *testing.T, h Harness) {
	table := events()
	s := prepared(t, h, table)
	r := span("eth", largest-1, largest, "h", "p")
	b := rowsOf(largest-1, largest-1, "a")
	if err := try(t.Context(), s, unit(r), b); err != nil {
		wantClass(t, "commit the largest blocks", err, runtime.Permanent)
		wantRows(t, h, table)
		wantState(t, s, table)
		return
	}
	wantRows(t, h, table, b)
	wantState(t, s, table, r)
	check(t, s.Undo(t.Context(), runtime.Undo{Network: "eth", From: largest, Hash: "x"}))
	wantState(t, s, table, span("eth", largest-1, largest-1, "x", "p"))
}

func testFence(t *testing.T, h Harness) {
	table := events()
	old := prepared(t, h, table)
	first, second := span("eth", 0, 9, "h9", ""), span("eth", 10, 19, "h19", "h9")
	load(t, old, unit(first), rowsOf(0, 9, "old"))
	open, err := old.Begin(t.Context(), unit(second))
	check(t, err)
	check(t, open.Write(t.Context(), rowsOf(10, 19, "old")))

	newer := prepared(t, h, table)
	err = open.Commit(t.Context())
	wantClass(t, "commit of the older instance", err, runtime.Fenced)
	check(t, open.Rollback(t.Context()))
	wantRows(t, h, table, rowsOf(0, 9, "old"))
	wantState(t, newer, table, first)
	wantClass(t, "new unit of the older instance", try(t.Context(), old, unit(second), rowsOf(10, 19, "old")), runtime.Fenced)
	wantClass(t, "unit of the older instance that is covered", try(t.Context(), old, unit(first)), runtime.Fenced)
	wantClass(t, "undo of the older instance", old.Undo(t.Context(), runtime.Undo{Network: "eth", From: 5, Hash: "h4"}), runtime.Fenced)

	load(t, newer, unit(second), rowsOf(10, 19, "new"))
	wantRows(t, h, table, rowsOf(0, 9, "old"), rowsOf(10, 19, "new"))
	check(t, old.Prepare(t.Context(), table)) // who prepares again is the newest
	wantClass(t, "undo after the fence was taken back", newer.Undo(t.Context(), runtime.Undo{Network: "eth", From: 15}), runtime.Fenced)
	check(t, old.Undo(t.Context(), runtime.Undo{Network: "eth", From: 15, Hash: "h14"}))
	wantRows(t, h, table, rowsOf(0, 9, "old"), rowsOf(10, 14, "new"))
}
