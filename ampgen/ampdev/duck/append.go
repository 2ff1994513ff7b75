package duck

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
)

// appender is what Arrow's builders of fixed-width values have in common.
type appender[T any] interface {
	AppendValues(values []T, valid []bool)
}

func appendFixed[T any](b appender[T], v Vector, from, to int) error {
	b.AppendValues(Values[T](v)[from:to], v.Mask().flags(from, to))
	return nil
}

// appendConverted is for builders whose values are not laid out as DuckDB's.
func appendConverted[From, To any](b appender[To], v Vector, from, to int, convert func(From) To) error {
	in := Values[From](v)[from:to]
	out := make([]To, len(in))
	for i, x := range in {
		out[i] = convert(x)
	}
	b.AppendValues(out, v.Mask().flags(from, to))
	return nil
}

// appendVector appends the values [from, to) of v to b, the builder of type t. V has the type TypeName(t).
func appendVector(b array.Builder, t arrow.DataType, v Vector, from, to int) error {
	switch b := b.(type) {
	case *array.Uint8Builder:
		return appendFixed(b, v, from, to)
	case *array.Uint16Builder:
		return appendFixed(b, v, from, to)
	case *array.Uint32Builder:
		return appendFixed(b, v, from, to)
	case *array.Uint64Builder:
		return appendFixed(b, v, from, to)
	case *array.Int8Builder:
		return appendFixed(b, v, from, to)
	case *array.Int16Builder:
		return appendFixed(b, v, from, to)
	case *array.Int32Builder:
		return appendFixed(b, v, from, to)
	case *array.Int64Builder:
		return appendFixed(b, v, from, to)
	case *array.Float32Builder:
		return appendFixed(b, v, from, to)
	case *array.Float64Builder:
		return appendFixed(b, v, from, to)
	case *array.BooleanBuilder:
		return appendFixed(b, v, from, to)
	case *array.TimestampBuilder:
		return appendFixed[arrow.Timestamp](b, v, from, to)
	case *array.Date32Builder:
		return appendFixed[arrow.Date32](b, v, from, to)
	case *array.Time64Builder:
		return appendConverted(b, v, from, to, func(micros int64) arrow.Time64 { return arrow.Time64(micros * 1000) })
	case *array.MonthDayNanoIntervalBuilder:
		return appendConverted(b, v, from, to, func(x interval) arrow.MonthDayNanoInterval {
			return arrow.MonthDayNanoInterval{Months: x.months, Days: x.days, Nanoseconds: x.micros * 1000}
		})
	case *array.Decimal128Builder:
		return appendDecimal(b, t.(*arrow.Decimal128Type), v, from, to)
	case *array.NullBuilder:
		b.AppendNulls(to - from)
		return nil
	case *array.ListBuilder:
		return appendList(b, t.(*arrow.ListType).Elem(), -1, v, from, to)
	case *array.LargeListBuilder:
		return appendList(b, t.(*arrow.LargeListType).Elem(), -1, v, from, to)
	case *array.FixedSizeListBuilder:
		list := t.(*arrow.FixedSizeListType)
		return appendList(b, list.Elem(), int(list.Len()), v, from, to)
	case *array.MapBuilder:
		return appendMap(b, t.(*arrow.MapType), v, from, to)
	case *array.StructBuilder:
		return appendStruct(b, t.(*arrow.StructType), v, from, to)
	}
	return appendBytes(b, v, from, to)
}

// appendBytes appends text, binaries, and Decimal256, which travels as text.
func appendBytes(b array.Builder, v Vector, from, to int) error {
	valid := v.Mask()
	cells := Values[Cell](v)
	for i := from; i < to; i++ {
		if !valid.Valid(i) {
			b.AppendNull()
			continue
		}
		x := cells[i].Bytes()
		switch b := b.(type) {
		case *array.BinaryBuilder:
			b.Append(x)
		case *array.StringBuilder:
			b.BinaryBuilder.Append(x)
		case *array.LargeStringBuilder:
			b.BinaryBuilder.Append(x)
		case *array.StringViewBuilder:
			b.BinaryViewBuilder.Append(x)
		case *array.BinaryViewBuilder:
			b.Append(x)
		case *array.FixedSizeBinaryBuilder:
			if width := b.Type().(*arrow.FixedSizeBinaryType).ByteWidth; len(x) != width {
				return fmt.Errorf("a value of %d bytes is no %s", len(x), b.Type())
			}
			b.Append(x)
		case *array.Decimal256Builder:
			d, err := parseDecimal256(string(x), b.Type().(*arrow.Decimal256Type))
			if err != nil {
				return err
			}
			b.Append(d)
		default:
			return fmt.Errorf("the development server cannot serve the type %s", b.Type())
		}
	}
	return nil
}

// parseDecimal256 reads decimal text whose fraction has no more digits than the type's scale.
func parseDecimal256(text string, t *arrow.Decimal256Type) (decimal256.Num, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	scale := int(t.Scale)
	n, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", max(0, scale-len(fraction))), 10)
	if !ok || len(fraction) > scale || n.BitLen() > 255 {
		return decimal256.Num{}, fmt.Errorf("%q is no %s", text, t)
	}
	return decimal256.FromBigInt(n), nil
}

// appendDecimal knows that DuckDB keeps a DECIMAL in the smallest integer that holds its precision.
func appendDecimal(b *array.Decimal128Builder, t *arrow.Decimal128Type, v Vector, from, to int) error {
	switch {
	case t.Precision <= 4:
		return appendConverted(b, v, from, to, func(x int16) decimal128.Num { return decimal128.FromI64(int64(x)) })
	case t.Precision <= 9:
		return appendConverted(b, v, from, to, func(x int32) decimal128.Num { return decimal128.FromI64(int64(x)) })
	case t.Precision <= 18:
		return appendConverted(b, v, from, to, func(x int64) decimal128.Num { return decimal128.FromI64(x) })
	}
	return appendConverted(b, v, from, to, func(x Huge) decimal128.Num { return decimal128.New(x.High, x.Low) })
}

// lists is what the builders of lists have in common.
type lists interface {
	array.Builder
	Append(valid bool)
	ValueBuilder() array.Builder
}

// appendList appends lists, all of the given length if it is not negative.
func appendList(b lists, elem arrow.DataType, length int, v Vector, from, to int) error {
	child := v.Elements()
	valid := v.Mask()
	entries := Values[List](v)
	for i := from; i < to; i++ {
		if !valid.Valid(i) {
			b.AppendNull()
			continue
		}
		e := entries[i]
		if length >= 0 && int(e.Length) != length {
			return fmt.Errorf("a list of %d elements where %d are due", e.Length, length)
		}
		b.Append(true)
		if err := appendVector(b.ValueBuilder(), elem, child, int(e.Offset), int(e.Offset+e.Length)); err != nil {
			return err
		}
	}
	return nil
}

func appendMap(b *array.MapBuilder, t *arrow.MapType, v Vector, from, to int) error {
	pairs := v.Elements()
	keys, items := pairs.Field(0), pairs.Field(1)
	valid := v.Mask()
	entries := Values[List](v)
	for i := from; i < to; i++ {
		if !valid.Valid(i) {
			b.AppendNull()
			continue
		}
		b.Append(true)
		first, last := int(entries[i].Offset), int(entries[i].Offset+entries[i].Length)
		if err := appendVector(b.KeyBuilder(), t.KeyType(), keys, first, last); err != nil {
			return err
		}
		if err := appendVector(b.ItemBuilder(), t.ItemType(), items, first, last); err != nil {
			return err
		}
	}
	return nil
}

// appendStruct appends the fields of null structs too, as DuckDB keeps them: null.
func appendStruct(b *array.StructBuilder, t *arrow.StructType, v Vector, from, to int) error {
	valid := v.Mask()
	flags := make([]bool, to-from)
	for i := range flags {
		flags[i] = valid.Valid(from + i)
	}
	b.AppendValues(flags)
	for i := range t.NumFields() {
		child := v.Field(i)
		if err := appendVector(b.FieldBuilder(i), t.Field(i).Type, child, from, to); err != nil {
			return err
		}
	}
	return nil
}
