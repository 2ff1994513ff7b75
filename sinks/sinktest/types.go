package sinktest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/runtime"
)

// typeCase is a type with values at its bounds.
type typeCase struct {
	name    string
	typ     arrow.DataType
	logical string // runtime.LogicalKey, if any
	fill    func(b array.Builder)
}

// values makes a fill that appends vs with a builder's typed Append.
func values[T any, B interface{ Append(T) }](vs ...T) func(array.Builder) {
	return func(b array.Builder) {
		for _, v := range vs {
			b.(B).Append(v)
		}
	}
}

// fromJSON makes a fill that appends values given as a JSON array, which Arrow's builders parse.
func fromJSON(text string) func(array.Builder) {
	return func(b array.Builder) {
		if err := b.UnmarshalJSON([]byte(text)); err != nil {
			panic(fmt.Sprintf("the suite's own values %s: %v", text, err))
		}
	}
}

const (
	maxUint256 = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
	minInt256  = "-57896044618658097711785492504343953926634992332820282019728792003956564819968"
	maxInt256  = "57896044618658097711785492504343953926634992332820282019728792003956564819967"
)

func decimals128(texts ...string) func(array.Builder) {
	return func(b array.Builder) {
		typ := b.Type().(*arrow.Decimal128Type)
		for _, s := range texts {
			v, err := decimal128.FromString(s, typ.Precision, typ.Scale)
			if err != nil {
				panic(fmt.Sprintf("the suite's own value %s: %v", s, err))
			}
			b.(*array.Decimal128Builder).Append(v)
		}
	}
}

func decimals256(texts ...string) func(array.Builder) {
	return func(b array.Builder) {
		typ := b.Type().(*arrow.Decimal256Type)
		for _, s := range texts {
			v, err := decimal256.FromString(s, typ.Precision, typ.Scale)
			if err != nil {
				panic(fmt.Sprintf("the suite's own value %s: %v", s, err))
			}
			b.(*array.Decimal256Builder).Append(v)
		}
	}
}

// typeCases are all types that every sink holds without loss.
func typeCases() []typeCase {
	return append(append(numberCases(), textCases()...), append(timeCases(), nestedCases()...)...)
}

func numberCases() []typeCase {
	nines38, nines76 := strings.Repeat("9", 38), strings.Repeat("9", 76)
	return []typeCase{
		{"bool", arrow.FixedWidthTypes.Boolean, "", values[bool, *array.BooleanBuilder](true, false)},
		{"int8", arrow.PrimitiveTypes.Int8, "", values[int8, *array.Int8Builder](math.MinInt8, -1, 0, math.MaxInt8)},
		{"int16", arrow.PrimitiveTypes.Int16, "", values[int16, *array.Int16Builder](math.MinInt16, -1, 0, math.MaxInt16)},
		{"int32", arrow.PrimitiveTypes.Int32, "", values[int32, *array.Int32Builder](math.MinInt32, -1, 0, math.MaxInt32)},
		{"int64", arrow.PrimitiveTypes.Int64, "", values[int64, *array.Int64Builder](math.MinInt64, -1, 0, math.MaxInt64)},
		{"uint8", arrow.PrimitiveTypes.Uint8, "", values[uint8, *array.Uint8Builder](0, 1, math.MaxUint8)},
		{"uint16", arrow.PrimitiveTypes.Uint16, "", values[uint16, *array.Uint16Builder](0, 1, math.MaxUint16)},
		{"uint32", arrow.PrimitiveTypes.Uint32, "", values[uint32, *array.Uint32Builder](0, 1, math.MaxUint32)},
		{"uint64", arrow.PrimitiveTypes.Uint64, "", values[uint64, *array.Uint64Builder](0, 1, 9999, 10000, 100000000, 17686110, math.MaxInt64, math.MaxUint64)},
		{"float16", arrow.FixedWidthTypes.Float16, "", values[float16.Num, *array.Float16Builder](float16.New(-1.5), float16.New(0), float16.New(65504))},
		{"float32", arrow.PrimitiveTypes.Float32, "", values[float32, *array.Float32Builder](-math.MaxFloat32, 0, 0.1, math.SmallestNonzeroFloat32,
			float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)))},
		{"float64", arrow.PrimitiveTypes.Float64, "", values[float64, *array.Float64Builder](-math.MaxFloat64, 0, 0.1, math.SmallestNonzeroFloat64,
			math.NaN(), math.Inf(1), math.Inf(-1))},
		{"decimal128_38_0", &arrow.Decimal128Type{Precision: 38}, "", decimals128("0", "1", "-1", "10000", nines38, "-"+nines38, "100000000000000000000")},
		{"decimal128_38_18", &arrow.Decimal128Type{Precision: 38, Scale: 18}, "",
			decimals128("0", "1", "-0.000000000000000001", "12345.6789", "99999999999999999999.999999999999999999", "0.001", "10000.0001")},
		{"decimal128_10_3", &arrow.Decimal128Type{Precision: 10, Scale: 3}, "", decimals128("0", "-0.001", "1.5", "9999999.999", "10000.01")},
		{"decimal128_5_5", &arrow.Decimal128Type{Precision: 5, Scale: 5}, "", decimals128("0.00001", "-0.99999", "0.1")},
		{"decimal256_76_0", &arrow.Decimal256Type{Precision: 76}, "", decimals256("0", "1", "-1", nines76, "-"+nines76, "340282366920938463463374607431768211455")},
		{"decimal256_76_18", &arrow.Decimal256Type{Precision: 76, Scale: 18}, "", decimals256("0", "-0.000000000000000001", "1.5", nines76[:58]+"."+nines76[:18])},
		{"uint256", arrow.BinaryTypes.String, runtime.LogicalUint256, values[string, *array.StringBuilder]("0", "1", "9999", "10000", "1"+strings.Repeat("0", 77), maxUint256)},
		{"int256", arrow.BinaryTypes.StringView, runtime.LogicalInt256, values[string, *array.StringViewBuilder]("0", "-1", "-10000", minInt256, maxInt256)},
	}
}

func textCases() []typeCase {
	text := []string{"", " ", "trailing ", "NONE", "INF", "00", "NULL", `\N`, `c:\temp\new`, `"quoted", 'too'`, "tab\tline\nreturn\r", "emoji 🦄", "\u0001\u007f\ufeff", strings.Repeat("long ", 20000)}
	blobs := [][]byte{{}, {0}, []byte("text"), {0xff, 0x00, 0x5c, 0x78}, make([]byte, 100000)}
	fixed := func(n int) func(array.Builder) {
		return func(b array.Builder) {
			for _, fill := range []byte{0, 1, 0x80, 0xff} {
				v := make([]byte, n)
				for i := range v {
					v[i] = fill
				}
				b.(*array.FixedSizeBinaryBuilder).Append(v)
			}
		}
	}
	return []typeCase{
		{"utf8", arrow.BinaryTypes.String, "", values[string, *array.StringBuilder](text...)},
		{"utf8_view", arrow.BinaryTypes.StringView, "", values[string, *array.StringViewBuilder](text...)},
		{"large_utf8", arrow.BinaryTypes.LargeString, "", values[string, *array.LargeStringBuilder](text...)},
		{"binary", arrow.BinaryTypes.Binary, "", values[[]byte, *array.BinaryBuilder](blobs...)},
		{"binary_view", arrow.BinaryTypes.BinaryView, "", values[[]byte, *array.BinaryViewBuilder](blobs...)},
		{"large_binary", arrow.BinaryTypes.LargeBinary, "", values[[]byte, *array.BinaryBuilder](blobs...)},
		{"fixed_1", &arrow.FixedSizeBinaryType{ByteWidth: 1}, "", fixed(1)},
		{"fixed_20", &arrow.FixedSizeBinaryType{ByteWidth: 20}, "", fixed(20)},
		{"fixed_32", &arrow.FixedSizeBinaryType{ByteWidth: 32}, "", fixed(32)},
	}
}

func timeCases() []typeCase {
	at := func(unit time.Duration, zone string, typ arrow.TimeUnit) typeCase {
		return typeCase{fmt.Sprintf("timestamp_%s%s", typ, zone), &arrow.TimestampType{Unit: typ, TimeZone: zone}, "", func(b array.Builder) {
			// Whole microseconds, inside of what nanoseconds reach: the years 1677 to 2262.
			for _, micros := range []int64{0, 1700000000_000000, -1_000000, -9_000_000_000_000_000, 9_000_000_000_000_000, 1700000000_123456} {
				b.(*array.TimestampBuilder).Append(arrow.Timestamp(micros / max(unit.Microseconds(), 1) * max(int64(time.Microsecond/unit), 1)))
			}
		}}
	}
	const day = 86400
	return []typeCase{
		at(time.Second, "", arrow.Second), at(time.Millisecond, "", arrow.Millisecond), at(time.Microsecond, "", arrow.Microsecond), at(time.Nanosecond, "", arrow.Nanosecond),
		at(time.Second, "UTC", arrow.Second), at(time.Nanosecond, "UTC", arrow.Nanosecond), at(time.Microsecond, "+00:00", arrow.Microsecond),
		{"date32", arrow.FixedWidthTypes.Date32, "", values[arrow.Date32, *array.Date32Builder](0, -1, 19675, -719162, 2932896)},
		{"date64", arrow.FixedWidthTypes.Date64, "", values[arrow.Date64, *array.Date64Builder](0, -day*1000, 19675*day*1000)},
		{"time32_s", arrow.FixedWidthTypes.Time32s, "", values[arrow.Time32, *array.Time32Builder](0, day-1)},
		{"time32_ms", arrow.FixedWidthTypes.Time32ms, "", values[arrow.Time32, *array.Time32Builder](0, 1, day*1000-1)},
		{"time64_us", arrow.FixedWidthTypes.Time64us, "", values[arrow.Time64, *array.Time64Builder](0, 1, day*1000000-1)},
		{"time64_ns", arrow.FixedWidthTypes.Time64ns, "", values[arrow.Time64, *array.Time64Builder](0, 1000, day*1000000000-1000)},
		{"duration_s", arrow.FixedWidthTypes.Duration_s, "", values[arrow.Duration, *array.DurationBuilder](0, -1, 100*365*day)},
		{"duration_ns", arrow.FixedWidthTypes.Duration_ns, "", values[arrow.Duration, *array.DurationBuilder](0, -1000, 1500000000)},
		{"interval_month_day_nano", arrow.FixedWidthTypes.MonthDayNanoInterval, "", values[arrow.MonthDayNanoInterval, *array.MonthDayNanoIntervalBuilder](
			arrow.MonthDayNanoInterval{}, arrow.MonthDayNanoInterval{Months: 14, Days: -3, Nanoseconds: 4000}, arrow.MonthDayNanoInterval{Months: -1, Days: 40, Nanoseconds: -90000000000000})},
	}
}

func nestedCases() []typeCase {
	transfer := arrow.StructOf(
		arrow.Field{Name: "amount0In", Type: &arrow.Decimal256Type{Precision: 76}, Nullable: true},
		arrow.Field{Name: "to", Type: arrow.BinaryTypes.String, Nullable: true},
		arrow.Field{Name: `a "quoted" name`, Type: arrow.PrimitiveTypes.Uint64, Nullable: true},
		arrow.Field{Name: "flags", Type: arrow.ListOf(arrow.FixedWidthTypes.Boolean), Nullable: true})
	return []typeCase{
		{"list_of_uint64", arrow.ListOf(arrow.PrimitiveTypes.Uint64), "", fromJSON(`[[], [1], [0, null, 18446744073709551615]]`)},
		{"list_of_text", arrow.ListOf(arrow.BinaryTypes.String), "", fromJSON(`[[], [""], ["a,b", "{}", "NULL", null, "\"q\" \\ é"]]`)},
		{"list_of_bool", arrow.ListOf(arrow.FixedWidthTypes.Boolean), "", fromJSON(`[[true, false, null]]`)},
		{"list_of_float64", arrow.ListOf(arrow.PrimitiveTypes.Float64), "", fromJSON(`[[0.1, null, -1e300]]`)},
		{"list_of_decimal256", arrow.ListOf(&arrow.Decimal256Type{Precision: 76}), "", fromJSON(`[["-1", null, "` + strings.Repeat("9", 76) + `"]]`)},
		{"list_of_fixed_20", arrow.ListOf(&arrow.FixedSizeBinaryType{ByteWidth: 20}), "", func(b array.Builder) {
			list := b.(*array.ListBuilder)
			list.Append(true)
			list.ValueBuilder().(*array.FixedSizeBinaryBuilder).Append(make([]byte, 20))
			list.ValueBuilder().AppendNull()
			list.Append(true)
		}},
		{"list_of_timestamp", arrow.ListOf(arrow.FixedWidthTypes.Timestamp_us), "", func(b array.Builder) {
			list := b.(*array.ListBuilder)
			list.Append(true)
			list.ValueBuilder().(*array.TimestampBuilder).Append(1700000000_123456)
		}},
		{"fixed_size_list", arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32), "", fromJSON(`[[1, null], [-2147483648, 2147483647]]`)},
		{"large_list", arrow.LargeListOf(arrow.PrimitiveTypes.Int32), "", fromJSON(`[[1, null], []]`)},
		{"list_of_list", arrow.ListOf(arrow.ListOf(arrow.PrimitiveTypes.Int64)), "", fromJSON(`[[], [[]], [[1, null], null, [9223372036854775807]]]`)},
		{"struct", transfer, "", fromJSON(`[{"amount0In": "` + strings.Repeat("9", 76) + `", "to": "\u0001\n\"\\é🦄", "a \"quoted\" name": 18446744073709551615, "flags": [true, null]},
			{"amount0In": null, "to": null, "a \"quoted\" name": null, "flags": null}, {"amount0In": "-1", "to": "", "a \"quoted\" name": 0, "flags": []}]`)},
		{"list_of_struct", arrow.ListOf(transfer), "", fromJSON(`[[], [{"to": "x"}, null]]`)},
		{"struct_in_struct", arrow.StructOf(arrow.Field{Name: "c0", Type: arrow.StructOf(arrow.Field{Name: "c0", Type: arrow.PrimitiveTypes.Float64, Nullable: true}), Nullable: true}), "",
			fromJSON(`[{"c0": {"c0": 0.1}}, {"c0": null}, {"c0": {"c0": null}}]`)},
		{"map", arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32), "", fromJSON(`[[], [{"key": "a", "value": 1}, {"key": "", "value": null}]]`)},
	}
}

// testTypes loads each type at its bounds, with a null before, between and after, from whole and from sliced batches.
func testTypes(t *testing.T, h Harness) {
	for _, c := range typeCases() {
		t.Run(c.name, func(t *testing.T) {
			table := tableOf(c)
			if c.typ.ID() == arrow.INTERVAL_MONTH_DAY_NANO && h.Traits().NoIntervals {
				s := h.Open(t, table)
				t.Cleanup(func() { check(t, s.Close()) })
				wantClass(t, "prepare", s.Prepare(t.Context(), table), runtime.Permanent)
				return
			}
			s := prepared(t, h, table)
			rows := rowsOfType(c, table.Schema)
			cut := rows.NumRows() / 2
			load(t, s, unit(span("eth", 0, 9, "h9", "")), rows.NewSlice(0, cut), rows.NewSlice(cut, rows.NumRows()))
			wantRows(t, h, table, rows)

			again := h.Open(t, table)
			t.Cleanup(func() { check(t, again.Close()) })
			check(t, again.Prepare(t.Context(), table)) // the system's own catalogue agrees on the type
		})
	}
}

func tableOf(c typeCase) *runtime.Table {
	v := arrow.Field{Name: "v", Type: c.typ, Nullable: true}
	if c.logical != "" {
		v.Metadata = arrow.MetadataFrom(map[string]string{runtime.LogicalKey: c.logical})
	}
	return &runtime.Table{Pipeline: "Types", Name: "type_" + c.name, Block: "block_num",
		Schema: arrow.NewSchema([]arrow.Field{{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64}, v}, nil)}
}

func rowsOfType(c typeCase, schema *arrow.Schema) arrow.RecordBatch {
	b := array.NewBuilder(memory.DefaultAllocator, c.typ)
	b.AppendNull()
	c.fill(b)
	b.AppendNull()
	c.fill(b)
	b.AppendNull()
	v := b.NewArray()
	blocks := array.NewUint64Builder(memory.DefaultAllocator)
	for i := range v.Len() {
		blocks.Append(uint64(i))
	}
	return array.NewRecordBatch(schema, []arrow.Array{blocks.NewArray(), v}, int64(v.Len()))
}

// testRefusals loads what some systems cannot hold. They say so, naming the column, and store nothing of the unit.
func testRefusals(t *testing.T, h Harness) {
	traits := h.Traits()
	nested := arrow.StructOf(arrow.Field{Name: "inner", Type: arrow.BinaryTypes.String, Nullable: true})
	for _, c := range []struct {
		typeCase
		held bool
	}{
		{typeCase{"nul_in_text", arrow.BinaryTypes.String, "", values[string, *array.StringBuilder]("a\x00b")}, traits.TextHoldsNUL},
		{typeCase{"nul_in_list", arrow.ListOf(arrow.BinaryTypes.String), "", fromJSON(`[["a\u0000b"]]`)}, traits.TextHoldsNUL},
		{typeCase{"nul_in_struct", nested, "", fromJSON(`[{"inner": "a\u0000b"}]`)}, traits.TextHoldsNUL},
		{typeCase{"ns_timestamp", arrow.FixedWidthTypes.Timestamp_ns, "", values[arrow.Timestamp, *array.TimestampBuilder](1700000000_123456789)}, traits.Nanoseconds},
		{typeCase{"uint256_text", arrow.BinaryTypes.String, runtime.LogicalUint256, values[string, *array.StringBuilder]("12x")}, false},
		{typeCase{"uint256_empty", arrow.BinaryTypes.String, runtime.LogicalUint256, values[string, *array.StringBuilder]("")}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := tableOf(c.typeCase)
			s := prepared(t, h, table)
			rows := rowsOfType(c.typeCase, table.Schema)
			err := try(t.Context(), s, unit(span("eth", 0, 9, "h9", "")), rows)
			if c.held {
				check(t, err)
				wantRows(t, h, table, rows)
				return
			}
			wantClass(t, "load", err, runtime.Permanent)
			if err != nil && !strings.Contains(err.Error(), `"v"`) {
				t.Errorf("the error does not name column \"v\": %v", err)
			}
			wantRows(t, h, table)
			wantState(t, s, table)
		})
	}
}
