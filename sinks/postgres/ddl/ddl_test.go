package ddl

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
)

func TestColumnType(t *testing.T) {
	logical := func(v string) arrow.Metadata { return arrow.MetadataFrom(map[string]string{logicalKey: v}) }
	for _, c := range []struct {
		field arrow.Field
		want  string
	}{
		{arrow.Field{Type: arrow.FixedWidthTypes.Boolean}, "boolean"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Int8}, "smallint"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Uint8}, "smallint"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Int16}, "smallint"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Uint16}, "integer"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Int32}, "integer"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Uint32}, "bigint"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Int64}, "bigint"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Uint64}, "numeric(20,0)"},
		{arrow.Field{Type: arrow.FixedWidthTypes.Float16}, "real"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Float32}, "real"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Float64}, "double precision"},
		{arrow.Field{Type: &arrow.Decimal128Type{Precision: 38, Scale: 0}}, "numeric(38,0)"},
		{arrow.Field{Type: &arrow.Decimal128Type{Precision: 38, Scale: 18}}, "numeric(38,18)"},
		{arrow.Field{Type: &arrow.Decimal128Type{Precision: 10, Scale: -3}}, "numeric(13,0)"},
		{arrow.Field{Type: &arrow.Decimal128Type{Precision: 2, Scale: 5}}, "numeric(5,5)"},
		{arrow.Field{Type: &arrow.Decimal256Type{Precision: 76, Scale: 0}}, "numeric(76,0)"},
		{arrow.Field{Type: arrow.BinaryTypes.String}, "text"},
		{arrow.Field{Type: arrow.BinaryTypes.StringView}, "text"},
		{arrow.Field{Type: arrow.BinaryTypes.LargeString}, "text"},
		{arrow.Field{Type: arrow.BinaryTypes.String, Metadata: logical("uint256")}, "numeric(78,0)"},
		{arrow.Field{Type: arrow.BinaryTypes.StringView, Metadata: logical("int256")}, "numeric(78,0)"},
		{arrow.Field{Type: arrow.BinaryTypes.String, Metadata: logical("other")}, "text"},
		{arrow.Field{Type: arrow.PrimitiveTypes.Int64, Metadata: logical("uint256")}, "bigint"},
		{arrow.Field{Type: arrow.BinaryTypes.Binary}, "bytea"},
		{arrow.Field{Type: arrow.BinaryTypes.BinaryView}, "bytea"},
		{arrow.Field{Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}}, "bytea"},
		{arrow.Field{Type: &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}}, "timestamptz"},
		{arrow.Field{Type: &arrow.TimestampType{Unit: arrow.Second}}, "timestamp"},
		{arrow.Field{Type: arrow.FixedWidthTypes.Date32}, "date"},
		{arrow.Field{Type: arrow.FixedWidthTypes.Time64ns}, "time"},
		{arrow.Field{Type: arrow.FixedWidthTypes.Duration_ns}, "interval"},
		{arrow.Field{Type: arrow.FixedWidthTypes.MonthDayNanoInterval}, "interval"},
		{arrow.Field{Type: arrow.ListOf(arrow.PrimitiveTypes.Uint64)}, "numeric(20,0)[]"},
		{arrow.Field{Type: arrow.FixedSizeListOf(3, arrow.BinaryTypes.Binary)}, "bytea[]"},
		{arrow.Field{Type: arrow.ListOfField(arrow.Field{Name: "item", Type: arrow.BinaryTypes.String, Metadata: logical("uint256")})}, "numeric(78,0)[]"},
		{arrow.Field{Type: arrow.ListOf(arrow.ListOf(arrow.PrimitiveTypes.Int8))}, "jsonb"},
		{arrow.Field{Type: arrow.ListOf(arrow.StructOf())}, "jsonb"},
		{arrow.Field{Type: arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int8})}, "jsonb"},
		{arrow.Field{Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int8)}, "jsonb"},
	} {
		got, err := ColumnType(c.field)
		if err != nil || got != c.want {
			t.Errorf("ColumnType(%v) = %q, %v; want %q", c.field, got, err, c.want)
		}
	}
}

func TestUnsupportedTypesSayWhatToDo(t *testing.T) {
	dictionary := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	twins := arrow.StructOf(arrow.Field{Name: "", Type: arrow.PrimitiveTypes.Int8}, arrow.Field{Name: "", Type: arrow.PrimitiveTypes.Int8})
	for _, c := range []struct {
		typ  arrow.DataType
		want string
	}{
		{arrow.Null, "leave it out or cast it"},
		{dictionary, "arrow_cast"},
		{twins, "name the parameters"},
		{arrow.ListOf(dictionary), "elements: dictionary-encoded"},
		{arrow.StructOf(arrow.Field{Name: "x", Type: arrow.Null}), `field "x": `},
		{arrow.MapOf(twins, arrow.PrimitiveTypes.Int8), "keys: "},
		{arrow.MapOf(arrow.ListOf(arrow.PrimitiveTypes.Int8), arrow.PrimitiveTypes.Int8), "map_entries"},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.Null), "values: "},
		{arrow.DenseUnionOf(nil, nil), "has no PostgreSQL type"},
	} {
		err := Supported(arrow.Field{Name: "c", Type: c.typ})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Supported(%v) = %v; want an error with %q", c.typ, err, c.want)
		}
	}
}

func transfers() Table {
	return Table{
		Name: "analytics.Transfers",
		Schema: arrow.NewSchema([]arrow.Field{
			{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
			{Name: "log_index", Type: arrow.PrimitiveTypes.Uint32},
			{Name: "from", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}, Nullable: true},
		}, nil),
		Block: "block_num",
		Key:   []string{"block_num", "log_index"},
	}
}

func TestCreate(t *testing.T) {
	got, err := Create(transfers())
	if err != nil {
		t.Fatal(err)
	}
	const want = `-- The schema of the table and of its state.
CREATE SCHEMA IF NOT EXISTS "analytics";

-- analytics.Transfers, one row per result row.
CREATE TABLE IF NOT EXISTS "analytics"."Transfers" (
    "block_num" numeric(20,0) NOT NULL,
    "log_index" bigint NOT NULL,
    "from" bytea,
    "_amp_batch_id" text,
    PRIMARY KEY ("block_num", "log_index")
);

-- What is loaded`
	if cut, _, _ := strings.Cut(got, ": one row per committed"); cut != want {
		t.Error(cmp.Diff(want, cut))
	}
	for _, part := range []string{
		`CREATE TABLE IF NOT EXISTS "analytics"."amp_stream_state" (`,
		`CREATE TABLE IF NOT EXISTS "analytics"."amp_stream_fence" (`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in:\n%s", part, got)
		}
	}
}

func TestCreateHistory(t *testing.T) {
	table := transfers()
	table.Name, table.History = "transfers", true
	got, err := Create(table)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`    "_amp_is_current" boolean NOT NULL DEFAULT true,
    "_amp_reorg_batch_id" text
);
CREATE UNIQUE INDEX IF NOT EXISTS "transfers_current_key" ON "transfers" ("block_num", "log_index") WHERE "_amp_is_current";
`,
		`CREATE INDEX IF NOT EXISTS "transfers_block" ON "transfers" ("block_num");`,
		`CREATE OR REPLACE VIEW "transfers_current" AS
    SELECT "block_num", "log_index", "from"
    FROM "transfers" WHERE "_amp_is_current";`,
		`CREATE OR REPLACE VIEW "transfers_history" AS
    SELECT "block_num", "log_index", "from", "_amp_batch_id", "_amp_is_current", "_amp_reorg_batch_id"
    FROM "transfers";`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in:\n%s", part, got)
		}
	}
}

func TestBlockIndexIsLeftOutWhereTheKeyDoesIt(t *testing.T) {
	table := transfers()
	if got := CreateBlockIndex(table); got != "" {
		t.Errorf("key starts with the block, but there is %q", got)
	}
	table.Key = []string{"log_index", "block_num"}
	if got, want := CreateBlockIndex(table), `CREATE INDEX IF NOT EXISTS "Transfers_block" ON "analytics"."Transfers" ("block_num");`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	table.Batch = true
	if got := CreateBlockIndex(table); got != "" {
		t.Errorf("batch table has %q", got)
	}
}

func TestCreateListsEveryFault(t *testing.T) {
	_, err := Create(Table{
		Name: "a.b.c",
		Schema: arrow.NewSchema([]arrow.Field{
			{Name: strings.Repeat("x", 64), Type: arrow.PrimitiveTypes.Int8},
			{Name: "n", Type: arrow.Null},
			{Name: "_amp_batch_id", Type: arrow.BinaryTypes.String},
			{Name: "k", Type: arrow.PrimitiveTypes.Int8, Nullable: true},
		}, nil),
		Key:     []string{"k", "missing"},
		Block:   "nowhere",
		History: true,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"2 dots", "64 bytes", `column "n"`, `"_amp_batch_id" occurs twice`, `"k" is nullable`, `"missing" does not exist`, `"nowhere" does not exist`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

func TestQuoting(t *testing.T) {
	if got, want := QuoteName(`My "schema".select`), `"My ""schema"""."select"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	long := strings.Repeat("ä", 31)
	a, b := indexName(long, "block"), indexName(long[:60]+"zz", "block")
	if len(a) > maxIdentifier || a == b || !strings.HasSuffix(a, "_block") {
		t.Errorf("index names %q and %q", a, b)
	}
}
