package stagefile

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
	"github.com/ampgen/ampgen/sinks/snowflake/internal/value"
)

// conversion makes an array of another type with the same elements, which the caller releases; nil passes an array on.
// It returns an error, rather than a value that differs, for an element that the other type cannot hold.
type conversion func(arrow.Array) (arrow.Array, error)

// same is a conversion that only checks the elements.
func same(check func(arrow.Array) error) conversion {
	return func(a arrow.Array) (arrow.Array, error) {
		if err := check(a); err != nil {
			return nil, err
		}
		a.Retain()
		return a, nil
	}
}

// retyped is a with another type of the same layout; the buffers are shared.
func retyped(to arrow.DataType) conversion {
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

func widenUint32(a arrow.Array) (arrow.Array, error) {
	return fixed(a, arrow.PrimitiveTypes.Int64, 8, func(raw []byte) error {
		out := arrow.Int64Traits.CastFromBytes(raw)
		for i, v := range a.(*array.Uint32).Uint32Values() {
			out[i] = int64(v)
		}
		return nil
	})
}

// uint64Decimal holds every unsigned number of 64 bits.
var uint64Decimal = &arrow.Decimal128Type{Precision: 20}

func widenUint64(a arrow.Array) (arrow.Array, error) {
	return fixed(a, uint64Decimal, 16, func(raw []byte) error {
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
func contiguous(to arrow.DataType) conversion {
	return func(a arrow.Array) (arrow.Array, error) {
		out, err := text(a, func(dst []byte, i int) ([]byte, error) { return append(dst, bytesAt(a, i)...), nil })
		if err != nil || to.ID() == arrow.STRING {
			return out, err
		}
		defer out.Release()
		return retyped(to)(out)
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
	panic(fmt.Sprintf("stagefile: %s is neither text nor bytes", a.DataType()))
}

// decimalConversion gives a decimal the type of its column: a decimal of at most 38 digits, or text.
func decimalConversion(t arrow.DecimalType) (arrow.DataType, conversion) {
	precision, scale, ok := ddl.Number(t)
	if !ok {
		return arrow.BinaryTypes.String, decimalText(t)
	}
	to := &arrow.Decimal128Type{Precision: precision, Scale: scale}
	switch {
	case arrow.TypeEqual(t, to):
		return to, nil
	case t.ID() == arrow.DECIMAL128 && t.GetScale() == scale:
		return to, retyped(to)
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
func decimalText(t arrow.DecimalType) conversion {
	return func(a arrow.Array) (arrow.Array, error) {
		at := decimalAt(a)
		return text(a, func(dst []byte, i int) ([]byte, error) { return value.AppendDecimal256(dst, at(i), t.GetScale()), nil })
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
	panic(fmt.Sprintf("stagefile: %s is no decimal", a.DataType()))
}
