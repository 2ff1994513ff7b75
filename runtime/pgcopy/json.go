package pgcopy

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/float16"
)

// jsonColumn is a tree of values as jsonb. PostgreSQL receives it as JSON text behind a version byte.
type jsonColumn struct {
	typ  arrow.DataType
	arr  arrow.Array
	tree Column
}

func (c *jsonColumn) Bind(v arrow.Array) error {
	if err := checkType(c.typ, v); err != nil {
		return err
	}
	c.arr = v
	return c.tree.Bind(v)
}

func (c *jsonColumn) Append(dst []byte, row int) ([]byte, error) {
	if c.arr.IsNull(row) {
		return AppendNull(dst), nil
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 1)
	dst, err := c.tree.Append(dst, row)
	if err != nil {
		return dst[:start], err
	}
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst, nil
}

// jsonValue makes a Column that appends JSON text.
func jsonValue[A arrow.Array](t arrow.DataType, f func(dst []byte, a A, i int) []byte) Column {
	return &values[A]{typ: t, null: "null", append: func(dst []byte, a A, i int) ([]byte, error) { return f(dst, a, i), nil }}
}

func jsonFallible[A arrow.Array](t arrow.DataType, f func(dst []byte, a A, i int) ([]byte, error)) Column {
	return &values[A]{typ: t, null: "null", append: f}
}

func jsonInt[T int8 | int16 | int32](t arrow.DataType) Column {
	return jsonValue(t, func(dst []byte, a valued[T], i int) []byte { return strconv.AppendInt(dst, int64(a.Value(i)), 10) })
}

func jsonUint[T uint8 | uint16 | uint32](t arrow.DataType) Column {
	return jsonValue(t, func(dst []byte, a valued[T], i int) []byte { return strconv.AppendUint(dst, uint64(a.Value(i)), 10) })
}

// newJSON makes the Column that appends values of type typ as JSON text.
func newJSON(typ arrow.DataType) (Column, error) {
	switch t := typ.(type) {
	case *arrow.StructType:
		return newJSONStruct(t)
	case *arrow.MapType:
		return newJSONMap(t)
	case arrow.ListLikeType:
		elem, err := newJSON(t.Elem())
		return &jsonList{typ: t, elem: elem}, err
	case arrow.DecimalType:
		return newJSONDecimal(t), nil
	}
	if c := newJSONScalar(typ); c != nil {
		return c, nil
	}
	if c := newJSONTemporal(typ); c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("%s has no JSON form", typ)
}

func newJSONScalar(t arrow.DataType) Column {
	switch t.ID() {
	case arrow.BOOL:
		return jsonValue(t, func(dst []byte, a *array.Boolean, i int) []byte { return strconv.AppendBool(dst, a.Value(i)) })
	case arrow.INT8:
		return jsonInt[int8](t)
	case arrow.INT16:
		return jsonInt[int16](t)
	case arrow.INT32:
		return jsonInt[int32](t)
	case arrow.UINT8:
		return jsonUint[uint8](t)
	case arrow.UINT16:
		return jsonUint[uint16](t)
	case arrow.UINT32:
		return jsonUint[uint32](t)
	case arrow.INT64:
		return jsonValue(t, func(dst []byte, a *array.Int64, i int) []byte {
			return append(strconv.AppendInt(append(dst, '"'), a.Value(i), 10), '"')
		})
	case arrow.UINT64:
		return jsonValue(t, func(dst []byte, a *array.Uint64, i int) []byte {
			return append(strconv.AppendUint(append(dst, '"'), a.Value(i), 10), '"')
		})
	case arrow.FLOAT16:
		return jsonValue(t, func(dst []byte, a valued[float16.Num], i int) []byte {
			return appendJSONFloat(dst, float64(a.Value(i).Float32()), 32)
		})
	case arrow.FLOAT32:
		return jsonValue(t, func(dst []byte, a *array.Float32, i int) []byte { return appendJSONFloat(dst, float64(a.Value(i)), 32) })
	case arrow.FLOAT64:
		return jsonValue(t, func(dst []byte, a *array.Float64, i int) []byte { return appendJSONFloat(dst, a.Value(i), 64) })
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return jsonFallible(t, func(dst []byte, a array.StringLike, i int) ([]byte, error) { return appendJSONString(dst, a.Value(i)) })
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return jsonValue(t, func(dst []byte, a valued[[]byte], i int) []byte {
			return append(hex.AppendEncode(append(dst, `"0x`...), a.Value(i)), '"')
		})
	}
	return nil
}

func newJSONDecimal(t arrow.DecimalType) Column {
	scale := int(t.GetScale())
	small := func(dst []byte, v int64) []byte {
		return appendJSONDecimal(dst, decimal256.FromI64(v), scale)
	}
	switch t.ID() {
	case arrow.DECIMAL32:
		return jsonValue(t, func(dst []byte, a valued[decimal.Decimal32], i int) []byte { return small(dst, int64(a.Value(i))) })
	case arrow.DECIMAL64:
		return jsonValue(t, func(dst []byte, a valued[decimal.Decimal64], i int) []byte { return small(dst, int64(a.Value(i))) })
	case arrow.DECIMAL128:
		return jsonValue(t, func(dst []byte, a valued[decimal128.Num], i int) []byte {
			return appendJSONDecimal(dst, decimal256.FromDecimal128(a.Value(i)), scale)
		})
	default:
		return jsonValue(t, func(dst []byte, a valued[decimal256.Num], i int) []byte {
			return appendJSONDecimal(dst, a.Value(i), scale)
		})
	}
}

func newJSONTemporal(typ arrow.DataType) Column {
	switch t := typ.(type) {
	case *arrow.TimestampType:
		layout := `"2006-01-02T15:04:05.999999999"`
		if t.TimeZone != "" {
			layout = `"2006-01-02T15:04:05.999999999Z"`
		}
		return jsonFallible(t, func(dst []byte, a *array.Timestamp, i int) ([]byte, error) {
			return appendJSONTime(dst, int64(a.Value(i)), t.Unit, layout)
		})
	case *arrow.Date32Type:
		return jsonFallible(t, func(dst []byte, a *array.Date32, i int) ([]byte, error) {
			return appendJSONTime(dst, int64(a.Value(i))*86400, arrow.Second, `"2006-01-02"`)
		})
	case *arrow.Date64Type:
		return jsonFallible(t, func(dst []byte, a *array.Date64, i int) ([]byte, error) {
			if a.Value(i)%dayMillis != 0 {
				return dst, errPartDay
			}
			return appendJSONTime(dst, int64(a.Value(i)), arrow.Millisecond, `"2006-01-02"`)
		})
	case *arrow.Time32Type:
		return jsonFallible(t, func(dst []byte, a *array.Time32, i int) ([]byte, error) {
			return appendJSONClock(dst, int64(a.Value(i)), t.Unit)
		})
	case *arrow.Time64Type:
		return jsonFallible(t, func(dst []byte, a *array.Time64, i int) ([]byte, error) {
			return appendJSONClock(dst, int64(a.Value(i)), t.Unit)
		})
	case *arrow.DurationType:
		return jsonValue(t, func(dst []byte, a *array.Duration, i int) []byte {
			secs, nanos := split(int64(a.Value(i)), t.Unit)
			return appendJSONInterval(dst, 0, 0, secs, nanos)
		})
	case *arrow.MonthIntervalType:
		return jsonValue(t, func(dst []byte, a *array.MonthInterval, i int) []byte {
			return appendJSONInterval(dst, int32(a.Value(i)), 0, 0, 0)
		})
	case *arrow.DayTimeIntervalType:
		return jsonValue(t, func(dst []byte, a *array.DayTimeInterval, i int) []byte {
			secs, nanos := split(int64(a.Value(i).Milliseconds), arrow.Millisecond)
			return appendJSONInterval(dst, 0, a.Value(i).Days, secs, nanos)
		})
	case *arrow.MonthDayNanoIntervalType:
		return jsonValue(t, func(dst []byte, a *array.MonthDayNanoInterval, i int) []byte {
			secs, nanos := split(a.Value(i).Nanoseconds, arrow.Nanosecond)
			return appendJSONInterval(dst, a.Value(i).Months, a.Value(i).Days, secs, nanos)
		})
	}
	return nil
}

func appendJSONFloat(dst []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, bits)
}

// appendJSONString quotes v, which must be UTF-8. A NUL byte is refused: jsonb cannot hold one.
func appendJSONString(dst []byte, v string) ([]byte, error) {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	plain := 0
	for i := range len(v) {
		b := v[i]
		if b >= ' ' && b != '"' && b != '\\' {
			continue
		}
		if b == 0 {
			return dst, errNUL
		}
		dst = append(dst, v[plain:i]...)
		plain = i + 1
		if b < ' ' {
			dst = append(dst, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
		} else {
			dst = append(dst, '\\', b)
		}
	}
	dst = append(dst, v[plain:]...)
	return append(dst, '"'), nil
}

// appendJSONDecimal appends v / 10^scale as a string in plain notation, with all digits of its scale.
func appendJSONDecimal(dst []byte, v decimal256.Num, scale int) []byte {
	var digits [80]byte
	words, negative := magnitude(v)
	i := len(digits)
	for words[0]|words[1]|words[2]|words[3] != 0 {
		i--
		digits[i] = '0' + byte(divide(&words, 10))
	}
	text := digits[i:]
	dst = append(dst, '"')
	if negative {
		dst = append(dst, '-')
	}
	if whole := len(text) - max(scale, 0); whole > 0 {
		dst = append(dst, text[:whole]...)
		text = text[whole:]
	} else {
		dst = append(dst, '0')
	}
	if scale > 0 {
		dst = append(dst, '.')
		for range scale - len(text) {
			dst = append(dst, '0')
		}
		dst = append(dst, text...)
	}
	if i < len(digits) {
		for range -scale {
			dst = append(dst, '0')
		}
	}
	return append(dst, '"')
}

// split turns v units into seconds and nanoseconds of the same sign.
func split(v int64, unit arrow.TimeUnit) (secs, nanos int64) {
	perSecond := int64(time.Second / unit.Multiplier())
	return v / perSecond, v % perSecond * int64(unit.Multiplier())
}

func appendJSONTime(dst []byte, v int64, unit arrow.TimeUnit, layout string) ([]byte, error) {
	secs, nanos := split(v, unit)
	// The years that the rest of PostgreSQL can read as a timestamp.
	if secs < (minTimestamp+epochMicros)/1_000_000 || secs > math.MaxInt64/1_000_000 {
		return dst, errTimestamp(v, unit)
	}
	return time.Unix(secs, nanos).UTC().AppendFormat(dst, layout), nil
}

func appendJSONClock(dst []byte, v int64, unit arrow.TimeUnit) ([]byte, error) {
	secs, nanos := split(v, unit)
	switch {
	case secs == 86400 && nanos == 0:
		return append(dst, `"24:00:00"`...), nil
	case secs < 0 || nanos < 0 || secs >= 86400:
		return dst, errTimeSpan
	}
	return time.Unix(secs, nanos).UTC().AppendFormat(dst, `"15:04:05.999999999"`), nil
}

// appendJSONInterval appends an ISO 8601 duration; each part has its own sign, as PostgreSQL writes and reads it.
func appendJSONInterval(dst []byte, months, days int32, secs, nanos int64) []byte {
	dst = strconv.AppendInt(append(dst, `"P`...), int64(months), 10)
	dst = strconv.AppendInt(append(dst, 'M'), int64(days), 10)
	dst = append(dst, "DT"...)
	if secs < 0 || nanos < 0 {
		dst = append(dst, '-')
	}
	dst = strconv.AppendUint(dst, uint64(max(secs, -secs)), 10)
	if nanos != 0 {
		var fraction [10]byte
		text := strconv.AppendInt(fraction[:0], 1_000_000_000+max(nanos, -nanos), 10)
		text[0] = '.'
		for text[len(text)-1] == '0' {
			text = text[:len(text)-1]
		}
		dst = append(dst, text...)
	}
	return append(dst, `S"`...)
}
