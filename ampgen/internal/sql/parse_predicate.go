package sql

import "github.com/ampgen/ampgen/ampgen/internal/diag"

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
