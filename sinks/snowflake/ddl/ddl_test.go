package ddl

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
)

func logical(kind string) arrow.Field {
	return arrow.Field{Name: "v", Type: arrow.BinaryTypes.StringView, Metadata: arrow.MetadataFrom(map[string]string{logicalKey: kind})}
}

func field(t arrow.DataType) arrow.Field { return arrow.Field{Name: "v", Type: t} }

func TestColumnType(t *testing.T) {
	for _, c := range []struct {
		field arrow.Field
		u     Uint256
		want  string
	}{
		{field(arrow.FixedWidthTypes.Boolean), "", "BOOLEAN"},
		{field(arrow.PrimitiveTypes.Int8), "", "NUMBER(3,0)"},
		{field(arrow.PrimitiveTypes.Uint8), "", "NUMBER(3,0)"},
		{field(arrow.PrimitiveTypes.Int16), "", "NUMBER(5,0)"},
		{field(arrow.PrimitiveTypes.Uint16), "", "NUMBER(5,0)"},
		{field(arrow.PrimitiveTypes.Int32), "", "NUMBER(10,0)"},
		{field(arrow.PrimitiveTypes.Uint32), "", "NUMBER(10,0)"},
		{field(arrow.PrimitiveTypes.Int64), "", "NUMBER(19,0)"},
		{field(arrow.PrimitiveTypes.Uint64), "", "NUMBER(20,0)"},
		{field(arrow.FixedWidthTypes.Float16), "", "FLOAT"},
		{field(arrow.PrimitiveTypes.Float64), "", "FLOAT"},
		{field(&arrow.Decimal128Type{Precision: 38, Scale: 18}), "", "NUMBER(38,18)"},
		{field(&arrow.Decimal128Type{Precision: 38, Scale: 38}), "", "VARCHAR"},
		{field(&arrow.Decimal128Type{Precision: 10, Scale: -3}), "", "NUMBER(13,0)"},
		{field(&arrow.Decimal128Type{Precision: 38, Scale: -1}), "", "VARCHAR"},
		{field(&arrow.Decimal128Type{Precision: 2, Scale: 5}), "", "NUMBER(5,5)"},
		{field(&arrow.Decimal256Type{Precision: 38}), "", "NUMBER(38,0)"},
		{field(&arrow.Decimal256Type{Precision: 39}), "", "VARCHAR"},
		{logical("uint256"), "", "VARCHAR"},
		{logical("int256"), Uint256Text, "VARCHAR"},
		{logical("uint256"), Uint256Binary, "BINARY(32)"},
		{logical("int256"), Uint256Number, "NUMBER(38,0)"},
		{field(arrow.BinaryTypes.String), Uint256Binary, "VARCHAR"},
		{field(arrow.BinaryTypes.LargeString), "", "VARCHAR"},
		{field(arrow.BinaryTypes.BinaryView), "", "BINARY"},
		{field(&arrow.FixedSizeBinaryType{ByteWidth: 20}), "", "BINARY(20)"},
		{field(&arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}), "", "TIMESTAMP_LTZ(9)"},
		{field(&arrow.TimestampType{Unit: arrow.Nanosecond}), "", "TIMESTAMP_NTZ(9)"},
		{field(arrow.FixedWidthTypes.Date64), "", "DATE"},
		{field(arrow.FixedWidthTypes.Time32s), "", "TIME(9)"},
		{field(arrow.FixedWidthTypes.Duration_ms), "", "NUMBER(19,0)"},
		{field(arrow.ListOf(arrow.ListOf(arrow.BinaryTypes.Binary))), "", "ARRAY"},
		{field(arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int8)), "", "ARRAY"},
		{field(arrow.StructOf(field(arrow.PrimitiveTypes.Int8))), "", "OBJECT"},
		{field(arrow.MapOf(arrow.BinaryTypes.StringView, arrow.PrimitiveTypes.Int8)), "", "OBJECT"},
	} {
		got, err := ColumnType(c.field, c.u)
		if err != nil || got != c.want {
			t.Errorf("%s, %s: got %s, %v; want %s", c.field.Type, c.u, got, err, c.want)
		}
	}
}

func TestUnsupportedTypesSayWhatToDo(t *testing.T) {
	dictionary := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	twins := arrow.StructOf(arrow.Field{Name: "", Type: arrow.PrimitiveTypes.Int8}, arrow.Field{Name: "", Type: arrow.PrimitiveTypes.Int8})
	for _, c := range []struct {
		field arrow.Field
		want  string
	}{
		{field(arrow.Null), "leave it out or cast it"},
		{field(dictionary), "arrow_cast"},
		{field(twins), "name the parameters"},
		{field(arrow.StructOf()), "leave it out of the query"},
		{field(arrow.ListOf(dictionary)), "elements: dictionary-encoded"},
		{field(arrow.StructOf(arrow.Field{Name: "x", Type: arrow.Null})), `field "x": `},
		{field(arrow.MapOf(arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int8)), "map_entries"},
		{field(arrow.MapOf(arrow.BinaryTypes.String, arrow.Null)), "values: "},
		{field(arrow.FixedWidthTypes.MonthDayNanoInterval), "subtract timestamps"},
		{field(&arrow.FixedSizeBinaryType{ByteWidth: 9 << 20}), "8388608 bytes"},
		{field(arrow.DenseUnionOf(nil, nil)), "has no Snowflake type"},
		{logical("uint512"), `"uint512", which is not text of a 256-bit integer`},
	} {
		err := Supported(c.field)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Supported(%v) = %v; want an error with %q", c.field, err, c.want)
		}
	}
}

func transfers() Table {
	return Table{
		Name: "analytics.Transfers",
		Schema: arrow.NewSchema([]arrow.Field{
			{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
			{Name: `odd"name`, Type: arrow.BinaryTypes.String},
			{Name: "value", Type: arrow.BinaryTypes.String, Nullable: true, Metadata: arrow.MetadataFrom(map[string]string{logicalKey: "uint256"})},
		}, nil),
		Block: "block_num",
		Key:   []string{"block_num", `odd"name`},
	}
}

const wantBeside = `
-- Where files wait to be copied into the table.
CREATE STAGE IF NOT EXISTS "ANALYTICS"."AMP_STAGE";

-- What is loaded: one row per committed range of blocks, both ends inclusive. Old neighbours are merged; UNITS counts them.
CREATE TABLE IF NOT EXISTS "ANALYTICS"."AMP_STREAM_STATE" (
    "CONNECTION_NAME" VARCHAR NOT NULL,
    "TABLE_NAME" VARCHAR NOT NULL,
    "NETWORK" VARCHAR NOT NULL,
    "BATCH_ID" VARCHAR NOT NULL,
    "START_BLOCK" NUMBER(19,0) NOT NULL,
    "END_BLOCK" NUMBER(19,0) NOT NULL,
    "END_HASH" VARCHAR,
    "START_PARENT_HASH" VARCHAR,
    "PROCESSED_AT" TIMESTAMP_NTZ(9) NOT NULL DEFAULT CURRENT_TIMESTAMP(),
    "END_TIMESTAMP" NUMBER(19,0),
    "UNITS" NUMBER(19,0),
    PRIMARY KEY ("CONNECTION_NAME", "TABLE_NAME", "NETWORK", "BATCH_ID")
);
ALTER TABLE "ANALYTICS"."AMP_STREAM_STATE" ADD COLUMN IF NOT EXISTS "END_TIMESTAMP" NUMBER(19,0);
ALTER TABLE "ANALYTICS"."AMP_STREAM_STATE" ADD COLUMN IF NOT EXISTS "UNITS" NUMBER(19,0);

-- Who may load: only the holder of the newest epoch commits.
CREATE TABLE IF NOT EXISTS "ANALYTICS"."AMP_STREAM_FENCE" (
    "CONNECTION_NAME" VARCHAR NOT NULL,
    "TABLE_NAME" VARCHAR NOT NULL,
    "EPOCH" NUMBER(19,0) NOT NULL,
    "HOLDER" VARCHAR NOT NULL,
    "TAKEN_AT" TIMESTAMP_NTZ(9) NOT NULL DEFAULT CURRENT_TIMESTAMP(),
    "COMMITS" NUMBER(19,0) NOT NULL DEFAULT 0,
    PRIMARY KEY ("CONNECTION_NAME", "TABLE_NAME")
);
`

func TestCreate(t *testing.T) {
	got, err := Create(transfers())
	if err != nil {
		t.Fatal(err)
	}
	want := `-- The schema of the table and of its state.
CREATE SCHEMA IF NOT EXISTS "ANALYTICS";

-- analytics.Transfers, one row per result row.
CREATE TABLE IF NOT EXISTS "ANALYTICS"."TRANSFERS" (
    "BLOCK_NUM" NUMBER(20,0) NOT NULL,
    "ODD""NAME" VARCHAR NOT NULL,
    "VALUE" VARCHAR,
    "_AMP_BATCH_ID" VARCHAR,
    PRIMARY KEY ("BLOCK_NUM", "ODD""NAME")
);
` + wantBeside
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCreateHistory(t *testing.T) {
	table := transfers()
	table.History, table.Uint256 = true, Uint256Binary
	got, err := Create(table)
	if err != nil {
		t.Fatal(err)
	}
	want := `-- The schema of the table and of its state.
CREATE SCHEMA IF NOT EXISTS "ANALYTICS";

-- analytics.Transfers, one row per result row, those of abandoned branches included.
CREATE TABLE IF NOT EXISTS "ANALYTICS"."TRANSFERS" (
    "BLOCK_NUM" NUMBER(20,0) NOT NULL,
    "ODD""NAME" VARCHAR NOT NULL,
    "VALUE" BINARY(32),
    "_AMP_BATCH_ID" VARCHAR,
    "_AMP_IS_CURRENT" BOOLEAN NOT NULL DEFAULT TRUE,
    "_AMP_REORG_BATCH_ID" VARCHAR
);

-- What the chain says now, and everything that it ever said.
CREATE VIEW IF NOT EXISTS "ANALYTICS"."TRANSFERS_CURRENT" AS
    SELECT "BLOCK_NUM", "ODD""NAME", "VALUE"
    FROM "ANALYTICS"."TRANSFERS" WHERE "_AMP_IS_CURRENT";
CREATE VIEW IF NOT EXISTS "ANALYTICS"."TRANSFERS_HISTORY" AS
    SELECT "BLOCK_NUM", "ODD""NAME", "VALUE", "_AMP_BATCH_ID", "_AMP_IS_CURRENT", "_AMP_REORG_BATCH_ID"
    FROM "ANALYTICS"."TRANSFERS";
` + wantBeside
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCreateListsEveryFault(t *testing.T) {
	_, err := Create(Table{
		Name: "a.b.c.d",
		Schema: arrow.NewSchema([]arrow.Field{
			{Name: strings.Repeat("x", 256), Type: arrow.PrimitiveTypes.Int8},
			{Name: "n", Type: arrow.Null},
			{Name: "_amp_batch_id", Type: arrow.BinaryTypes.String},
			{Name: "Value", Type: arrow.BinaryTypes.String},
			{Name: "value", Type: arrow.BinaryTypes.String},
			{Name: "", Type: arrow.BinaryTypes.String},
			{Name: "k", Type: arrow.PrimitiveTypes.Int8, Nullable: true},
		}, nil),
		Key:     []string{"k", "missing"},
		Block:   "nowhere",
		History: true,
		Uint256: "decimal",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"3 dots", "256 characters", `column "n"`, `columns "_AMP_BATCH_ID" and "_amp_batch_id" are one name`, "a column has no name",
		`columns "Value" and "value" are one name in Snowflake; rename one with AS`, `"k" is nullable`, `"missing" does not exist`, `"nowhere" does not exist`,
		`"decimal" is not a way`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	table := transfers()
	for _, name := range []string{"amp_stage", "x.AMP_STREAM_STATE", "amp_stream_fence", "", "a..b", strings.Repeat("x", 256)} {
		table.Name = name
		if _, err := Create(table); err == nil {
			t.Errorf("the name %q is accepted", name)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ name, want, schema string }{
		{"transfers", `"TRANSFERS"`, ""},
		{`My "schema".select`, `"MY ""SCHEMA"""."SELECT"`, `CREATE SCHEMA IF NOT EXISTS "MY ""SCHEMA"""`},
		{"db.s.t", `"DB"."S"."T"`, `CREATE SCHEMA IF NOT EXISTS "DB"."S"`},
	} {
		n, err := ParseName(c.name)
		if err != nil || n.String() != c.want {
			t.Errorf("%s is %s, %v; want %s", c.name, n, err, c.want)
		}
		if got := CreateSchema(n); c.schema != "" && got != c.schema {
			t.Errorf("%s: %s, want %s", c.name, got, c.schema)
		}
	}
}
