package duckdb

import (
	"math/big"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"pgregory.net/rapid"
)

// The digits are those of big.Int, with the point where the scale puts it.
func TestAppendDecimal256(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := uint(rapid.IntRange(0, 255).Draw(t, "bits"))
		limbs := rapid.SliceOfN(rapid.Uint64(), 4, 4).Draw(t, "limbs")
		scale := rapid.IntRange(0, 76).Draw(t, "scale")
		v := new(big.Int)
		for _, limb := range limbs {
			v.Or(v.Lsh(v, 64), new(big.Int).SetUint64(limb))
		}
		v.Rsh(v, 256-bits)
		if rapid.Bool().Draw(t, "negative") {
			v.Neg(v)
		}
		got := string(appendDecimal256([]byte("x"), decimal256.FromBigInt(v), scale))
		ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
		if want := "x" + new(big.Rat).SetFrac(v, ten).FloatString(scale); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func BenchmarkAppendDecimal256(b *testing.B) {
	v := decimal256.FromBigInt(parsed(b, nines76))
	buf := make([]byte, 0, 100)
	b.ReportAllocs()
	for b.Loop() {
		buf = appendDecimal256(buf[:0], v, 0)
	}
}
