package ddl

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
)

func logical(kind string) arrow.Field {
	return arrow.Field{Name: "v", Type: arrow.BinaryTypes.String, Metadata: arrow.MetadataFrom(map[string]string{logicalKey: kind})}
}

func field(t arrow.DataType) arrow.Field { return arrow.Field{Name: "v", Type: t} }

func TestColumnType(t *testing.T) {
	address := &arrow.FixedSizeBinaryType{ByteWidth: 20}
	tests := []struct {
		field arrow.Field
		want  string
	}{
		{field(arrow.FixedWidthTypes.Boolean), "BOOLEAN"},
		{field(arrow.PrimitiveTypes.Int8), "TINYINT"},
		{field(arrow.PrimitiveTypes.Uint8), "UTINYINT"},
		{field(arrow.PrimitiveTypes.Int64), "BIGINT"},
		{field(arrow.PrimitiveTypes.Uint64), "UBIGINT"},
		{field(arrow.FixedWidthTypes.Float16), "FLOAT"},
		{field(arrow.PrimitiveTypes.Float64), "DOUBLE"},
		{field(arrow.BinaryTypes.StringView), "VARCHAR"},
		{field(address), "BLOB"},
		{field(&arrow.Decimal128Type{Precision: 38}), "DECIMAL(38,0)"},
		{field(&arrow.Decimal256Type{Precision: 20, Scale: 4}), "DECIMAL(20,4)"},
		{field(&arrow.Decimal256Type{Precision: 76}), "BIGNUM"},
		{field(&arrow.Decimal256Type{Precision: 76, Scale: 18}), "VARCHAR"},
		{logical("uint256"), "BIGNUM"},
		{logical("int256"), "BIGNUM"},
		{field(&arrow.TimestampType{Unit: arrow.Second}), "TIMESTAMP"},
		{field(arrow.FixedWidthTypes.Timestamp_us), "TIMESTAMP WITH TIME ZONE"},
		{field(arrow.FixedWidthTypes.Timestamp_ns), "TIMESTAMP_NS"},
		{field(&arrow.TimestampType{Unit: arrow.Nanosecond}), "TIMESTAMP_NS"},
		{field(arrow.FixedWidthTypes.Date32), "DATE"},
		{field(arrow.FixedWidthTypes.Time64us), "TIME"},
		{field(arrow.FixedWidthTypes.Time64ns), "TIME"},
		{field(arrow.FixedWidthTypes.Duration_ms), "INTERVAL"},
		{field(arrow.FixedWidthTypes.MonthDayNanoInterval), "INTERVAL"},
		{field(arrow.ListOf(arrow.ListOf(address))), "BLOB[][]"},
		{field(arrow.FixedSizeListOf(3, arrow.PrimitiveTypes.Int32)), "INTEGER[3]"},
		{field(arrow.StructOf(arrow.Field{Name: "from", Type: address}, arrow.Field{Name: `a"b`, Type: arrow.ListOf(&arrow.Decimal256Type{Precision: 76})})),
			`STRUCT("from" BLOB, "a""b" BIGNUM[])`},
		{field(arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Uint64)), "MAP(VARCHAR, UBIGINT)"},
	}
	for _, test := range tests {
		got, err := ColumnType(test.field)
		if err != nil || got != test.want {
			t.Errorf("%s: got %s, %v; want %s", test.field.Type, got, err, test.want)
		}
	}
}

func TestUnsupported(t *testing.T) {
	tests := []struct {
		field arrow.Field
		want  string
	}{
		{field(arrow.Null), `duckdb cannot hold null; cast it in the query to a type of the table in docs/types.md`},
		{field(&arrow.Decimal128Type{Precision: 5, Scale: -2}),
			`duckdb cannot hold decimal(5, -2); cast it in the query to a decimal with a scale from 0 to its precision`},
		{field(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}),
			`dictionary-encoded utf8 is not loaded; cast it to its plain type with arrow_cast`},
		{field(arrow.StructOf()), `duckdb cannot hold a struct without fields; leave it out of the query`},
		{field(arrow.ListOf(arrow.StructOf(arrow.Field{Name: "a", Type: arrow.Null}))),
			`field "a": duckdb cannot hold null; cast it in the query to a type of the table in docs/types.md`},
		{field(arrow.StructOf(arrow.Field{Name: "from", Type: arrow.BinaryTypes.String}, arrow.Field{Name: "From", Type: arrow.BinaryTypes.String})),
			`struct fields "from" and "From" are one name in duckdb; rename one with AS`},
		{logical("uint512"), `utf8 marked as uint512 is not text of a 256-bit integer`},
	}
	for _, test := range tests {
		err := Supported(test.field)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s:\n got %v\nwant %s", test.field.Type, err, test.want)
		}
	}
}

func transfers() Table {
	return Table{
		Name: "analytics.transfers",
		Schema: arrow.NewSchema([]arrow.Field{
			{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
			{Name: `odd"name`, Type: arrow.BinaryTypes.String, Nullable: true},
		}, nil),
		Block: "block_num",
		Key:   []string{"block_num", `odd"name`},
	}
}

const wantState = `
-- What is loaded: one row per committed range of blocks, both ends included. Old neighbours are merged; units counts them.
CREATE TABLE IF NOT EXISTS "analytics"."amp_stream_state" (
    connection_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    network VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    start_block UBIGINT NOT NULL,
    end_block UBIGINT NOT NULL,
    end_hash VARCHAR,
    start_parent_hash VARCHAR,
    processed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT current_timestamp,
    end_timestamp BIGINT,
    units UBIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (connection_name, table_name, network, batch_id)
);

-- Which loader may commit: the one that took the highest epoch.
CREATE TABLE IF NOT EXISTS "analytics"."amp_stream_fence" (
    connection_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    epoch BIGINT NOT NULL,
    holder VARCHAR NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT current_timestamp,
    PRIMARY KEY (connection_name, table_name)
);
`

func TestCreate(t *testing.T) {
	got, err := Create(transfers())
	if err != nil {
		t.Fatal(err)
	}
	want := `CREATE SCHEMA IF NOT EXISTS "analytics";

-- The rows of the query, as a stream commits them: one per block_num, odd"name.
CREATE TABLE IF NOT EXISTS "analytics"."transfers" (
    "block_num" UBIGINT NOT NULL,
    "odd""name" VARCHAR NOT NULL,
    "_amp_batch_id" VARCHAR NOT NULL,
    PRIMARY KEY ("block_num", "odd""name")
);
` + wantState
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCreateHistory(t *testing.T) {
	table := transfers()
	table.History = true
	got, err := Create(table)
	if err != nil {
		t.Fatal(err)
	}
	want := `CREATE SCHEMA IF NOT EXISTS "analytics";

-- The rows of the query, those of abandoned branches included: one per block_num, odd"name and branch.
CREATE TABLE IF NOT EXISTS "analytics"."transfers" (
    "block_num" UBIGINT NOT NULL,
    "odd""name" VARCHAR NOT NULL,
    "_amp_batch_id" VARCHAR NOT NULL,
    "_amp_is_current" BOOLEAN NOT NULL DEFAULT true,
    "_amp_reorg_batch_id" VARCHAR
);

-- The rows that are on the chain now.
CREATE VIEW IF NOT EXISTS "analytics"."transfers_current" AS
    SELECT * EXCLUDE ("_amp_batch_id", "_amp_is_current", "_amp_reorg_batch_id") FROM "analytics"."transfers" WHERE "_amp_is_current";

-- All rows that ever were on the chain.
CREATE VIEW IF NOT EXISTS "analytics"."transfers_history" AS
    SELECT * FROM "analytics"."transfers";
` + wantState
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCreateRefuses(t *testing.T) {
	tests := []struct {
		change func(*Table)
		want   string
	}{
		{func(t *Table) { t.Name = "a.b.c" }, `table name "a.b.c" is not of the form table or schema.table`},
		{func(t *Table) { t.Name = "" }, `table name "" is not of the form table or schema.table`},
		{func(t *Table) { t.Schema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.Null}}, nil) },
			`column "n": duckdb cannot hold null; cast it in the query to a type of the table in docs/types.md`},
		{func(t *Table) { t.Key = []string{"hash"} }, `key column "hash" is not a column of table analytics.transfers`},
		{func(t *Table) {
			t.Schema = arrow.NewSchema([]arrow.Field{{Name: "Value", Type: arrow.BinaryTypes.String}, {Name: "value", Type: arrow.BinaryTypes.String}}, nil)
		}, `columns "Value" and "value" are one name in duckdb; rename one with AS`},
		{func(t *Table) {
			t.Schema = arrow.NewSchema([]arrow.Field{{Name: "_AMP_batch_id", Type: arrow.BinaryTypes.String}}, nil)
		}, `columns "_AMP_batch_id" and "_amp_batch_id" are one name in duckdb; rename one with AS`},
	}
	for _, test := range tests {
		table := transfers()
		test.change(&table)
		_, err := Create(table)
		if err == nil || err.Error() != test.want {
			t.Errorf("got %v\nwant %s", err, test.want)
		}
	}
}
