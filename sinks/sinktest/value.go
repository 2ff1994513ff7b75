package sinktest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
)

// timeLayout is how timestamps look, in UTC, with or without a zone in their type.
const timeLayout = "2006-01-02T15:04:05.999999999"

// Value is the canonical form of a value, to compare what went in with what comes back:
//
//	null                   nil
//	boolean                bool
//	integer, 256-bit text  string of its digits
//	decimal                string, in lowest terms as a fraction: "3/2"
//	float                  string, shortest form; NaN, +Inf, -Inf
//	text                   string
//	binary                 string of hex digits after 0x
//	timestamp              string, 2006-01-02T15:04:05.999999999 in UTC
//	date, time             string, the parts of that
//	duration, interval     string, Interval's
//	list                   []any
//	struct, map            map[string]any
func Value(f arrow.Field, arr arrow.Array, row int) any {
	if arr.IsNull(row) {
		return nil
	}
	switch a := arr.(type) {
	case *array.Boolean:
		return a.Value(row)
	case array.StringLike:
		return a.Value(row)
	case interface{ Value(int) []byte }:
		return "0x" + hex.EncodeToString(a.Value(row))
	case *array.Map:
		return mapValue(a, row)
	case array.ListLike:
		from, to := a.ValueOffsets(row)
		list := make([]any, 0, to-from)
		for i := from; i < to; i++ {
			list = append(list, Value(f.Type.(arrow.ListLikeType).ElemField(), a.ListValues(), int(i)))
		}
		return list
	case *array.Struct:
		object := map[string]any{}
		for i, field := range f.Type.(*arrow.StructType).Fields() {
			object[field.Name] = Value(field, a.Field(i), row)
		}
		return object
	}
	if v, ok := numberValue(f.Type, arr, row); ok {
		return v
	}
	return timeValue(f.Type, arr, row)
}

func mapValue(a *array.Map, row int) any {
	typ := a.DataType().(*arrow.MapType)
	from, to := a.ValueOffsets(row)
	object := map[string]any{}
	for i := int(from); i < int(to); i++ {
		object[fmt.Sprint(Value(typ.KeyField(), a.Keys(), i))] = Value(typ.ItemField(), a.Items(), i)
	}
	return object
}

func numberValue(t arrow.DataType, arr arrow.Array, row int) (string, bool) {
	fraction := func(v *big.Int) string { return scaled(v, t.(arrow.DecimalType).GetScale()) }
	switch a := arr.(type) {
	case *array.Float16:
		return float(float64(a.Value(row).Float32()), 32), true
	case *array.Float32:
		return float(float64(a.Value(row)), 32), true
	case *array.Float64:
		return float(a.Value(row), 64), true
	case interface{ Value(int) decimal.Decimal32 }:
		return fraction(big.NewInt(int64(a.Value(row)))), true
	case interface{ Value(int) decimal.Decimal64 }:
		return fraction(big.NewInt(int64(a.Value(row)))), true
	case interface{ Value(int) decimal128.Num }:
		return fraction(a.Value(row).BigInt()), true
	case interface{ Value(int) decimal256.Num }:
		return fraction(a.Value(row).BigInt()), true
	}
	if arrow.IsInteger(t.ID()) {
		return arr.ValueStr(row), true
	}
	return "", false
}

func scaled(v *big.Int, scale int32) string {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil)
	if scale < 0 {
		return new(big.Rat).SetInt(ten.Mul(ten, v)).RatString()
	}
	return new(big.Rat).SetFrac(v, ten).RatString()
}

func float(v float64, bits int) string {
	return strconv.FormatFloat(v, 'g', -1, bits)
}

func timeValue(t arrow.DataType, arr arrow.Array, row int) any {
	switch a := arr.(type) {
	case *array.Timestamp:
		return a.Value(row).ToTime(t.(*arrow.TimestampType).Unit).UTC().Format(timeLayout)
	case *array.Date32:
		return a.Value(row).ToTime().Format(time.DateOnly)
	case *array.Date64:
		return a.Value(row).ToTime().Format(time.DateOnly)
	case *array.Time32:
		return a.Value(row).ToTime(t.(*arrow.Time32Type).Unit).Format("15:04:05.999999999")
	case *array.Time64:
		return a.Value(row).ToTime(t.(*arrow.Time64Type).Unit).Format("15:04:05.999999999")
	case *array.Duration:
		return Interval(0, 0, int64(a.Value(row))*int64(t.(*arrow.DurationType).Unit.Multiplier()))
	case *array.MonthInterval:
		return Interval(int64(a.Value(row)), 0, 0)
	case *array.DayTimeInterval:
		return Interval(0, int64(a.Value(row).Days), int64(a.Value(row).Milliseconds)*1_000_000)
	case *array.MonthDayNanoInterval:
		v := a.Value(row)
		return Interval(int64(v.Months), int64(v.Days), v.Nanoseconds)
	}
	return fmt.Sprintf("no canonical form of %s", t)
}

// Interval is the canonical form of an interval; its three parts have signs of their own.
func Interval(months, days, nanos int64) string {
	return fmt.Sprintf("%d months %d days %d ns", months, days, nanos)
}

// FromJSON makes the canonical form of a value of f that a system gave as JSON, which was decoded with numbers as
// json.Number. It knows numbers in strings, binary as hex after 0x or \x, and times with a T or a space and any zone.
// Intervals are expected to be canonical.
func FromJSON(f arrow.Field, v any) any {
	switch v := v.(type) {
	case nil, bool:
		return v
	case json.Number:
		return fromText(f.Type, v.String())
	case string:
		return fromText(f.Type, v)
	case []any:
		list := make([]any, len(v))
		for i, elem := range v {
			list[i] = FromJSON(f.Type.(arrow.ListLikeType).ElemField(), elem)
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, elem := range v {
			object[name] = FromJSON(childField(f.Type, name), elem)
		}
		return object
	}
	return v
}

// childField is the field of a struct or the values of a map.
func childField(t arrow.DataType, name string) arrow.Field {
	switch t := t.(type) {
	case *arrow.StructType:
		if f, ok := t.FieldByName(name); ok {
			return f
		}
	case *arrow.MapType:
		return t.ItemField()
	}
	return arrow.Field{Type: arrow.Null}
}

func fromText(t arrow.DataType, s string) any {
	switch t.(type) {
	case arrow.DecimalType:
		if r, ok := new(big.Rat).SetString(s); ok {
			return r.RatString()
		}
	case *arrow.Float16Type, *arrow.Float32Type:
		return parseFloat(s, 32)
	case *arrow.Float64Type:
		return parseFloat(s, 64)
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType, *arrow.FixedSizeBinaryType:
		return "0x" + strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(s, `\x`), "0x"))
	case *arrow.TimestampType:
		for _, layout := range []string{timeLayout + "Z07:00", timeLayout + "Z07", timeLayout} {
			if at, err := time.Parse(layout, strings.Replace(s, " ", "T", 1)); err == nil {
				return at.UTC().Format(timeLayout)
			}
		}
	case *arrow.Time32Type, *arrow.Time64Type:
		if at, err := time.Parse("15:04:05.999999999", s); err == nil {
			return at.Format("15:04:05.999999999")
		}
	}
	return s
}

func parseFloat(s string, bits int) string {
	v, err := strconv.ParseFloat(s, bits)
	if err != nil {
		return s
	}
	return float(v, bits)
}
