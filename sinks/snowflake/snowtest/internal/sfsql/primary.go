package sfsql

// primary is a constant, a bind, a column, a call, or something in parentheses.
func (p *parser) primary() Expr {
	t := p.peek()
	at := At(t.at)
	switch t.kind {
	case tString:
		return &Literal{at, "string", p.next().text}
	case tNumber:
		return &Literal{at, "number", p.next().text}
	case tBind:
		p.next()
		p.binds++
		return &Bind{at, p.binds - 1}
	case tQuoted:
		return p.reference()
	case tWord:
		return p.word()
	}
	switch {
	case p.accept("*"):
		return &Star{At: at}
	case p.accept("("):
		return p.parenthesis(at)
	}
	p.unexpected()
	return nil
}

func (p *parser) parenthesis(at At) Expr {
	defer p.enter()()
	if p.peek().is("SELECT") {
		q := p.query()
		p.expect(")")
		return &Subquery{At: at, Query: q}
	}
	items := p.exprList()
	p.expect(")")
	if len(items) > 1 {
		return &Tuple{at, items}
	}
	return items[0]
}

// word is a primary that begins with an unquoted word.
func (p *parser) word() Expr {
	at := At(p.peek().at)
	switch {
	case p.accept("NULL"):
		return &Literal{at, "null", ""}
	case p.accept("TRUE"):
		return &Literal{at, "boolean", "true"}
	case p.accept("FALSE"):
		return &Literal{at, "boolean", "false"}
	case p.accept("CASE"):
		return p.caseOf(at)
	case p.accept("EXISTS", "("):
		q := p.query()
		p.expect(")")
		return &Subquery{At: at, Query: q, Exists: true}
	case p.accept("CAST", "("):
		return p.cast(at, false)
	case p.accept("TRY_CAST", "("):
		return p.cast(at, true)
	}
	if p.ahead(1).is("(") {
		return p.call()
	}
	if t := p.peek().text; t == "CURRENT_TIMESTAMP" || t == "CURRENT_DATE" {
		p.next()
		return &Call{At: at, Name: t}
	}
	return p.reference()
}

func (p *parser) cast(at At, try bool) Expr {
	x := p.expr()
	p.expect("AS")
	to := p.typeName()
	p.expect(")")
	return &Cast{At: at, X: x, To: to, Try: try}
}

func (p *parser) call() Expr {
	c := &Call{At: At(p.peek().at), Name: p.identifier()}
	p.expect("(")
	if p.accept(")") {
		return c
	}
	c.Distinct = p.accept("DISTINCT")
	c.Args = p.exprList()
	p.expect(")")
	return c
}

func (p *parser) reference() Expr {
	at := At(p.peek().at)
	parts := []string{p.identifier()}
	for p.accept(".") {
		if p.accept("*") {
			if len(parts) > 1 {
				p.unexpected()
			}
			return &Star{at, parts[0]}
		}
		parts = append(parts, p.identifier())
	}
	return &Ref{at, parts}
}

func (p *parser) caseOf(at At) Expr {
	defer p.enter()()
	c := &Case{At: at}
	if !p.peek().is("WHEN") {
		c.X = p.expr()
	}
	for p.accept("WHEN") {
		c.When = append(c.When, p.expr())
		p.expect("THEN")
		c.Then = append(c.Then, p.expr())
	}
	if c.When == nil {
		p.unexpected()
	}
	if p.accept("ELSE") {
		c.Else = p.expr()
	}
	p.expect("END")
	return c
}
