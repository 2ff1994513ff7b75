package sql

import (
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/source"
)

// Expr is an expression. The implementations are the pointers to the structs of this file that have an expr method:
// ColumnRef, Literal, TypedLiteral, Interval, Paren, Unary, Binary, Is, InList, InSubquery, Between, Like, Case, Cast,
// AtTimeZone, Call, Star, Array, Struct, Map, Subscript, Slice, Subquery and Exists.
type Expr interface {
	Node
	expr()
}

// ColumnRef is a name with one or more parts: a column, a qualified column, or struct fields below one; which of them is
// for name resolution to say.
type ColumnRef struct {
	Pos
	Parts []Ident
}

// Literal is a constant.
type Literal struct {
	Pos
	Kind  LiteralKind
	Value string // see LiteralKind; the text as written is Span().Text()
}

// LiteralKind is the kind of a Literal and the meaning of its Value.
type LiteralKind string

// The literal kinds.
const (
	Number  LiteralKind = "number"  // digits, fraction and exponent as written, without the suffix L. A sign is a Unary
	String  LiteralKind = "string"  // the value, quotes and escapes resolved ('…', E'…', $$…$$)
	Hex     LiteralKind = "hex"     // the hexadecimal digits of X'…' or 0x…, as written; may be of odd length
	Boolean LiteralKind = "boolean" // "true" or "false"
	Null    LiteralKind = "null"    // ""
)

// ValueSpan is the place of the bytes [from, to) of a String's value in the source, to point into it; the whole literal when
// escapes or doubled quotes keep the value and the source apart.
func (l *Literal) ValueSpan(from, to int) source.Span {
	text := l.At.Text()
	at := strings.Index(text, l.Value)
	if at < 0 || from < 0 || from > to || to > len(l.Value) {
		return l.At
	}
	return l.At.File.Span(l.At.Start+at+from, l.At.Start+at+to)
}

// TypedLiteral is `DATE '2020-01-01'` and the like: a cast of the string to the type.
type TypedLiteral struct {
	Pos
	Type  *TypeName
	Value *Literal // of kind String
}

// Interval is INTERVAL value [unit].
type Interval struct {
	Pos
	Value  Expr        // a number or string Literal, or a minus sign (Unary) before one
	Unit   string      // the unit in upper case, such as DAY; "" when the value's text names its units
	UnitAt source.Span // where the unit stands; zero without unit
}

// Paren is an expression in parentheses.
type Paren struct {
	Pos
	Expr Expr
}

// Unary is a prefix operator: OpMinus, OpPlus or OpNot.
type Unary struct {
	Pos
	Op      Op
	Operand Expr
}

// Binary is an infix operator.
type Binary struct {
	Pos
	Op    Op
	OpAt  source.Span
	Left  Expr
	Right Expr
}

// Op is an operator in its canonical spelling: `==` is "=", `!=` is "<>", `<=>` is "IS NOT DISTINCT FROM", words are in
// upper case.
type Op string

// The operators that the planner knows.
const (
	OpPlus         Op = "+"
	OpMinus        Op = "-"
	OpMultiply     Op = "*"
	OpDivide       Op = "/"
	OpModulo       Op = "%"
	OpConcat       Op = "||"
	OpEq           Op = "="
	OpNotEq        Op = "<>"
	OpLess         Op = "<"
	OpLessEq       Op = "<="
	OpGreater      Op = ">"
	OpGreaterEq    Op = ">="
	OpDistinct     Op = "IS DISTINCT FROM"
	OpNotDistinct  Op = "IS NOT DISTINCT FROM"
	OpAnd          Op = "AND"
	OpOr           Op = "OR"
	OpNot          Op = "NOT" // unary only
	OpBitAnd       Op = "&"
	OpBitOr        Op = "|"
	OpBitXor       Op = "^" // also written XOR, which binds differently
	OpShiftLeft    Op = "<<"
	OpShiftRight   Op = ">>"
	OpMatch        Op = "~"
	OpIMatch       Op = "~*"
	OpNotMatch     Op = "!~"
	OpNotIMatch    Op = "!~*"
	OpLikeMatch    Op = "~~"
	OpILikeMatch   Op = "~~*"
	OpNotLikeMatch Op = "!~~"
	OpNotILike     Op = "!~~*"
	OpContains     Op = "@>"
	OpContainedBy  Op = "<@"
)

// Is is `x IS [NOT] NULL|TRUE|FALSE|UNKNOWN`; postfix NOT NULL is IS NOT NULL.
type Is struct {
	Pos
	Operand Expr
	Not     bool
	Test    IsTest
}

// IsTest is what Is tests for.
type IsTest string

// The tests.
const (
	IsNull    IsTest = "NULL"
	IsTrue    IsTest = "TRUE"
	IsFalse   IsTest = "FALSE"
	IsUnknown IsTest = "UNKNOWN"
)

// InList is `x [NOT] IN (a, b)`.
type InList struct {
	Pos
	Operand Expr
	Not     bool
	List    []Expr // at least one
}

// InSubquery is `x [NOT] IN (SELECT …)`.
type InSubquery struct {
	Pos
	Operand Expr
	Not     bool
	Query   *Query
}

// Between is `x [NOT] BETWEEN low AND high`.
type Between struct {
	Pos
	Operand Expr
	Not     bool
	Low     Expr
	High    Expr
}

// Like is `x [NOT] LIKE|ILIKE|SIMILAR TO pattern [ESCAPE 'c']`.
type Like struct {
	Pos
	Kind    LikeKind
	Operand Expr
	Not     bool
	Pattern Expr
	Escape  *Literal // nil without ESCAPE; otherwise a String of one byte
}

// LikeKind is the word of a Like.
type LikeKind string

// The kinds.
const (
	LikePlain   LikeKind = "LIKE"
	LikeNoCase  LikeKind = "ILIKE"
	LikeSimilar LikeKind = "SIMILAR TO"
)

// Case is CASE [operand] WHEN … THEN … [ELSE …] END.
type Case struct {
	Pos
	Operand Expr    // nil for a searched CASE
	Whens   []*When // at least one
	Else    Expr    // nil without ELSE
}

// When is one branch of a Case.
type When struct {
	Pos
	Cond   Expr
	Result Expr
}

// Cast is CAST(x AS T), TRY_CAST (also written SAFE_CAST) or x::T.
type Cast struct {
	Pos
	Operand Expr
	Type    *TypeName
	Try     bool // failures give null
}

// AtTimeZone is `x AT TIME ZONE 'zone'`: a cast to Timestamp(ns, zone) whatever x was.
type AtTimeZone struct {
	Pos
	Operand Expr
	Zone    *Literal // of kind String
}

// Array is [a, b] or ARRAY[a, b]. The planner plans its elements in a fresh context: no CTE and no outer column is visible.
type Array struct {
	Pos
	Elems []Expr
}

// Struct makes a struct: struct(a, b AS x), the tuple (a, b), or {'a': 1, b: 2}. If no field has a name it is the function
// struct, with fields c0, c1, …; otherwise named_struct, where a field without a name is called c and its index.
type Struct struct {
	Pos
	Fields []*StructField
	Tuple  bool // written (a, b)
}

// StructField is a field of a Struct. The planner takes Name.Value, not Name.Name.
type StructField struct {
	Pos
	Name  *Ident // nil if unnamed
	Value Expr
}

// Map is MAP {k: v, …}.
type Map struct {
	Pos
	Entries []*MapEntry
}

// MapEntry is an entry of a Map.
type MapEntry struct {
	Pos
	Key   Expr
	Value Expr
}

// Subscript is x[i]: a struct field, a list element (from 1), or a map value.
type Subscript struct {
	Pos
	Base  Expr
	Index Expr
}

// Slice is x[low:high] or x[low:high:step].
type Slice struct {
	Pos
	Base Expr
	Low  Expr
	High Expr
	Step Expr // nil if absent
}

// Subquery is a scalar subquery.
type Subquery struct {
	Pos
	Query *Query
}

// Exists is [NOT] EXISTS (query).
type Exists struct {
	Pos
	Not   bool
	Query *Query
}

func (*ColumnRef) expr()    {}
func (*Literal) expr()      {}
func (*TypedLiteral) expr() {}
func (*Interval) expr()     {}
func (*Paren) expr()        {}
func (*Unary) expr()        {}
func (*Binary) expr()       {}
func (*Is) expr()           {}
func (*InList) expr()       {}
func (*InSubquery) expr()   {}
func (*Between) expr()      {}
func (*Like) expr()         {}
func (*Case) expr()         {}
func (*Cast) expr()         {}
func (*AtTimeZone) expr()   {}
func (*Call) expr()         {}
func (*Star) expr()         {}
func (*Array) expr()        {}
func (*Struct) expr()       {}
func (*Map) expr()          {}
func (*Subscript) expr()    {}
func (*Slice) expr()        {}
func (*Subquery) expr()     {}
func (*Exists) expr()       {}
