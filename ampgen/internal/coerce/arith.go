package coerce

import "github.com/apache/arrow-go/v18/arrow"

// arithmetic types + - * / %: operands that arrow-rs computes with as they are stay; else dates and times meet, then
// decimals, then numbers. A bare NULL takes the type of the other side.
func arithmetic(op Op, l, r arrow.DataType) (signature, bool) {
	switch {
	case IsNull(l) && IsNull(r):
		return uniform(int64Type), true
	case IsNull(l) && isDictionary(r), isDictionary(l) && IsNull(r):
		return signature{}, false
	case IsNull(l):
		l = r
	case IsNull(r):
		r = l
	}
	if dt, ok := kernel(op, l, r); ok {
		return signature{l, r, dt}, true
	}
	if dt, ok := calendar(op, l, r); ok {
		return signature{l, r, dt}, true
	}
	if common, ok := temporalStrict(l, r); ok && !IsInteger(l) && !IsInteger(r) {
		dt, ok := kernel(op, common, common)
		return signature{common, common, dt}, ok
	}
	l, r = Unwrap(l), Unwrap(r)
	if left, right, ok := decimalOperands(l, r); ok {
		dt, ok := kernel(op, left, right)
		return signature{left, right, dt}, ok
	}
	if !IsNumeric(l) || !IsNumeric(r) {
		return signature{}, false
	}
	common, ok := narrowest(l, r)
	return uniform(common), ok
}

// calendar types arithmetic that DataFusion rewrites before it runs: days are added to dates, and times of day become
// intervals.
func calendar(op Op, l, r arrow.DataType) (arrow.DataType, bool) {
	if op == Plus && IsDate(r) {
		l, r = r, l
	}
	switch {
	case op != Plus && op != Minus:
	case IsDate(l) && IsInteger(r):
		return l, true
	case IsDate(l) && IsTime(r):
		return timestampNoZone, true
	case IsTime(l) && (IsTime(r) || IsInterval(r)), IsInterval(l) && IsTime(r):
		return monthDayNano, true
	}
	return nil, false
}

// decimalOperands are the operands of decimal arithmetic: two widths meet in the larger, and an integer becomes a decimal
// of the other side's width. A float is left to narrowest, which turns the decimal into a float.
func decimalOperands(l, r arrow.DataType) (arrow.DataType, arrow.DataType, bool) {
	left, lok := splitDecimal(l)
	right, rok := splitDecimal(r)
	switch {
	case lok && rok && left.bits != right.bits:
		d, ok := wider(left, right)
		return d.arrow(), d.arrow(), ok
	case lok && IsInteger(r):
		d, ok := asDecimal(r, left.bits)
		return l, d.arrow(), ok
	case rok && IsInteger(l):
		d, ok := asDecimal(l, right.bits)
		return d.arrow(), r, ok
	}
	return nil, nil, false
}

// kernel is the type that arrow-rs computes for two operands as they are; false if it does not compute with them.
func kernel(op Op, l, r arrow.DataType) (arrow.DataType, bool) {
	additive := op == Plus || op == Minus
	switch {
	case (IsInteger(l) || IsFloat(l)) && l.ID() == r.ID():
		return l, true
	case IsDecimal(l) && l.ID() == r.ID():
		return decimalKernel(op, l, r)
	case !additive:
		return nil, false
	case IsTimestamp(l):
		return timestampKernel(op, l.(*arrow.TimestampType), r)
	case IsDate(l):
		return dateKernel(op, l, r)
	case (IsDuration(l) || IsInterval(l)) && Equal(l, r):
		return l, true
	case op == Plus && (IsDuration(l) || IsInterval(l)) && (IsTimestamp(r) || IsDate(r)):
		return kernel(op, r, l)
	}
	return nil, false
}

func timestampKernel(op Op, l *arrow.TimestampType, r arrow.DataType) (arrow.DataType, bool) {
	switch t := r.(type) {
	case *arrow.TimestampType:
		return &arrow.DurationType{Unit: l.Unit}, op == Minus && t.Unit == l.Unit
	case *arrow.DurationType:
		return l, true
	}
	return l, IsInterval(r)
}

func dateKernel(op Op, l, r arrow.DataType) (arrow.DataType, bool) {
	if IsInterval(r) {
		return l, true
	}
	unit := arrow.Second
	if l.ID() == arrow.DATE64 {
		unit = arrow.Millisecond
	}
	return &arrow.DurationType{Unit: unit}, op == Minus && l.ID() == r.ID()
}

// decimalKernel computes precision and scale of decimal arithmetic, by the rules of Hive with Postgres' four more digits
// for a quotient. It fails where the rescaling factor does not fit the decimal's integer.
func decimalKernel(op Op, l, r arrow.DataType) (arrow.DataType, bool) {
	a, _ := splitDecimal(l)
	b, _ := splitDecimal(r)
	limit := a.limit()
	d := decimalType{bits: a.bits, scale: max(a.scale, b.scale)}
	rescale := d.scale - min(a.scale, b.scale)
	switch op {
	case Plus, Minus:
		d.precision = d.scale + max(a.digits(), b.digits()) + 1
	case Modulo:
		d.precision, rescale = d.scale+min(a.digits(), b.digits()), 0
	case Multiply:
		d.precision, d.scale, rescale = a.precision+b.precision+1, a.scale+b.scale, 0
	case Divide:
		d.scale = min(limit, a.scale+4)
		rescale = d.scale - a.scale + b.scale
		d.precision = a.precision + rescale
	}
	d.precision = min(d.precision, limit)
	return d.arrow(), max(rescale, -rescale) <= limit && d.scale <= limit && d.scale <= d.precision && d.precision > 0
}
