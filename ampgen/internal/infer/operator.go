package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/functions"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// unary types NOT, - and +. A minus directly before a number belongs to the number.
func (s *state) unary(sc *scope, e *sql.Unary) *value {
	if lit, ok := e.Operand.(*sql.Literal); ok && e.Op == sql.OpMinus && lit.Kind == sql.Number {
		return s.literal(lit, "-")
	}
	v := s.expr(sc, e.Operand)
	if bad := spoiled(v); bad != nil {
		return bad
	}
	switch e.Op {
	case sql.OpNot:
		if err := coerce.Truth(v.a.Type); err != nil {
			s.mismatch(e.Operand.Span(), err)
			return poison
		}
		out := &value{r: typed{boolean, v.r.Nullable}, a: typed{boolean, v.a.Nullable}}
		out.key = "NOT " + v.key
		return out
	case sql.OpMinus:
		if _, err := coerce.Negate(v.a.Type); err != nil {
			s.mismatch(e.Span(), err)
			return poison
		}
		out := &value{r: v.r, a: v.a, differ: v.differ}
		out.key = "(- " + v.key + ")"
		return out
	default:
		if _, err := coerce.Identity(v.r.Type); err != nil {
			s.mismatch(e.Span(), err)
			return poison
		}
		return v
	}
}

// operators translates the parser's spelling to DataFusion's; an operator that is not here has no types.
var operators = map[sql.Op]coerce.Op{
	sql.OpPlus: coerce.Plus, sql.OpMinus: coerce.Minus, sql.OpMultiply: coerce.Multiply, sql.OpDivide: coerce.Divide, sql.OpModulo: coerce.Modulo,
	sql.OpEq: coerce.Eq, sql.OpNotEq: coerce.NotEq, sql.OpLess: coerce.Lt, sql.OpLessEq: coerce.LtEq, sql.OpGreater: coerce.Gt, sql.OpGreaterEq: coerce.GtEq,
	sql.OpDistinct: coerce.IsDistinctFrom, sql.OpNotDistinct: coerce.IsNotDistinctFrom, sql.OpAnd: coerce.And, sql.OpOr: coerce.Or,
	sql.OpMatch: coerce.RegexMatch, sql.OpIMatch: coerce.RegexIMatch, sql.OpNotMatch: coerce.RegexNotMatch, sql.OpNotIMatch: coerce.RegexNotIMatch,
	sql.OpLikeMatch: coerce.LikeMatch, sql.OpILikeMatch: coerce.ILikeMatch, sql.OpNotLikeMatch: coerce.NotLikeMatch, sql.OpNotILike: coerce.NotILikeMatch,
	sql.OpBitAnd: coerce.BitwiseAnd, sql.OpBitOr: coerce.BitwiseOr, sql.OpBitXor: coerce.BitwiseXor,
	sql.OpShiftLeft: coerce.BitwiseShiftLeft, sql.OpShiftRight: coerce.BitwiseShiftRight,
	sql.OpConcat: coerce.StringConcat, sql.OpContains: coerce.ArrayContains, sql.OpContainedBy: coerce.ArrayIsContainedBy,
}

// binary types an infix operator. With lists, ||, @> and <@ are function calls.
func (s *state) binary(sc *scope, e *sql.Binary) *value {
	l, r := s.expr(sc, e.Left), s.expr(sc, e.Right)
	if bad := spoiled(l, r); bad != nil {
		return bad
	}
	op, ok := operators[e.Op]
	if !ok {
		s.unsupported(e.OpAt, "the operator "+string(e.Op), "")
		return poison
	}
	if f, swap, ok := functions.OfOperator(op, l.r.Type, r.r.Type); ok {
		args, at := []*value{l, r}, []source.Span{e.Left.Span(), e.Right.Span()}
		if swap {
			slices.Reverse(args)
			slices.Reverse(at)
		}
		return s.resolve(f, nil, args, at, e.Span())
	}
	a, err := coerce.Actual(op, l.a.Type, r.a.Type)
	var announced arrow.DataType
	if err == nil {
		announced, err = coerce.Announced(op, l.r.Type, r.r.Type)
	}
	if err != nil {
		s.badOperands(e, l, r, err)
		return poison
	}
	v := &value{r: typed{announced, l.r.Nullable || r.r.Nullable}, a: typed{a, l.a.Nullable || r.a.Nullable}}
	if e.Op == sql.OpDistinct || e.Op == sql.OpNotDistinct {
		v.a.Nullable = false // the plan says otherwise
	}
	v.key = "(" + l.key + " " + string(op) + " " + r.key + ")"
	return derive(v, e.Span(), l, r)
}

// badOperands reports operands that do not go together, with more help where chain data is compared with text.
func (s *state) badOperands(e *sql.Binary, l, r *value, err error) {
	if help := bytesHelp(e.Left, l, e.Right, r); help != "" {
		s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: e.Span(), Help: help,
			Message: fmt.Sprintf("operator %s does not take %s and %s", e.Op, coerce.Format(l.a.Type), coerce.Format(r.a.Type))})
		return
	}
	s.mismatch(e.Span(), err)
}

// bytesHelp is how to compare fixed-size bytes with what looks like their hex text.
func bytesHelp(le sql.Expr, l *value, re sql.Expr, r *value) string {
	fixed, ok := l.a.Type.(*arrow.FixedSizeBinaryType)
	if !ok {
		le, l, re, r = re, r, le, l
		fixed, ok = l.a.Type.(*arrow.FixedSizeBinaryType)
	}
	if !ok || !coerce.IsString(r.a.Type) {
		return ""
	}
	lit, ok := re.(*sql.Literal)
	if !ok {
		return "compare hex text: evm_decode_hex(" + le.Span().Text() + ") gives 0x and lower-case digits"
	}
	digits := strings.TrimPrefix(strings.ToLower(lit.Value), "0x")
	if len(digits) != 2*fixed.ByteWidth || strings.Trim(digits, "0123456789abcdef") != "" {
		return fmt.Sprintf("write %d bytes as x'…' with %d hex digits", fixed.ByteWidth, 2*fixed.ByteWidth)
	}
	if fixed.ByteWidth == 20 || fixed.ByteWidth == 32 {
		return "write evm_encode_hex('" + lit.Value + "'), or x'" + digits + "'"
	}
	return "write x'" + digits + "'"
}

// is types IS [NOT] NULL, TRUE, FALSE and UNKNOWN.
func (s *state) is(sc *scope, e *sql.Is) *value {
	v := s.expr(sc, e.Operand)
	if v.bad {
		return poison
	}
	if e.Test != sql.IsNull && !v.unknown.Valid() {
		if err := coerce.Truth(v.a.Type); err != nil {
			s.mismatch(e.Operand.Span(), err)
			return poison
		}
	}
	out := same(boolean, false)
	out.key = fmt.Sprintf("(%s IS %t %s)", v.key, e.Not, e.Test)
	return out
}

// inList types x IN (a, b). The planner looks at the nullability of the first few only, and gives up at six.
func (s *state) inList(sc *scope, e *sql.InList) *value {
	x := s.expr(sc, e.Operand)
	all := []*value{x}
	types := make([]arrow.DataType, len(e.List))
	for i, el := range e.List {
		v := s.expr(sc, el)
		all = append(all, v)
		types[i] = v.a.Type
	}
	if bad := spoiled(all...); bad != nil {
		return bad
	}
	if err := coerce.Membership(x.a.Type, types); err != nil {
		s.badMembers(e, x, all[1:], err)
		return poison
	}
	const looksAt = 6
	v := &value{r: typed{boolean, len(e.List) >= looksAt}, a: typed{boolean, false}}
	keys := make([]string, len(all))
	for i, el := range all {
		v.r.Nullable = v.r.Nullable || i < looksAt && el.r.Nullable
		v.a.Nullable = v.a.Nullable || el.a.Nullable
		keys[i] = el.key
	}
	v.key = fmt.Sprintf("(IN %t %s)", e.Not, strings.Join(keys, ","))
	return v
}

// badMembers places the fault at the first member that does not compare with x.
func (s *state) badMembers(e *sql.InList, x *value, list []*value, err error) {
	for i, v := range list {
		if coerce.Membership(x.a.Type, []arrow.DataType{v.a.Type}) == nil {
			continue
		}
		if help := bytesHelp(e.Operand, x, e.List[i], v); help != "" {
			s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: e.List[i].Span(), Help: help,
				Message: fmt.Sprintf("IN does not take %s and %s", coerce.Format(x.a.Type), coerce.Format(v.a.Type))})
			return
		}
		s.mismatch(e.List[i].Span(), err)
		return
	}
	s.mismatch(e.Span(), err)
}

// between types x BETWEEN low AND high.
func (s *state) between(sc *scope, e *sql.Between) *value {
	x, low, high := s.expr(sc, e.Operand), s.expr(sc, e.Low), s.expr(sc, e.High)
	if bad := spoiled(x, low, high); bad != nil {
		return bad
	}
	if err := coerce.Between(x.a.Type, low.a.Type, high.a.Type); err != nil {
		s.mismatch(e.Span(), err)
		return poison
	}
	v := &value{
		r: typed{boolean, x.r.Nullable || low.r.Nullable || high.r.Nullable},
		a: typed{boolean, x.a.Nullable || low.a.Nullable || high.a.Nullable},
	}
	v.key = fmt.Sprintf("(%s BETWEEN %t %s AND %s)", x.key, e.Not, low.key, high.key)
	return v
}

// like types LIKE, ILIKE and SIMILAR TO.
func (s *state) like(sc *scope, e *sql.Like) *value {
	x, pattern := s.expr(sc, e.Operand), s.expr(sc, e.Pattern)
	if bad := spoiled(x, pattern); bad != nil {
		return bad
	}
	if e.Kind == sql.LikeSimilar && pattern.r.Type.ID() != arrow.STRING && !coerce.IsNull(pattern.r.Type) {
		s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: e.Pattern.Span(), Message: "the pattern of SIMILAR TO must be Utf8, not " + coerce.Format(pattern.r.Type),
			Help: "write a string literal, or arrow_cast(…, 'Utf8')"})
		return poison
	}
	if err := coerce.Like(x.a.Type, pattern.a.Type); err != nil {
		s.mismatch(e.Span(), err)
		return poison
	}
	v := &value{r: typed{boolean, x.r.Nullable || pattern.r.Nullable}, a: typed{boolean, x.a.Nullable || pattern.a.Nullable}}
	v.key = fmt.Sprintf("(%s %s %t %s)", x.key, e.Kind, e.Not, pattern.key)
	return v
}
