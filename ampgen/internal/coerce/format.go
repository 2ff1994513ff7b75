package coerce

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// Format writes a type as arrow-rs 57 displays it, such as Timestamp(ns, "UTC") or List(Int64). It is the text of
// arrow_typeof and DESCRIBE, and arrow_cast reads it back.
func Format(dt arrow.DataType) string {
	switch t := dt.(type) {
	case *arrow.TimestampType:
		if t.TimeZone == "" {
			return "Timestamp(" + unitName(t.Unit) + ")"
		}
		return "Timestamp(" + unitName(t.Unit) + ", " + strconv.Quote(t.TimeZone) + ")"
	case *arrow.Time32Type:
		return "Time32(" + unitName(t.Unit) + ")"
	case *arrow.Time64Type:
		return "Time64(" + unitName(t.Unit) + ")"
	case *arrow.DurationType:
		return "Duration(" + unitName(t.Unit) + ")"
	case *arrow.FixedSizeBinaryType:
		return "FixedSizeBinary(" + strconv.Itoa(t.ByteWidth) + ")"
	case arrow.DecimalType:
		return fmt.Sprintf("Decimal%d(%d, %d)", t.BitWidth(), t.GetPrecision(), t.GetScale())
	case *arrow.ListType:
		return "List(" + formatItem(t.ElemField()) + ")"
	case *arrow.LargeListType:
		return "LargeList(" + formatItem(t.ElemField()) + ")"
	case *arrow.ListViewType:
		return "ListView(" + formatItem(t.ElemField()) + ")"
	case *arrow.LargeListViewType:
		return "LargeListView(" + formatItem(t.ElemField()) + ")"
	case *arrow.FixedSizeListType:
		return fmt.Sprintf("FixedSizeList(%d x %s)", t.Len(), formatItem(t.ElemField()))
	case *arrow.StructType:
		return "Struct(" + formatFields(t.Fields()) + ")"
	case *arrow.MapType:
		order := "unsorted"
		if t.KeysSorted {
			order = "sorted"
		}
		return `Map("entries": non-null ` + Format(t.Elem()) + ", " + order + ")"
	case *arrow.DictionaryType:
		return "Dictionary(" + Format(t.IndexType) + ", " + Format(t.ValueType) + ")"
	case *arrow.RunEndEncodedType:
		return `RunEndEncoded("run_ends": non-null ` + Format(t.RunEnds()) + `, "values": ` + Format(t.Encoded()) + ")"
	case arrow.UnionType:
		return formatUnion(t)
	}
	if name, ok := simpleNames[dt.ID()]; ok {
		return name
	}
	return dt.String()
}

func formatItem(f arrow.Field) string {
	text := Format(f.Type)
	if !f.Nullable {
		text = "non-null " + text
	}
	if f.Name != "item" {
		text += ", field: '" + f.Name + "'"
	}
	return text
}

func formatFields(fields []arrow.Field) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = formatField(f)
	}
	return strings.Join(parts, ", ")
}

func formatField(f arrow.Field) string {
	text := strconv.Quote(f.Name) + ": "
	if !f.Nullable {
		text += "non-null "
	}
	return text + Format(f.Type)
}

func formatUnion(t arrow.UnionType) string {
	mode := "Sparse"
	if t.Mode() == arrow.DenseMode {
		mode = "Dense"
	}
	var b strings.Builder
	b.WriteString("Union(" + mode)
	for i, f := range t.Fields() {
		fmt.Fprintf(&b, ", %d: (%s)", t.TypeCodes()[i], formatField(f))
	}
	return b.String() + ")"
}

func unitName(u arrow.TimeUnit) string {
	if u == arrow.Microsecond {
		return "µs"
	}
	return u.String()
}

// simpleTypes are the types whose text is one word.
var simpleTypes = map[string]arrow.DataType{
	"Null": null, "Boolean": boolean,
	"Int8": int8Type, "Int16": int16Type, "Int32": int32Type, "Int64": int64Type,
	"UInt8": uint8Type, "UInt16": uint16Type, "UInt32": uint32Type, "UInt64": uint64Type,
	"Float16": float16Type, "Float32": float32Type, "Float64": float64Type,
	"Utf8": utf8, "LargeUtf8": largeUtf8, "Utf8View": utf8View,
	"Binary": binary, "LargeBinary": largeBinary, "BinaryView": binaryView,
	"Date32": date32, "Date64": date64,
}

var intervals = map[string]arrow.DataType{
	"YearMonth":    arrow.FixedWidthTypes.MonthInterval,
	"DayTime":      arrow.FixedWidthTypes.DayTimeInterval,
	"MonthDayNano": monthDayNano,
}

var simpleNames = func() map[arrow.Type]string {
	names := make(map[arrow.Type]string)
	for name, dt := range simpleTypes {
		names[dt.ID()] = name
	}
	for name, dt := range intervals {
		names[dt.ID()] = "Interval(" + name + ")"
	}
	return names
}()
