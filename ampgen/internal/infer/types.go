package infer

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// typeName is the Arrow type of an SQL type, whose arguments the parser has checked.
func typeName(t *sql.TypeName) arrow.DataType {
	switch t.Kind {
	case sql.TypeDecimal:
		return decimalType(t.Args)
	case sql.TypeTimestamp, sql.TypeTimestampTZ:
		if len(t.Args) == 0 {
			return coerce.Timestamp(arrow.Nanosecond, "")
		}
		return coerce.Timestamp(timeUnits[t.Args[0]], "")
	case sql.TypeList:
		return coerce.ListOf(typeName(t.Elem))
	case sql.TypeFixedList:
		return arrow.FixedSizeListOfField(int32(t.Size), arrow.Field{Name: "item", Type: typeName(t.Elem), Nullable: true})
	case sql.TypeStruct:
		fields := make([]arrow.Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = arrow.Field{Name: fmt.Sprintf("c%d", i), Type: typeName(f.Type), Nullable: true}
			if f.Name != nil {
				fields[i].Name = f.Name.Name
			}
		}
		return arrow.StructOf(fields...)
	}
	return simpleTypes[t.Kind]
}

// timeUnits is the unit of TIMESTAMP(precision).
var timeUnits = map[int]arrow.TimeUnit{0: arrow.Second, 3: arrow.Millisecond, 6: arrow.Microsecond, 9: arrow.Nanosecond}

var simpleTypes = map[sql.TypeKind]arrow.DataType{
	sql.TypeBoolean: boolean,
	sql.TypeInt8:    arrow.PrimitiveTypes.Int8, sql.TypeInt16: arrow.PrimitiveTypes.Int16,
	sql.TypeInt32: arrow.PrimitiveTypes.Int32, sql.TypeInt64: int64T,
	sql.TypeUint8: arrow.PrimitiveTypes.Uint8, sql.TypeUint16: arrow.PrimitiveTypes.Uint16,
	sql.TypeUint32: arrow.PrimitiveTypes.Uint32, sql.TypeUint64: uint64T,
	sql.TypeFloat32: arrow.PrimitiveTypes.Float32, sql.TypeFloat64: float64T,
	sql.TypeText: arrow.BinaryTypes.StringView, sql.TypeBinary: binary,
	sql.TypeDate: arrow.FixedWidthTypes.Date32, sql.TypeTime: arrow.FixedWidthTypes.Time64ns, sql.TypeInterval: interval,
}

func decimalType(args []int) arrow.DataType {
	precision, scale := int32(38), int32(10)
	if len(args) > 0 {
		precision, scale = int32(args[0]), 0
	}
	if len(args) > 1 {
		scale = int32(args[1])
	}
	if precision <= 38 {
		return &arrow.Decimal128Type{Precision: precision, Scale: scale}
	}
	return &arrow.Decimal256Type{Precision: precision, Scale: scale}
}
