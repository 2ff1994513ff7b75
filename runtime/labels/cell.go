package labels

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
)

// appender adds a non-empty cell to a column, or says why the cell does not have the column's type.
type appender func(cell string) error

// newAppender binds the reading of cells to a column's builder. Text is taken unchanged; every other type is read strictly,
// without spaces around it.
func newAppender(b array.Builder) (appender, error) {
	switch b := b.(type) {
	case *array.StringBuilder:
		return textAppender(b.Append), nil
	case *array.LargeStringBuilder:
		return textAppender(b.Append), nil
	case *array.StringViewBuilder:
		return textAppender(b.Append), nil
	case *array.BooleanBuilder:
		return func(cell string) error { return appendBool(b, cell) }, nil
	case *array.Int8Builder:
		return intAppender(8, func(v int64) { b.Append(int8(v)) }), nil
	case *array.Int16Builder:
		return intAppender(16, func(v int64) { b.Append(int16(v)) }), nil
	case *array.Int32Builder:
		return intAppender(32, func(v int64) { b.Append(int32(v)) }), nil
	case *array.Int64Builder:
		return intAppender(64, b.Append), nil
	case *array.Uint8Builder:
		return uintAppender(8, func(v uint64) { b.Append(uint8(v)) }), nil
	case *array.Uint16Builder:
		return uintAppender(16, func(v uint64) { b.Append(uint16(v)) }), nil
	case *array.Uint32Builder:
		return uintAppender(32, func(v uint64) { b.Append(uint32(v)) }), nil
	case *array.Uint64Builder:
		return uintAppender(64, b.Append), nil
	case *array.Float64Builder:
		return func(cell string) error { return appendFloat(b, cell) }, nil
	case *array.Decimal128Builder:
		t := b.Type().(*arrow.Decimal128Type)
		return decimalAppender(t, func(v *big.Int) { b.Append(decimal128.FromBigInt(v)) }), nil
	case *array.Decimal256Builder:
		t := b.Type().(*arrow.Decimal256Type)
		return decimalAppender(t, func(v *big.Int) { b.Append(decimal256.FromBigInt(v)) }), nil
	case *array.FixedSizeBinaryBuilder:
		width := b.Type().(*arrow.FixedSizeBinaryType).ByteWidth
		return hexAppender(width, b.Append), nil
	case *array.TimestampBuilder:
		return func(cell string) error { return appendTimestamp(b, cell) }, nil
	case *array.Date32Builder:
		return func(cell string) error { return appendDate(b, cell) }, nil
	}
	return nil, fmt.Errorf("a label column cannot have the type %s", b.Type())
}

func textAppender(add func(string)) appender {
	return func(cell string) error {
		if !utf8.ValidString(cell) {
			return fmt.Errorf("%q is not UTF-8", cell)
		}
		add(strings.Clone(cell))
		return nil
	}
}

func appendBool(b *array.BooleanBuilder, cell string) error {
	switch {
	case strings.EqualFold(cell, "true"):
		b.Append(true)
	case strings.EqualFold(cell, "false"):
		b.Append(false)
	default:
		return fmt.Errorf("%q is not true or false", cell)
	}
	return nil
}

func intAppender(bits int, add func(int64)) appender {
	return func(cell string) error {
		v, err := strconv.ParseInt(cell, 10, bits)
		if err != nil {
			return fmt.Errorf("%q is not an integer of %d bits", cell, bits)
		}
		add(v)
		return nil
	}
}

func uintAppender(bits int, add func(uint64)) appender {
	return func(cell string) error {
		v, err := strconv.ParseUint(cell, 10, bits)
		if err != nil {
			return fmt.Errorf("%q is not an unsigned integer of %d bits", cell, bits)
		}
		add(v)
		return nil
	}
}

func appendFloat(b *array.Float64Builder, cell string) error {
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number", cell)
	}
	b.Append(v)
	return nil
}

func decimalAppender(t arrow.DecimalType, add func(*big.Int)) appender {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.GetPrecision())), nil)
	return func(cell string) error {
		v, err := parseDecimal(cell, int(t.GetScale()))
		if err == nil && v.CmpAbs(limit) >= 0 {
			err = errors.New("has too many digits")
		}
		if err != nil {
			return fmt.Errorf("%q is not a decimal(%d, %d): %w", cell, t.GetPrecision(), t.GetScale(), err)
		}
		add(v)
		return nil
	}
}

// parseDecimal reads an optional sign, digits and an optional fraction, and returns the value times 10^scale. Nothing is
// rounded: more digits after the point than scale are an error unless they are zeros.
func parseDecimal(cell string, scale int) (*big.Int, error) {
	digits := strings.TrimPrefix(cell, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if strings.Trim(whole+fraction, "0123456789") != "" || whole == "" && fraction == "" {
		return nil, errors.New("not a number")
	}
	if len(fraction) > scale {
		if strings.Trim(fraction[scale:], "0") != "" {
			return nil, errors.New("has too many digits after the point")
		}
		fraction = fraction[:scale]
	}
	v, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10)
	if !ok {
		v = new(big.Int) // only zeros were cut: ".0" at scale 0
	}
	if len(digits) < len(cell) {
		v.Neg(v)
	}
	return v, nil
}

func hexAppender(width int, add func([]byte)) appender {
	return func(cell string) error {
		v, err := hex.DecodeString(trimHexPrefix(cell))
		if err != nil || len(v) != width {
			return fmt.Errorf("%q is not %d bytes in hex", cell, width)
		}
		add(v)
		return nil
	}
}

func trimHexPrefix(s string) string {
	if len(s) >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		return s[2:]
	}
	return s
}

func appendTimestamp(b *array.TimestampBuilder, cell string) error {
	unit := b.Type().(*arrow.TimestampType).Unit
	t, err := time.Parse(time.RFC3339Nano, cell)
	if err != nil {
		return fmt.Errorf("%q is not a time like 2006-01-02T15:04:05Z", cell)
	}
	v, err := arrow.TimestampFromTime(t, unit)
	if err != nil || !v.ToTime(unit).Equal(t) {
		return fmt.Errorf("%q does not fit a timestamp in %s", cell, unit)
	}
	b.Append(v)
	return nil
}

func appendDate(b *array.Date32Builder, cell string) error {
	t, err := time.Parse(time.DateOnly, cell)
	if err != nil {
		return fmt.Errorf("%q is not a date like 2006-01-02", cell)
	}
	b.Append(arrow.Date32FromTime(t))
	return nil
}
