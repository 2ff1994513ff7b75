package convert

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
)

var (
	two255 = new(big.Int).Lsh(big.NewInt(1), 255)
	two256 = new(big.Int).Lsh(big.NewInt(1), 256)
)

// FuzzParseInteger compares every form of an integer with math/big's.
func FuzzParseInteger(f *testing.F) {
	max256 := new(big.Int).Sub(two256, big.NewInt(1))
	for _, s := range []string{"", "-", "0", "-0", "1", "-1", "007", "12x", "+1", " 1", "1e3", strings.Repeat("9", 38), "1" + strings.Repeat("0", 38),
		"-" + strings.Repeat("9", 38), max256.String(), two256.String(), two255.String(), "-" + two255.String(), "-" + max256.String(),
		new(big.Int).Sub(two255, big.NewInt(1)).String(), strings.Repeat("0", 100) + "5", "18446744073709551616", "9999999999999999999", "10000000000000000000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		digits := strings.TrimPrefix(s, "-")
		valid := digits != "" && strings.Trim(digits, "0123456789") == ""
		if IsInteger(s) != valid {
			t.Fatalf("IsInteger(%q) = %v", s, !valid)
		}
		v, err := ParseInteger(s)
		want := new(big.Int)
		if valid {
			want.SetString(s, 10)
		}
		if fits := new(big.Int).Abs(want).Cmp(two256) < 0; (err == nil) != (valid && fits) {
			t.Fatalf("ParseInteger(%q): %v", s, err)
		}
		if err != nil {
			return
		}
		if got := want.Sign() >= 0; v.FitsUint256() != got {
			t.Errorf("%s: FitsUint256 is %v", s, !got)
		}
		if got := want.Cmp(two255) < 0 && want.Cmp(new(big.Int).Neg(two255)) >= 0; v.FitsInt256() != got {
			t.Errorf("%s: FitsInt256 is %v", s, !got)
		}
		var word [32]byte
		v.PutBigEndian(word[:])
		if got := new(big.Int).Mod(want, two256); new(big.Int).SetBytes(word[:]).Cmp(got) != 0 {
			t.Errorf("%s: PutBigEndian wrote %x", s, word)
		}
		if n, ok := v.Decimal128(); ok != (len(strings.TrimLeft(digits, "0")) <= 38) || ok && n.BigInt().Cmp(want) != 0 {
			t.Errorf("%s: Decimal128 is %s, %v", s, n.BigInt(), ok)
		}
	})
}

// FuzzDecimal reads the text of decimals back.
func FuzzDecimal(f *testing.F) {
	f.Add(uint64(0), uint64(0), uint64(0), uint64(0), int8(0))
	f.Add(uint64(0), uint64(0), uint64(0), uint64(5), int8(3))
	f.Add(uint64(0), uint64(0), uint64(0), uint64(1e19), int8(19))
	f.Add(uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64), int8(-3))
	f.Add(uint64(1<<63), uint64(0), uint64(0), uint64(0), int8(76))
	f.Fuzz(func(t *testing.T, a, b, c, d uint64, scale int8) {
		v := decimal256.New(a, b, c, d)
		text := string(AppendDecimal256(nil, v, int32(scale)))
		if _, after, _ := strings.Cut(text, "."); scale >= 0 && len(after) != int(scale) {
			t.Errorf("%s has not %d digits after the point", text, scale)
		}
		got, ok := new(big.Rat).SetString(text)
		unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil))
		if scale > 0 {
			unit.Inv(unit)
		}
		if want := new(big.Rat).Mul(new(big.Rat).SetInt(v.BigInt()), unit); !ok || got.Cmp(want) != 0 {
			t.Errorf("%s with scale %d is %s", v.BigInt(), scale, text)
		}
		low := decimal128.New(int64(c), d)
		if got, want := string(AppendDecimal128(nil, low, 0)), low.BigInt().String(); got != want {
			t.Errorf("AppendDecimal128 made %s of %s", got, want)
		}
	})
}

func TestText(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{string(AppendHex(nil, []byte{0, 0xab, 0xff})), "0x00abff"},
		{string(AppendHex(nil, nil)), "0x"},
		{string(AppendTimestamp(nil, 1700000000123456789, arrow.Nanosecond, true)), "2023-11-14T22:13:20.123456789Z"},
		{string(AppendTimestamp(nil, -1, arrow.Microsecond, false)), "1969-12-31T23:59:59.999999"},
		{string(AppendTimestamp(nil, 1700000000, arrow.Second, false)), "2023-11-14T22:13:20"},
		{string(AppendTimestamp(nil, math.MinInt64, arrow.Nanosecond, false)), "1677-09-21T00:12:43.145224192"},
		{string(AppendDate(nil, -1)), "1969-12-31"},
		{string(AppendTime(nil, 86_399_999, arrow.Millisecond)), "23:59:59.999"},
		{fmt.Sprint(string(AppendFloat(nil, math.NaN())), string(AppendFloat(nil, math.Inf(1))), string(AppendFloat(nil, math.Inf(-1)))), "NaNinf-inf"},
		{string(AppendFloat(nil, 1234567890.123456789)), "1.2345678901234567e+09"},
		{string(AppendFloat(nil, float64(float32(0.1)))), "0.10000000149011612"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}
