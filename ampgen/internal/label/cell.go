package label

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
)

// supported reports whether a label column can have type t.
func supported(t arrow.DataType) bool {
	switch t := t.(type) {
	case *arrow.BooleanType, *arrow.StringType, *arrow.FixedSizeBinaryType, *arrow.TimestampType:
		return true
	case arrow.DecimalType:
		return (t.ID() == arrow.DECIMAL128 || t.ID() == arrow.DECIMAL256) && 0 <= t.GetScale() && t.GetScale() <= t.GetPrecision()
	}
	return arrow.IsInteger(t.ID())
}

// fits reports why cell, which is not empty, is not a value of t.
func fits(cell string, t arrow.DataType) error {
	ok := true
	switch t := t.(type) {
	case *arrow.BooleanType:
		ok = strings.EqualFold(cell, "true") || strings.EqualFold(cell, "false")
	case *arrow.FixedSizeBinaryType:
		digits := hexDigits(cell)
		if !isHex(digits) {
			return fmt.Errorf("%q is not hex", cell)
		}
		if len(digits) != 2*t.ByteWidth {
			return fmt.Errorf("%q has %d hex digits; %s has %d", cell, len(digits), t, 2*t.ByteWidth)
		}
	case *arrow.TimestampType:
		return fitsTimestamp(cell, t)
	case arrow.DecimalType:
		integer, fraction, number := splitNumber(cell)
		if number && strings.TrimPrefix(cell, "-")[0] == '0' {
			integer = 0 // the zero before a point takes no digit
		}
		if number && (fraction > int(t.GetScale()) || integer > int(t.GetPrecision()-t.GetScale())) {
			return fmt.Errorf("%s does not fit %s", cell, t)
		}
		ok = number
	case arrow.FixedWidthDataType:
		if _, fraction, number := splitNumber(cell); !number || fraction > 0 {
			return fmt.Errorf("%q is not an integer", cell)
		}
		var err error
		if arrow.IsUnsignedInteger(t.ID()) {
			_, err = strconv.ParseUint(cell, 10, t.BitWidth())
		} else {
			_, err = strconv.ParseInt(cell, 10, t.BitWidth())
		}
		if err != nil {
			return fmt.Errorf("%s does not fit %s", cell, t)
		}
	}
	if !ok {
		return fmt.Errorf("%q is not a %s", cell, t)
	}
	return nil
}

func fitsTimestamp(cell string, t *arrow.TimestampType) error {
	var at time.Time
	if err := at.UnmarshalText([]byte(cell)); err != nil {
		return fmt.Errorf("%q is not a timestamp of the form 2006-01-02T15:04:05Z", cell)
	}
	if unit := t.Unit.Multiplier(); at.Nanosecond()%int(unit) != 0 {
		return fmt.Errorf("%s is finer than %s", cell, t)
	}
	if t.Unit == arrow.Nanosecond && !time.Unix(0, at.UnixNano()).Equal(at) {
		return fmt.Errorf("%s does not fit %s", cell, t)
	}
	return nil
}

// hexDigits is cell without 0x or 0X.
func hexDigits(cell string) string {
	if len(cell) >= 2 && cell[0] == '0' && cell[1]|0x20 == 'x' {
		return cell[2:]
	}
	return cell
}
