package coerce

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Op is a binary operator, written as DataFusion displays it.
type Op string

// The binary operators that DataFusion has a type for. Others (//, ->, @@ …) parse and then have none.
const (
	Plus               Op = "+"
	Minus              Op = "-"
	Multiply           Op = "*"
	Divide             Op = "/"
	Modulo             Op = "%"
	Eq                 Op = "="
	NotEq              Op = "!="
	Lt                 Op = "<"
	LtEq               Op = "<="
	Gt                 Op = ">"
	GtEq               Op = ">="
	IsDistinctFrom     Op = "IS DISTINCT FROM"
	IsNotDistinctFrom  Op = "IS NOT DISTINCT FROM"
	And                Op = "AND"
	Or                 Op = "OR"
	RegexMatch         Op = "~"
	RegexIMatch        Op = "~*"
	RegexNotMatch      Op = "!~"
	RegexNotIMatch     Op = "!~*"
	LikeMatch          Op = "~~"
	ILikeMatch         Op = "~~*"
	NotLikeMatch       Op = "!~~"
	NotILikeMatch      Op = "!~~*"
	BitwiseAnd         Op = "&"
	BitwiseOr          Op = "|"
	BitwiseXor         Op = "BIT_XOR"
	BitwiseShiftLeft   Op = "<<"
	BitwiseShiftRight  Op = ">>"
	StringConcat       Op = "||"
	ArrayContains      Op = "@>"
	ArrayIsContainedBy Op = "<@"
)

// signature is how an operator takes its operands: what they are cast to, and the type it then has.
type signature struct {
	left, right, result arrow.DataType
}

func uniform(dt arrow.DataType) signature   { return signature{dt, dt, dt} }
func comparing(dt arrow.DataType) signature { return signature{dt, dt, boolean} }

// Announced is the type that the plan as written states for l op r: that of FlightInfo and of the stream's schema message.
//
// Lists are no operands of ||, @> and <@: the planner turns those into calls of array_concat, array_append,
// array_prepend and array_has_all first.
func Announced(op Op, l, r arrow.DataType) (arrow.DataType, error) {
	s, err := signatureOf(op, l, r)
	if err != nil {
		return nil, err
	}
	return s.result, nil
}

// Actual is the type of the data that l op r produces: the operands are cast to what the operator wants, and the operator
// is typed again. It differs from Announced where UInt64 meets a signed integer. It also fails where the plan can be
// announced and then cannot run.
func Actual(op Op, l, r arrow.DataType) (arrow.DataType, error) {
	s, err := signatureOf(op, l, r)
	if err != nil {
		return nil, err
	}
	if !CanCast(l, s.left) || !CanCast(r, s.right) {
		return nil, mismatch(op, l, r)
	}
	again, err := signatureOf(op, s.left, s.right)
	if err != nil {
		return nil, err
	}
	if isBitwise(op) && !IsInteger(s.left) && !IsNull(l) && !IsNull(r) {
		return nil, mismatch(op, l, r)
	}
	return again.result, nil
}

func signatureOf(op Op, l, r arrow.DataType) (signature, error) {
	var s signature
	var ok bool
	switch op {
	case Plus, Minus, Multiply, Divide, Modulo:
		s, ok = arithmetic(op, l, r)
	case Eq, NotEq, Lt, LtEq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom:
		s, ok = lift(comparing, Comparison, l, r)
	case And, Or:
		ok = isLogical(l) && isLogical(r)
		s = uniform(boolean)
	case RegexMatch, RegexIMatch, RegexNotMatch, RegexNotIMatch, LikeMatch, ILikeMatch, NotLikeMatch, NotILikeMatch:
		s, ok = lift(comparing, regex, l, r)
	case BitwiseAnd, BitwiseOr, BitwiseXor, BitwiseShiftLeft, BitwiseShiftRight:
		s, ok = lift(uniform, bitwise, l, r)
	case StringConcat:
		s, ok = lift(uniform, concat, l, r)
	case ArrayContains, ArrayIsContainedBy: // of lists only, and then a function
	default:
		return s, &Error{Message: fmt.Sprintf("DataFusion has no operator %s", op)}
	}
	if !ok {
		return s, mismatch(op, l, r)
	}
	return s, nil
}

func lift(shape func(arrow.DataType) signature, common rule, l, r arrow.DataType) (signature, bool) {
	dt, ok := common(l, r)
	if !ok {
		return signature{}, false
	}
	return shape(dt), true
}

func isLogical(dt arrow.DataType) bool { return dt.ID() == arrow.BOOL || IsNull(dt) }

func isBitwise(op Op) bool {
	switch op {
	case BitwiseAnd, BitwiseOr, BitwiseXor, BitwiseShiftLeft, BitwiseShiftRight:
		return true
	}
	return false
}

// regex is the common type of the operands of ~ and its relatives.
func regex(l, r arrow.DataType) (arrow.DataType, bool) {
	return firstOf(l, r, text,
		func(l, r arrow.DataType) (arrow.DataType, bool) { return dictionaries(l, r, false, Comparison) },
		func(l, r arrow.DataType) (arrow.DataType, bool) {
			switch {
			case IsNull(l) && IsNull(r):
				return utf8, true
			case IsNull(l) && IsString(Unwrap(r)):
				return r, true
			case IsString(Unwrap(l)) && IsNull(r):
				return l, true
			}
			return nil, false
		})
}

// bitwise is the common type of the operands of & | ^ << >>: an integer beats every other number, and UInt64 beats the
// signed integers.
func bitwise(l, r arrow.DataType) (arrow.DataType, bool) {
	switch {
	case IsNull(l) && IsNumeric(Unwrap(r)):
		return r, true
	case IsNull(r) && IsNumeric(Unwrap(l)):
		return l, true
	case !IsNumeric(Unwrap(l)) || !IsNumeric(Unwrap(r)):
		return nil, false
	case Equal(l, r):
		return l, true
	}
	return narrowestInteger(l, r)
}

// concat is the common text of the operands of ||: other types become the text of the text beside them.
func concat(l, r arrow.DataType) (arrow.DataType, bool) {
	if dt, ok := text(l, r); ok {
		return dt, true
	}
	for _, want := range []arrow.DataType{utf8View, utf8, largeUtf8} {
		if l.ID() == want.ID() || r.ID() == want.ID() {
			other := l
			if l.ID() == want.ID() {
				other = r
			}
			return want, CanCast(other, want)
		}
	}
	left, lok := l.(*arrow.DictionaryType)
	right, rok := r.(*arrow.DictionaryType)
	switch {
	case lok && rok:
		return text(left.ValueType, right.ValueType)
	case lok && IsNull(r):
		return left.ValueType, IsString(left.ValueType)
	case rok && IsNull(l):
		return right.ValueType, IsString(right.ValueType)
	}
	return nil, false
}

func mismatch(op Op, l, r arrow.DataType) error {
	e := &Error{Message: fmt.Sprintf("operator %s does not take %s and %s", op, Format(l), Format(r))}
	fixed := l.ID() == arrow.FIXED_SIZE_BINARY || r.ID() == arrow.FIXED_SIZE_BINARY
	switch {
	case fixed && (IsString(l) || IsString(r)):
		e.Help = "write bytes as x'…', without 0x, or compare text with evm_decode_hex(column)"
	case l.ID() == arrow.FIXED_SIZE_BINARY && r.ID() == arrow.FIXED_SIZE_BINARY:
		e.Help = "the widths differ"
	case IsString(l) != IsString(r) && (IsNumeric(l) || IsNumeric(r)):
		e.Help = "cast the text to a number first, such as CAST(x AS DECIMAL(76, 0))"
	default:
		e.Help = "cast one side to the type of the other"
	}
	return e
}

// Negate is the type of -x, announced and actual. DataFusion announces every operand and then runs signed numbers,
// decimals, intervals and NULL only.
func Negate(dt arrow.DataType) (arrow.DataType, error) {
	if IsSigned(dt) || IsFloat(dt) || IsDecimal(dt) || IsInterval(dt) || IsNull(dt) {
		return dt, nil
	}
	e := &Error{Message: "- does not take " + Format(dt)}
	if IsUnsigned(dt) {
		e.Help = "cast it to a signed type first, such as CAST(x AS BIGINT)"
	}
	return nil, e
}

// Identity is the type of +x.
func Identity(dt arrow.DataType) (arrow.DataType, error) {
	if IsNumeric(dt) || IsInterval(dt) || IsTimestamp(dt) {
		return dt, nil
	}
	return nil, &Error{Message: "+ does not take " + Format(dt)}
}

// Truth checks the operand of NOT, IS TRUE and a searched WHEN, which must compare with a Boolean.
func Truth(dt arrow.DataType) error {
	if common, ok := Comparison(dt, boolean); ok && common.ID() == arrow.BOOL {
		return nil
	}
	return &Error{Message: "expected a Boolean, found " + Format(dt), Help: "write a comparison"}
}
