package functions

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// anyZone stands in a listed timestamp for "whatever zone the argument has".
const anyZone = "+TZ"

// coerceUp is the type that an argument takes where into is listed: without loss for numbers, and from everything for
// Utf8 and LargeUtf8. False if it cannot.
func coerceUp(into, from arrow.DataType) (arrow.DataType, bool) {
	if coerce.Equal(into, from) {
		return into, true
	}
	if d, ok := from.(*arrow.DictionaryType); ok {
		if dt, ok := coerceUp(into, d.ValueType); ok {
			return dt, true
		}
	}
	isNull := coerce.IsNull(from)
	switch {
	case coerce.IsSigned(into):
		return into, isNull || isNarrower(from, into)
	case coerce.IsUnsigned(into):
		return into, isNull || coerce.IsUnsigned(from) && width(from) < width(into)
	case into.ID() == arrow.FLOAT32:
		return into, isNull || coerce.IsInteger(from)
	case into.ID() == arrow.FLOAT64:
		return into, isNull || coerce.IsInteger(from) || from.ID() == arrow.FLOAT32 || coerce.IsDecimal(from)
	case coerce.IsTimestamp(into):
		return toTimestamp(into.(*arrow.TimestampType), from)
	case coerce.IsInterval(into):
		return into, isPlainString(from)
	case into.ID() == arrow.STRING_VIEW:
		return into, isNull || isPlainString(from)
	case into.ID() == arrow.STRING, into.ID() == arrow.LARGE_STRING:
		return into, true
	}
	return toList(into, from)
}

// isNarrower reports whether every value of from is a value of the signed integer into.
func isNarrower(from, into arrow.DataType) bool {
	return coerce.IsInteger(from) && width(from) < width(into)
}

func width(dt arrow.DataType) int { return dt.(arrow.FixedWidthDataType).BitWidth() }

// isPlainString is a text that is no view.
func isPlainString(dt arrow.DataType) bool {
	return dt.ID() == arrow.STRING || dt.ID() == arrow.LARGE_STRING
}

func toTimestamp(into *arrow.TimestampType, from arrow.DataType) (arrow.DataType, bool) {
	instant, isInstant := from.(*arrow.TimestampType)
	other := coerce.IsNull(from) || from.ID() == arrow.DATE32 || isPlainString(from)
	switch {
	case into.TimeZone == anyZone && isInstant && instant.TimeZone != "":
		return coerce.Timestamp(into.Unit, instant.TimeZone), true
	case into.TimeZone == anyZone:
		return coerce.Timestamp(into.Unit, "+00"), isInstant || other
	case into.TimeZone != "":
		return into, isInstant || other
	}
	return into, into.Unit == arrow.Nanosecond && (isInstant && instant.TimeZone == "" || other)
}

func toList(into, from arrow.DataType) (arrow.DataType, bool) {
	switch into.ID() {
	case arrow.LIST:
		if from.ID() == arrow.FIXED_SIZE_LIST {
			return into, true
		}
	case arrow.LARGE_LIST:
	default:
		return nil, false
	}
	return into, coerce.IsNull(baseType(from)) || coerce.IsList(from) && depth(into) == depth(from)
}

// depth is the number of lists around the items of dt.
func depth(dt arrow.DataType) int {
	n := 0
	for coerce.IsList(dt) {
		item, _ := coerce.Item(dt)
		dt = item.Type
		n++
	}
	return n
}

// baseType is the type of the innermost items of nested lists.
func baseType(dt arrow.DataType) arrow.DataType {
	for coerce.IsList(dt) {
		item, _ := coerce.Item(dt)
		dt = item.Type
	}
	return dt
}
