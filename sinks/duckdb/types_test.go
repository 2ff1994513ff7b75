package duckdb

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/runtime"
)

func parsed(t testing.TB, s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		t.Fatal(s)
	}
	return n
}

const (
	maxUint256 = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
	minInt256  = "-57896044618658097711785492504343953926634992332820282019728792003956564819968"
	nines76    = "9999999999999999999999999999999999999999999999999999999999999999999999999999"
	nines38    = "99999999999999999999999999999999999999"
)

// bound is a column, the values appended to it, and how DuckDB then writes them. A null is appended to each and checked.
type bound struct {
	name   string
	typ    arrow.DataType
	meta   string
	append func(array.Builder)
	show   string // the expression that reads the value; x if empty
	want   []string
}

func bounds(t *testing.T) []bound {
	dec256 := func(s string) decimal256.Num { return decimal256.FromBigInt(parsed(t, s)) }
	texts := func(values ...string) func(array.Builder) {
		return func(b array.Builder) { b.(array.StringLikeBuilder).AppendValues(values, nil) }
	}
	address := strings.Repeat("\xff", 20)
	return []bound{
		{"bool", arrow.FixedWidthTypes.Boolean, "", func(b array.Builder) { b.(*array.BooleanBuilder).AppendValues([]bool{true, false}, nil) }, "", []string{"true", "false"}},
		{"int8", arrow.PrimitiveTypes.Int8, "", func(b array.Builder) {
			b.(*array.Int8Builder).AppendValues([]int8{math.MinInt8, math.MaxInt8}, nil)
		}, "", []string{"-128", "127"}},
		{"int64", arrow.PrimitiveTypes.Int64, "", func(b array.Builder) {
			b.(*array.Int64Builder).AppendValues([]int64{math.MinInt64, math.MaxInt64}, nil)
		}, "", []string{"-9223372036854775808", "9223372036854775807"}},
		{"uint8", arrow.PrimitiveTypes.Uint8, "", func(b array.Builder) { b.(*array.Uint8Builder).AppendValues([]uint8{0, math.MaxUint8}, nil) }, "", []string{"0", "255"}},
		{"uint32", arrow.PrimitiveTypes.Uint32, "", func(b array.Builder) {
			b.(*array.Uint32Builder).AppendValues([]uint32{0, math.MaxUint32}, nil)
		}, "", []string{"0", "4294967295"}},
		{"uint64", arrow.PrimitiveTypes.Uint64, "", func(b array.Builder) {
			b.(*array.Uint64Builder).AppendValues([]uint64{0, math.MaxUint64}, nil)
		}, "", []string{"0", "18446744073709551615"}},
		{"half", arrow.FixedWidthTypes.Float16, "", func(b array.Builder) {
			b.(*array.Float16Builder).AppendValues([]float16.Num{float16.New(0.5), float16.New(-65504)}, nil)
		}, "", []string{"0.5", "-65504.0"}},
		{"float64", arrow.PrimitiveTypes.Float64, "", func(b array.Builder) {
			b.(*array.Float64Builder).AppendValues([]float64{math.Inf(-1), math.MaxFloat64, math.NaN()}, nil)
		}, "", []string{"-inf", "1.7976931348623157e+308", "nan"}},
		{"dec18", &arrow.Decimal128Type{Precision: 18, Scale: 6}, "", func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal128.FromI64(-1)) }, "", []string{"-0.000001"}},
		{"dec38", &arrow.Decimal128Type{Precision: 38}, "", func(b array.Builder) {
			b.(*array.Decimal128Builder).Append(decimal128.FromBigInt(parsed(t, nines38)))
			b.(*array.Decimal128Builder).Append(decimal128.FromBigInt(parsed(t, "-"+nines38)))
		}, "", []string{nines38, "-" + nines38}},
		{"dec64", &arrow.Decimal64Type{Precision: 18, Scale: 2}, "", func(b array.Builder) { b.(*array.Decimal64Builder).Append(decimal.Decimal64(-12345)) }, "", []string{"-123.45"}},
		{"dec256narrow", &arrow.Decimal256Type{Precision: 38, Scale: 2}, "", func(b array.Builder) {
			b.(*array.Decimal256Builder).Append(dec256(nines38))
			b.(*array.Decimal256Builder).Append(dec256("-5"))
		}, "", []string{nines38[2:] + ".99", "-0.05"}},
		{"dec256", &arrow.Decimal256Type{Precision: 76}, "", func(b array.Builder) {
			for _, s := range []string{nines76, "-" + nines76, "0", "-10000000000000000000"} {
				b.(*array.Decimal256Builder).Append(dec256(s))
			}
		}, "", []string{nines76, "-" + nines76, "0", "-10000000000000000000"}},
		{"dec256scale", &arrow.Decimal256Type{Precision: 76, Scale: 18}, "", func(b array.Builder) {
			for _, s := range []string{nines76, "-1", "1000000000000000000", "0"} {
				b.(*array.Decimal256Builder).Append(dec256(s))
			}
		}, "", []string{nines76[18:] + "." + nines76[:18], "-0.000000000000000001", "1.000000000000000000", "0.000000000000000000"}},
		{"uint256", arrow.BinaryTypes.String, runtime.LogicalUint256, texts("0", maxUint256), "", []string{"0", maxUint256}},
		{"int256", arrow.BinaryTypes.String, runtime.LogicalInt256, texts(minInt256, "-1"), "", []string{minInt256, "-1"}},
		{"text", arrow.BinaryTypes.String, "", texts("", "NULL", "a\x00b", "⌘ 'quoted' \\N\n"), "encode(x)::VARCHAR",
			[]string{"", "NULL", `a\x00b`, `\xE2\x8C\x98 \x27quoted\x27 \x5CN\x0A`}},
		{"view", arrow.BinaryTypes.StringView, "", texts("", "longer than the twelve bytes inside"), "", []string{"", "longer than the twelve bytes inside"}},
		{"binary", arrow.BinaryTypes.Binary, "", func(b array.Builder) {
			b.(*array.BinaryBuilder).AppendValues([][]byte{{}, {0}, []byte("a\x00\xff")}, nil)
		}, "hex(x)", []string{"", "00", "6100FF"}},
		{"fsb1", &arrow.FixedSizeBinaryType{ByteWidth: 1}, "", func(b array.Builder) { b.(*array.FixedSizeBinaryBuilder).Append([]byte{0}) }, "hex(x)", []string{"00"}},
		{"fsb20", &arrow.FixedSizeBinaryType{ByteWidth: 20}, "", func(b array.Builder) { b.(*array.FixedSizeBinaryBuilder).Append([]byte(address)) }, "hex(x)", []string{strings.Repeat("FF", 20)}},
		{"second", &arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}, "", func(b array.Builder) {
			b.(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{-1, 1700000000}, nil)
		}, "epoch_us(x)", []string{"-1000000", "1700000000000000"}},
		{"micros", &arrow.TimestampType{Unit: arrow.Microsecond}, "", func(b array.Builder) {
			b.(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{-1, 1700000000123456}, nil)
		}, "", []string{"1969-12-31 23:59:59.999999", "2023-11-14 22:13:20.123456"}},
		{"nanos", arrow.FixedWidthTypes.Timestamp_ns, "", func(b array.Builder) {
			b.(*array.TimestampBuilder).AppendValues([]arrow.Timestamp{-1, 1700000000123456789}, nil)
		}, "epoch_ns(x)", []string{"-1", "1700000000123456789"}},
		{"date", arrow.FixedWidthTypes.Date32, "", func(b array.Builder) { b.(*array.Date32Builder).AppendValues([]arrow.Date32{-1, 20000}, nil) }, "", []string{"1969-12-31", "2024-10-04"}},
		{"date64", arrow.FixedWidthTypes.Date64, "", func(b array.Builder) {
			b.(*array.Date64Builder).AppendValues([]arrow.Date64{-86400000, 0}, nil)
		}, "", []string{"1969-12-31", "1970-01-01"}},
		{"time", arrow.FixedWidthTypes.Time64ns, "", func(b array.Builder) {
			b.(*array.Time64Builder).AppendValues([]arrow.Time64{0, 86399999999000}, nil)
		}, "", []string{"00:00:00", "23:59:59.999999"}},
		{"duration", arrow.FixedWidthTypes.Duration_ns, "", func(b array.Builder) {
			b.(*array.DurationBuilder).AppendValues([]arrow.Duration{-1000, 3600000000000}, nil)
		}, "", []string{"-00:00:00.000001", "01:00:00"}},
		{"interval", arrow.FixedWidthTypes.MonthDayNanoInterval, "", func(b array.Builder) {
			b.(*array.MonthDayNanoIntervalBuilder).Append(arrow.MonthDayNanoInterval{Months: 13, Days: -1, Nanoseconds: 1000})
		}, "", []string{"1 year 1 month -1 day 00:00:00.000001"}},
	}
}

func nested(t *testing.T) []bound {
	big76 := &arrow.Decimal256Type{Precision: 76}
	pool := arrow.StructOf(
		arrow.Field{Name: "from", Type: &arrow.FixedSizeBinaryType{ByteWidth: 1}, Nullable: true},
		arrow.Field{Name: "sqrtPriceX96", Type: big76, Nullable: true},
		arrow.Field{Name: "at", Type: arrow.FixedWidthTypes.Timestamp_ns, Nullable: true})
	n := decimal256.FromBigInt(parsed(t, nines76))
	appendPool := func(b *array.StructBuilder) {
		b.Append(true)
		b.FieldBuilder(0).(*array.FixedSizeBinaryBuilder).Append([]byte{7})
		b.FieldBuilder(1).(*array.Decimal256Builder).Append(n)
		b.FieldBuilder(2).(*array.TimestampBuilder).Append(1)
	}
	shown := `{'from': \x07, 'sqrtPriceX96': ` + nines76 + `, 'at': '1970-01-01 00:00:00.000000001'}`
	return []bound{
		{"list", arrow.ListOf(arrow.PrimitiveTypes.Int64), "", func(b array.Builder) {
			l := b.(*array.ListBuilder)
			l.Append(true)
			l.Append(true)
			l.ValueBuilder().(*array.Int64Builder).Append(math.MaxInt64)
			l.ValueBuilder().AppendNull()
		}, "", []string{"[]", "[9223372036854775807, NULL]"}},
		{"pool", pool, "", func(b array.Builder) { appendPool(b.(*array.StructBuilder)) }, "", []string{shown}},
		{"pools", arrow.LargeListOf(pool), "", func(b array.Builder) {
			l := b.(*array.LargeListBuilder)
			l.Append(true)
			appendPool(l.ValueBuilder().(*array.StructBuilder))
			l.ValueBuilder().AppendNull()
			l.Append(true)
		}, "", []string{"[" + shown + ", NULL]", "[]"}},
		{"pair", arrow.FixedSizeListOf(2, big76), "", func(b array.Builder) {
			l := b.(*array.FixedSizeListBuilder)
			l.Append(true)
			l.ValueBuilder().(*array.Decimal256Builder).AppendValues([]decimal256.Num{n, decimal256.FromI64(-1)}, nil)
		}, "", []string{"[" + nines76 + ", -1]"}},
		{"map", arrow.MapOf(arrow.BinaryTypes.String, big76), "", func(b array.Builder) {
			m := b.(*array.MapBuilder)
			m.Append(true)
			m.KeyBuilder().(*array.StringBuilder).Append("k")
			m.ItemBuilder().(*array.Decimal256Builder).Append(n)
		}, "", []string{"{k=" + nines76 + "}"}},
	}
}

// Every type keeps its values at its bounds, whether the record is whole or a slice.
func TestTypesWithoutLoss(t *testing.T) {
	for _, b := range append(bounds(t), nested(t)...) {
		t.Run(b.name, func(t *testing.T) {
			field := arrow.Field{Name: "x", Type: b.typ, Nullable: true}
			if b.meta != "" {
				field.Metadata = arrow.MetadataFrom(map[string]string{runtime.LogicalKey: b.meta})
			}
			schema := arrow.NewSchema([]arrow.Field{field}, nil)
			builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
			builder.Field(0).AppendNull()
			b.append(builder.Field(0))
			builder.Field(0).AppendNull()
			record := builder.NewRecordBatch()
			path := file(t)
			s := opened(t, path, &runtime.Table{Pipeline: "P", Name: "t", Schema: schema})
			load(t, s, unit(span(1, 3, "", "")), record, record.NewSlice(1, record.NumRows()))
			show := b.show
			if show == "" {
				show = "x"
			}
			want := append(append(append([]string{"NULL"}, b.want...), "NULL"), append(b.want, "NULL")...)
			equal(t, read(t, path, "SELECT ("+show+")::VARCHAR FROM t"), want)
		})
	}
}

// What DuckDB cannot hold exactly is refused, and the unit with it.
func TestLossIsRefused(t *testing.T) {
	tests := []struct {
		typ    arrow.DataType
		meta   string
		append func(array.Builder)
		want   string
	}{
		{arrow.FixedWidthTypes.Time64ns, "", func(b array.Builder) { b.(*array.Time64Builder).Append(1) },
			`column "x": row 1: a time of 1 ns, and duckdb's TIME and INTERVAL have whole microseconds`},
		{arrow.FixedWidthTypes.Duration_ns, "", func(b array.Builder) { b.(*array.DurationBuilder).Append(1001) },
			`column "x": row 1: a duration of 1001 ns, and duckdb's TIME and INTERVAL have whole microseconds; cast the column in the query to drop what is finer`},
		{arrow.FixedWidthTypes.Date64, "", func(b array.Builder) { b.(*array.Date64Builder).Append(86400001) },
			`column "x": row 1: a date of 86400001 ms is not a whole day; cast the column to a timestamp`},
		{arrow.FixedWidthTypes.MonthDayNanoInterval, "", func(b array.Builder) {
			b.(*array.MonthDayNanoIntervalBuilder).Append(arrow.MonthDayNanoInterval{Nanoseconds: 1})
		}, `column "x": row 1: an interval with 1 ns, and duckdb's TIME and INTERVAL have whole microseconds`},
		{&arrow.TimestampType{Unit: arrow.Second}, "", func(b array.Builder) { b.(*array.TimestampBuilder).Append(math.MaxInt64 / 2) }, "Conversion Error"},
		{&arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}, "", func(b array.Builder) { b.(*array.TimestampBuilder).Append(math.MaxInt64) }, "Conversion Error"},
		{arrow.BinaryTypes.String, runtime.LogicalUint256, func(b array.Builder) { b.(*array.StringBuilder).Append("0x12") }, `row 1: "0x12" is not a decimal integer`},
		{arrow.BinaryTypes.String, runtime.LogicalUint256, func(b array.Builder) { b.(*array.StringBuilder).Append("1.5") }, `row 1: "1.5" is not a decimal integer`},
		{&arrow.Decimal256Type{Precision: 38}, "", func(b array.Builder) {
			b.(*array.Decimal256Builder).Append(decimal256.FromBigInt(parsed(t, nines76)))
		}, `column "x": row 1: the value has more than the 38 digits of decimal256(38, 0)`},
	}
	for _, test := range tests {
		t.Run(test.typ.String()+test.meta, func(t *testing.T) {
			field := arrow.Field{Name: "x", Type: test.typ, Nullable: true}
			if test.meta != "" {
				field.Metadata = arrow.MetadataFrom(map[string]string{runtime.LogicalKey: test.meta})
			}
			schema := arrow.NewSchema([]arrow.Field{field}, nil)
			builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
			builder.Field(0).AppendNull()
			test.append(builder.Field(0))
			path := file(t)
			s := opened(t, path, &runtime.Table{Pipeline: "P", Name: "t", Schema: schema})
			tx := begin(t, s, unit(span(1, 3, "", "")))
			err := tx.Write(t.Context(), builder.NewRecordBatch())
			if err == nil {
				err = tx.Commit(t.Context())
			} else if failed := tx.Commit(t.Context()); failed == nil {
				t.Error("the unit was committed after a failed write")
			}
			wantClass(t, err, runtime.Permanent, test.want)
			equal(t, read(t, path, "SELECT count(*)::VARCHAR FROM t"), []string{"0"})
		})
	}
}
