package store

import (
	"fmt"
	"math/big"
	"strings"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// DuckDB's vectors, by its C interface: values are arrays of the physical type, validity is a bit mask of 64-bit words, or
// nil when all values are valid.

// values is the data of v up to n values of type T.
func values[T any](v mapping.Vector, n int) []T {
	return unsafe.Slice((*T)(mapping.VectorGetData(v)), n)
}

// validity is the mask of v for n values, nil if all are valid.
func validity(v mapping.Vector, n int) mask {
	p := mapping.VectorGetValidity(v)
	if p == nil {
		return nil
	}
	return unsafe.Slice((*uint64)(p), (n+63)/64)
}

type mask []uint64

func (m mask) valid(i int) bool { return m == nil || m[i>>6]>>(i&63)&1 == 1 }

// flags is the mask of [from, to) as Arrow's builders take it.
func (m mask) flags(from, to int) []bool {
	if m == nil {
		return nil
	}
	out := make([]bool, to-from)
	for i := range out {
		out[i] = m.valid(from + i)
	}
	return out
}

// cell is DuckDB's string_t: a length, then up to 12 bytes in place, or 4 bytes of prefix and a pointer.
type cell struct {
	length uint32
	prefix [4]byte
	data   unsafe.Pointer
}

// bytes is the content, in DuckDB's memory.
func (c *cell) bytes() []byte {
	if c.length <= 12 {
		return unsafe.Slice(&c.prefix[0], c.length)
	}
	return unsafe.Slice((*byte)(c.data), c.length)
}

type hugeint struct {
	low  uint64
	high int64
}

type listEntry struct{ offset, length uint64 }

type interval struct {
	months, days int32
	micros       int64
}

// appender is what Arrow's builders of fixed-width values have in common.
type appender[T any] interface {
	AppendValues(values []T, valid []bool)
}

func appendFixed[T any](b appender[T], v mapping.Vector, from, to int) error {
	b.AppendValues(values[T](v, to)[from:], validity(v, to).flags(from, to))
	return nil
}

// appendConverted is for builders whose values are not laid out as DuckDB's.
func appendConverted[From, To any](b appender[To], v mapping.Vector, from, to int, convert func(From) To) error {
	in := values[From](v, to)[from:]
	out := make([]To, len(in))
	for i, x := range in {
		out[i] = convert(x)
	}
	b.AppendValues(out, validity(v, to).flags(from, to))
	return nil
}

// appendVector appends the values [from, to) of v to b, the builder of type t. V has the type DuckType(t).
func appendVector(b array.Builder, t arrow.DataType, v mapping.Vector, from, to int) error {
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
func appendBytes(b array.Builder, v mapping.Vector, from, to int) error {
	valid := validity(v, to)
	cells := values[cell](v, to)
	for i := from; i < to; i++ {
		if !valid.valid(i) {
			b.AppendNull()
			continue
		}
		x := cells[i].bytes()
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
func appendDecimal(b *array.Decimal128Builder, t *arrow.Decimal128Type, v mapping.Vector, from, to int) error {
	switch {
	case t.Precision <= 4:
		return appendConverted(b, v, from, to, func(x int16) decimal128.Num { return decimal128.FromI64(int64(x)) })
	case t.Precision <= 9:
		return appendConverted(b, v, from, to, func(x int32) decimal128.Num { return decimal128.FromI64(int64(x)) })
	case t.Precision <= 18:
		return appendConverted(b, v, from, to, func(x int64) decimal128.Num { return decimal128.FromI64(x) })
	}
	return appendConverted(b, v, from, to, func(x hugeint) decimal128.Num { return decimal128.New(x.high, x.low) })
}

// lists is what the builders of lists have in common.
type lists interface {
	array.Builder
	Append(valid bool)
	ValueBuilder() array.Builder
}

// appendList appends lists, all of the given length if it is not negative.
func appendList(b lists, elem arrow.DataType, length int, v mapping.Vector, from, to int) error {
	child := mapping.ListVectorGetChild(v)
	valid := validity(v, to)
	entries := values[listEntry](v, to)
	for i := from; i < to; i++ {
		if !valid.valid(i) {
			b.AppendNull()
			continue
		}
		e := entries[i]
		if length >= 0 && int(e.length) != length {
			return fmt.Errorf("a list of %d elements where %d are due", e.length, length)
		}
		b.Append(true)
		if err := appendVector(b.ValueBuilder(), elem, child, int(e.offset), int(e.offset+e.length)); err != nil {
			return err
		}
	}
	return nil
}

func appendMap(b *array.MapBuilder, t *arrow.MapType, v mapping.Vector, from, to int) error {
	pairs := mapping.ListVectorGetChild(v)
	keys, items := mapping.StructVectorGetChild(pairs, 0), mapping.StructVectorGetChild(pairs, 1)
	valid := validity(v, to)
	entries := values[listEntry](v, to)
	for i := from; i < to; i++ {
		if !valid.valid(i) {
			b.AppendNull()
			continue
		}
		b.Append(true)
		first, last := int(entries[i].offset), int(entries[i].offset+entries[i].length)
		if err := appendVector(b.KeyBuilder(), t.KeyType(), keys, first, last); err != nil {
			return err
		}
		if err := appendVector(b.ItemBuilder(), t.ItemType(), items, first, last); err != nil {
			return err
		}
	}
	return nil
}

// appendStruct relies on the fields of a null struct being null, as DuckDB keeps them.
func appendStruct(b *array.StructBuilder, t *arrow.StructType, v mapping.Vector, from, to int) error {
	valid := validity(v, to)
	flags := valid.flags(from, to)
	for i := from; i < to; i++ {
		b.Append(flags == nil || flags[i-from])
	}
	for i := range t.NumFields() {
		child := mapping.StructVectorGetChild(v, mapping.IdxT(i))
		if err := appendVector(b.FieldBuilder(i), t.Field(i).Type, child, from, to); err != nil {
			return err
		}
	}
	return nil
}
