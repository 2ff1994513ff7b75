package stagefile

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
)

// everyType has a nullable column of each type that a table may have.
func everyType() []arrow.Field {
	logical := arrow.MetadataFrom(map[string]string{runtime.LogicalKey: runtime.LogicalUint256})
	signed := arrow.MetadataFrom(map[string]string{runtime.LogicalKey: runtime.LogicalInt256})
	fields := []arrow.Field{}
	add := func(name string, t arrow.DataType, meta ...arrow.Metadata) {
		f := arrow.Field{Name: name, Type: t, Nullable: true}
		if len(meta) > 0 {
			f.Metadata = meta[0]
		}
		fields = append(fields, f)
	}
	scalars := []arrow.DataType{
		arrow.FixedWidthTypes.Boolean,
		arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64,
		arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64,
		arrow.FixedWidthTypes.Float16, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
		&arrow.Decimal32Type{Precision: 9, Scale: 2}, &arrow.Decimal64Type{Precision: 18, Scale: 6},
		&arrow.Decimal128Type{Precision: 5, Scale: 2}, &arrow.Decimal128Type{Precision: 18}, &arrow.Decimal128Type{Precision: 38, Scale: 18},
		&arrow.Decimal128Type{Precision: 10, Scale: -3}, &arrow.Decimal128Type{Precision: 2, Scale: 5}, &arrow.Decimal128Type{Precision: 38, Scale: 38},
		&arrow.Decimal256Type{Precision: 38, Scale: 2}, &arrow.Decimal256Type{Precision: 76, Scale: 18}, &arrow.Decimal256Type{Precision: 76},
		arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView,
		arrow.BinaryTypes.Binary, arrow.BinaryTypes.LargeBinary, arrow.BinaryTypes.BinaryView, &arrow.FixedSizeBinaryType{ByteWidth: 20},
		arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Date64,
		arrow.FixedWidthTypes.Time32s, arrow.FixedWidthTypes.Time32ms, arrow.FixedWidthTypes.Time64us, arrow.FixedWidthTypes.Time64ns,
		arrow.FixedWidthTypes.Timestamp_s, arrow.FixedWidthTypes.Timestamp_ms, arrow.FixedWidthTypes.Timestamp_us, arrow.FixedWidthTypes.Timestamp_ns,
		&arrow.TimestampType{Unit: arrow.Second}, &arrow.TimestampType{Unit: arrow.Nanosecond},
		arrow.FixedWidthTypes.Duration_s, arrow.FixedWidthTypes.Duration_ns,
	}
	object := []arrow.Field{}
	for _, t := range scalars {
		add(t.String(), t)
		object = append(object, arrow.Field{Name: t.String(), Type: t, Nullable: true})
	}
	add("uint256", arrow.BinaryTypes.String, logical)
	add("int256", arrow.BinaryTypes.StringView, signed)
	add("object", arrow.StructOf(object...))
	add("list", arrow.ListOf(arrow.PrimitiveTypes.Uint64))
	add("large list", arrow.LargeListOf(&arrow.FixedSizeBinaryType{ByteWidth: 4}))
	add("fixed list", arrow.FixedSizeListOf(3, arrow.PrimitiveTypes.Int64))
	add("list of lists", arrow.ListOf(arrow.ListOf(arrow.FixedWidthTypes.Timestamp_ns)))
	add("list of objects", arrow.ListOf(arrow.StructOf(object[:4]...)))
	add("map", arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Uint64))
	return fields
}
