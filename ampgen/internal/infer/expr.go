package infer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/functions"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

var (
	null     arrow.DataType = arrow.Null
	boolean  arrow.DataType = arrow.FixedWidthTypes.Boolean
	int64T   arrow.DataType = arrow.PrimitiveTypes.Int64
	uint64T  arrow.DataType = arrow.PrimitiveTypes.Uint64
	float64T arrow.DataType = arrow.PrimitiveTypes.Float64
	utf8T    arrow.DataType = arrow.BinaryTypes.String
	binary   arrow.DataType = arrow.BinaryTypes.Binary
	interval arrow.DataType = arrow.FixedWidthTypes.MonthDayNanoInterval
)

// expr types an expression and remembers the answer. Faults below it make it poison, which is silent.
func (s *state) expr(sc *scope, e sql.Expr) *value {
	v := s.widened(sc, s.typeExpr(sc, e))
	if !v.bad {
		v.constant = v.constant || v.col == nil && s.constant(e)
		v.key = boundedKey(v.key)
	}
	s.values[e] = v
	return v
}

// boundedKey puts a digest in the place of a long key. Keys hold those of their operands: written out, a chain of thousands of
// ORs would need memory by the square of its length.
func boundedKey(key string) string {
	const longest = 512
	if len(key) <= longest {
		return key
	}
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(key)))
	if strings.Contains(key, outerKey) {
		return outerKey + digest
	}
	return digest
}

func (s *state) typeExpr(sc *scope, e sql.Expr) *value {
	switch e := e.(type) {
	case *sql.ColumnRef:
		return s.columnRef(sc, e)
	case *sql.Literal:
		return s.literal(e, "")
	case *sql.Paren:
		return s.expr(sc, e.Expr)
	case *sql.Unary:
		return s.unary(sc, e)
	case *sql.Binary:
		return s.binary(sc, e)
	case *sql.Is:
		return s.is(sc, e)
	case *sql.InList:
		return s.inList(sc, e)
	case *sql.Between:
		return s.between(sc, e)
	case *sql.Like:
		return s.like(sc, e)
	case *sql.Case:
		return s.caseExpr(sc, e)
	case *sql.Cast:
		return s.cast(sc, e)
	case *sql.TypedLiteral:
		v := s.literal(e.Value, "")
		return s.castTo(v, typeName(e.Type), false, e.Span())
	case *sql.Interval:
		return s.interval(sc, e)
	case *sql.AtTimeZone:
		v := s.expr(sc, e.Operand)
		return s.castTo(v, coerce.Timestamp(arrow.Nanosecond, e.Zone.Value), false, e.Span())
	case *sql.Call:
		return s.call(sc, e)
	case *sql.Array:
		return s.array(sc, e)
	case *sql.Struct:
		return s.structExpr(sc, e)
	case *sql.Map:
		return s.mapExpr(sc, e)
	case *sql.Subscript:
		return s.subscript(sc, e)
	case *sql.Slice:
		return s.slice(sc, e)
	case *sql.Subquery, *sql.InSubquery, *sql.Exists:
		return s.subqueryExpr(sc, e)
	}
	s.unsupported(e.Span(), "this expression", "")
	return poison
}

// literal types a constant; sign is "-" when a minus stands directly before a number, which the planner folds.
func (s *state) literal(e *sql.Literal, sign string) *value {
	switch e.Kind {
	case sql.Number:
		return numberLiteral(sign + e.Value)
	case sql.String:
		v := same(utf8T, false)
		v.lit, v.key = &functions.Literal{Text: e.Value}, fmt.Sprintf("%q", e.Value)
		return v
	case sql.Hex:
		if strings.Trim(e.Value, "0123456789abcdefABCDEF") != "" {
			s.fault(diag.Diagnostic{Code: diag.Syntax, Span: e.Span(), Message: "a binary literal has hexadecimal digits only"})
			return poison
		}
		v := same(binary, false)
		v.key = "x" + strings.ToLower(e.Value)
		v.lit = &functions.Literal{Text: e.Span().Text()}
		return v
	case sql.Boolean:
		v := same(boolean, false)
		v.key = e.Value
		v.lit = &functions.Literal{Text: e.Span().Text()}
		return v
	default:
		v := same(null, true)
		v.key = "NULL"
		v.lit = &functions.Literal{Text: e.Span().Text()}
		return v
	}
}

// numberLiteral is Int64, UInt64 if only that holds it, else Float64.
func numberLiteral(text string) *value {
	dt := float64T
	if n, ok := new(big.Int).SetString(text, 10); ok {
		switch {
		case n.IsInt64():
			dt = int64T
		case n.IsUint64():
			dt = uint64T
		}
	}
	v := same(dt, false)
	v.lit, v.key = &functions.Literal{Text: text}, text
	return v
}

// interval types INTERVAL …, whose value is a constant.
func (s *state) interval(sc *scope, e *sql.Interval) *value {
	if v := s.expr(sc, e.Value); v.bad {
		return v
	}
	v := same(interval, false)
	v.key = "interval " + e.Span().Text()
	v.lit = &functions.Literal{Text: e.Span().Text()}
	return v
}

// cast types CAST, TRY_CAST and ::.
func (s *state) cast(sc *scope, e *sql.Cast) *value {
	v := s.expr(sc, e.Operand)
	return s.castTo(v, typeName(e.Type), e.Try, e.Span())
}

// castTo is v cast to dt. The planner states the type whatever v is; casts that do not exist fail when the plan is run.
func (s *state) castTo(v *value, dt arrow.DataType, try bool, at source.Span) *value {
	if bad := spoiled(v); bad != nil {
		if !bad.bad {
			return &value{r: typed{dt, true}, a: typed{dt, true}} // an unknown type is settled by a cast
		}
		return bad
	}
	if !coerce.CanCast(v.a.Type, dt) {
		s.unknownCast(v, dt, at)
		return poison
	}
	out := &value{r: typed{dt, v.r.Nullable || try}, a: typed{dt, v.a.Nullable || try}}
	word := "cast"
	if try {
		word = "try_cast"
	}
	out.key = fmt.Sprintf("%s(%s as %s)", word, v.key, coerce.Format(dt))
	if v.shape != nil && coerce.IsString(dt) {
		out.shape = v.shape
	}
	return out
}

func (s *state) unknownCast(v *value, dt arrow.DataType, at source.Span) {
	d := diag.Diagnostic{Code: diag.UnknownCast, Span: at, Message: fmt.Sprintf("there is no cast from %s to %s", coerce.Format(v.a.Type), coerce.Format(dt))}
	from, fixed := v.a.Type.(*arrow.FixedSizeBinaryType)
	switch {
	case fixed && coerce.IsString(dt) && (from.ByteWidth == 20 || from.ByteWidth == 32):
		d.Help = "evm_decode_hex(…) gives 0x text, encode(…, 'hex') hex without 0x"
	case fixed && coerce.IsString(dt):
		d.Help = "encode(…, 'hex') gives hex text"
	case fixed:
		d.Help = "cast it to Binary first, with arrow_cast(…, 'Binary')"
	case coerce.IsString(v.a.Type) && dt.ID() == arrow.FIXED_SIZE_BINARY:
		d.Help = "evm_encode_hex('0x…') makes an address or a hash"
	}
	s.fault(d)
}

// unsupported reports what the server refuses.
func (s *state) unsupported(at source.Span, what, help string) {
	s.fault(diag.Diagnostic{Code: diag.Unsupported, Span: at, Message: what + " is not supported by the server", Help: help})
}

// mismatch reports types that do not go together, with the words of coerce.
func (s *state) mismatch(at source.Span, err error) {
	d := diag.Diagnostic{Code: diag.TypeMismatch, Span: at, Message: err.Error()}
	var e *coerce.Error
	if errors.As(err, &e) {
		d.Message, d.Help = e.Message, e.Help
	}
	s.fault(d)
}
