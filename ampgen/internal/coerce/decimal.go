package coerce

import "github.com/apache/arrow-go/v18/arrow"

// decimalType is a decimal taken apart: width of its integer in bits, precision and scale in decimal digits.
type decimalType struct {
	bits             int
	precision, scale int32
}

// decimalLimit is the greatest precision, and the greatest scale, that an integer of this width holds.
func decimalLimit(bits int) int32 {
	switch bits {
	case 32:
		return 9
	case 64:
		return 18
	case 128:
		return 38
	}
	return 76
}

// splitDecimal takes dt apart if it is a decimal.
func splitDecimal(dt arrow.DataType) (decimalType, bool) {
	d, ok := dt.(arrow.DecimalType)
	if !ok {
		return decimalType{}, false
	}
	return decimalType{d.BitWidth(), d.GetPrecision(), d.GetScale()}, true
}

func (d decimalType) arrow() arrow.DataType {
	switch d.bits {
	case 32:
		return &arrow.Decimal32Type{Precision: d.precision, Scale: d.scale}
	case 64:
		return &arrow.Decimal64Type{Precision: d.precision, Scale: d.scale}
	case 128:
		return &arrow.Decimal128Type{Precision: d.precision, Scale: d.scale}
	}
	return &arrow.Decimal256Type{Precision: d.precision, Scale: d.scale}
}

func (d decimalType) limit() int32 { return decimalLimit(d.bits) }

// digits is the number of digits before the decimal point.
func (d decimalType) digits() int32 { return d.precision - d.scale }

// Widen is a decimal with more digits of precision and scale, each capped at what its width holds. Other types stay.
func Widen(dt arrow.DataType, precision, scale int32) arrow.DataType {
	d, ok := splitDecimal(dt)
	if !ok {
		return dt
	}
	d.precision = min(d.precision+precision, d.limit())
	d.scale = min(d.scale+scale, d.limit())
	return d.arrow()
}
