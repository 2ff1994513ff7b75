package convert

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
)

// Integer is a whole number of up to 256 bits: its magnitude, least significant limb first, and its sign.
type Integer struct {
	Limbs    [4]uint64
	Negative bool
}

const (
	chunk       = 1e19 // the largest power of ten in 64 bits
	chunkDigits = 19
)

// pow10 are the powers of ten that a chunk of digits multiplies with.
var pow10 = func() (p [chunkDigits + 1]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// ParseInteger reads an optional minus and decimal digits, as Amp writes 256-bit integers.
func ParseInteger(s string) (Integer, error) {
	var v Integer
	digits := s
	if len(digits) > 0 && digits[0] == '-' {
		v.Negative, digits = true, digits[1:]
	}
	if digits == "" {
		return v, fmt.Errorf("%q is not a decimal integer", s)
	}
	for len(digits) > 0 {
		n := min(len(digits), chunkDigits)
		var part uint64
		for i := range n {
			d := digits[i] - '0'
			if d > 9 {
				return v, fmt.Errorf("%q is not a decimal integer", s)
			}
			part = 10*part + uint64(d)
		}
		if !v.mulAdd(pow10[n], part) {
			return v, fmt.Errorf("%s has more than 256 bits", s)
		}
		digits = digits[n:]
	}
	return v, nil
}

// mulAdd makes the magnitude m*f + a; false if that has more than 256 bits.
func (v *Integer) mulAdd(f, a uint64) bool {
	for i := range v.Limbs {
		hi, lo := bits.Mul64(v.Limbs[i], f)
		var c uint64
		v.Limbs[i], c = bits.Add64(lo, a, 0)
		a = hi + c
	}
	return a == 0
}

// IsInteger reports whether s is an optional minus and decimal digits.
func IsInteger(s string) bool {
	if len(s) > 0 && s[0] == '-' {
		s = s[1:]
	}
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s != ""
}

func (v Integer) zero() bool { return v.Limbs == [4]uint64{} }

// FitsUint256 reports whether v is in 0 to 2^256-1.
func (v Integer) FitsUint256() bool { return !v.Negative || v.zero() }

// FitsInt256 reports whether v is in -2^255 to 2^255-1.
func (v Integer) FitsInt256() bool {
	const top = 1 << 63
	if v.Limbs[3] < top {
		return true
	}
	return v.Negative && v.Limbs == [4]uint64{3: top}
}

// twosComplement are the limbs of v in two's complement.
func (v Integer) twosComplement() [4]uint64 {
	l := v.Limbs
	if v.Negative {
		carry := uint64(1)
		for i := range l {
			l[i], carry = bits.Add64(^l[i], 0, carry)
		}
	}
	return l
}

// PutBigEndian writes v into the first 32 bytes of dst, most significant byte first, in two's complement if it is negative.
func (v Integer) PutBigEndian(dst []byte) {
	l := v.twosComplement()
	for i := range l {
		binary.BigEndian.PutUint64(dst[8*(3-i):], l[i])
	}
}

// Decimal128 is v if it has at most 38 digits.
func (v Integer) Decimal128() (decimal128.Num, bool) {
	l := v.twosComplement()
	n := decimal128.New(int64(l[1]), l[0])
	return n, v.Limbs[2]|v.Limbs[3] == 0 && v.Limbs[1]>>63 == 0 && n.FitsInPrecision(38)
}

// AppendDecimal128 appends v*10^-scale in decimal, with exactly scale digits after the point; a negative scale appends zeros.
func AppendDecimal128(dst []byte, v decimal128.Num, scale int32) []byte {
	sign := uint64(v.HighBits() >> 63)
	return AppendDecimal256(dst, decimal256.New(sign, sign, uint64(v.HighBits()), v.LowBits()), scale)
}

// AppendDecimal256 appends v*10^-scale in decimal, with exactly scale digits after the point; a negative scale appends zeros.
func AppendDecimal256(dst []byte, v decimal256.Num, scale int32) []byte {
	limbs := v.Array() // two's complement, least significant first
	if v.Sign() < 0 {
		dst = append(dst, '-')
		limbs = v.Negate().Array()
	}
	var digits [5 * chunkDigits]byte // 2^256 has 78 digits
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
	return appendScaled(dst, digits[at:], int(scale))
}

// appendScaled appends the digits of a number, of which zero has none, with a point before the last scale of them.
func appendScaled(dst, digits []byte, scale int) []byte {
	if len(digits) <= scale { // one zero before the point
		dst = append(dst, '0')
		if scale > 0 {
			dst = append(dst, '.')
			for range scale - len(digits) {
				dst = append(dst, '0')
			}
		}
		return append(dst, digits...)
	}
	if scale > 0 {
		dst = append(dst, digits[:len(digits)-scale]...)
		return append(append(dst, '.'), digits[len(digits)-scale:]...)
	}
	if len(digits) == 0 {
		return append(dst, '0')
	}
	dst = append(dst, digits...)
	for range -scale {
		dst = append(dst, '0')
	}
	return dst
}
