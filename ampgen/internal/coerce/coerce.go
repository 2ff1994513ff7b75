// Package coerce is the type algebra of DataFusion 52.3 over Arrow types: how a type is written, which types convert into
// which, and which type an operator or a set of branches ends with.
//
// All functions are pure. DataFusion computes types twice, and the results can differ: the announced schema comes from the
// plan as written, the data from the plan after its operands were cast. Where that matters a function says which of the two
// it answers. The rules are DataFusion's; testdata/oracle.json holds its own answers, which the tests replay.
package coerce

import (
	"github.com/apache/arrow-go/v18/arrow"
)

// Error says why types do not go together.
type Error struct {
	Message string // lower case, no full stop
	Help    string // an edit that helps; may be empty
}

func (e *Error) Error() string {
	if e.Help == "" {
		return e.Message
	}
	return e.Message + " (" + e.Help + ")"
}

// The types that the rules name again and again.
var (
	null            arrow.DataType = arrow.Null
	boolean         arrow.DataType = arrow.FixedWidthTypes.Boolean
	int8Type        arrow.DataType = arrow.PrimitiveTypes.Int8
	int16Type       arrow.DataType = arrow.PrimitiveTypes.Int16
	int32Type       arrow.DataType = arrow.PrimitiveTypes.Int32
	int64Type       arrow.DataType = arrow.PrimitiveTypes.Int64
	uint8Type       arrow.DataType = arrow.PrimitiveTypes.Uint8
	uint16Type      arrow.DataType = arrow.PrimitiveTypes.Uint16
	uint32Type      arrow.DataType = arrow.PrimitiveTypes.Uint32
	uint64Type      arrow.DataType = arrow.PrimitiveTypes.Uint64
	float16Type     arrow.DataType = arrow.FixedWidthTypes.Float16
	float32Type     arrow.DataType = arrow.PrimitiveTypes.Float32
	float64Type     arrow.DataType = arrow.PrimitiveTypes.Float64
	utf8            arrow.DataType = arrow.BinaryTypes.String
	largeUtf8       arrow.DataType = arrow.BinaryTypes.LargeString
	utf8View        arrow.DataType = arrow.BinaryTypes.StringView
	binary          arrow.DataType = arrow.BinaryTypes.Binary
	largeBinary     arrow.DataType = arrow.BinaryTypes.LargeBinary
	binaryView      arrow.DataType = arrow.BinaryTypes.BinaryView
	date32          arrow.DataType = arrow.FixedWidthTypes.Date32
	date64          arrow.DataType = arrow.FixedWidthTypes.Date64
	monthDayNano    arrow.DataType = arrow.FixedWidthTypes.MonthDayNanoInterval
	timestampNoZone arrow.DataType = &arrow.TimestampType{Unit: arrow.Nanosecond}
)

// IsNull reports whether dt is the type of a bare NULL.
func IsNull(dt arrow.DataType) bool { return dt.ID() == arrow.NULL }

// IsSigned reports whether dt is a signed integer.
func IsSigned(dt arrow.DataType) bool { return arrow.IsSignedInteger(dt.ID()) }

// IsUnsigned reports whether dt is an unsigned integer.
func IsUnsigned(dt arrow.DataType) bool { return arrow.IsUnsignedInteger(dt.ID()) }

// IsInteger reports whether dt is an integer of any width and sign.
func IsInteger(dt arrow.DataType) bool { return arrow.IsInteger(dt.ID()) }

// IsFloat reports whether dt is a floating-point number of any width.
func IsFloat(dt arrow.DataType) bool { return arrow.IsFloating(dt.ID()) }

// IsDecimal reports whether dt is a decimal of any width.
func IsDecimal(dt arrow.DataType) bool { return arrow.IsDecimal(dt.ID()) }

// IsNumeric reports whether dt is an integer, a float or a decimal.
func IsNumeric(dt arrow.DataType) bool { return IsInteger(dt) || IsFloat(dt) || IsDecimal(dt) }

// IsString reports whether dt is one of the three text types.
func IsString(dt arrow.DataType) bool {
	switch dt.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return true
	}
	return false
}

// IsBinary reports whether dt holds byte strings of varying length.
func IsBinary(dt arrow.DataType) bool {
	switch dt.ID() {
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW:
		return true
	}
	return false
}

// IsDate reports whether dt is a calendar date.
func IsDate(dt arrow.DataType) bool { return dt.ID() == arrow.DATE32 || dt.ID() == arrow.DATE64 }

// IsTime reports whether dt is a time of day.
func IsTime(dt arrow.DataType) bool { return dt.ID() == arrow.TIME32 || dt.ID() == arrow.TIME64 }

// IsInterval reports whether dt is one of the three calendar intervals.
func IsInterval(dt arrow.DataType) bool {
	switch dt.ID() {
	case arrow.INTERVAL_MONTHS, arrow.INTERVAL_DAY_TIME, arrow.INTERVAL_MONTH_DAY_NANO:
		return true
	}
	return false
}

// IsDuration reports whether dt is an elapsed time.
func IsDuration(dt arrow.DataType) bool { return dt.ID() == arrow.DURATION }

// IsTimestamp reports whether dt is an instant, with or without a zone.
func IsTimestamp(dt arrow.DataType) bool { return dt.ID() == arrow.TIMESTAMP }

// IsList reports whether dt is one of the lists that DataFusion's rules know: List, LargeList and FixedSizeList, and
// not the list views.
func IsList(dt arrow.DataType) bool {
	switch dt.ID() {
	case arrow.LIST, arrow.LARGE_LIST, arrow.FIXED_SIZE_LIST:
		return true
	}
	return false
}

// Item returns the item field of a list type, a view included, and false for every other type.
func Item(dt arrow.DataType) (arrow.Field, bool) {
	switch t := dt.(type) {
	case *arrow.ListType:
		return t.ElemField(), true
	case *arrow.LargeListType:
		return t.ElemField(), true
	case *arrow.FixedSizeListType:
		return t.ElemField(), true
	case *arrow.ListViewType:
		return t.ElemField(), true
	case *arrow.LargeListViewType:
		return t.ElemField(), true
	}
	return arrow.Field{}, false
}

// ListOf is List(item: dt, nullable), the list that DataFusion builds from values of type dt.
func ListOf(dt arrow.DataType) arrow.DataType { return arrow.ListOfField(itemField(dt)) }

// Timestamp is the instant of a unit in a zone; zone "" is none.
func Timestamp(unit arrow.TimeUnit, zone string) arrow.DataType {
	return &arrow.TimestampType{Unit: unit, TimeZone: zone}
}

func itemField(dt arrow.DataType) arrow.Field {
	return arrow.Field{Name: "item", Type: dt, Nullable: true}
}

func isDictionary(dt arrow.DataType) bool { return dt.ID() == arrow.DICTIONARY }

// Unwrap returns the value type of a dictionary, and every other type as it is.
func Unwrap(dt arrow.DataType) arrow.DataType {
	if d, ok := dt.(*arrow.DictionaryType); ok {
		return d.ValueType
	}
	return dt
}
