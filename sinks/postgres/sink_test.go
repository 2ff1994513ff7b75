package postgres

import (
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// transfers is a small table of the usual kind.
func transfers() *runtime.Table {
	return &runtime.Table{
		Pipeline: "Transfers",
		Name:     "transfers",
		Schema: arrow.NewSchema([]arrow.Field{
			{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
			{Name: "to", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}, Nullable: true},
			{Name: "value", Type: arrow.BinaryTypes.String, Nullable: true, Metadata: arrow.MetadataFrom(map[string]string{runtime.LogicalKey: runtime.LogicalUint256})},
		}, nil),
		Block: "block_num",
	}
}

// transferRows has one row per block of [from, to].
func transferRows(from, to uint64) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, transfers().Schema)
	for n := from; n <= to; n++ {
		b.Field(0).(*array.Uint64Builder).Append(n)
		b.Field(1).(*array.FixedSizeBinaryBuilder).Append(make([]byte, 20))
		b.Field(2).(*array.StringBuilder).Append("115792089237316195423570985008687907853269984665640564039457584007913129639935")
	}
	return b.NewRecordBatch()
}

// prepared is a sink on the database that is ready for table.
func prepared(t testing.TB, url string, table *runtime.Table) *Sink {
	t.Helper()
	s := openSink(t, url, table.Schema)
	t.Cleanup(func() { s.Close() })
	if err := s.Prepare(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	return s
}

// load commits rows for the blocks of r.
func load(t testing.TB, s runtime.Sink, r runtime.Range) error {
	t.Helper()
	tx, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{r}})
	if err != nil {
		return err
	}
	defer tx.Rollback(t.Context())
	if err := tx.Write(t.Context(), transferRows(r.Start, r.End)); err != nil {
		return err
	}
	return tx.Commit(t.Context())
}

func execute(t testing.TB, url, sql string) {
	t.Helper()
	if _, err := connect(t, url).Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func column[T any](t testing.TB, url, sql string) []T {
	t.Helper()
	rows, err := connect(t, url).Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func span(start, end uint64, hash string) runtime.Range {
	return runtime.Range{Network: "eth", Start: start, End: end, Hash: hash}
}

func TestStoredTextAtTheBounds(t *testing.T) {
	metadata := arrow.MetadataFrom(map[string]string{runtime.LogicalKey: runtime.LogicalInt256})
	for _, c := range []struct {
		name   string
		field  arrow.Field
		values string // JSON for Arrow's builder
		want   []string
	}{
		{"uint64", arrow.Field{Type: arrow.PrimitiveTypes.Uint64}, `[0, 18446744073709551615]`, []string{"0", "18446744073709551615"}},
		{"int256", arrow.Field{Type: arrow.BinaryTypes.String, Metadata: metadata},
			`["115792089237316195423570985008687907853269984665640564039457584007913129639935", "-57896044618658097711785492504343953926634992332820282019728792003956564819968"]`,
			[]string{"115792089237316195423570985008687907853269984665640564039457584007913129639935", "-57896044618658097711785492504343953926634992332820282019728792003956564819968"}},
		{"decimal128 with a scale", arrow.Field{Type: &arrow.Decimal128Type{Precision: 38, Scale: 6}}, `["-12345.678901", "0.000001", "1", "0"]`,
			[]string{"-12345.678901", "0.000001", "1.000000", "0.000000"}},
		{"decimal256", arrow.Field{Type: &arrow.Decimal256Type{Precision: 76, Scale: 1}}, `["-1.5"]`, []string{"-1.5"}},
		{"bytes", arrow.Field{Type: arrow.BinaryTypes.Binary}, `["", "AP9c"]`, []string{`\x`, `\x00ff5c`}},
		{"list", arrow.Field{Type: arrow.ListOf(arrow.BinaryTypes.String)}, `[[], ["a,b", null, "NULL"]]`, []string{"{}", `{"a,b",NULL,"NULL"}`}},
		{"struct", arrow.Field{Type: arrow.StructOf(arrow.Field{Name: "n", Type: arrow.PrimitiveTypes.Uint64}, arrow.Field{Name: "i", Type: arrow.PrimitiveTypes.Int8})},
			`[{"n": 18446744073709551615, "i": -1}]`, []string{`{"i": -1, "n": "18446744073709551615"}`}},
		{"timestamp", arrow.Field{Type: &arrow.TimestampType{Unit: arrow.Microsecond}}, `[-210866803200000000, 9223372036854775807, -1]`,
			[]string{"4714-11-24 00:00:00 BC", "294247-01-10 04:00:54.775807", "1969-12-31 23:59:59.999999"}},
		{"timestamptz", arrow.Field{Type: &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}}, `[1700000000123456000]`, []string{"2023-11-14 22:13:20.123456+00"}},
		{"date", arrow.Field{Type: arrow.FixedWidthTypes.Date32}, `[-2440588, 2145042905, 0]`, []string{"4714-11-24 BC", "5874897-12-31", "1970-01-01"}},
		{"time", arrow.Field{Type: arrow.FixedWidthTypes.Time64us}, `[0, 86400000000]`, []string{"00:00:00", "24:00:00"}},
		{"duration", arrow.Field{Type: arrow.FixedWidthTypes.Duration_ms}, `[-1500]`, []string{"-00:00:01.5"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := pgtest.Database(t)
			c.field.Name = "v"
			table := &runtime.Table{Pipeline: "P", Name: "t", Schema: arrow.NewSchema([]arrow.Field{c.field}, nil)}
			s := prepared(t, url, table)
			tx, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{{Network: "eth", Hash: "h0"}}, Replace: true})
			if err != nil {
				t.Fatal(err)
			}
			values, _, err := array.FromJSON(memory.DefaultAllocator, c.field.Type, strings.NewReader(c.values))
			if err != nil {
				t.Fatal(err)
			}
			if err := tx.Write(t.Context(), array.NewRecordBatch(table.Schema, []arrow.Array{values}, int64(values.Len()))); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, column[string](t, url, "SELECT v::text FROM t")); diff != "" {
				t.Errorf("stored text differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDDLIsWhatPrepareMakes(t *testing.T) {
	for _, history := range []bool{false, true} {
		url := pgtest.Database(t)
		table := transfers()
		table.Name, table.Key, table.History = "analytics.Transfers", []string{"block_num"}, history
		text, err := ddl.Create(ddlTable(table))
		if err != nil {
			t.Fatal(err)
		}
		execute(t, url, text)
		execute(t, url, text) // may be run again
		if err := prepared(t, url, table).Prepare(t.Context(), table); err != nil {
			t.Errorf("history %v: %v", history, err)
		}
	}
}

func TestPrepareNeedsNoPrivilegesWhereEverythingExists(t *testing.T) {
	url := pgtest.Database(t)
	table := transfers()
	prepared(t, url, table)
	execute(t, url, `DO $$ BEGIN CREATE ROLE loader LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;
		GRANT SELECT, INSERT, DELETE ON transfers TO loader;
		GRANT SELECT, INSERT, UPDATE, DELETE ON amp_stream_state, amp_stream_fence TO loader;
		REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
	loader := strings.Replace(url, "postgres@", "loader@", 1)
	s := prepared(t, loader, table)
	if err := load(t, s, span(0, 9, "h9")); err != nil {
		t.Error(err)
	}
	if err := s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 5, Hash: "h4"}); err != nil {
		t.Error(err)
	}
	other := *table
	other.Name = "elsewhere"
	err := s.Prepare(t.Context(), &other)
	if runtime.ClassOf(err) != runtime.Permanent || err == nil || !strings.Contains(err.Error(), "ddl command") {
		t.Errorf("without the privilege to create a table: %v", err)
	}
}

func TestDriftListsEveryDifference(t *testing.T) {
	url := pgtest.Database(t)
	execute(t, url, `CREATE TABLE transfers ("to" bytea NOT NULL, value numeric, block_num bigint NOT NULL, note text, extra int, loaded timestamptz NOT NULL DEFAULT now(),
		CONSTRAINT k PRIMARY KEY (block_num))`)
	table := transfers()
	s := openSink(t, url, table.Schema)
	defer s.Close()
	err := s.Prepare(t.Context(), table)
	if runtime.ClassOf(err) != runtime.Drift || err == nil {
		t.Fatalf("got %v", err)
	}
	const want = `prepare on table transfers: column "block_num" is bigint and should be numeric(20,0); ` +
		`column "to" is NOT NULL and should be nullable; column "value" is numeric and should be numeric(78,0); ` +
		`column "_amp_batch_id" is missing; column "note" is not of this pipeline and has no default; ` +
		`column "extra" is not of this pipeline and has no default; the primary key is (block_num) and should be (); ` +
		`alter, rename or drop the old table, or give @sink another table name`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
	execute(t, url, `DROP TABLE transfers; CREATE VIEW transfers AS SELECT 1 AS block_num`)
	if err := s.Prepare(t.Context(), table); runtime.ClassOf(err) != runtime.Drift || err == nil {
		t.Errorf("a view: %v", err)
	}
	if got := column[int](t, url, "SELECT 1 FROM pg_class WHERE relname = 'amp_stream_state'"); len(got) != 0 {
		t.Error("a Prepare that failed left tables behind")
	}
}

func TestColumnsThatFillThemselvesMayBeAdded(t *testing.T) {
	url := pgtest.Database(t)
	table := transfers()
	s := prepared(t, url, table)
	execute(t, url, `ALTER TABLE transfers ADD loaded timestamptz DEFAULT now(), ADD id bigint GENERATED ALWAYS AS IDENTITY,
		ADD hex text GENERATED ALWAYS AS (encode("to", 'hex')) STORED`)
	if err := s.Prepare(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	if err := load(t, s, span(0, 9, "h9")); err != nil {
		t.Fatal(err)
	}
	if got := column[int](t, url, "SELECT 1 FROM transfers WHERE loaded IS NOT NULL AND hex LIKE '00%' AND id > 0"); len(got) != 10 {
		t.Errorf("%d rows are filled, want 10", len(got))
	}
}

// A state table as the Python loader describes it has no end_timestamp, and rows of its own kinds.
func TestStateOfThePythonLoader(t *testing.T) {
	url := pgtest.Database(t)
	execute(t, url, `CREATE TABLE amp_stream_state (connection_name varchar(255) NOT NULL, table_name varchar(255) NOT NULL, network varchar(100) NOT NULL,
			batch_id varchar(16) NOT NULL, start_block bigint NOT NULL, end_block bigint NOT NULL, end_hash varchar(66), start_parent_hash varchar(66),
			processed_at timestamp NOT NULL DEFAULT now(), PRIMARY KEY (connection_name, table_name, network, batch_id));
		INSERT INTO amp_stream_state VALUES
			('Transfers', 'transfers', 'eth', 'a010a4150071bfe6', 100, 200, '0xabc', NULL),
			('Transfers', 'transfers', 'eth', 'a', 300, 400, encode(sha256('eth:300:400'), 'hex'), ''),
			('default', 'transfers', 'eth_firehose.logs', 'b', 0, 1000, 'x', NULL);
		CREATE TABLE transfers (block_num numeric(20,0) NOT NULL, "to" bytea, value numeric(78,0), _amp_batch_id text)`)
	table := transfers()
	want := []runtime.Range{{Network: "eth", Start: 100, End: 200, Hash: "0xabc"}, {Network: "eth", Start: 300, End: 400}}
	s := openSink(t, url, table.Schema)
	defer s.Close()
	check := func() {
		t.Helper()
		state, err := s.State(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, state.Ranges); diff != "" {
			t.Error(diff)
		}
	}
	check()
	if err := s.Prepare(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	check()
	last := runtime.Range{Network: "eth", Start: 201, End: 209, Hash: "0xdef", PrevHash: "0xabc", Timestamp: 1700000000}
	if err := load(t, s, last); err != nil {
		t.Fatal(err)
	}
	want = []runtime.Range{want[0], last, want[1]}
	check()
}

// A dropped table is not made again behind the back of the state, which would never load its blocks again.
func TestDroppedTable(t *testing.T) {
	url := pgtest.Database(t)
	table := transfers()
	table.Name = "chain.it's"
	s := prepared(t, url, table)
	if err := load(t, s, span(1, 3, "0xc")); err != nil {
		t.Fatal(err)
	}
	execute(t, url, `DROP TABLE chain."it's"`)
	err := s.Prepare(t.Context(), table)
	const want = `prepare on table chain.it's: it does not exist, and "chain"."amp_stream_state" has blocks that were loaded into it; ` +
		`restore it, or run DELETE FROM "chain"."amp_stream_state" WHERE table_name = 'chain.it''s' to load it from the start`
	if runtime.ClassOf(err) != runtime.Drift || err.Error() != want {
		t.Fatalf("got %v", err)
	}
	execute(t, url, `DELETE FROM "chain"."amp_stream_state" WHERE table_name = 'chain.it''s'`)
	if err := s.Prepare(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	if err := load(t, s, span(1, 3, "0xc")); err != nil {
		t.Fatal(err)
	}
}

// Loaders that start together create the same things once.
func TestPrepareTogether(t *testing.T) {
	url := pgtest.Database(t)
	table := transfers()
	table.Name = "fresh.transfers"
	var wg sync.WaitGroup
	for range 6 {
		s := openSink(t, url, table.Schema)
		wg.Go(func() {
			defer s.Close()
			if err := s.Prepare(t.Context(), table); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := column[int64](t, url, "SELECT epoch FROM fresh.amp_stream_fence"); len(got) != 1 || got[0] != 6 {
		t.Errorf("epochs %v", got)
	}
}

func TestUndoUsesTheBlockIndex(t *testing.T) {
	for _, typ := range []arrow.DataType{arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Uint16, &arrow.Decimal128Type{Precision: 20}} {
		url := pgtest.Database(t)
		table := transfers()
		fields := table.Schema.Fields()
		fields[0].Type = typ
		table.Schema = arrow.NewSchema(fields, nil)
		prepared(t, url, table)
		literal, _ := newTarget(table).blockType()
		plan := column[string](t, url+"?enable_seqscan=off", "EXPLAIN DELETE FROM transfers WHERE block_num >= '15'::"+literal)
		if !strings.Contains(strings.Join(plan, "\n"), "transfers_block") {
			t.Errorf("%s: the plan does not use the index:\n%s", typ, strings.Join(plan, "\n"))
		}
	}
}

func TestUndoBeyondTheBlockColumn(t *testing.T) {
	table := transfers()
	fields := table.Schema.Fields()
	for typ, largest := range map[arrow.DataType]uint64{arrow.PrimitiveTypes.Int16: 1<<15 - 1, arrow.PrimitiveTypes.Int32: 1<<31 - 1, arrow.PrimitiveTypes.Uint32: 1<<63 - 1, arrow.PrimitiveTypes.Uint64: 1<<64 - 1} {
		fields[0].Type = typ
		table.Schema = arrow.NewSchema(fields, nil)
		if _, got := newTarget(table).blockType(); got != largest {
			t.Errorf("%s: blocks up to %d are looked for, want %d", typ, got, largest)
		}
	}
}

func TestUndoOfMixedUnitsIsRefused(t *testing.T) {
	url := pgtest.Database(t)
	s := prepared(t, url, transfers())
	base := runtime.Range{Network: "base", Start: 0, End: 9, Hash: "b9"}
	tx, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{span(0, 9, "h9"), base}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Write(t.Context(), transferRows(0, 9)); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = s.Undo(t.Context(), runtime.Undo{Network: "eth", From: 5, Hash: "h4"})
	if runtime.ClassOf(err) != runtime.Permanent || err == nil || !strings.Contains(err.Error(), "cannot be told apart") {
		t.Errorf("got %v", err)
	}
	if got := column[int](t, url, "SELECT 1 FROM transfers"); len(got) != 10 {
		t.Errorf("%d rows are left, want 10", len(got))
	}
}

func TestKeyTwiceIsPermanentAndSaysWhich(t *testing.T) {
	url := pgtest.Database(t)
	table := transfers()
	table.Key = []string{"block_num"}
	s := prepared(t, url, table)
	if err := load(t, s, span(0, 9, "h9")); err != nil {
		t.Fatal(err)
	}
	tx, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{span(10, 19, "h19")}})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if err = tx.Write(t.Context(), transferRows(9, 19)); err == nil {
		err = tx.Commit(t.Context())
	}
	if runtime.ClassOf(err) != runtime.Permanent || err == nil || !strings.Contains(err.Error(), "(block_num)=(9)") {
		t.Errorf("got %v", err)
	}
}
