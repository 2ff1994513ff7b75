package coerce

import "github.com/apache/arrow-go/v18/arrow"

// Numeric is the common type of two numbers: the narrowest that holds both, with three habits of DataFusion. UInt64 and a
// signed integer meet in Decimal128(20, 0), Int64 swallows every other integer, and a decimal beats a float. A decimal too
// narrow for the other number loses to it. False if either is not a number.
func Numeric(l, r arrow.DataType) (arrow.DataType, bool) {
	if !IsNumeric(l) || !IsNumeric(r) {
		return nil, false
	}
	if Equal(l, r) {
		return l, true
	}
	if dt, ok := decimals(l, r); ok {
		return dt, true
	}
	return narrowest(l, r)
}

// narrowest is the common type of two numbers by a fixed order of precedence. A decimal counts as the weakest number.
func narrowest(l, r arrow.DataType) (arrow.DataType, bool) {
	either := func(id arrow.Type) bool { return l.ID() == id || r.ID() == id }
	switch {
	case either(arrow.FLOAT64):
		return float64Type, true
	case either(arrow.FLOAT32):
		return float32Type, true
	case either(arrow.FLOAT16):
		return float16Type, true
	case either(arrow.UINT64) && (IsSigned(l) || IsSigned(r)):
		return decimalType{128, 20, 0}.arrow(), true
	}
	return narrowestInteger(l, r)
}

// narrowestInteger is the common integer of two types of which at least one is an integer; the other has no say if it is
// not. UInt64 swallows everything.
func narrowestInteger(l, r arrow.DataType) (arrow.DataType, bool) {
	either := func(id arrow.Type) bool { return l.ID() == id || r.ID() == id }
	signed := func(bits int) bool { return isSignedUpTo(l, bits) || isSignedUpTo(r, bits) }
	switch {
	case either(arrow.UINT64):
		return uint64Type, true
	case either(arrow.INT64), either(arrow.UINT32) && signed(32):
		return int64Type, true
	case either(arrow.UINT32):
		return uint32Type, true
	case either(arrow.INT32), either(arrow.UINT16) && signed(16):
		return int32Type, true
	case either(arrow.UINT16):
		return uint16Type, true
	case either(arrow.INT16), either(arrow.UINT8) && signed(8):
		return int16Type, true
	case either(arrow.UINT8):
		return uint8Type, true
	case either(arrow.INT8):
		return int8Type, true
	}
	return nil, false
}

func isSignedUpTo(dt arrow.DataType, bits int) bool {
	return IsSigned(dt) && dt.(arrow.FixedWidthDataType).BitWidth() <= bits
}

// decimals is the common decimal of two numbers of which at least one is a decimal; false if there is none.
func decimals(l, r arrow.DataType) (arrow.DataType, bool) {
	left, lok := splitDecimal(l)
	right, rok := splitDecimal(r)
	if !lok && !rok {
		return nil, false
	}
	if !lok {
		left, lok = asDecimal(l, right.bits)
	}
	if !rok {
		right, rok = asDecimal(r, left.bits)
	}
	if !lok || !rok {
		return nil, false
	}
	d, ok := wider(left, right)
	return d.arrow(), ok
}

// wider holds all digits of both decimals before and after the point. Within one width the precision is capped at what the
// width allows; between widths a precision beyond the larger width has no answer.
func wider(l, r decimalType) (decimalType, bool) {
	d := decimalType{bits: max(l.bits, r.bits), scale: max(l.scale, r.scale)}
	d.precision = max(l.digits(), r.digits()) + d.scale
	if l.bits == r.bits {
		d.precision = min(d.precision, d.limit())
	}
	return d, d.precision <= d.limit()
}

// asDecimal is the decimal of a given width that stands for an integer or a float; false if that width has none.
func asDecimal(dt arrow.DataType, bits int) (decimalType, bool) {
	d := decimalType{bits: bits}
	least := 32
	switch dt.ID() {
	case arrow.INT8, arrow.UINT8:
		d.precision = 3
	case arrow.INT16, arrow.UINT16:
		d.precision = 5
	case arrow.INT32, arrow.UINT32:
		d.precision, least = 10, 64
	case arrow.INT64, arrow.UINT64:
		d.precision, least = 20, 128
	case arrow.FLOAT16:
		d.precision, d.scale = 6, 3
	case arrow.FLOAT32:
		d.precision, d.scale, least = 14, 7, 64
	case arrow.FLOAT64:
		d.precision, d.scale, least = 30, 15, 128
	default:
		return d, false
	}
	return d, bits >= least
}
