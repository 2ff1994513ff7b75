package randbatch

import (
	"math"
	"math/big"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/float16"
)

// appendNumber appends a boolean, an integer, a float or a decimal.
func (g generator) appendNumber(b array.Builder, e edge) bool {
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(pick(e, false, true, func() bool { return g.IntN(2) == 1 }))
	case *array.Int8Builder:
		b.Append(pick(e, math.MinInt8, math.MaxInt8, func() int8 { return int8(g.Uint32()) }))
	case *array.Int16Builder:
		b.Append(pick(e, math.MinInt16, math.MaxInt16, func() int16 { return int16(g.Uint32()) }))
	case *array.Int32Builder:
		b.Append(pick(e, math.MinInt32, math.MaxInt32, func() int32 { return int32(g.Uint32()) }))
	case *array.Int64Builder:
		b.Append(pick(e, math.MinInt64, math.MaxInt64, func() int64 { return int64(g.Uint64()) }))
	case *array.Uint8Builder:
		b.Append(pick(e, 0, math.MaxUint8, func() uint8 { return uint8(g.Uint32()) }))
	case *array.Uint16Builder:
		b.Append(pick(e, 0, math.MaxUint16, func() uint16 { return uint16(g.Uint32()) }))
	case *array.Uint32Builder:
		b.Append(pick(e, 0, math.MaxUint32, func() uint32 { return g.Uint32N(1000) })) // log and transaction indexes
	case *array.Uint64Builder:
		b.Append(pick(e, 0, math.MaxUint64, func() uint64 { return g.Uint64N(30_000_000) })) // block numbers, gas
	default:
		return g.appendFloat(b, e) || g.appendDecimal(b, e)
	}
	return true
}

func (g generator) appendFloat(b array.Builder, e edge) bool {
	switch b := b.(type) {
	case *array.Float16Builder:
		b.Append(float16.New(pick(e, float32(math.Inf(-1)), 65504, func() float32 { return float32(g.IntN(1000)) / 8 })))
	case *array.Float32Builder:
		b.Append(pick(e, float32(math.Inf(-1)), math.MaxFloat32, func() float32 { return float32(g.NormFloat64()) }))
	case *array.Float64Builder:
		b.Append(pick(e, math.Inf(-1), math.MaxFloat64, g.NormFloat64))
	default:
		return false
	}
	return true
}

func (g generator) appendDecimal(b array.Builder, e edge) bool {
	t, ok := b.Type().(arrow.DecimalType)
	if !ok {
		return false
	}
	v := g.decimal(t.GetPrecision(), e)
	switch b := b.(type) {
	case *array.Decimal32Builder:
		b.Append(decimal.Decimal32(v.Int64()))
	case *array.Decimal64Builder:
		b.Append(decimal.Decimal64(v.Int64()))
	case *array.Decimal128Builder:
		b.Append(decimal128.FromBigInt(v))
	case *array.Decimal256Builder:
		b.Append(decimal256.FromBigInt(v))
	}
	return true
}

// decimal is an integer of at most so many decimal digits, of any length and sign.
func (g generator) decimal(precision int32, e edge) *big.Int {
	bound := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil)
	greatest := new(big.Int).Sub(bound, big.NewInt(1))
	return pick(e, new(big.Int).Neg(greatest), greatest, func() *big.Int {
		v := g.integer(1 + g.IntN(bound.BitLen()))
		v.Mod(v, bound)
		if g.IntN(4) == 0 {
			v.Neg(v)
		}
		return v
	})
}

// integer is a natural number of up to so many bits.
func (g generator) integer(size int) *big.Int {
	v := new(big.Int)
	for range (size + 63) / 64 {
		v.Or(v.Lsh(v, 64), new(big.Int).SetUint64(g.Uint64()))
	}
	return v.Mod(v, new(big.Int).Lsh(big.NewInt(1), uint(size)))
}
