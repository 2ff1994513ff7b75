package sql

import "strings"

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
