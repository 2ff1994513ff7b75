package bindrows

import (
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/sinks/snowflake/internal/convert"
)

// appender appends element i of an array as JSON.
type appender = func(dst []byte, i int) []byte

// jsonOf writes the elements of a converted array as PARSE_JSON reads them: every digit of a number counts. A float that is no
// finite number is text, as Snowflake casts it.
func jsonOf(a arrow.Array) appender {
	write := jsonValue(a)
	if a.NullN() == 0 {
		return write
	}
	return func(dst []byte, i int) []byte {
		if a.IsNull(i) {
			return append(dst, "null"...)
		}
		return write(dst, i)
	}
}

// jsonValue is jsonOf for elements that are not null.
func jsonValue(a arrow.Array) appender {
	if at := integers(a); at != nil {
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, at(i), 10) }
	}
	switch a := a.(type) {
	case *array.Boolean:
		return func(dst []byte, i int) []byte { return strconv.AppendBool(dst, a.Value(i)) }
	case *array.Float32:
		return func(dst []byte, i int) []byte { return appendFloat(dst, float64(a.Value(i))) }
	case *array.Float64:
		return func(dst []byte, i int) []byte { return appendFloat(dst, a.Value(i)) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(dst []byte, i int) []byte { return convert.AppendDecimal128(dst, a.Value(i), scale) }
	case array.StringLike:
		return func(dst []byte, i int) []byte { return appendString(dst, a.Value(i)) }
	case *array.Struct:
		return jsonStruct(a)
	case *array.Map:
		keys, items := jsonOf(a.Keys()), jsonOf(a.Items())
		return jsonElements(a, '{', '}', func(dst []byte, i int) []byte { return items(append(keys(dst, i), ':'), i) })
	case array.ListLike:
		return jsonElements(a, '[', ']', jsonOf(a.ListValues()))
	}
	panic("bindrows: " + a.DataType().String() + " is not within converted columns")
}

func jsonStruct(a *array.Struct) appender {
	fields := make([]appender, a.NumField())
	labels := make([][]byte, a.NumField())
	for i := range fields {
		fields[i] = jsonOf(a.Field(i))
		if i > 0 {
			labels[i] = append(labels[i], ',')
		}
		labels[i] = append(appendString(labels[i], a.DataType().(*arrow.StructType).Field(i).Name), ':')
	}
	return func(dst []byte, i int) []byte {
		dst = append(dst, '{')
		for f, write := range fields {
			dst = write(append(dst, labels[f]...), i)
		}
		return append(dst, '}')
	}
}

func jsonElements(a array.ListLike, open, end byte, write appender) appender {
	return func(dst []byte, i int) []byte {
		from, to := a.ValueOffsets(i)
		dst = append(dst, open)
		for e := from; e < to; e++ {
			if e > from {
				dst = append(dst, ',')
			}
			dst = write(dst, int(e))
		}
		return append(dst, end)
	}
}

func appendFloat(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(convert.AppendFloat(append(dst, '"'), v), '"')
	}
	return convert.AppendFloat(dst, v)
}

// appendString appends s, which is UTF-8, as JSON text.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
