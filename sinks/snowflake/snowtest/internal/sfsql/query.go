package sfsql

// query is SELECT … [UNION ALL SELECT …] [ORDER BY …] [LIMIT …].
func (p *parser) query() *Select {
	defer p.enter()()
	s := p.selectCore()
	for last := s; p.accept("UNION"); {
		p.expect("ALL")
		last.UnionAll = p.selectCore()
		last = last.UnionAll
	}
	if p.accept("ORDER", "BY") {
		s.OrderBy = p.orders()
	}
	if p.accept("LIMIT") {
		s.Limit = p.primary()
	}
	if p.accept("OFFSET") {
		s.Offset = p.primary()
	}
	return s
}

func (p *parser) selectCore() *Select {
	p.expect("SELECT")
	s := &Select{Distinct: p.accept("DISTINCT")}
	for {
		item := Item{Expr: p.expr()}
		item.Alias = p.alias()
		s.Items = append(s.Items, item)
		if !p.accept(",") {
			break
		}
	}
	if p.accept("FROM") {
		s.From = p.relations()
	}
	s.Where = p.where()
	if p.accept("GROUP", "BY") {
		s.GroupBy = p.exprList()
	}
	if p.accept("HAVING") {
		s.Having = p.expr()
	}
	return s
}

func (p *parser) relations() []From {
	out := []From{p.relation()}
	for {
		var join string
		switch {
		case p.accept(","), p.accept("CROSS", "JOIN"):
			join = "CROSS"
		case p.accept("JOIN"), p.accept("INNER", "JOIN"):
			join = "INNER"
		case p.accept("LEFT", "JOIN"), p.accept("LEFT", "OUTER", "JOIN"):
			join = "LEFT"
		default:
			return out
		}
		f := p.relation()
		f.Join = join
		if join != "CROSS" {
			p.expect("ON")
			f.On = p.expr()
		}
		out = append(out, f)
	}
}

func (p *parser) relation() From {
	f := From{At: p.peek().at}
	switch {
	case p.accept("VALUES"):
		f.Values = p.rows()
	case p.accept("("):
		if p.accept("VALUES") {
			f.Values = p.rows()
		} else {
			f.Query = p.query()
		}
		p.expect(")")
	default:
		f.Table = p.name()
	}
	f.Alias = p.alias()
	if f.Alias != "" && p.peek().is("(") {
		f.Names = p.nameList()
	}
	return f
}

func (p *parser) orders() []Order {
	var out []Order
	for {
		o := Order{Expr: p.expr()}
		if p.accept("DESC") {
			o.Descending = true
		} else {
			p.accept("ASC")
		}
		if p.accept("NULLS") {
			if o.Nulls = "LAST"; p.accept("FIRST") {
				o.Nulls = "FIRST"
			} else {
				p.expect("LAST")
			}
		}
		out = append(out, o)
		if !p.accept(",") {
			return out
		}
	}
}

func (p *parser) exprList() []Expr {
	out := []Expr{p.expr()}
	for p.accept(",") {
		out = append(out, p.expr())
	}
	return out
}

func (p *parser) expr() Expr {
	defer p.enter()()
	x := p.and()
	for at := p.peek().at; p.accept("OR"); at = p.peek().at {
		x = &Binary{At(at), "OR", x, p.and()}
	}
	return x
}

func (p *parser) and() Expr {
	x := p.not()
	for at := p.peek().at; p.accept("AND"); at = p.peek().at {
		x = &Binary{At(at), "AND", x, p.not()}
	}
	return x
}

func (p *parser) not() Expr {
	if at := p.peek().at; p.accept("NOT") {
		defer p.enter()()
		return &Unary{At(at), "NOT", p.not()}
	}
	return p.comparison()
}

func (p *parser) comparison() Expr {
	x := p.additive()
	for {
		t := p.peek()
		at := At(t.at)
		switch {
		case t.is("="), t.is("<>"), t.is("!="), t.is("<"), t.is("<="), t.is(">"), t.is(">="):
			p.next()
			op := t.text
			if op == "!=" {
				op = "<>"
			}
			x = &Binary{at, op, x, p.additive()}
		case p.accept("IS"):
			not := p.accept("NOT")
			p.expect("NULL")
			x = &IsNull{at, x, not}
		default:
			y := p.predicate(x, at)
			if y == nil {
				return x
			}
			x = y
		}
	}
}

// predicate is [NOT] IN, BETWEEN or LIKE after x, or nil.
func (p *parser) predicate(x Expr, at At) Expr {
	not := p.peek().is("NOT")
	n := 0
	if not {
		n = 1
	}
	switch t := p.ahead(n); {
	case t.is("IN"):
		p.i += n + 1
		p.expect("(")
		in := &In{At: at, X: x, Not: not}
		if p.peek().is("SELECT") {
			in.Query = p.query()
		} else {
			in.List = p.exprList()
		}
		p.expect(")")
		return in
	case t.is("BETWEEN"):
		p.i += n + 1
		b := &Between{At: at, X: x, Not: not, Low: p.additive()}
		p.expect("AND")
		b.High = p.additive()
		return b
	case t.is("LIKE"):
		p.i += n + 1
		return &Like{at, x, p.additive(), not}
	}
	return nil
}

func (p *parser) additive() Expr {
	x := p.multiplicative()
	for {
		t := p.peek()
		if !t.is("+") && !t.is("-") && !t.is("||") {
			return x
		}
		p.next()
		x = &Binary{At(t.at), t.text, x, p.multiplicative()}
	}
}

func (p *parser) multiplicative() Expr {
	x := p.unary()
	for {
		t := p.peek()
		if !t.is("*") && !t.is("/") && !t.is("%") {
			return x
		}
		p.next()
		x = &Binary{At(t.at), t.text, x, p.unary()}
	}
}

func (p *parser) unary() Expr {
	if at := p.peek().at; p.accept("-") {
		defer p.enter()()
		return &Unary{At(at), "-", p.unary()}
	}
	return p.postfix(p.primary())
}

// postfix is what may follow a value: ::type, :field, [index], and .field after those two.
func (p *parser) postfix(x Expr) Expr {
	inside := false
	for {
		at := At(p.peek().at)
		switch {
		case p.accept("::"):
			x, inside = &Cast{At: at, X: x, To: p.typeName()}, false
		case p.accept(":"), inside && p.accept("."):
			x, inside = &Path{At: at, X: x, Field: p.field()}, true
		case p.accept("["):
			x, inside = &Path{At: at, X: x, Index: p.expr()}, true
			p.expect("]")
		default:
			return x
		}
	}
}

// field is a key of an object, in the case in which it is written.
func (p *parser) field() string {
	t := p.next()
	if t.kind != tWord && t.kind != tQuoted {
		p.fail(t.at, "unexpected '%s'.", t)
	}
	if t.kind == tWord {
		return p.src[t.at : t.at+wordLength(p.src[t.at:])]
	}
	return t.text
}
