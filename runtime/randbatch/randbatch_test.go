package randbatch

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/runtime"
)

// everyType has one nullable column per kind of type.
func everyType() *arrow.Schema {
	item := arrow.StructOf(
		arrow.Field{Name: "address", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}},
		arrow.Field{Name: "keys", Type: arrow.ListOf(&arrow.FixedSizeBinaryType{ByteWidth: 32}), Nullable: true})
	types := []arrow.DataType{
		arrow.FixedWidthTypes.Boolean,
		arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64,
		arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64,
		arrow.FixedWidthTypes.Float16, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
		&arrow.Decimal32Type{Precision: 9, Scale: 2}, &arrow.Decimal64Type{Precision: 18, Scale: 2},
		&arrow.Decimal128Type{Precision: 38}, &arrow.Decimal256Type{Precision: 76},
		arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView,
		arrow.BinaryTypes.Binary, arrow.BinaryTypes.LargeBinary, arrow.BinaryTypes.BinaryView, &arrow.FixedSizeBinaryType{ByteWidth: 32},
		&arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}, &arrow.TimestampType{Unit: arrow.Second},
		arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Date64,
		arrow.FixedWidthTypes.Time32s, arrow.FixedWidthTypes.Time32ms, arrow.FixedWidthTypes.Time64us, arrow.FixedWidthTypes.Time64ns,
		arrow.FixedWidthTypes.Duration_ms, arrow.FixedWidthTypes.MonthInterval, arrow.FixedWidthTypes.DayTimeInterval,
		arrow.FixedWidthTypes.MonthDayNanoInterval,
		arrow.ListOf(item), arrow.LargeListOf(arrow.PrimitiveTypes.Uint64), arrow.FixedSizeListOf(2, arrow.BinaryTypes.String),
		item, arrow.MapOf(arrow.BinaryTypes.String, item),
	}
	fields := make([]arrow.Field, len(types))
	for i, t := range types {
		fields[i] = arrow.Field{Name: t.String(), Type: t, Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

func TestEveryTypeHasNullsAndIsRepeatable(t *testing.T) {
	schema := everyType()
	a, b, other := New(schema, 50, 7), New(schema, 50, 7), New(schema, 50, 8)
	if !array.RecordEqual(a, b) {
		t.Error("two batches of one seed differ")
	}
	if array.RecordEqual(a, other) {
		t.Error("batches of two seeds are equal")
	}
	if !a.Schema().Equal(schema) || a.NumRows() != 50 {
		t.Errorf("%d rows of %v", a.NumRows(), a.Schema())
	}
	for i, column := range a.Columns() {
		if !column.IsNull(nullRow) || column.IsNull(0) || column.IsNull(1) {
			t.Errorf("%s: row %d is not null, or a bound is", schema.Field(i).Name, nullRow)
		}
	}
}

func TestBounds(t *testing.T) {
	logical := func(v string) arrow.Metadata { return arrow.NewMetadata([]string{runtime.LogicalKey}, []string{v}) }
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "u64", Type: arrow.PrimitiveTypes.Uint64},
		{Name: "i64", Type: arrow.PrimitiveTypes.Int64},
		{Name: "u256", Type: arrow.BinaryTypes.String, Metadata: logical(runtime.LogicalUint256)},
		{Name: "i256", Type: arrow.BinaryTypes.StringView, Metadata: logical(runtime.LogicalInt256)},
		{Name: "decimal", Type: &arrow.Decimal128Type{Precision: 38}},
		{Name: "nanoseconds", Type: &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}},
		{Name: "address", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}},
	}, nil)
	rows := New(schema, 2, 1)
	if v := rows.Column(0).(*array.Uint64); v.Value(0) != 0 || v.Value(1) != math.MaxUint64 {
		t.Errorf("uint64: %v", v)
	}
	if v := rows.Column(1).(*array.Int64); v.Value(0) != math.MinInt64 || v.Value(1) != math.MaxInt64 {
		t.Errorf("int64: %v", v)
	}
	if v := rows.Column(2).(*array.String); v.Value(0) != "0" || v.Value(1) != "115792089237316195423570985008687907853269984665640564039457584007913129639935" {
		t.Errorf("uint256: %v", v)
	}
	if v := rows.Column(3).(*array.StringView); v.Value(0) != "-57896044618658097711785492504343953926634992332820282019728792003956564819968" ||
		v.Value(1) != "57896044618658097711785492504343953926634992332820282019728792003956564819967" {
		t.Errorf("int256: %v", v)
	}
	if v := rows.Column(4).(*array.Decimal128); v.Value(0).BigInt().String() != "-"+strings.Repeat("9", 38) || v.Value(1).BigInt().String() != strings.Repeat("9", 38) {
		t.Errorf("decimal: %v", v)
	}
	if v := rows.Column(5).(*array.Timestamp); v.Value(0) >= 0 || v.Value(0)%1000 != 0 || v.Value(1) <= 0 || v.Value(1)%1000 != 0 {
		t.Errorf("timestamps that are no whole microseconds: %v", v)
	}
	if v := rows.Column(6).(*array.FixedSizeBinary); string(v.Value(0)) != strings.Repeat("\x00", 20) || string(v.Value(1)) != strings.Repeat("\xff", 20) {
		t.Errorf("address: %v", v)
	}
}

func TestIntegerFillsItsBits(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(1, 1))}
	for _, size := range []int{1, 63, 64, 65, 256} {
		union := new(big.Int)
		for range 100 {
			v := g.integer(size)
			if v.BitLen() > size {
				t.Fatalf("integer(%d) has %d bits", size, v.BitLen())
			}
			union.Or(union, v)
		}
		if union.BitLen() != size {
			t.Errorf("integer(%d) never has more than %d bits", size, union.BitLen())
		}
	}
}
