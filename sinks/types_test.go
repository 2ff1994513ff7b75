// Package sinks_test checks what the sinks promise together.
package sinks_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	duckdb "github.com/ampgen/ampgen/sinks/duckdb/ddl"
	postgres "github.com/ampgen/ampgen/sinks/postgres/ddl"
	snowflake "github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// documented has, for each row of the table in docs/types.md, the types that it stands for.
var documented = map[string][]arrow.DataType{
	"`Boolean`":                             {arrow.FixedWidthTypes.Boolean},
	"`Int8`":                                {arrow.PrimitiveTypes.Int8},
	"`Int16`":                               {arrow.PrimitiveTypes.Int16},
	"`Int32`":                               {arrow.PrimitiveTypes.Int32},
	"`Int64`":                               {arrow.PrimitiveTypes.Int64},
	"`UInt8`":                               {arrow.PrimitiveTypes.Uint8},
	"`UInt16`":                              {arrow.PrimitiveTypes.Uint16},
	"`UInt32`":                              {arrow.PrimitiveTypes.Uint32},
	"`UInt64`":                              {arrow.PrimitiveTypes.Uint64},
	"`Float16`":                             {arrow.FixedWidthTypes.Float16},
	"`Float32`":                             {arrow.PrimitiveTypes.Float32},
	"`Float64`":                             {arrow.PrimitiveTypes.Float64},
	"`Decimal32(p, s)`, `Decimal64(p, s)`":  {&arrow.Decimal32Type{Precision: 9, Scale: 2}, &arrow.Decimal64Type{Precision: 18, Scale: 6}},
	"`Decimal128(p, s)`":                    {&arrow.Decimal128Type{Precision: 38}, &arrow.Decimal128Type{Precision: 18, Scale: 6}},
	"`Decimal256(p, s)`, p ≤ 38":            {&arrow.Decimal256Type{Precision: 38, Scale: 2}},
	"`Decimal256(p, 0)`, p > 38":            {&arrow.Decimal256Type{Precision: 39}, &arrow.Decimal256Type{Precision: 76}},
	"`Decimal256(p, s)`, p > 38, s > 0":     {&arrow.Decimal256Type{Precision: 76, Scale: 18}},
	"`Utf8` of a 256-bit integer":           {arrow.BinaryTypes.String},
	"`Utf8`, `LargeUtf8`, `Utf8View`":       {arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView},
	"`FixedSizeBinary(n)`":                  {&arrow.FixedSizeBinaryType{ByteWidth: 20}},
	"`Binary`, `LargeBinary`, `BinaryView`": {arrow.BinaryTypes.Binary, arrow.BinaryTypes.LargeBinary, arrow.BinaryTypes.BinaryView},
	"`Timestamp(ns)` with zone":             {arrow.FixedWidthTypes.Timestamp_ns},
	"`Timestamp(ns)` without zone":          {&arrow.TimestampType{Unit: arrow.Nanosecond}},
	"`Timestamp(s, ms or µs)` with zone":    {arrow.FixedWidthTypes.Timestamp_s, arrow.FixedWidthTypes.Timestamp_ms, arrow.FixedWidthTypes.Timestamp_us},
	"`Timestamp(s, ms or µs)` without zone": {&arrow.TimestampType{Unit: arrow.Second}, &arrow.TimestampType{Unit: arrow.Microsecond}},
	"`Date32`, `Date64`":                    {arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Date64},
	"`Time32`, `Time64`":                    {arrow.FixedWidthTypes.Time32s, arrow.FixedWidthTypes.Time32ms, arrow.FixedWidthTypes.Time64us, arrow.FixedWidthTypes.Time64ns},
	"`Duration`":                            {arrow.FixedWidthTypes.Duration_s, arrow.FixedWidthTypes.Duration_ns},
	"`Interval(unit)`":                      {arrow.FixedWidthTypes.MonthInterval, arrow.FixedWidthTypes.DayTimeInterval, arrow.FixedWidthTypes.MonthDayNanoInterval},
	"`List` of a scalar type":               {arrow.ListOf(arrow.PrimitiveTypes.Uint64), arrow.LargeListOf(&arrow.FixedSizeBinaryType{ByteWidth: 20})},
	"`FixedSizeList(n)` of a scalar type":   {arrow.FixedSizeListOf(3, arrow.PrimitiveTypes.Uint64)},
	"`List` of lists or structs": {arrow.ListOf(arrow.ListOf(arrow.PrimitiveTypes.Int64)),
		arrow.ListOf(arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int64}))},
	"`Struct`": {arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int64})},
	"`Map`":    {arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64)},
}

// database is a column of the table.
type database struct {
	name   string
	typeOf func(arrow.Field) (string, error)
}

var databases = []database{
	{"PostgreSQL", postgres.ColumnType},
	{"DuckDB", duckdb.ColumnType},
	{"Snowflake", func(f arrow.Field) (string, error) { return snowflake.ColumnType(f, snowflake.Uint256Text) }},
}

// typeTable reads the first table of docs/types.md: what it says of the databases, by Arrow type.
func typeTable(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/types.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "|---|---|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) != 2+len(databases) {
			t.Fatalf("row %q has %d cells", line, len(cells))
		}
		for _, cell := range cells[2:] {
			rows[cells[0]] = append(rows[cells[0]], strings.Trim(cell, "`"))
		}
	}
	return rows
}

// refused stands in the table for a type that a database does not take.
const refused = "refused"

// fill puts the parameters of dt into a type as documented; typeOf is the database's ColumnType.
func fill(doc string, dt arrow.DataType, typeOf func(arrow.Field) (string, error)) string {
	switch dt := dt.(type) {
	case arrow.DecimalType:
		doc = strings.Replace(doc, "(p,s)", fmt.Sprintf("(%d,%d)", dt.GetPrecision(), dt.GetScale()), 1)
		return strings.Replace(doc, "(p,0)", fmt.Sprintf("(%d,0)", dt.GetPrecision()), 1)
	case *arrow.FixedSizeBinaryType:
		return strings.Replace(doc, "(n)", fmt.Sprintf("(%d)", dt.ByteWidth), 1)
	case *arrow.MapType:
		return strings.Replace(doc, "(K, V)", "(VARCHAR, BIGINT)", 1)
	case arrow.ListLikeType:
		elem, _ := typeOf(dt.ElemField())
		if fixed, ok := dt.(*arrow.FixedSizeListType); ok {
			doc = strings.Replace(doc, "[n]", fmt.Sprintf("[%d]", fixed.Len()), 1)
		}
		return strings.Replace(doc, "T[", elem+"[", 1)
	}
	return strings.Replace(doc, "(…)", `("a" BIGINT)`, 1)
}

func TestDocumentedTypes(t *testing.T) {
	rows := typeTable(t)
	for row, types := range documented {
		doc, ok := rows[row]
		if !ok {
			t.Errorf("docs/types.md has no row %s", row)
			continue
		}
		delete(rows, row)
		for _, dt := range types {
			field := arrow.Field{Name: "x", Type: dt, Nullable: true}
			if strings.Contains(row, "256-bit") {
				field.Metadata = arrow.MetadataFrom(map[string]string{"ampgen.logical": "uint256"})
			}
			for i, db := range databases {
				got, err := db.typeOf(field)
				if doc[i] == refused && err != nil {
					continue
				}
				if err != nil || got != fill(doc[i], dt, db.typeOf) {
					t.Errorf("%s, %s: %s has %s, %v and the page says %s", row, dt, db.name, got, err, doc[i])
				}
			}
		}
	}
	for row := range rows {
		t.Errorf("the row %s of docs/types.md is not tested", row)
	}
}

func TestUnsupportedTypes(t *testing.T) {
	for _, dt := range []arrow.DataType{
		arrow.Null,
		&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String},
		arrow.RunEndEncodedOf(arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String),
		arrow.SparseUnionOf([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, []arrow.UnionTypeCode{0}),
	} {
		field := arrow.Field{Name: "x", Type: dt, Nullable: true}
		for _, db := range databases {
			if got, err := db.typeOf(field); err == nil {
				t.Errorf("%s takes %s as %s", db.name, dt, got)
			}
		}
	}
}
