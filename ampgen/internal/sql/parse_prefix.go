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

// number parses a number. A word that touches it would be its alias, which nobody means.
func (p *parser) number() Expr {
	t := p.next()
	if w := p.peek(0); w.Kind == Word && w.Start == t.End {
		help := "put a space or AS between them"
		switch {
		case strings.HasPrefix(w.Text, "_"):
			help = "write the digits without _"
		case t.Text == "0" && strings.HasPrefix(w.Text, "X"):
			help = "write 0x in lower case"
		}
		p.refuse(diag.Syntax, p.at(t).To(p.at(w)), "the number "+p.at(t).Text()+" runs into the word "+p.at(w).Text(), help)
	}
	return &Literal{Pos: Pos{At: p.at(t)}, Kind: Number, Value: t.Text}
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

// arrayElems parses the elements and the closing bracket of an array that begins at token start.
func (p *parser) arrayElems(start int) Expr {
	a := &Array{}
	if !p.isSymbol(0, "]") {
		a.Elems = p.exprList()
	}
	p.expectSymbol("]")
	a.Pos = p.since(start)
	return a
}

// braces parses a struct written {'a': 1, b: 2}.
func (p *parser) braces() Expr {
	start := p.pos
	p.next()
	if p.acceptSymbol("}") {
		p.unsupported(p.since(start).At, "an empty struct", "give it a field: {'a': 1}")
		return &Literal{Pos: p.since(start), Kind: Null}
	}
	if p.isWord(0, "FN", "D", "T", "TS") && !p.isSymbol(1, ":") {
		p.unsupported(p.at(p.tokens[start]), "escape braces", "write what they hold without them")
		p.abandon()
	}
	s := &Struct{}
	s.Fields = list(p, func() *StructField {
		at := p.pos
		name := p.identifier("a field name")
		p.expectSymbol(":")
		return &StructField{Name: &name, Value: p.expr(), Pos: p.since(at)}
	})
	p.expectSymbol("}")
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

// intervalUnits are the units that the server can count; unitWords are all that it reads as a unit.
var (
	intervalUnits = words(`CENTURY CENTURIES DECADE DECADES YEAR YEARS MONTH MONTHS WEEK WEEKS DAY DAYS HOUR HOURS MINUTE MINUTES SECOND
		SECONDS MILLISECOND MILLISECONDS MICROSECOND MICROSECONDS NANOSECOND NANOSECONDS`)
	unitWords = words(`YEAR YEARS MONTH MONTHS WEEK WEEKS DAY DAYS HOUR HOURS MINUTE MINUTES SECOND SECONDS CENTURY DECADE DOW DOY
		EPOCH ISODOW ISOYEAR JULIAN MICROSECOND MICROSECONDS MILLENIUM MILLENNIUM MILLISECOND MILLISECONDS NANOSECOND NANOSECONDS
		QUARTER TIMEZONE TIMEZONE_HOUR TIMEZONE_MINUTE`)
)

func (p *parser) interval() Expr {
	start, i := p.pos, &Interval{}
	p.next()
	i.Value = p.intervalValue()
	if t := p.peek(0); t.Kind == Word && unitWords[t.Text] {
		p.next()
		i.Unit, i.UnitAt = t.Text, p.at(t)
		if !intervalUnits[t.Text] {
			p.unsupported(i.UnitAt, "intervals in "+t.Text, "count in MONTH, DAY or SECOND")
		}
	}
	i.Pos = p.since(start)
	switch {
	case p.isWord(0, "TO"):
		p.unsupported(i.At, "an interval over several units", "write INTERVAL '1 year 2 months'")
		p.abandon()
	case i.Unit != "" && p.isSymbol(0, "("):
		p.unsupported(i.At, "an interval with a precision", "delete the parentheses")
		p.skipParens()
	}
	return i
}

// intervalValue parses the constant after INTERVAL.
func (p *parser) intervalValue() Expr {
	start := p.pos
	if p.acceptSymbol("-") {
		u := &Unary{Op: OpMinus, Operand: p.intervalValue()}
		u.Pos = p.since(start)
		return u
	}
	if k := p.peek(0).Kind; k == NumberToken || k == StringToken {
		return p.prefix()
	}
	t := p.peek(0)
	p.syntax(p.faultAt(t), "expected a constant after INTERVAL, found "+p.describe(t),
		`write INTERVAL '1 day', or multiply: x * INTERVAL '1 day'; to name a column so, quote it: "interval"`)
	return &Literal{Pos: Pos{At: p.at(t)}, Kind: Null}
}

// structCall parses struct(a, b AS x).
func (p *parser) structCall() Expr {
	start, s := p.pos, &Struct{}
	if p.isSymbol(1, "<") {
		p.unsupported(p.at(p.peek(0)), "STRUCT<…>(…)", "write struct(a AS x) and CAST its fields")
		p.abandon()
	}
	p.formOpen()
	s.Fields = list(p, func() *StructField {
		at, f := p.pos, &StructField{}
		f.Value = p.expr()
		if p.acceptWords("AS") {
			name := p.identifier("a field name")
			f.Name = &name
		}
		f.Pos = p.since(at)
		return f
	})
	p.expectSymbol(")")
	s.Pos = p.since(start)
	return s
}

// mapBraces parses MAP {k: v}.
func (p *parser) mapBraces() Expr {
	start, m := p.pos, &Map{}
	p.pos += 2
	if !p.isSymbol(0, "}") {
		m.Entries = list(p, func() *MapEntry {
			at, e := p.pos, &MapEntry{}
			e.Key = p.expr()
			p.expectSymbol(":")
			e.Value = p.expr()
			e.Pos = p.since(at)
			return e
		})
	}
	p.expectSymbol("}")
	m.Pos = p.since(start)
	return m
}

// typedLiteral parses a type and a string, such as DATE '2020-01-01'; nil if something else stands here.
func (p *parser) typedLiteral() Expr {
	start, back := p.pos, p.mark()
	ty := p.typeName()
	t := p.peek(0)
	quoted := t.Kind == QuotedName && p.at(t).Text()[0] == '"'
	if p.failed || t.Kind != StringToken && !quoted {
		p.reset(back)
		return nil
	}
	p.next()
	if quoted {
		words := ty.At.Text()
		p.refuse(diag.Syntax, p.since(start).At, p.since(start).At.Text()+" is read as a constant of type "+words+", not as a column with an alias",
			"write "+words+" AS "+p.at(t).Text()+", or '…' for a constant")
	}
	return &TypedLiteral{Type: ty, Value: &Literal{Pos: Pos{At: p.at(t)}, Kind: String, Value: t.Text}, Pos: p.since(start)}
}
