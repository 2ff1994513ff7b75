package sql

import (
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
)

const anExpression = "an expression"

// prefix parses an expression up to its first infix operator.
func (p *parser) prefix() Expr {
	t := p.peek(0)
	at := Pos{At: p.at(t)}
	switch t.Kind {
	case NumberToken:
		return p.number()
	case StringToken:
		p.next()
		return &Literal{Pos: at, Kind: String, Value: t.Text}
	case HexToken:
		p.next()
		if i := strings.IndexFunc(t.Text, func(r rune) bool { return r > 'f' || !isHexDigit(byte(r)) }); i >= 0 {
			p.refuse(diag.Syntax, at.At, "a hexadecimal string holds more than the digits 0-9 and a-f", "write X'00ff'")
		}
		return &Literal{Pos: at, Kind: Hex, Value: t.Text}
	case OtherString:
		p.next()
		p.unsupported(at.At, t.Text+"'…' strings", "write '…' for text, X'…' for bytes")
		return &Literal{Pos: at, Kind: Null}
	case Placeholder:
		p.next()
		return p.placeholder(at)
	case QuotedName:
		return p.name()
	case Word:
		return p.wordPrefix(t)
	case Symbol:
		return p.symbolPrefix(t)
	}
	p.expected(anExpression)
	return &Literal{Pos: at, Kind: Null}
}

func (p *parser) placeholder(at Pos) Expr {
	p.refuse(diag.Unsupported, at.At, "placeholder "+at.At.Text()+" has no value", "write the value into the query")
	return &Literal{Pos: at, Kind: Null}
}

func (p *parser) symbolPrefix(t Token) Expr {
	start := p.pos
	switch t.Text {
	case "-", "+":
		p.next()
		u := &Unary{Op: Op(t.Text), Operand: p.subexpr(bindMultiply)}
		u.Pos = p.since(start)
		return u
	case "(":
		return p.paren()
	case "[":
		p.next()
		return p.arrayElems(start)
	case "{":
		return p.braces()
	case ":":
		if w := p.peek(1); (w.Kind == Word || w.Kind == NumberToken) && w.Start == t.End {
			p.pos += 2
			return p.placeholder(p.since(start))
		}
	}
	p.expected(anExpression)
	return &Literal{Pos: Pos{At: p.at(t)}, Kind: Null}
}

// paren parses a scalar subquery, a parenthesised expression, or a tuple.
func (p *parser) paren() Expr {
	start := p.pos
	if p.isWord(1, "SELECT", "WITH") {
		q := parens(p, func() *Query { return p.query(false) })
		return &Subquery{Query: q, Pos: p.since(start)}
	}
	elems := parens(p, p.exprList)
	if len(elems) == 1 {
		return &Paren{Expr: elems[0], Pos: p.since(start)}
	}
	switch elems[0].(type) {
	case *ColumnRef, *Literal:
	default:
		p.unsupported(elems[0].Span(), "a tuple that begins with anything but a column or a constant", "write struct(…)")
	}
	s := &Struct{Tuple: true}
	for _, e := range elems {
		s.Fields = append(s.Fields, &StructField{Pos: Pos{At: e.Span()}, Value: e})
	}
	s.Pos = p.since(start)
	return s
}

// formOpen consumes the parenthesis after the word of a form that is never read as a column.
func (p *parser) formOpen() {
	t := p.next()
	if !p.acceptSymbol("(") {
		found := p.peek(0)
		p.syntax(p.faultAt(found), `expected "(" after `+t.Text+", found "+p.describe(found),
			`to name a column so, quote it: "`+lowerASCII(t.Text)+`"`)
	}
}

// notColumns are the words that are not read as column names unless quoted. The server would read most of them so, but they
// stand here only when something before them is missing.
var notColumns = words(`FROM SELECT WHERE HAVING WHEN THEN ELSE AND OR AS ON USING BY IN IS LIKE ILIKE BETWEEN END UNION INTERSECT
	JOIN`)

// wordPrefix parses an expression that begins with an unquoted word: a keyword's form, a typed literal, a column or a call.
func (p *parser) wordPrefix(t Token) Expr {
	start := p.pos
	at := Pos{At: p.at(t)}
	switch t.Text {
	case "TRUE", "FALSE":
		p.next()
		return &Literal{Pos: at, Kind: Boolean, Value: lowerASCII(t.Text)}
	case "NULL":
		p.next()
		return &Literal{Pos: at, Kind: Null}
	case "NOT":
		return p.not()
	case "INTERVAL":
		return p.interval()
	case "EXISTS":
		return p.exists(start, false)
	case "CASE":
		if !p.endsOperand(1) {
			return p.caseExpr()
		}
	case "STRUCT":
		return p.structCall()
	case "TRIM":
		return p.trim()
	case "ARRAY":
		if p.isSymbol(1, "[") {
			p.pos += 2
			return p.arrayElems(start)
		}
	case "MAP":
		if p.isSymbol(1, "{") {
			return p.mapBraces()
		}
	}
	if e := p.specialCall(t); e != nil {
		return e
	}
	if typeWords[t.Text] != nil {
		if e := p.typedLiteral(); e != nil {
			return e
		}
	}
	next := p.peek(1)
	switch {
	case t.Text[0] == '_' && (next.Kind == StringToken || next.Kind == HexToken):
		p.next()
		p.unsupported(p.since(start).At, "a character set before a string", "write AS for an alias")
	case t.Text[0] == '@':
		p.unsupported(at.At, "session variables such as "+at.At.Text(), "write the value into the query")
	case p.isClause(t):
		p.syntax(at.At, "expected an expression, found "+p.describe(t), p.reservedHelp(t))
		return &Literal{Pos: at, Kind: Null}
	}
	return p.name()
}

// isClause reports whether the word here begins or continues a clause and is not a column of that name.
func (p *parser) isClause(t Token) bool {
	switch t.Text {
	case "GROUP", "ORDER", "PARTITION":
		return p.isWord(1, "BY")
	case "EXCEPT", "LIMIT", "OFFSET":
		k := p.peek(1).Kind
		return k == NumberToken || p.isWord(1, "SELECT", "ALL", "DISTINCT")
	}
	return notColumns[t.Text] && (t.Text == "FROM" || !p.isSymbol(1, "."))
}

// reservedHelp explains a reserved word where an expression should stand.
func (p *parser) reservedHelp(t Token) string {
	if before := p.tokens[max(p.pos-1, 0)]; before.Kind == Symbol && before.Text == "," {
		return "delete the comma before it"
	}
	return `something is missing before it; to name a column so, quote it: "` + lowerASCII(t.Text) + `"`
}

// endsOperand reports whether the token n places ahead cannot begin an expression, so that the word before it is a name.
func (p *parser) endsOperand(n int) bool {
	t := p.peek(n)
	switch t.Kind {
	case EOF:
		return true
	case Symbol:
		return !strings.Contains("([{-+", t.Text)
	case Word:
		return reservedColumnAlias[t.Text] || t.Text == "AS" || t.Text != "NOT" && p.binds(n)
	}
	return false
}

// binds reports whether the word n places ahead is an infix operator.
func (p *parser) binds(n int) bool {
	_, ok := binaries[p.peek(n).Text]
	return ok || p.isWord(n, "IS", "IN", "BETWEEN", "LIKE", "ILIKE")
}

func (p *parser) not() Expr {
	start := p.pos
	p.next()
	if p.isWord(0, "EXISTS") && p.isSymbol(1, "(") {
		return p.exists(start, true)
	}
	u := &Unary{Op: OpNot, Operand: p.subexpr(bindNot)}
	u.Pos = p.since(start)
	return u
}

func (p *parser) exists(start int, not bool) Expr {
	e := &Exists{Not: not}
	p.formOpen()
	e.Query = p.query(false)
	p.expectSymbol(")")
	e.Pos = p.since(start)
	return e
}

func (p *parser) caseExpr() Expr {
	start, c := p.pos, &Case{}
	p.next()
	if !p.isWord(0, "WHEN") {
		c.Operand = p.expr()
	}
	for ok := true; ok; ok = p.isWord(0, "WHEN") {
		at, w := p.pos, &When{}
		p.expectWord("WHEN")
		w.Cond = p.expr()
		p.expectWord("THEN")
		w.Result = p.expr()
		w.Pos = p.since(at)
		c.Whens = append(c.Whens, w)
	}
	if p.acceptWords("ELSE") {
		c.Else = p.expr()
	}
	p.expectWord("END")
	c.Pos = p.since(start)
	return c
}
