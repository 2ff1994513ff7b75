// Package convert gives columns the form in which Snowflake takes them without loss, from files and from binds alike: which
// Arrow type a column is to have, and how its values get there. Whole columns are converted at once.
package convert

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// Func makes an array of another type with the same elements, which the caller releases. It returns an error, rather than a
// value that differs, for an element that the other type cannot hold. A nil Func stands for arrays that stay as they are.
type Func func(arrow.Array) (arrow.Array, error)

// Apply is a as f makes it; the caller releases it. f may be nil.
func (f Func) Apply(a arrow.Array) (arrow.Array, error) {
	if f == nil {
		a.Retain()
		return a, nil
	}
	return f(a)
}

// Column is the form in which Snowflake takes the values of a column without loss. The types that it can be of are booleans,
// integers, floats of 32 and 64 bits, Decimal128 of scale 0 to 37, text, binary, dates, times, timestamps, and structs, lists,
// large lists and maps with text keys. Within those there are only booleans, integers up to Int64, floats, Decimal128 and text.
func Column(f arrow.Field, u ddl.Uint256) (arrow.DataType, Func, error) {
	if _, err := ddl.ColumnType(f, u); err != nil {
		return nil, nil, err
	}
	if logical, _ := ddl.Logical256(f); logical != "" {
		to, convert := integer256(f, logical, u)
		return to, convert, nil
	}
	if nested, ok := f.Type.(arrow.NestedType); ok {
		to, convert := nestedColumn(nested)
		return to, convert, nil
	}
	to, convert := scalar(f)
	return to, convert, nil
}

// scalar is for columns that are one value of Snowflake.
func scalar(f arrow.Field) (arrow.DataType, Func) {
	switch t := f.Type.(type) {
	case *arrow.Float16Type:
		return arrow.PrimitiveTypes.Float32, widenFloat16
	case arrow.DecimalType:
		return decimalColumn(t)
	case *arrow.Date64Type:
		return t, same(wholeDays)
	case *arrow.DurationType:
		return arrow.PrimitiveTypes.Int64, Retype(arrow.PrimitiveTypes.Int64)
	case *arrow.StringViewType:
		return arrow.BinaryTypes.String, contiguous(arrow.BinaryTypes.String)
	case *arrow.BinaryViewType:
		return arrow.BinaryTypes.Binary, contiguous(arrow.BinaryTypes.Binary)
	}
	return f.Type, nil
}

// same is a Func that only checks the elements.
func same(check func(arrow.Array) error) Func {
	return func(a arrow.Array) (arrow.Array, error) {
		if err := check(a); err != nil {
			return nil, err
		}
		a.Retain()
		return a, nil
	}
}

// Retype makes arrays of a type of the same layout, which share the buffers.
func Retype(to arrow.DataType) Func {
	return func(a arrow.Array) (arrow.Array, error) {
		d := a.Data()
		data := array.NewData(to, d.Len(), d.Buffers(), nil, d.NullN(), d.Offset())
		defer data.Release()
		return array.MakeFromData(data), nil
	}
}

// fixed makes an array of type to, whose elements take width bytes, from the nulls of a and what fill writes. fill may leave
// the bytes of nulls as they are.
func fixed(a arrow.Array, to arrow.DataType, width int, fill func(raw []byte) error) (arrow.Array, error) {
	values := memory.NewResizableBuffer(memory.DefaultAllocator)
	defer values.Release()
	values.Resize(width * a.Len())
	if err := fill(values.Bytes()); err != nil {
		return nil, err
	}
	return assemble(a, to, values), nil
}

// assemble makes an array from the nulls of a and buffers that begin at its first element.
func assemble(a arrow.Array, to arrow.DataType, buffers ...*memory.Buffer) arrow.Array {
	nulls := nullsOf(a)
	if nulls != nil {
		defer nulls.Release()
	}
	data := array.NewData(to, a.Len(), append([]*memory.Buffer{nulls}, buffers...), nil, a.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// nullsOf is the validity bitmap of a, from its first element on; nil if there are no nulls. The caller releases it.
func nullsOf(a arrow.Array) *memory.Buffer {
	if a.NullN() == 0 {
		return nil
	}
	offset := a.Data().Offset()
	if offset == 0 {
		b := a.Data().Buffers()[0]
		b.Retain()
		return b
	}
	out := memory.NewResizableBuffer(memory.DefaultAllocator)
	out.Resize(int(bitutil.BytesForBits(int64(a.Len()))))
	bitutil.CopyBitmap(a.NullBitmapBytes(), offset, a.Len(), out.Bytes(), 0)
	return out
}

// text makes text of every element that is not null; add appends that of element i.
func text(a arrow.Array, add func(dst []byte, i int) ([]byte, error)) (arrow.Array, error) {
	offsets := memory.NewResizableBuffer(memory.DefaultAllocator)
	defer offsets.Release()
	offsets.Resize(arrow.Int32Traits.BytesRequired(a.Len() + 1))
	ends := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
	ends[0] = 0
	bytes := make([]byte, 0, 24*a.Len())
	for i := range a.Len() {
		if a.IsValid(i) {
			var err error
			if bytes, err = add(bytes, i); err != nil {
				return nil, atRow(i, err)
			}
			if len(bytes) > math.MaxInt32 {
				return nil, fmt.Errorf("the column has more than 2 GiB in one record batch; ask the server for smaller batches")
			}
		}
		ends[i+1] = int32(len(bytes))
	}
	return assemble(a, arrow.BinaryTypes.String, offsets, memory.NewBufferBytes(bytes)), nil
}

func atRow(i int, err error) error { return fmt.Errorf("row %d: %w", i, err) }

// eachValid calls do for every element that is not null, until one fails.
func eachValid(a arrow.Array, do func(i int) error) error {
	for i := range a.Len() {
		if a.IsValid(i) {
			if err := do(i); err != nil {
				return atRow(i, err)
			}
		}
	}
	return nil
}

func widenFloat16(a arrow.Array) (arrow.Array, error) {
	return fixed(a, arrow.PrimitiveTypes.Float32, 4, func(raw []byte) error {
		out := arrow.Float32Traits.CastFromBytes(raw)
		for i, v := range a.(*array.Float16).Values() {
			out[i] = v.Float32()
		}
		return nil
	})
}

// WidenUint32 makes Int64 of Uint32.
func WidenUint32(a arrow.Array) (arrow.Array, error) {
	return fixed(a, arrow.PrimitiveTypes.Int64, 8, func(raw []byte) error {
		out := arrow.Int64Traits.CastFromBytes(raw)
		for i, v := range a.(*array.Uint32).Uint32Values() {
			out[i] = int64(v)
		}
		return nil
	})
}

// Uint64Decimal holds every unsigned number of 64 bits.
var Uint64Decimal = &arrow.Decimal128Type{Precision: 20}

// WidenUint64 makes Uint64Decimal of Uint64.
func WidenUint64(a arrow.Array) (arrow.Array, error) {
	return fixed(a, Uint64Decimal, 16, func(raw []byte) error {
		out := arrow.Decimal128Traits.CastFromBytes(raw)
		for i, v := range a.(*array.Uint64).Uint64Values() {
			if a.IsNull(i) {
				v = 0 // what lies below a null may not fit the type
			}
			out[i] = decimal128.FromU64(v)
		}
		return nil
	})
}

// wholeDays refuses a Date64 with a time of day, which DATE would drop.
func wholeDays(a arrow.Array) error {
	const day = 24 * 60 * 60 * 1000
	return eachValid(a, func(i int) error {
		if v := int64(a.(*array.Date64).Value(i)); v%day != 0 {
			return fmt.Errorf("a date of %d ms is not a whole day; cast the column to a timestamp", v)
		}
		return nil
	})
}

// contiguous copies the values of a view, which Parquet's writer does not take, into one buffer.
func contiguous(to arrow.DataType) Func {
	return func(a arrow.Array) (arrow.Array, error) {
		out, err := text(a, func(dst []byte, i int) ([]byte, error) { return append(dst, bytesAt(a, i)...), nil })
		if err != nil || to.ID() == arrow.STRING {
			return out, err
		}
		defer out.Release()
		return Retype(to)(out)
	}
}

// bytesAt is element i of an array of text or bytes.
func bytesAt(a arrow.Array, i int) []byte {
	switch a := a.(type) {
	case array.StringLike:
		s := a.Value(i)
		return []byte(s)
	case interface{ Value(int) []byte }:
		return a.Value(i)
	}
	panic(fmt.Sprintf("convert: %s is neither text nor bytes", a.DataType()))
}

// decimalColumn gives a decimal the type of its column: a decimal of at most 38 digits, or text.
func decimalColumn(t arrow.DecimalType) (arrow.DataType, Func) {
	precision, scale, ok := ddl.Number(t)
	if !ok {
		return arrow.BinaryTypes.String, decimalText(t)
	}
	to := &arrow.Decimal128Type{Precision: precision, Scale: scale}
	switch {
	case arrow.TypeEqual(t, to):
		return to, nil
	case t.ID() == arrow.DECIMAL128 && t.GetScale() == scale:
		return to, Retype(to)
	}
	return to, func(a arrow.Array) (arrow.Array, error) { return narrowDecimal(a, t, to) }
}

// narrowDecimal makes decimals of 128 bits. Trailing zeros of a negative scale are written out.
func narrowDecimal(a arrow.Array, from arrow.DecimalType, to *arrow.Decimal128Type) (arrow.Array, error) {
	at := decimalAt(a)
	zeros := max(-from.GetScale(), 0)
	return fixed(a, to, 16, func(raw []byte) error {
		out := arrow.Decimal128Traits.CastFromBytes(raw)
		clear(out)
		return eachValid(a, func(i int) error {
			v := at(i)
			if !v.FitsInPrecision(from.GetPrecision()) {
				return fmt.Errorf("the value has more than the %d digits of %s", from.GetPrecision(), from)
			}
			limbs := v.IncreaseScaleBy(zeros).Array()
			out[i] = decimal128.New(int64(limbs[1]), limbs[0])
			return nil
		})
	})
}

// decimalText writes exactly as many digits after the point as the scale says.
func decimalText(t arrow.DecimalType) Func {
	return func(a arrow.Array) (arrow.Array, error) {
		at := decimalAt(a)
		return text(a, func(dst []byte, i int) ([]byte, error) { return AppendDecimal256(dst, at(i), t.GetScale()), nil })
	}
}

// decimalAt reads elements of any decimal array.
func decimalAt(a arrow.Array) func(i int) decimal256.Num {
	switch a := a.(type) {
	case *array.Decimal32:
		return func(i int) decimal256.Num { return decimal256.FromI64(int64(a.Value(i))) }
	case *array.Decimal64:
		return func(i int) decimal256.Num { return decimal256.FromI64(int64(a.Value(i))) }
	case *array.Decimal128:
		return func(i int) decimal256.Num { return decimal256.FromDecimal128(a.Value(i)) }
	case *array.Decimal256:
		return a.Value
	}
	panic(fmt.Sprintf("convert: %s is no decimal", a.DataType()))
}
