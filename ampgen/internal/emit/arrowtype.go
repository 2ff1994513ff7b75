package emit

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/dave/jennifer/jen"
)

// constants are the types that arrow has a variable for.
var constants = map[arrow.Type][2]string{
	arrow.BOOL: {"FixedWidthTypes", "Boolean"},
	arrow.INT8: {"PrimitiveTypes", "Int8"}, arrow.INT16: {"PrimitiveTypes", "Int16"},
	arrow.INT32: {"PrimitiveTypes", "Int32"}, arrow.INT64: {"PrimitiveTypes", "Int64"},
	arrow.UINT8: {"PrimitiveTypes", "Uint8"}, arrow.UINT16: {"PrimitiveTypes", "Uint16"},
	arrow.UINT32: {"PrimitiveTypes", "Uint32"}, arrow.UINT64: {"PrimitiveTypes", "Uint64"},
	arrow.FLOAT16: {"FixedWidthTypes", "Float16"},
	arrow.FLOAT32: {"PrimitiveTypes", "Float32"}, arrow.FLOAT64: {"PrimitiveTypes", "Float64"},
	arrow.STRING: {"BinaryTypes", "String"}, arrow.LARGE_STRING: {"BinaryTypes", "LargeString"}, arrow.STRING_VIEW: {"BinaryTypes", "StringView"},
	arrow.BINARY: {"BinaryTypes", "Binary"}, arrow.LARGE_BINARY: {"BinaryTypes", "LargeBinary"}, arrow.BINARY_VIEW: {"BinaryTypes", "BinaryView"},
	arrow.DATE32: {"PrimitiveTypes", "Date32"}, arrow.DATE64: {"PrimitiveTypes", "Date64"},
	arrow.INTERVAL_MONTHS: {"FixedWidthTypes", "MonthInterval"}, arrow.INTERVAL_DAY_TIME: {"FixedWidthTypes", "DayTimeInterval"},
	arrow.INTERVAL_MONTH_DAY_NANO: {"FixedWidthTypes", "MonthDayNanoInterval"},
}

// typeExpr is the Go expression of a type that Supported accepts.
func typeExpr(t arrow.DataType) jen.Code {
	if c, ok := constants[t.ID()]; ok {
		return jen.Qual(arrowPkg, c[0]).Dot(c[1])
	}
	switch t := t.(type) {
	case *arrow.FixedSizeBinaryType:
		return pointerTo("FixedSizeBinaryType", pair("ByteWidth", jen.Lit(t.ByteWidth)))
	case *arrow.TimestampType:
		elements := []jen.Code{pair("Unit", unit(t.Unit))}
		if t.TimeZone != "" {
			elements = append(elements, pair("TimeZone", jen.Lit(t.TimeZone)))
		}
		return pointerTo("TimestampType", elements...)
	case *arrow.Time32Type:
		return pointerTo("Time32Type", pair("Unit", unit(t.Unit)))
	case *arrow.Time64Type:
		return pointerTo("Time64Type", pair("Unit", unit(t.Unit)))
	case *arrow.DurationType:
		return pointerTo("DurationType", pair("Unit", unit(t.Unit)))
	case arrow.DecimalType:
		elements := []jen.Code{pair("Precision", jen.Lit(int(t.GetPrecision())))}
		if t.GetScale() != 0 {
			elements = append(elements, pair("Scale", jen.Lit(int(t.GetScale()))))
		}
		return pointerTo(fmt.Sprintf("Decimal%dType", t.BitWidth()), elements...)
	}
	return nestedTypeExpr(t)
}

func nestedTypeExpr(t arrow.DataType) jen.Code {
	switch t := t.(type) {
	case *arrow.ListType:
		return jen.Qual(arrowPkg, "ListOfField").Call(qualifiedField(t.ElemField()))
	case *arrow.LargeListType:
		return jen.Qual(arrowPkg, "LargeListOfField").Call(qualifiedField(t.ElemField()))
	case *arrow.FixedSizeListType:
		return jen.Qual(arrowPkg, "FixedSizeListOfField").Call(jen.Lit(int(t.Len())), qualifiedField(t.ElemField()))
	case *arrow.MapType:
		return jen.Qual(arrowPkg, "MapOfFields").Call(qualifiedField(t.KeyField()), qualifiedField(t.ItemField()))
	case *arrow.StructType:
		fields := make([]jen.Code, t.NumFields())
		for i, f := range t.Fields() {
			fields[i] = qualifiedField(f)
		}
		return jen.Qual(arrowPkg, "StructOf").Add(lines("(", ")", fields...))
	}
	return jen.Nil() // not reached: newModel refuses other types
}

func pointerTo(typ string, elements ...jen.Code) jen.Code {
	return jen.Op("&").Qual(arrowPkg, typ).Values(elements...)
}

// fieldExpr is a field as the element of a slice of fields.
func fieldExpr(f arrow.Field) *statement {
	elements := []jen.Code{pair("Name", jen.Lit(f.Name)), pair("Type", typeExpr(f.Type))}
	if f.Nullable {
		elements = append(elements, pair("Nullable", jen.True()))
	}
	if logical, ok := f.Metadata.GetValue(logicalKey); ok {
		elements = append(elements, pair("Metadata", jen.Qual(arrowPkg, "NewMetadata").Call(
			jen.Index().String().Values(jen.Qual(runtimePkg, "LogicalKey")),
			jen.Index().String().Values(logicalExpr(logical)))))
	}
	return jen.Values(elements...)
}

func logicalExpr(logical string) jen.Code {
	switch logical {
	case "uint256":
		return jen.Qual(runtimePkg, "LogicalUint256")
	case "int256":
		return jen.Qual(runtimePkg, "LogicalInt256")
	}
	return jen.Lit(logical)
}

func qualifiedField(f arrow.Field) jen.Code { return jen.Qual(arrowPkg, "Field").Add(fieldExpr(f)) }

// schemaExpr is a schema of fields, one per line.
func schemaExpr(fields []arrow.Field) jen.Code {
	elements := make([]jen.Code, len(fields))
	for i, f := range fields {
		elements[i] = fieldExpr(f)
	}
	return jen.Qual(arrowPkg, "NewSchema").Call(jen.Index().Qual(arrowPkg, "Field").Add(lines("{", "}", elements...)), jen.Nil())
}
