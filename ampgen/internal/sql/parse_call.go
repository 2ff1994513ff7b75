package sql

// bareCalls are the functions that are called without parentheses.
var bareCalls = words(`CURRENT_CATALOG CURRENT_USER SESSION_USER USER CURRENT_TIMESTAMP CURRENT_TIME CURRENT_DATE LOCALTIME
	LOCALTIMESTAMP`)

// name parses a column, or a call if a parenthesis follows.
func (p *parser) name() Expr {
	start := p.pos
	first := p.peek(0)
	parts := []Ident{p.identifier("a name")}
	for p.isSymbol(0, ".") {
		if k := p.peek(1).Kind; k != Word && k != QuotedName && k != StringToken {
			break
		}
		p.next()
		parts = append(parts, p.identifier("a name"))
	}
	switch {
	case p.isSymbol(0, "("):
		return p.call(start, parts)
	case len(parts) == 1 && first.Kind == Word && bareCalls[first.Text]:
		return &Call{Name: parts, NoParens: true, Pos: p.since(start)}
	}
	return &ColumnRef{Parts: parts, Pos: p.since(start)}
}

// call parses a call from its opening parenthesis on.
func (p *parser) call(start int, name []Ident) Expr {
	c := &Call{Name: name}
	p.next()
	if p.acceptWords("DISTINCT") {
		c.Distinct = true
	} else {
		p.acceptWords("ALL")
	}
	switch {
	case p.isWord(0, "SELECT", "WITH") && !p.isSymbol(1, ",") && !p.isSymbol(1, ")"):
		p.unsupported(p.at(p.peek(0)), "a subquery as the argument list", "put the subquery into parentheses of its own")
		p.query(false)
	case c.Distinct || !p.isSymbol(0, ")"):
		c.Args = list(p, p.arg)
	}
	return p.callEnd(start, c)
}

// callEnd parses what follows the arguments of a call.
func (p *parser) callEnd(start int, c *Call) Expr {
	p.argClauses(c)
	p.expectSymbol(")")
	if p.isSymbol(0, "(") {
		p.ignored(p.since(start).At, "the first argument list", "delete it, or the second one")
		p.skipParens()
	}
	p.callClauses(c)
	c.Pos = p.since(start)
	return c
}

// arg parses an argument, which may have a name.
func (p *parser) arg() *Arg {
	start, a := p.pos, &Arg{}
	if qualifier, ok := p.star(); ok {
		a.Value = &Star{Qualifier: qualifier, Pos: p.since(start)}
		a.Pos = p.since(start)
		return a
	}
	if p.isSymbol(1, "=>") || p.isSymbol(1, ":=") {
		name := p.identifier("the name of an argument")
		a.Name = &name
		p.next()
	}
	a.Value = p.expr()
	a.Pos = p.since(start)
	return a
}

// argClauses parses what may follow the arguments inside the parentheses.
func (p *parser) argClauses(c *Call) {
	for {
		start := p.pos
		switch {
		case c.Nulls == "" && p.acceptNulls(c):
		case c.OrderBy == nil && p.acceptWords("ORDER", "BY"):
			c.OrderBy = list(p, p.orderItem)
		case p.isWord(0, "LIMIT", "HAVING", "SEPARATOR", "RETURNING") || p.areWords("ON", "OVERFLOW") || p.areWords("NULL", "ON") ||
			p.areWords("ABSENT", "ON"):
			word := p.next().Text
			p.unsupported(p.since(start).At, word+" inside a call", "delete it")
			p.abandon()
		default:
			return
		}
	}
}

func (p *parser) acceptNulls(c *Call) bool {
	switch {
	case p.acceptWords("IGNORE", "NULLS"):
		c.Nulls = IgnoreNulls
	case p.acceptWords("RESPECT", "NULLS"):
		c.Nulls = RespectNulls
	default:
		return false
	}
	return true
}

// callClauses parses what may follow the closing parenthesis.
func (p *parser) callClauses(c *Call) {
	if p.areWords("WITHIN", "GROUP") {
		p.pos += 2
		c.WithinGroup = parens(p, func() []*OrderItem {
			p.expectWord("ORDER")
			p.expectWord("BY")
			return list(p, p.orderItem)
		})
	}
	if p.isWord(0, "FILTER") && p.isSymbol(1, "(") {
		p.next()
		c.Filter = parens(p, func() Expr {
			p.expectWord("WHERE")
			return p.expr()
		})
	}
	if c.Nulls == "" {
		p.acceptNulls(c)
	}
	if p.isWord(0, "OVER") {
		c.Over = p.over()
	}
}

// over parses OVER name or OVER (…). The server resolves a name in the select list only and forgets the OVER elsewhere.
func (p *parser) over() *Over {
	start, o := p.pos, &Over{}
	p.next()
	if p.isSymbol(0, "(") {
		o.Spec = parens(p, p.windowSpec)
		o.Pos = p.since(start)
		return o
	}
	name := p.identifier(`"(" or the name of a window`)
	o.Window = &name
	o.Pos = p.since(start)
	if !p.inSelectList {
		p.ignored(o.At, "OVER "+name.At.Text()+" outside the select list", "write the window out: OVER (…)")
	} else {
		p.windowNames = append(p.windowNames, name)
	}
	return o
}

// windowSpec parses the inside of OVER (…) and of a named window.
func (p *parser) windowSpec() *WindowSpec {
	start, w := p.pos, &WindowSpec{}
	if t := p.peek(0); t.Kind == QuotedName || t.Kind == Word && !inWords(t, "PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS") {
		p.next()
		p.ignored(p.at(t), "a window's name inside the parentheses",
			"write OVER "+p.at(t).Text()+" without parentheses, or its PARTITION BY and ORDER BY out")
	}
	if p.acceptWords("PARTITION", "BY") {
		w.PartitionBy = p.exprList()
	}
	if p.acceptWords("ORDER", "BY") {
		w.OrderBy = list(p, p.orderItem)
	}
	if p.isWord(0, "ROWS", "RANGE", "GROUPS") {
		w.Frame = p.frame()
	}
	w.Pos = p.since(start)
	if p.isSymbol(0, ")") && p.pos == start {
		w.At = p.at(p.peek(0))
		w.At.End = w.At.Start
	}
	return w
}

func (p *parser) frame() *Frame {
	start, f := p.pos, &Frame{}
	f.Units = FrameUnits(p.next().Text)
	if p.acceptWords("BETWEEN") {
		f.Start = p.frameBound()
		p.expectWord("AND")
		f.End = p.frameBound()
	} else {
		f.Start = p.frameBound()
	}
	f.Pos = p.since(start)
	if at := p.pos; p.acceptWords("EXCLUDE") {
		p.unsupported(p.since(at).At, "EXCLUDE in a window frame", "delete it")
		p.abandon()
	}
	return f
}

func (p *parser) frameBound() *FrameBound {
	start, b := p.pos, &FrameBound{}
	if p.acceptWords("CURRENT", "ROW") {
		return &FrameBound{Kind: CurrentRow, Pos: p.since(start)}
	}
	if !p.acceptWords("UNBOUNDED") {
		b.Offset = p.expr()
	}
	switch {
	case p.acceptWords("PRECEDING"):
		b.Kind = Preceding
	case p.acceptWords("FOLLOWING"):
		b.Kind = Following
	default:
		p.expected("PRECEDING or FOLLOWING")
	}
	b.Pos = p.since(start)
	return b
}
