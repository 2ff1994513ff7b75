package sql

import (
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
)

// The binding powers, from the loosest to the tightest.
const (
	bindNone     = 0
	bindOr       = 5
	bindAnd      = 10
	bindNot      = 15
	bindPGOther  = 16
	bindIs       = 17
	bindLike     = 19
	bindCompare  = 20
	bindPipe     = 21
	bindShift    = 22
	bindBitAnd   = 23
	bindXor      = 24
	bindAdd      = 30
	bindMultiply = 40
	bindAtZone   = 41
	bindPostfix  = 50
)

// binary says how an infix symbol or word binds and what it means.
type binary struct {
	bind int
	op   Op
}

var binaries = map[string]binary{
	"OR": {bindOr, OpOr}, "AND": {bindAnd, OpAnd}, "XOR": {bindXor, OpBitXor},
	"@>": {bindPGOther, OpContains}, "<@": {bindPGOther, OpContainedBy},
	"=": {bindCompare, OpEq}, "==": {bindCompare, OpEq}, "<>": {bindCompare, OpNotEq}, "!=": {bindCompare, OpNotEq},
	"<": {bindCompare, OpLess}, "<=": {bindCompare, OpLessEq}, ">": {bindCompare, OpGreater}, ">=": {bindCompare, OpGreaterEq},
	"<=>": {bindCompare, OpNotDistinct},
	"~":   {bindCompare, OpMatch}, "~*": {bindCompare, OpIMatch}, "!~": {bindCompare, OpNotMatch}, "!~*": {bindCompare, OpNotIMatch},
	"~~": {bindCompare, OpLikeMatch}, "~~*": {bindCompare, OpILikeMatch}, "!~~": {bindCompare, OpNotLikeMatch},
	"!~~*": {bindCompare, OpNotILike},
	"|":    {bindPipe, OpBitOr}, "^": {bindShift, OpBitXor}, "<<": {bindShift, OpShiftLeft}, ">>": {bindShift, OpShiftRight},
	"&": {bindBitAnd, OpBitAnd}, "+": {bindAdd, OpPlus}, "-": {bindAdd, OpMinus},
	"*": {bindMultiply, OpMultiply}, "/": {bindMultiply, OpDivide}, "%": {bindMultiply, OpModulo},
	"||": {bindMultiply, OpConcat},
}

// refusedOperators are infix operators that the server reads and does not plan, with what to write instead.
var refusedOperators = map[string]string{
	"&&": "write array_has_any(a, b)", "^@": "write starts_with(a, b)", ":=": "write =", "=>": "write =",
	"OVERLAPS": "compare the bounds: a.start < b.stop AND b.start < a.stop", "OPERATOR": "write the operator itself",
	"REGEXP": "write ~", "RLIKE": "write ~", "COLLATE": "delete it: text compares by its bytes", "MEMBER": "write array_has(array, x)",
	"DIV": "write /, which keeps integers whole", "//": "write /, which keeps integers whole",
	"->": "write x['field']", "->>": "write x['field']", "#>": "write x['field']", "#>>": "write x['field']",
	"#-": "there is no JSON type", "@?": "there is no JSON type", "@@": "write LIKE or ~",
}

func (p *parser) exprList() []Expr { return list(p, p.expr) }

// exprListOrNone parses expressions before a closing parenthesis, which may be none.
func (p *parser) exprListOrNone() []Expr {
	if p.isSymbol(0, ")") {
		return []Expr{}
	}
	return p.exprList()
}

// expr parses a whole expression.
func (p *parser) expr() Expr { return p.subexpr(bindNone) }

// subexpr parses an expression out of operators that bind tighter than least.
func (p *parser) subexpr(least int) Expr {
	p.enter()
	defer p.leave()
	start := p.peek(0).Start
	return p.infix(start, p.prefix(), least)
}

// infix goes on with left, which begins at byte start, as long as operators that bind tighter than least follow.
func (p *parser) infix(start int, left Expr, least int) Expr {
	for {
		bind := p.bindingPower()
		if bind <= least {
			return left
		}
		left = p.operator(start, left, bind)
	}
}

// bindingPower is that of the operator that stands here, or bindNone.
func (p *parser) bindingPower() int {
	t := p.peek(0)
	if t.Kind != Symbol && t.Kind != Word {
		return bindNone
	}
	if b, ok := binaries[t.Text]; ok {
		return b.bind
	}
	switch t.Text {
	case "IS":
		return bindIs
	case "IN", "BETWEEN":
		return bindCompare
	case "LIKE", "ILIKE":
		return bindLike
	case "SIMILAR":
		if p.isWord(1, "TO") {
			return bindLike
		}
	case "NOT":
		return p.bindingPowerOfNot()
	case "AT":
		if p.isWord(1, "TIME") && p.isWord(2, "ZONE") {
			return bindAtZone
		}
	case "::", "[", ".":
		return bindPostfix
	case "OPERATOR":
		if p.isSymbol(1, "(") {
			return bindCompare
		}
	case "MEMBER":
		if p.isWord(1, "OF") {
			return bindCompare
		}
	case "->", "->>", "#>", "#>>", "#-", "@?", "@@":
		return bindPGOther
	case "//", "DIV":
		return bindMultiply
	case "OVERLAPS", "REGEXP", "RLIKE", "COLLATE", "&&", "^@", ":=", "=>":
		return bindCompare
	}
	return bindNone
}

// bindingPowerOfNot is that of an infix NOT: the word after it decides.
func (p *parser) bindingPowerOfNot() int {
	switch t := p.peek(1); {
	case inWords(t, "IN", "BETWEEN"):
		return bindCompare
	case inWords(t, "LIKE", "ILIKE", "SIMILAR", "REGEXP", "RLIKE"):
		return bindLike
	case inWords(t, "NULL"):
		return bindIs
	}
	return bindNone
}

// operator parses one infix or postfix operator after left.
func (p *parser) operator(start int, left Expr, bind int) Expr {
	t := p.peek(0)
	if b, ok := binaries[t.Text]; ok {
		return p.binary(start, left, b)
	}
	switch t.Text {
	case "IS":
		return p.is(start, left)
	case "IN", "BETWEEN", "LIKE", "ILIKE", "SIMILAR", "NOT":
		return p.predicate(start, left)
	case "AT":
		return p.atTimeZone(start, left)
	case "::":
		p.next()
		c := &Cast{Operand: left, Type: p.typeName()}
		c.Pos = p.from(start)
		return c
	case "[":
		return p.subscript(start, left)
	case ".":
		return p.dot(left)
	}
	return p.refusedOperator(left, t, bind)
}

// refusedOperator refuses an operator that the server does not plan, and takes in its right operand.
func (p *parser) refusedOperator(left Expr, t Token, bind int) Expr {
	p.next()
	what := "the operator " + t.Text
	p.unsupported(p.at(t), what, refusedOperators[t.Text])
	if t.Text == "OPERATOR" {
		p.skipParens()
	}
	p.acceptWords("OF")
	p.subexpr(bind)
	return left
}

func (p *parser) binary(start int, left Expr, b binary) Expr {
	op := p.next()
	if p.isWord(0, "ANY", "SOME", "ALL") && p.isSymbol(1, "(") {
		return p.quantified(start, left, op, b.op)
	}
	e := &Binary{Op: b.op, OpAt: p.at(op), Left: left}
	e.Right = p.subexpr(b.bind)
	e.Pos = p.from(start)
	return e
}

// quantified parses `ANY (array)` and SOME and ALL after a comparison.
func (p *parser) quantified(start int, left Expr, opToken Token, op Op) Expr {
	word := p.next()
	name := Ident{Pos: Pos{At: p.at(word)}, Name: "array_has", Value: "array_has"}
	switch {
	case word.Text == "ALL":
		p.unsupported(p.at(word), "ALL", "write NOT array_has(…), or compare with array_min or array_max")
	case op != OpEq:
		p.unsupported(p.at(opToken), string(op)+" "+word.Text, "only = goes with "+word.Text+"; compare with array_min or array_max")
	case p.isWord(1, "SELECT", "WITH"):
		p.unsupported(p.at(word), word.Text+" with a subquery", "write IN (SELECT …)")
	}
	array := parens(p, func() Expr {
		if p.isWord(0, "SELECT", "WITH") {
			at := p.pos
			return &Subquery{Query: p.query(false), Pos: p.since(at)}
		}
		return p.expr()
	})
	return &Call{Name: []Ident{name}, Args: []*Arg{{Pos: Pos{At: array.Span()}, Value: array}, {Pos: Pos{At: left.Span()}, Value: left}},
		Form: word.Text, Pos: p.from(start)}
}

// is parses IS [NOT] NULL|TRUE|FALSE|UNKNOWN|DISTINCT FROM.
func (p *parser) is(start int, left Expr) Expr {
	opStart := p.pos
	p.next()
	not := p.acceptWords("NOT")
	t := p.peek(0)
	switch {
	case p.isWord(0, "NULL", "TRUE", "FALSE", "UNKNOWN"):
		p.next()
		return &Is{Operand: left, Not: not, Test: IsTest(t.Text), Pos: p.from(start)}
	case p.acceptWords("DISTINCT", "FROM"):
		return p.isDistinct(start, opStart, left, not)
	case p.isWord(0, "NORMALIZED") || p.isWord(0, "NFC", "NFD", "NFKC", "NFKD") && p.isWord(1, "NORMALIZED"):
		if !p.acceptWords("NORMALIZED") {
			p.pos += 2
		}
		p.unsupported(p.since(opStart).At, "IS NORMALIZED", "delete it")
		return left
	}
	p.expected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM")
	return left
}

// isDistinct parses the right side of IS [NOT] DISTINCT FROM. The server takes everything that follows for it, also what
// stands behind AND; nobody means that, so it is refused.
func (p *parser) isDistinct(start, opStart int, left Expr, not bool) Expr {
	e := &Binary{Op: OpDistinct, OpAt: p.since(opStart).At, Left: left}
	if not {
		e.Op = OpNotDistinct
	}
	e.Right = p.expr()
	e.Pos = p.from(start)
	if right, ok := e.Right.(*Binary); ok && binaries[string(right.Op)].bind < bindIs {
		p.refuse(diag.Syntax, right.OpAt, string(right.Op)+" belongs to the right side of "+string(e.Op),
			"put parentheses around the comparison: (a "+string(e.Op)+" b) "+string(right.Op)+" …")
	}
	return e
}

// predicate parses [NOT] IN, BETWEEN, LIKE, ILIKE, SIMILAR TO, and postfix NOT NULL.
func (p *parser) predicate(start int, left Expr) Expr {
	not := p.acceptWords("NOT")
	t := p.next()
	switch t.Text {
	case "NULL":
		return &Is{Operand: left, Not: true, Test: IsNull, Pos: p.from(start)}
	case "IN":
		return p.in(start, left, not)
	case "BETWEEN":
		e := &Between{Operand: left, Not: not, Low: p.subexpr(bindCompare)}
		p.expectWord("AND")
		e.High = p.subexpr(bindCompare)
		e.Pos = p.from(start)
		return e
	case "REGEXP", "RLIKE":
		p.pos--
		return p.refusedOperator(left, t, bindLike)
	case "SIMILAR":
		p.expectWord("TO")
		return p.like(start, left, not, LikeSimilar)
	}
	return p.like(start, left, not, LikeKind(t.Text))
}

func (p *parser) in(start int, left Expr, not bool) Expr {
	if t := p.peek(0); p.acceptWords("UNNEST") {
		p.unsupported(p.at(t), "IN UNNEST", "write array_has(array, x)")
		p.skipParens()
		return left
	}
	if p.isSymbol(0, "(") && p.startsQuery(1) {
		e := &InSubquery{Operand: left, Not: not}
		e.Query = parens(p, func() *Query { return p.query(false) })
		e.Pos = p.from(start)
		return e
	}
	e := &InList{Operand: left, Not: not}
	e.List = parens(p, p.exprList)
	e.Pos = p.from(start)
	return e
}

// startsQuery reports whether a query begins n tokens ahead, perhaps in parentheses.
func (p *parser) startsQuery(n int) bool {
	for p.isSymbol(n, "(") {
		n++
	}
	return p.isWord(n, "SELECT", "WITH") || p.isWord(n, "VALUES") && p.isSymbol(n+1, "(")
}

func (p *parser) like(start int, left Expr, not bool, kind LikeKind) Expr {
	e := &Like{Operand: left, Not: not, Kind: kind}
	if t := p.peek(0); p.acceptWords("ANY") {
		p.unsupported(p.at(t), string(kind)+" ANY", "join several "+string(kind)+" with OR")
	}
	e.Pattern = p.subexpr(bindLike)
	if p.acceptWords("ESCAPE") {
		e.Escape = p.stringLiteral("an escape character in quotes")
		if len(e.Escape.Value) != 1 {
			p.refuse(diag.Syntax, e.Escape.At, "ESCAPE takes one ASCII character, not "+e.Escape.At.Text(), `write ESCAPE '\'`)
		}
	}
	e.Pos = p.from(start)
	return e
}

// stringLiteral consumes a string or fails.
func (p *parser) stringLiteral(what string) *Literal {
	t := p.peek(0)
	if t.Kind != StringToken {
		p.expected(what)
		return &Literal{Pos: Pos{At: p.at(t)}, Kind: String}
	}
	p.next()
	return &Literal{Pos: Pos{At: p.at(t)}, Kind: String, Value: t.Text}
}

func (p *parser) atTimeZone(start int, left Expr) Expr {
	p.pos += 3
	zone := p.subexpr(bindAtZone)
	e := &AtTimeZone{Operand: left}
	literal, ok := zone.(*Literal)
	if !ok || literal.Kind != String {
		p.unsupported(zone.Span(), "a time zone that is not a string literal", "write AT TIME ZONE 'UTC'")
		literal = &Literal{Pos: Pos{At: zone.Span()}, Kind: String}
	}
	e.Zone = literal
	e.Pos = p.from(start)
	return e
}

// subscript parses x[i], x[low:high] and x[low:high:step].
func (p *parser) subscript(start int, base Expr) Expr {
	open := p.next()
	bound := func(which string) Expr {
		if p.isSymbol(0, ":") || p.isSymbol(0, "]") {
			p.unsupported(p.at(open), "a slice without "+which, "give both bounds, counted from 1: x[1:cardinality(x)]")
			return &Literal{Pos: Pos{At: p.at(p.peek(0))}, Kind: Null}
		}
		return p.expr()
	}
	if p.isSymbol(0, "]") {
		p.expected(anExpression)
	}
	low := bound("a lower bound")
	if p.acceptSymbol("]") {
		return &Subscript{Base: base, Index: low, Pos: p.from(start)}
	}
	p.expectSymbol(":")
	s := &Slice{Base: base, Low: low, High: bound("an upper bound")}
	if p.acceptSymbol(":") {
		s.Step = p.expr()
	}
	p.expectSymbol("]")
	s.Pos = p.from(start)
	return s
}

// dot refuses a field after anything but a name.
func (p *parser) dot(base Expr) Expr {
	dot := p.next()
	t := p.next()
	at := p.at(dot).To(p.at(t))
	switch {
	case t.Kind == Symbol && t.Text == "*":
		p.unsupported(at, "an expression before .*", "name the fields: x['a'] AS a")
	case t.Kind == Word || t.Kind == QuotedName || t.Kind == StringToken:
		field := "['" + strings.ReplaceAll(p.ident(t).Value, "'", "''") + "']"
		p.unsupported(at, "a dot after an expression", "write "+field)
	default:
		p.syntax(p.faultAt(t), "expected a field after the dot, found "+p.describe(t), "write ['field']")
	}
	return base
}
