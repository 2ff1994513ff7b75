package pgcopy

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
)

// A numeric on the wire is digits to the base 10000, most significant first, the weight of the first digit as a power of
// 10000, a sign, and the number of decimal digits after the point. The digit groups are aligned to the decimal point: with a
// scale that is no multiple of four, the lowest group has the last scale%4 digits followed by zeros.

const (
	numericNegative  = 0x4000
	maxGroups        = 21 // a 256-bit integer has 78 decimal digits, which are 21 groups when they are not aligned
	maxIntegerDigits = 78 // of 2^256-1
)

var pow10 = [...]uint64{1, 10, 100, 1000}

var errDecimalText = errors.New("the text is not a decimal integer of up to 256 bits")

// AppendUint64 appends v as a numeric, the smallest type that holds every uint64.
func AppendUint64(dst []byte, v uint64) []byte {
	var groups [5]uint16
	i := len(groups)
	for v > 0 {
		i--
		groups[i] = uint16(v % 10000)
		v /= 10000
	}
	return appendNumeric(dst, false, groups[i:], 0, 0)
}

// AppendDecimal128 appends the numeric v / 10^scale. The scale may be negative.
func AppendDecimal128(dst []byte, v decimal128.Num, scale int32) []byte {
	lo, hi := v.LowBits(), uint64(v.HighBits())
	negative := int64(hi) < 0
	if negative {
		var carry uint64
		lo, carry = bits.Add64(^lo, 1, 0)
		hi = ^hi + carry
	}
	words := [4]uint64{lo, hi}
	return appendWords(dst, negative, &words, scale)
}

// AppendDecimal256 appends the numeric v / 10^scale. The scale may be negative.
func AppendDecimal256(dst []byte, v decimal256.Num, scale int32) []byte {
	words, negative := magnitude(v)
	return appendWords(dst, negative, &words, scale)
}

// magnitude is the absolute value of v, least significant word first. That of -2^255 fits, being unsigned.
func magnitude(v decimal256.Num) (words [4]uint64, negative bool) {
	words = v.Array()
	if int64(words[3]) >= 0 {
		return words, false
	}
	carry := uint64(1)
	for i := range words {
		words[i], carry = bits.Add64(^words[i], 0, carry)
	}
	return words, true
}

// AppendDecimalText appends the numeric that v is the decimal text of: an optional minus sign and digits, which is how Amp
// sends 256-bit integers.
func AppendDecimalText(dst []byte, v string) ([]byte, error) {
	negative := len(v) > 0 && v[0] == '-'
	if negative {
		v = v[1:]
	}
	if v == "" {
		return dst, errDecimalText
	}
	for len(v) > 0 && v[0] == '0' {
		v = v[1:]
	}
	if len(v) > maxIntegerDigits {
		return dst, errDecimalText
	}
	var groups [maxGroups]uint16
	n, group := 0, uint16(0)
	for i := range len(v) {
		digit := v[i] - '0'
		if digit > 9 {
			return dst, errDecimalText
		}
		group = group*10 + uint16(digit)
		if (len(v)-1-i)%4 == 0 {
			groups[n] = group
			n, group = n+1, 0
		}
	}
	return appendNumeric(dst, negative, groups[:n], 0, 0), nil
}

// appendWords appends the magnitude in words, least significant word first, divided by 10^scale. It changes words.
func appendWords(dst []byte, negative bool, words *[4]uint64, scale int32) []byte {
	var groups [maxGroups + 1]uint16
	i := len(groups)
	// For a negative scale the lowest group is filled up with zeros just the same, as -1 mod 4 is 3.
	if k := ((scale % 4) + 4) % 4; k != 0 {
		i--
		groups[i] = uint16(divide(words, pow10[k]) * pow10[4-k])
	}
	for words[0]|words[1]|words[2]|words[3] != 0 {
		const step = 1e16 // four groups, the most that one 64-bit division yields
		var low uint64
		if words[1]|words[2]|words[3] != 0 {
			low = divide(words, step)
		} else {
			low, words[0] = words[0]%step, words[0]/step
		}
		for range 4 {
			if i == 0 {
				break // only zeros are left: the digits of 256 bits and one aligned group fit
			}
			i--
			groups[i] = uint16(low % 10000)
			low /= 10000
		}
	}
	lowest := int(-scale) >> 2 // rounds down, also for positive scales
	return appendNumeric(dst, negative, groups[i:], lowest, int(max(scale, 0)))
}

// divide divides words by d in place and gives the remainder.
func divide(words *[4]uint64, d uint64) (rem uint64) {
	for i := len(words) - 1; i >= 0; i-- {
		words[i], rem = bits.Div64(rem, words[i], d)
	}
	return rem
}

// appendNumeric appends groups, most significant first, of which the last has the given weight.
func appendNumeric(dst []byte, negative bool, groups []uint16, lowest, scale int) []byte {
	weight := lowest + len(groups) - 1
	for len(groups) > 0 && groups[0] == 0 {
		groups = groups[1:]
		weight--
	}
	for len(groups) > 0 && groups[len(groups)-1] == 0 {
		groups = groups[:len(groups)-1]
	}
	sign := uint16(0)
	if negative {
		sign = numericNegative
	}
	if len(groups) == 0 {
		weight, sign = 0, 0
	}
	n := len(groups)
	dst = binary.BigEndian.AppendUint32(dst, uint32(8+2*n))
	dst = append(dst, byte(n>>8), byte(n), byte(weight>>8), byte(weight), byte(sign>>8), byte(sign), byte(scale>>8), byte(scale))
	for _, g := range groups {
		dst = append(dst, byte(g>>8), byte(g))
	}
	return dst
}
