//go:build cgo

package stagefile

import (
	"database/sql"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"
	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

const (
	maxUint256 = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
	minInt256  = "-57896044618658097711785492504343953926634992332820282019728792003956564819968"
	nines76    = "9999999999999999999999999999999999999999999999999999999999999999999999999999"
	nines38    = "99999999999999999999999999999999999999"
)

// readBack is a column, the values that are written, and the type and texts that DuckDB reads.
type readBack struct {
	typ  arrow.DataType
	fill func(array.Builder)
	read string // DuckDB's type
	show string // the expression that is read of V; V itself if empty
	want []string
}

// each makes a fill of values for a builder's typed Append.
func each[T any, B interface{ Append(T) }](values ...T) func(array.Builder) {
	return func(b array.Builder) {
		for _, v := range values {
			b.(B).Append(v)
		}
	}
}

func fromJSON(text string) func(array.Builder) {
	return func(b array.Builder) {
		if err := b.UnmarshalJSON([]byte(text)); err != nil {
			panic(err)
		}
	}
}

func decimal(s string) decimal256.Num {
	n, err := decimal256.FromString(s, 76, 0)
	if err != nil {
		panic(err)
	}
	return n
}

func numbers() []readBack {
	return []readBack{
		{arrow.FixedWidthTypes.Boolean, each[bool, *array.BooleanBuilder](true, false), "BOOLEAN", "", []string{"true", "false"}},
		{arrow.PrimitiveTypes.Int8, each[int8, *array.Int8Builder](math.MinInt8, math.MaxInt8), "TINYINT", "", []string{"-128", "127"}},
		{arrow.PrimitiveTypes.Int16, each[int16, *array.Int16Builder](math.MinInt16, math.MaxInt16), "SMALLINT", "", []string{"-32768", "32767"}},
		{arrow.PrimitiveTypes.Int32, each[int32, *array.Int32Builder](math.MinInt32, math.MaxInt32), "INTEGER", "", []string{"-2147483648", "2147483647"}},
		{arrow.PrimitiveTypes.Int64, each[int64, *array.Int64Builder](math.MinInt64, math.MaxInt64), "BIGINT", "", []string{"-9223372036854775808", "9223372036854775807"}},
		{arrow.PrimitiveTypes.Uint8, each[uint8, *array.Uint8Builder](0, math.MaxUint8), "UTINYINT", "", []string{"0", "255"}},
		{arrow.PrimitiveTypes.Uint16, each[uint16, *array.Uint16Builder](0, math.MaxUint16), "USMALLINT", "", []string{"0", "65535"}},
		{arrow.PrimitiveTypes.Uint32, each[uint32, *array.Uint32Builder](0, math.MaxInt32), "INTEGER", "", []string{"0", "2147483647"}},
		{arrow.PrimitiveTypes.Uint32, each[uint32, *array.Uint32Builder](0, math.MaxUint32), "BIGINT", "", []string{"0", "4294967295"}},
		{arrow.PrimitiveTypes.Uint64, each[uint64, *array.Uint64Builder](0, math.MaxInt64), "BIGINT", "", []string{"0", "9223372036854775807"}},
		{arrow.PrimitiveTypes.Uint64, each[uint64, *array.Uint64Builder](0, math.MaxUint64), "DECIMAL(20,0)", "", []string{"0", "18446744073709551615"}},
		{arrow.FixedWidthTypes.Float16, each[float16.Num, *array.Float16Builder](float16.New(0.5), float16.New(-65504)), "FLOAT", "", []string{"0.5", "-65504.0"}},
		{arrow.PrimitiveTypes.Float32, each[float32, *array.Float32Builder](math.SmallestNonzeroFloat32, math.MaxFloat32), "FLOAT", "", []string{"1e-45", "3.4028235e+38"}},
		{arrow.PrimitiveTypes.Float64, each[float64, *array.Float64Builder](math.Inf(-1), math.MaxFloat64, math.NaN()), "DOUBLE", "", []string{"-inf", "1.7976931348623157e+308", "nan"}},
		{&arrow.Decimal32Type{Precision: 9, Scale: 2}, fromJSON(`["-9999999.99", "0.01"]`), "DECIMAL(9,2)", "", []string{"-9999999.99", "0.01"}},
		{&arrow.Decimal64Type{Precision: 18}, fromJSON(`["-999999999999999999"]`), "DECIMAL(18,0)", "", []string{"-999999999999999999"}},
		{&arrow.Decimal128Type{Precision: 18, Scale: 6}, each[decimal128.Num, *array.Decimal128Builder](decimal128.FromI64(-1)), "DECIMAL(18,6)", "", []string{"-0.000001"}},
		{&arrow.Decimal128Type{Precision: 38}, fromJSON(`["` + nines38 + `", "-` + nines38 + `"]`), "DECIMAL(38,0)", "", []string{nines38, "-" + nines38}},
		{&arrow.Decimal128Type{Precision: 3, Scale: -3}, each[decimal128.Num, *array.Decimal128Builder](decimal128.FromI64(-999)), "DECIMAL(6,0)", "", []string{"-999000"}},
		{&arrow.Decimal128Type{Precision: 2, Scale: 5}, each[decimal128.Num, *array.Decimal128Builder](decimal128.FromI64(99)), "DECIMAL(5,5)", "", []string{".00099"}},
		{&arrow.Decimal128Type{Precision: 38, Scale: 38}, each[decimal128.Num, *array.Decimal128Builder](decimal128.FromI64(-1)), "VARCHAR", "", []string{"-0." + strings.Repeat("0", 37) + "1"}},
		{&arrow.Decimal256Type{Precision: 38, Scale: 2}, each[decimal256.Num, *array.Decimal256Builder](decimal(nines38), decimal("-5")), "DECIMAL(38,2)", "", []string{nines38[2:] + ".99", "-0.05"}},
		{&arrow.Decimal256Type{Precision: 76}, each[decimal256.Num, *array.Decimal256Builder](decimal(nines76), decimal("-"+nines76), decimal("0")), "VARCHAR", "", []string{nines76, "-" + nines76, "0"}},
		{&arrow.Decimal256Type{Precision: 76, Scale: 18}, each[decimal256.Num, *array.Decimal256Builder](decimal(nines76), decimal("-1")), "VARCHAR", "", []string{nines76[18:] + "." + nines76[:18], "-0.000000000000000001"}},
		{arrow.FixedWidthTypes.Duration_ns, each[arrow.Duration, *array.DurationBuilder](math.MinInt64, math.MaxInt64), "BIGINT", "", []string{"-9223372036854775808", "9223372036854775807"}},
	}
}

func textsAndTimes() []readBack {
	const day = 24 * 60 * 60
	utf8 := []string{"", "NULL", "a\x00b", "⌘ 'quoted' \\N\n"}
	shown := []string{"", "NULL", `a\x00b`, `\xE2\x8C\x98 \x27quoted\x27 \x5CN\x0A`}
	address := strings.Repeat("\xff", 20)
	return []readBack{
		{arrow.BinaryTypes.String, each[string, *array.StringBuilder](utf8...), "VARCHAR", "encode(V)::VARCHAR", shown},
		{arrow.BinaryTypes.LargeString, each[string, *array.LargeStringBuilder](utf8...), "VARCHAR", "encode(V)::VARCHAR", shown},
		{arrow.BinaryTypes.StringView, each[string, *array.StringViewBuilder](utf8...), "VARCHAR", "encode(V)::VARCHAR", shown},
		{arrow.BinaryTypes.Binary, each[[]byte, *array.BinaryBuilder]([]byte{}, []byte{0}, []byte("a\x00\xff")), "BLOB", "hex(V)", []string{"", "00", "6100FF"}},
		{arrow.BinaryTypes.BinaryView, each[[]byte, *array.BinaryViewBuilder]([]byte{}, []byte("longer than twelve")), "BLOB", "hex(V)", []string{"", "6C6F6E676572207468616E207477656C7665"}},
		{&arrow.FixedSizeBinaryType{ByteWidth: 20}, each[[]byte, *array.FixedSizeBinaryBuilder](make([]byte, 20), []byte(address)), "BLOB", "hex(V)", []string{strings.Repeat("00", 20), strings.Repeat("FF", 20)}},
		{arrow.FixedWidthTypes.Timestamp_ns, each[arrow.Timestamp, *array.TimestampBuilder](-1000, 1700000000123456000), "TIMESTAMP WITH TIME ZONE", "epoch_us(V)", []string{"-1", "1700000000123456"}},
		{&arrow.TimestampType{Unit: arrow.Nanosecond}, each[arrow.Timestamp, *array.TimestampBuilder](-1, 1700000000123456789), "TIMESTAMP_NS", "", []string{"1969-12-31 23:59:59.999999999", "2023-11-14 22:13:20.123456789"}},
		{&arrow.TimestampType{Unit: arrow.Second}, each[arrow.Timestamp, *array.TimestampBuilder](-62135596800, 253402300799), "TIMESTAMP", "", []string{"0001-01-01 00:00:00", "9999-12-31 23:59:59"}},
		{arrow.FixedWidthTypes.Timestamp_ms, each[arrow.Timestamp, *array.TimestampBuilder](-1), "TIMESTAMP WITH TIME ZONE", "epoch_ms(V)", []string{"-1"}},
		{arrow.FixedWidthTypes.Date32, each[arrow.Date32, *array.Date32Builder](-719162, 2932896), "DATE", "", []string{"0001-01-01", "9999-12-31"}},
		{arrow.FixedWidthTypes.Date64, each[arrow.Date64, *array.Date64Builder](-day*1000, 0), "DATE", "", []string{"1969-12-31", "1970-01-01"}},
		{arrow.FixedWidthTypes.Time32s, each[arrow.Time32, *array.Time32Builder](0, day-1), "TIME", "", []string{"00:00:00", "23:59:59"}},
		{arrow.FixedWidthTypes.Time64us, each[arrow.Time64, *array.Time64Builder](1, day*1e6-1), "TIME", "", []string{"00:00:00.000001", "23:59:59.999999"}},
	}
}

func nestedColumns() []readBack {
	object := arrow.StructOf(
		arrow.Field{Name: "amount", Type: arrow.BinaryTypes.String, Nullable: true, Metadata: arrow.MetadataFrom(map[string]string{runtime.LogicalKey: runtime.LogicalUint256})},
		arrow.Field{Name: `a "b"`, Type: arrow.PrimitiveTypes.Uint64, Nullable: true},
		arrow.Field{Name: "to", Type: &arrow.FixedSizeBinaryType{ByteWidth: 2}, Nullable: true},
		arrow.Field{Name: "at", Type: arrow.FixedWidthTypes.Timestamp_ns, Nullable: true},
		arrow.Field{Name: "day", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		arrow.Field{Name: "flags", Type: arrow.ListOf(arrow.FixedWidthTypes.Boolean), Nullable: true},
		arrow.Field{Name: "wide", Type: &arrow.Decimal256Type{Precision: 76, Scale: 1}, Nullable: true})
	return []readBack{
		{arrow.ListOf(arrow.PrimitiveTypes.Uint64), fromJSON(`[[], [1], [0, null, 18446744073709551615]]`), "DECIMAL(20,0)[]", "", []string{"[]", "[1]", "[0, NULL, 18446744073709551615]"}},
		{arrow.ListOf(arrow.PrimitiveTypes.Uint32), fromJSON(`[[4294967295]]`), "BIGINT[]", "", []string{"[4294967295]"}},
		{arrow.LargeListOf(arrow.BinaryTypes.Binary), fromJSON(`[["AP8=", null, ""]]`), "VARCHAR[]", "", []string{"[0x00ff, NULL, 0x]"}},
		{arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32), fromJSON(`[[1, null], [-2147483648, 2147483647]]`), "INTEGER[]", "", []string{"[1, NULL]", "[-2147483648, 2147483647]"}},
		{arrow.ListOf(arrow.ListOf(arrow.FixedWidthTypes.Time64ns)), fromJSON(`[[], [[]], [["23:59:59.999999999"], null]]`), "VARCHAR[][]", "", []string{"[]", "[[]]", "[['23:59:59.999999999'], NULL]"}},
		{object, fromJSON(`[{"amount": "` + maxUint256 + `", "a \"b\"": 18446744073709551615, "to": "AP8=", "at": "2023-11-14 22:13:20.123456789Z", "day": "1969-12-31", "flags": [true, null], "wide": "-0.1"},
			{"amount": null, "a \"b\"": null, "to": null, "at": null, "day": null, "flags": null, "wide": null}]`),
			`STRUCT(amount VARCHAR, "a ""b""" DECIMAL(20,0), "to" VARCHAR, "at" VARCHAR, "day" VARCHAR, flags BOOLEAN[], wide VARCHAR)`, "to_json(V)::VARCHAR", []string{
				`{"amount":"` + maxUint256 + `","a \"b\"":18446744073709551615,"to":"0x00ff","at":"2023-11-14T22:13:20.123456789Z","day":"1969-12-31","flags":[true,null],"wide":"-0.1"}`,
				`{"amount":null,"a \"b\"":null,"to":null,"at":null,"day":null,"flags":null,"wide":null}`}},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32), fromJSON(`[[], [{"key": "a", "value": 1}, {"key": "", "value": null}]]`), "MAP(VARCHAR, INTEGER)", "", []string{"{}", "{a=1, ''=NULL}"}},
	}
}

func integers256() map[ddl.Uint256][]readBack {
	texts := each[string, *array.StringBuilder]
	high := "8" + strings.Repeat("0", 63)
	return map[ddl.Uint256][]readBack{
		ddl.Uint256Text:   {{arrow.BinaryTypes.String, texts("0", maxUint256), "VARCHAR", "", []string{"0", maxUint256}}},
		ddl.Uint256Binary: {{arrow.BinaryTypes.String, texts("1", maxUint256), "BLOB", "hex(V)", []string{strings.Repeat("0", 63) + "1", strings.Repeat("F", 64)}}},
		ddl.Uint256Number: {{arrow.BinaryTypes.String, texts("0", nines38), "DECIMAL(38,0)", "", []string{"0", nines38}}},
		"int256, binary":  {{arrow.BinaryTypes.String, texts("-1", minInt256), "BLOB", "hex(V)", []string{strings.Repeat("F", 64), high}}},
		"int256, number":  {{arrow.BinaryTypes.String, texts("-" + nines38), "DECIMAL(38,0)", "", []string{"-" + nines38}}},
	}
}

// DuckDB reads the types and values of every kind of column, at their bounds, with a null before and after.
func TestDuckDBReadsTheFiles(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	check := func(name string, c readBack, u ddl.Uint256, meta arrow.Metadata) {
		t.Run(name, func(t *testing.T) {
			path := column1(t, c, u, meta)
			got, read := duckdbReads(t, db, path, c.show)
			if read != c.read {
				t.Errorf("DuckDB reads %s, want %s", read, c.read)
			}
			if want := append(append([]string{"∅"}, c.want...), "∅"); !cmp.Equal(got, want) {
				t.Error(cmp.Diff(want, got))
			}
		})
	}
	for _, cases := range [][]readBack{numbers(), textsAndTimes(), nestedColumns()} {
		for _, c := range cases {
			check(c.typ.String(), c, "", arrow.Metadata{})
		}
	}
	for form, cases := range integers256() {
		logical, form, found := strings.Cut(string(form), ", ")
		if !found {
			logical, form = runtime.LogicalUint256, logical
		}
		meta := arrow.MetadataFrom(map[string]string{runtime.LogicalKey: logical})
		for _, c := range cases {
			check(logical+" as "+form, c, ddl.Uint256(form), meta)
		}
	}
}

// column1 writes a file with one column V: a null, the values and a null, from an array that begins at an offset.
func column1(t *testing.T, c readBack, u ddl.Uint256, meta arrow.Metadata) string {
	schema := arrow.NewSchema([]arrow.Field{{Name: "v", Type: c.typ, Nullable: true, Metadata: meta}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	c.fill(b.Field(0))
	skip := int64(b.Field(0).Len())
	b.Field(0).AppendNull()
	c.fill(b.Field(0))
	b.Field(0).AppendNull()
	rows := b.NewRecordBatch()
	o := options(t, schema)
	o.Uint256 = u
	return written(t, o, rows.NewSlice(skip, rows.NumRows()))[0].Path
}

// duckdbReads reads column V; a null is ∅.
func duckdbReads(t *testing.T, db *sql.DB, path, show string) (got []string, typ string) {
	t.Helper()
	if show == "" {
		show = "V::VARCHAR"
	}
	rows, err := db.Query(fmt.Sprintf("SELECT coalesce((%s)::VARCHAR, '∅'), typeof(V) FROM read_parquet('%s', file_row_number = true) ORDER BY file_row_number", show, path))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v, &typ); err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return got, typ
}
