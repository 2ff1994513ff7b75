package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/runtime"
)

var events = arrow.NewSchema([]arrow.Field{
	{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
	{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

func eventsTable() *runtime.Table {
	return &runtime.Table{Pipeline: "Events", Name: "events", Schema: events, Block: "block_num"}
}

// rows has one row per block of [from, to].
func rows(from, to uint64) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, events)
	for n := from; n <= to; n++ {
		b.Field(0).(*array.Uint64Builder).Append(n)
		b.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("event %d", n))
	}
	return b.NewRecordBatch()
}

func span(start, end uint64, hash, prev string) runtime.Range {
	return runtime.Range{Network: "mainnet", Start: start, End: end, Hash: hash, PrevHash: prev}
}

// opened is a prepared sink on path.
func opened(t testing.TB, path string, table *runtime.Table) *Sink {
	t.Helper()
	s, err := open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Prepare(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	return s
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "test.duckdb") }

func begin(t testing.TB, s *Sink, u runtime.Unit) runtime.Tx {
	t.Helper()
	tx, err := s.Begin(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// load commits records as a unit of range r.
func load(t testing.TB, s *Sink, u runtime.Unit, records ...arrow.RecordBatch) {
	t.Helper()
	tx := begin(t, s, u)
	for _, r := range records {
		if err := tx.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func unit(ranges ...runtime.Range) runtime.Unit { return runtime.Unit{Ranges: ranges} }

// read runs a query in another session of the process, as a user's program would, and returns its rows as text.
func read(t testing.TB, path, query string) []string {
	t.Helper()
	db, err := sql.Open("duckdb", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, _ := found.Columns()
	var out []string
	for found.Next() {
		values, targets := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := found.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		cells := make([]string, len(values))
		for i, v := range values {
			if cells[i] = v.String; !v.Valid {
				cells[i] = "NULL"
			}
		}
		out = append(out, strings.Join(cells, "|"))
	}
	if found.Err() != nil {
		t.Fatal(found.Err())
	}
	return out
}

func equal(t testing.TB, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
}

func state(t testing.TB, s *Sink, table *runtime.Table) runtime.State {
	t.Helper()
	st, err := s.State(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func wantClass(t testing.TB, err error, class runtime.Class, text string) {
	t.Helper()
	if err == nil || runtime.ClassOf(err) != class || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v (%s), want %s with %q", err, runtime.ClassOf(err), class, text)
	}
}

const allEvents = "SELECT block_num::VARCHAR, name, _amp_batch_id FROM events ORDER BY block_num"

func TestCommitIsVisibleAtOnce(t *testing.T) {
	path := file(t)
	s := opened(t, path, eventsTable())
	r := span(1, 3, "0xc", "0x0")
	r.Timestamp = 1700000000
	tx := begin(t, s, unit(r))
	for _, record := range []arrow.RecordBatch{rows(1, 2), rows(3, 3)} {
		if err := tx.Write(t.Context(), record); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, read(t, path, allEvents), nil)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := r.ID()
	equal(t, read(t, path, allEvents), []string{"1|event 1|" + id, "2|event 2|" + id, "3|event 3|" + id})
	if diff := cmp.Diff([]runtime.Range{r}, state(t, s, eventsTable()).Ranges); diff != "" {
		t.Error(diff)
	}
	equal(t, read(t, path, "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1"),
		[]string{"amp_stream_fence", "amp_stream_state", "events"})
}

func TestRollbackLeavesNothing(t *testing.T) {
	path := file(t)
	s := opened(t, path, eventsTable())
	tx := begin(t, s, unit(span(1, 3, "0xc", "")))
	if err := tx.Write(t.Context(), rows(1, 3)); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, read(t, path, allEvents), nil)
	if got := state(t, s, eventsTable()).Ranges; got != nil {
		t.Error(got)
	}
	wantClass(t, tx.Write(t.Context(), rows(1, 1)), runtime.Permanent, "the unit was committed or rolled back")
	wantClass(t, tx.Commit(t.Context()), runtime.Permanent, "the unit was committed or rolled back")
}

func TestCommitAgainWritesNothing(t *testing.T) {
	for name, r := range map[string]runtime.Range{"proven": span(1, 3, "0xc", "0x0"), "unproven": span(1, 3, "", "")} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			s := opened(t, path, eventsTable())
			load(t, s, unit(r), rows(1, 3))
			load(t, s, unit(r), rows(1, 3))
			equal(t, read(t, path, "SELECT count(*)::VARCHAR FROM events"), []string{"3"})
			if n := len(state(t, s, eventsTable()).Ranges); n != 1 {
				t.Errorf("%d ranges", n)
			}
		})
	}
}

// Two units of one range that are open together: the one that commits second finds the range covered.
func TestCommitRaceWritesOnce(t *testing.T) {
	path := file(t)
	s := opened(t, path, eventsTable())
	u := unit(span(1, 3, "0xc", "0x0"))
	first, second := begin(t, s, u), begin(t, s, u)
	for _, tx := range []runtime.Tx{first, second} {
		if err := tx.Write(t.Context(), rows(1, 3)); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, read(t, path, "SELECT count(*)::VARCHAR FROM events"), []string{"3"})
}

func TestOverlapIsRefused(t *testing.T) {
	s := opened(t, file(t), eventsTable())
	load(t, s, unit(span(10, 19, "0xa", "0x9")), rows(10, 19))
	tests := []struct {
		r     runtime.Range
		class runtime.Class
		text  string
	}{
		{span(10, 19, "0xb", "0x9"), runtime.Reorged, "mainnet:10-19@0xa is committed, of another branch"},
		{span(15, 25, "0xb", "0x9"), runtime.Permanent, "mainnet:15-25@0xb overlaps the committed mainnet:10-19@0xa"},
		{span(12, 15, "0xb", "0x9"), runtime.Permanent, "overlaps"},
		{span(10, 19, "", ""), runtime.Permanent, "overlaps"},
		{span(5, 4, "", ""), runtime.Permanent, "ends before it starts"},
	}
	for _, test := range tests {
		_, err := s.Begin(t.Context(), unit(test.r))
		wantClass(t, err, test.class, test.text)
	}
	_, err := s.Begin(t.Context(), unit(span(20, 29, "0xc", "0xa"), span(30, 39, "0xd", "0xc")))
	wantClass(t, err, runtime.Permanent, "two ranges of network mainnet")
	// Part of a committed range, proven by the hash of its end.
	load(t, s, unit(span(15, 19, "0xa", "0x14")), rows(15, 19))
	if got := state(t, s, eventsTable()).Ranges; len(got) != 1 {
		t.Error(got)
	}
}

func TestReplace(t *testing.T) {
	path := file(t)
	table := &runtime.Table{Pipeline: "Events", Name: "events", Schema: events, Key: []string{"block_num"}}
	s := opened(t, path, table)
	load(t, s, runtime.Unit{Ranges: []runtime.Range{span(0, 10, "0xa", "")}, Replace: true}, rows(1, 5000))
	u := runtime.Unit{Ranges: []runtime.Range{span(0, 20, "0xb", "")}, Replace: true}
	tx := begin(t, s, u)
	if err := tx.Write(t.Context(), rows(2, 9000)); err != nil {
		t.Fatal(err)
	}
	equal(t, read(t, path, "SELECT min(block_num)::VARCHAR, count(*)::VARCHAR FROM events"), []string{"1|5000"})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, read(t, path, "SELECT min(block_num)::VARCHAR, count(*)::VARCHAR FROM events"), []string{"2|8999"})
	if diff := cmp.Diff(u.Ranges, state(t, s, table).Ranges); diff != "" {
		t.Error(diff)
	}
	load(t, s, u, rows(7, 7)) // covered: the same tip
	equal(t, read(t, path, "SELECT count(*)::VARCHAR FROM events"), []string{"8999"})
}

func TestReplaceSeesNoOtherUnit(t *testing.T) {
	s := opened(t, file(t), eventsTable())
	tx := begin(t, s, runtime.Unit{Ranges: []runtime.Range{span(0, 20, "0xb", "")}, Replace: true})
	load(t, s, unit(span(1, 3, "0xc", "")), rows(1, 3))
	wantClass(t, tx.Commit(t.Context()), runtime.Transient, "other units were committed meanwhile")
}

func TestFence(t *testing.T) {
	path := file(t)
	first := opened(t, path, eventsTable())
	tx := begin(t, first, unit(span(1, 3, "0xc", "")))
	if err := tx.Write(t.Context(), rows(1, 3)); err != nil {
		t.Fatal(err)
	}
	second := opened(t, path, eventsTable())
	wantClass(t, tx.Commit(t.Context()), runtime.Fenced, "took over as instance 2; this is instance 1; let one loader run for this table")
	wantClass(t, first.Undo(t.Context(), runtime.Undo{Network: "mainnet", From: 1}), runtime.Fenced, "took over")
	equal(t, read(t, path, allEvents), nil)
	load(t, second, unit(span(1, 3, "0xc", "")), rows(1, 3))
	if st := state(t, first, eventsTable()); st.Fence != 2 || st.Holder != holderName() {
		t.Errorf("fence %d of %s", st.Fence, st.Holder)
	}
	other := eventsTable()
	other.Pipeline = "Other"
	if st := state(t, first, other); st.Fence != 0 || st.Ranges != nil {
		t.Errorf("the state of another pipeline is %+v", st)
	}
}

func TestStateOfEmptyFile(t *testing.T) {
	s, err := open(t.Context(), file(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if st := state(t, s, eventsTable()); st.Fence != 0 || st.Ranges != nil || st.Holder != "" {
		t.Errorf("%+v", st)
	}
	_, err = s.Begin(t.Context(), unit(span(1, 2, "", "")))
	wantClass(t, err, runtime.Permanent, "the sink was not prepared")
}

func TestDrift(t *testing.T) {
	path := file(t)
	s := opened(t, path, eventsTable())
	s.Close()
	changed := eventsTable()
	changed.Key = []string{"block_num"}
	changed.Schema = arrow.NewSchema([]arrow.Field{
		{Name: "block_num", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "hash", Type: &arrow.FixedSizeBinaryType{ByteWidth: 32}},
	}, nil)
	again, err := open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	wantClass(t, again.Prepare(t.Context(), changed), runtime.Drift,
		`prepare table on events: column "block_num" is UBIGINT and should be BIGINT; column "hash" is missing; `+
			`column "name" is not of this pipeline; the primary key is () and should be (block_num); rename or drop the old table`)
	if st := state(t, again, eventsTable()); st.Fence != 1 {
		t.Errorf("the refused preparation took the fence: %d", st.Fence)
	}
}

// A dropped table is not made again behind the back of the state, which would never load its blocks again.
func TestDroppedTable(t *testing.T) {
	path := file(t)
	table := eventsTable()
	s := opened(t, path, table)
	load(t, s, unit(span(1, 3, "0xc", "")), rows(1, 3))
	if err := s.db.admin.exec(t.Context(), "DROP TABLE events"); err != nil {
		t.Fatal(err)
	}
	wantClass(t, s.Prepare(t.Context(), table), runtime.Drift,
		`prepare table on events: it does not exist, and "test"."main"."amp_stream_state" has blocks that were loaded into it; `+
			`restore it, or run DELETE FROM "test"."main"."amp_stream_state" WHERE table_name = 'events' to load it from the start`)
	if err := s.db.admin.exec(t.Context(), `DELETE FROM "test"."main"."amp_stream_state" WHERE table_name = 'events'`); err != nil {
		t.Fatal(err)
	}
	if err := s.Prepare(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	load(t, s, unit(span(1, 3, "0xc", "")), rows(1, 3))
	equal(t, read(t, path, `SELECT count(*)::VARCHAR FROM events`), []string{"3"})
}

func TestDriftComparesNestedTypes(t *testing.T) {
	table := eventsTable()
	table.Schema = arrow.NewSchema([]arrow.Field{
		{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
		{Name: "p", Nullable: true, Type: arrow.ListOf(arrow.StructOf(
			arrow.Field{Name: "from", Type: arrow.BinaryTypes.Binary}, arrow.Field{Name: "sqrtPriceX96", Type: &arrow.Decimal256Type{Precision: 76}}))},
	}, nil)
	s := opened(t, file(t), table)
	if err := s.Prepare(t.Context(), table); err != nil {
		t.Error(err)
	}
}

func TestQuoting(t *testing.T) {
	path := file(t)
	table := eventsTable()
	table.Name = `My "schema".Odd'; DROP TABLE x; --`
	table.Pipeline = "it's"
	s := opened(t, path, table)
	load(t, s, unit(span(1, 3, "0x'c", "")), rows(1, 3))
	equal(t, read(t, path, `SELECT count(*)::VARCHAR FROM "My ""schema"""."Odd'; DROP TABLE x; --"`), []string{"3"})
	if got := state(t, s, table).Ranges; len(got) != 1 || got[0].Hash != "0x'c" {
		t.Error(got)
	}
}

func TestDuplicateKeyIsPermanent(t *testing.T) {
	path := file(t)
	table := eventsTable()
	table.Key = []string{"block_num"}
	s := opened(t, path, table)
	load(t, s, unit(span(1, 3, "0xa", "")), rows(1, 3))
	tx := begin(t, s, unit(span(4, 6, "0xb", "0xa")))
	err := tx.Write(t.Context(), rows(3, 3))
	if err == nil {
		err = tx.Commit(t.Context())
	}
	wantClass(t, err, runtime.Permanent, "3")
	tx.Rollback(t.Context())
	equal(t, read(t, path, "SELECT count(*)::VARCHAR FROM events"), []string{"3"})
}

func TestCancelledCommitLeavesNothing(t *testing.T) {
	path := file(t)
	s := opened(t, path, eventsTable())
	ctx, cancel := context.WithCancel(t.Context())
	tx := begin(t, s, unit(span(1, 3, "0xc", "")))
	if err := tx.Write(ctx, rows(1, 3)); err != nil {
		t.Fatal(err)
	}
	cancel()
	err := tx.Commit(ctx)
	if !errors.Is(err, context.Canceled) || runtime.ClassOf(err) != runtime.Transient {
		t.Error(err)
	}
	equal(t, read(t, path, allEvents), nil)
	load(t, s, unit(span(1, 3, "0xc", "")), rows(1, 3))
}

func TestUndo(t *testing.T) {
	path := file(t)
	s := opened(t, path, eventsTable())
	load(t, s, unit(span(0, 9, "0x9", "")), rows(0, 9))
	load(t, s, unit(span(10, 19, "0x19", "0x9")), rows(10, 19))
	load(t, s, unit(span(20, 29, "0x29", "0x19")), rows(20, 29))
	summary := "SELECT min(block_num)::VARCHAR, max(block_num)::VARCHAR, count(*)::VARCHAR FROM events"
	for range 2 { // the second changes nothing
		if err := s.Undo(t.Context(), runtime.Undo{Network: "mainnet", From: 15, Hash: "0x14"}); err != nil {
			t.Fatal(err)
		}
		equal(t, read(t, path, summary), []string{"0|14|15"})
		if diff := cmp.Diff([]runtime.Range{span(0, 9, "0x9", ""), span(10, 14, "0x14", "0x9")}, state(t, s, eventsTable()).Ranges); diff != "" {
			t.Error(diff)
		}
	}
	load(t, s, unit(span(15, 29, "0x29b", "0x14")), rows(15, 29))
	equal(t, read(t, path, summary), []string{"0|29|30"})
	if err := s.Undo(t.Context(), runtime.Undo{Network: "mainnet", From: 0}); err != nil {
		t.Fatal(err)
	}
	equal(t, read(t, path, summary), []string{"NULL|NULL|0"})
	if got := state(t, s, eventsTable()).Ranges; got != nil {
		t.Error(got)
	}
}

func TestUndoThenLoadSameKeys(t *testing.T) {
	path := file(t)
	table := eventsTable()
	table.Key = []string{"block_num"}
	s := opened(t, path, table)
	load(t, s, unit(span(1, 9000, "0xa", "")), rows(1, 9000))
	if err := s.Undo(t.Context(), runtime.Undo{Network: "mainnet", From: 10, Hash: "0x9"}); err != nil {
		t.Fatal(err)
	}
	load(t, s, unit(span(10, 9000, "0xb", "0x9")), rows(10, 9000))
	equal(t, read(t, path, "SELECT count(*)::VARCHAR FROM events"), []string{"9000"})
}

func TestUndoOfOneNetwork(t *testing.T) {
	path := file(t)
	s := opened(t, path, eventsTable())
	base := runtime.Range{Network: "base", Start: 1, End: 3, Hash: "0xb"}
	load(t, s, unit(span(1, 3, "0xa", "")), rows(1, 3))
	load(t, s, unit(base), rows(1, 3))
	if err := s.Undo(t.Context(), runtime.Undo{Network: "mainnet", From: 2, Hash: "0x1"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Undo(t.Context(), runtime.Undo{Network: "mainnet", From: 1, Hash: "0x0"}); err != nil {
		t.Fatal(err)
	}
	equal(t, read(t, path, "SELECT count(*)::VARCHAR, count(DISTINCT _amp_batch_id)::VARCHAR, any_value(_amp_batch_id) FROM events"),
		[]string{"3|1|" + base.ID()})
	if diff := cmp.Diff([]runtime.Range{base}, state(t, s, eventsTable()).Ranges); diff != "" {
		t.Error(diff)
	}
}

func TestUndoKeepsHistory(t *testing.T) {
	path := file(t)
	table := eventsTable()
	table.History = true
	table.Key = []string{"block_num"}
	s := opened(t, path, table)
	load(t, s, unit(span(1, 3, "0x3", "")), rows(1, 3))
	if err := s.Undo(t.Context(), runtime.Undo{Network: "mainnet", From: 2, Hash: "0x1"}); err != nil {
		t.Fatal(err)
	}
	next := unit(span(2, 2, "0x2b", "0x1"))
	load(t, s, next, rows(2, 2))
	equal(t, read(t, path, "SELECT block_num::VARCHAR, name FROM events_current ORDER BY 1"), []string{"1|event 1", "2|event 2"})
	equal(t, read(t, path, "SELECT block_num::VARCHAR, _amp_is_current::VARCHAR, _amp_reorg_batch_id FROM events_history ORDER BY 1, 2"),
		[]string{"1|true|NULL", "2|false|" + next.ID(), "2|true|NULL", "3|false|NULL"})
}
