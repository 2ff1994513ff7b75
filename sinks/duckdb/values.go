package duckdb

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

func widenFloat16(d arrow.ArrayData) (arrow.ArrayData, error) {
	in := array.NewFloat16Data(d)
	defer in.Release()
	out := memory.NewResizableBuffer(memory.DefaultAllocator)
	out.Resize(arrow.Float32Traits.BytesRequired(in.Len()))
	values := arrow.Float32Traits.CastFromBytes(out.Bytes())
	for i, v := range in.Values() {
		values[i] = v.Float32()
	}
	return fresh(d, arrow.PrimitiveTypes.Float32, out), nil
}

// narrowDecimal256 keeps the low half of each value: with at most 38 digits the high half only repeats the sign.
func narrowDecimal256(d arrow.ArrayData) (arrow.ArrayData, error) {
	in := array.NewDecimal256Data(d)
	defer in.Release()
	t := d.DataType().(*arrow.Decimal256Type)
	out := memory.NewResizableBuffer(memory.DefaultAllocator)
	out.Resize(16 * in.Len())
	raw := out.Bytes()
	for i, v := range in.Values() {
		limbs := v.Array()
		if in.IsValid(i) && !v.FitsInPrecision(t.Precision) {
			out.Release()
			return nil, fmt.Errorf("row %d: the value has more than the %d digits of %s", i, t.Precision, t)
		}
		binary.NativeEndian.PutUint64(raw[16*i:], limbs[0])
		binary.NativeEndian.PutUint64(raw[16*i+8:], limbs[1])
	}
	return fresh(d, &arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}, out), nil
}

// decimal256Text writes each value in decimal, with exactly scale digits after the point.
func decimal256Text(d arrow.ArrayData, scale int32) (arrow.ArrayData, error) {
	in := array.NewDecimal256Data(d)
	defer in.Release()
	offsets := memory.NewResizableBuffer(memory.DefaultAllocator)
	offsets.Resize(arrow.Int32Traits.BytesRequired(in.Len() + 1))
	ends := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
	ends[0] = 0
	text := make([]byte, 0, 32*in.Len())
	for i, v := range in.Values() {
		if in.IsValid(i) {
			text = appendDecimal256(text, v, int(scale))
		}
		ends[i+1] = int32(len(text))
	}
	return fresh(d, arrow.BinaryTypes.String, offsets, memory.NewBufferBytes(text)), nil
}

// appendDecimal256 appends v in decimal: an optional minus, digits, and with a scale a point and that many digits.
func appendDecimal256(dst []byte, v decimal256.Num, scale int) []byte {
	limbs := v.Array() // two's complement, least significant first
	if v.Sign() < 0 {
		dst = append(dst, '-')
		limbs = v.Negate().Array()
	}
	const chunk, chunkDigits = 1e19, 19 // the largest power of ten in 64 bits
	var digits [5 * chunkDigits]byte    // 2^256 has 78 digits
	at := len(digits)
	for limbs != [4]uint64{} {
		var rem uint64
		for i := 3; i >= 0; i-- {
			limbs[i], rem = bits.Div64(rem, limbs[i], chunk)
		}
		for range chunkDigits {
			at--
			digits[at] = byte('0' + rem%10)
			rem /= 10
		}
	}
	for at < len(digits) && digits[at] == '0' {
		at++
	}
	for len(digits)-at <= scale { // at least one digit before the point
		at--
		digits[at] = '0'
	}
	dst = append(dst, digits[at:len(digits)-scale]...)
	if scale > 0 {
		dst = append(append(dst, '.'), digits[len(digits)-scale:]...)
	}
	return dst
}

// wholeNumbers checks the text of 256-bit integers, since DuckDB's cast to BIGNUM rounds fractions.
func wholeNumbers(d arrow.ArrayData) (arrow.ArrayData, error) {
	in := array.MakeFromData(d).(array.StringLike)
	defer in.Release()
	for i := range in.Len() {
		if in.IsValid(i) && !isInteger(in.Value(i)) {
			return nil, fmt.Errorf("row %d: %q is not a decimal integer", i, in.Value(i))
		}
	}
	d.Retain()
	return d, nil
}

func isInteger(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return digits != ""
}

// wholeDays: DuckDB would drop the time of a Date64, which should have none.
func wholeDays(d arrow.ArrayData) (arrow.ArrayData, error) {
	const day = 24 * 60 * 60 * 1000
	in := array.NewDate64Data(d)
	defer in.Release()
	for i, v := range in.Date64Values() {
		if v%day != 0 && in.IsValid(i) {
			return nil, fmt.Errorf("row %d: a date of %d ms is not a whole day; cast the column to a timestamp", i, v)
		}
	}
	d.Retain()
	return d, nil
}

// microseconds ends the errors of what is finer.
const microseconds = "duckdb's TIME and INTERVAL have whole microseconds; cast the column in the query to drop what is finer"

func wholeMicrosecondTimes(d arrow.ArrayData) (arrow.ArrayData, error) {
	in := array.NewTime64Data(d)
	defer in.Release()
	for i, v := range in.Time64Values() {
		if v%1000 != 0 && in.IsValid(i) {
			return nil, fmt.Errorf("row %d: a time of %d ns, and %s", i, v, microseconds)
		}
	}
	d.Retain()
	return d, nil
}

func wholeMicrosecondDurations(d arrow.ArrayData) (arrow.ArrayData, error) {
	in := array.NewDurationData(d)
	defer in.Release()
	for i, v := range in.DurationValues() {
		if v%1000 != 0 && in.IsValid(i) {
			return nil, fmt.Errorf("row %d: a duration of %d ns, and %s", i, v, microseconds)
		}
	}
	d.Retain()
	return d, nil
}

func wholeMicrosecondIntervals(d arrow.ArrayData) (arrow.ArrayData, error) {
	in := array.NewMonthDayNanoIntervalData(d)
	defer in.Release()
	for i, v := range in.MonthDayNanoIntervalValues() {
		if v.Nanoseconds%1000 != 0 && in.IsValid(i) {
			return nil, fmt.Errorf("row %d: an interval with %d ns, and %s", i, v.Nanoseconds, microseconds)
		}
	}
	d.Retain()
	return d, nil
}

// fresh is an array of type to with new value buffers that start at element 0, and the nulls of d. It takes the buffers over.
func fresh(d arrow.ArrayData, to arrow.DataType, values ...*memory.Buffer) arrow.ArrayData {
	buffers := append([]*memory.Buffer{nil}, values...)
	if old := d.Buffers()[0]; old != nil {
		nulls := memory.NewResizableBuffer(memory.DefaultAllocator)
		nulls.Resize(int(bitutil.BytesForBits(int64(d.Len()))))
		bitutil.CopyBitmap(old.Bytes(), d.Offset(), d.Len(), nulls.Bytes(), 0)
		buffers[0] = nulls
	}
	out := array.NewData(to, d.Len(), buffers, nil, d.NullN(), 0)
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	return out
}
