package bindrows

import (
	"fmt"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/sinks/snowflake/internal/convert"
)

// bind makes the array bind of a converted array.
func bind(a arrow.Array) (any, error) {
	switch a := a.(type) {
	case *array.Boolean:
		return values(a, a.Value)
	case *array.FixedSizeBinary:
		return values(a, a.Value)
	case *array.Binary:
		return values(a, a.Value)
	case *array.LargeBinary:
		return values(a, a.Value)
	case array.StringLike:
		return values(a, a.Value)
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return texts(a, func(dst []byte, i int) []byte { return convert.AppendDecimal128(dst, a.Value(i), scale) })
	}
	if at := integers(a); at != nil {
		return values(a, at)
	}
	switch a := a.(type) {
	case *array.Uint64:
		return texts(a, func(dst []byte, i int) []byte { return strconv.AppendUint(dst, a.Value(i), 10) })
	case *array.Float32:
		return texts(a, func(dst []byte, i int) []byte { return convert.AppendFloat(dst, float64(a.Value(i))) })
	case *array.Float64:
		return texts(a, func(dst []byte, i int) []byte { return convert.AppendFloat(dst, a.Value(i)) })
	}
	if at, typ := times(a); at != nil {
		return values(a, at, typ)
	}
	if arrow.IsNested(a.DataType().ID()) {
		return texts(a, jsonOf(a))
	}
	return nil, fmt.Errorf("%s cannot be bound", a.DataType())
}

// values binds a slice of T, of any where there are nulls.
func values[T any](a arrow.Array, at func(i int) T, typ ...any) (any, error) {
	if a.NullN() == 0 {
		out := make([]T, a.Len())
		for i := range out {
			out[i] = at(i)
		}
		return sf.Array(out, typ...)
	}
	out := make([]any, a.Len())
	for i := range out {
		if a.IsValid(i) {
			out[i] = at(i)
		}
	}
	return sf.Array(out, typ...)
}

// texts binds what add appends for an element. All texts are parts of one string.
func texts(a arrow.Array, add func(dst []byte, i int) []byte) (any, error) {
	ends := make([]int, a.Len()+1)
	var all []byte
	for i := range a.Len() {
		if a.IsValid(i) {
			all = add(all, i)
		}
		ends[i+1] = len(all)
	}
	text := string(all)
	return values(a, func(i int) string { return text[ends[i]:ends[i+1]] })
}

// integers reads an array of integers that fit into 64 bits with their sign; nil for others.
func integers(a arrow.Array) func(i int) int64 {
	switch a := a.(type) {
	case *array.Int8:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Int16:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Int32:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Int64:
		return a.Value
	case *array.Uint8:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Uint16:
		return func(i int) int64 { return int64(a.Value(i)) }
	case *array.Uint32:
		return func(i int) int64 { return int64(a.Value(i)) }
	}
	return nil
}

// times reads an array of points in time, dates or times of day, with the driver's word for what they are; nil for others.
func times(a arrow.Array) (at func(i int) time.Time, typ any) {
	switch a := a.(type) {
	case *array.Timestamp:
		t := a.DataType().(*arrow.TimestampType)
		at = func(i int) time.Time { return convert.Time(int64(a.Value(i)), t.Unit) }
		if t.TimeZone != "" {
			return at, sf.TimestampLTZType
		}
		return at, sf.TimestampNTZType
	case *array.Date32:
		return func(i int) time.Time { return a.Value(i).ToTime() }, sf.DateType
	case *array.Date64:
		return func(i int) time.Time { return a.Value(i).ToTime() }, sf.DateType
	case *array.Time32:
		unit := a.DataType().(*arrow.Time32Type).Unit
		return func(i int) time.Time { return convert.Time(int64(a.Value(i)), unit) }, sf.TimeType
	case *array.Time64:
		unit := a.DataType().(*arrow.Time64Type).Unit
		return func(i int) time.Time { return convert.Time(int64(a.Value(i)), unit) }, sf.TimeType
	}
	return nil, nil
}
