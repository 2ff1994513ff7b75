package sql

import "github.com/ampgen/ampgen/ampgen/internal/diag"

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

// specialCall parses the forms of a call with words between the arguments; nil if none stands here. They take none of the
// clauses that may follow a call.
func (p *parser) specialCall(t Token) Expr {
	if !p.isSymbol(1, "(") {
		return nil
	}
	start := p.pos
	switch t.Text {
	case "CAST", "TRY_CAST", "SAFE_CAST":
		return p.cast(start)
	case "CONVERT", "TRY_CONVERT":
		help := "write CAST(x AS type)"
		if t.Text == "TRY_CONVERT" {
			help = "write TRY_CAST(x AS type)"
		}
		p.unsupported(p.at(t), t.Text, help)
		p.abandon()
	case "EXTRACT":
		return p.extract(start)
	case "CEIL", "FLOOR":
		return p.rounding(start)
	case "POSITION":
		return p.position(start)
	case "SUBSTRING", "SUBSTR":
		return p.substring(start)
	case "OVERLAY":
		return p.overlay(start)
	case "ARRAY":
		if p.startsQuery(2) {
			p.unsupported(p.at(t), "ARRAY with a subquery", "write (SELECT array_agg(x) FROM …)")
			p.abandon()
		}
	case "MATCH":
		if closing := p.match[p.pos+1]; closing > 0 && inWords(p.tokens[closing+1], "AGAINST") {
			p.unsupported(p.at(t), "MATCH … AGAINST", "write LIKE or ~")
			p.abandon()
		}
	}
	return nil
}

// cast parses CAST(x AS T) and its variants.
func (p *parser) cast(start int) Expr {
	c := &Cast{Try: p.next().Text != "CAST"}
	p.next()
	c.Operand = p.expr()
	p.expectWord("AS")
	c.Type = p.typeName()
	if at := p.pos; p.acceptWords("FORMAT") {
		p.expr()
		p.unsupported(p.since(at).At, "FORMAT in a CAST", "write to_char(x, format) or to_timestamp(text, format)")
	}
	p.expectSymbol(")")
	c.Pos = p.since(start)
	return c
}

// form makes the call that a special form stands for.
func (p *parser) form(start int, function string, args ...Expr) *Call {
	keyword := p.tokens[start]
	c := &Call{Form: keyword.Text, Name: []Ident{{Pos: Pos{At: p.at(keyword)}, Name: function, Value: function}}, Pos: p.since(start)}
	for _, e := range args {
		c.Args = append(c.Args, &Arg{Pos: Pos{At: e.Span()}, Value: e})
	}
	return c
}

// dateFields are the fields of EXTRACT that the server knows as keywords, and therefore spells in upper case.
var dateFields = words(`YEAR YEARS MONTH MONTHS WEEK WEEKS DAY DAYOFWEEK DAYOFYEAR DAYS DATE DATETIME HOUR HOURS MINUTE MINUTES SECOND
	SECONDS CENTURY DECADE DOY DOW EPOCH ISODOW ISOWEEK ISOYEAR JULIAN MICROSECOND MICROSECONDS MILLENIUM MILLENNIUM MILLISECOND
	MILLISECONDS NANOSECOND NANOSECONDS QUARTER TIME TIMEZONE TIMEZONE_ABBR TIMEZONE_HOUR TIMEZONE_MINUTE TIMEZONE_REGION NODATE`)

// extract parses EXTRACT(field FROM x) and EXTRACT(field, x).
func (p *parser) extract(start int) Expr {
	p.pos += 2
	t := p.peek(0)
	field := p.identifier("a date field")
	value := field.At.Text()
	if t.Kind == Word && dateFields[t.Text] {
		value = t.Text
	}
	if p.isSymbol(0, "(") {
		p.skipParens()
		p.unsupported(p.since(start+2).At, "a first weekday in EXTRACT", "write WEEK")
	}
	if !p.acceptWords("FROM") && !p.acceptSymbol(",") {
		p.expected("FROM")
	}
	x := p.expr()
	p.expectSymbol(")")
	return p.form(start, "date_part", &Literal{Pos: field.Pos, Kind: String, Value: value}, x)
}

// rounding parses CEIL(x) and FLOOR(x).
func (p *parser) rounding(start int) Expr {
	word := p.next()
	p.next()
	x := p.expr()
	switch {
	case p.isWord(0, "TO"):
		p.unsupported(p.at(p.peek(0)), word.Text+" of a date", "write date_trunc('day', x)")
		p.abandon()
	case p.acceptSymbol(","):
		scale := p.expr()
		p.unsupported(scale.Span(), word.Text+" with a scale", "scale before and after, or write round(x, n) or trunc(x, n)")
	}
	p.expectSymbol(")")
	return p.form(start, lowerASCII(word.Text), x)
}

// position parses POSITION(a IN b); POSITION(a, b) is an ordinary call.
func (p *parser) position(start int) Expr {
	if p.isSymbol(2, ")") {
		return p.name()
	}
	p.pos += 2
	at := p.peek(0).Start
	needle := p.subexpr(bindCompare)
	if !p.acceptWords("IN") {
		return p.ordinary(start, p.infix(at, needle, bindNone))
	}
	haystack := p.expr()
	p.expectSymbol(")")
	return p.form(start, "strpos", haystack, needle)
}

// ordinary goes on with a call that turned out, after its first argument, to be no special form.
func (p *parser) ordinary(start int, first Expr) Expr {
	c := &Call{Name: []Ident{p.ident(p.tokens[start])}, Args: []*Arg{{Pos: Pos{At: first.Span()}, Value: first}}}
	if p.acceptSymbol(",") {
		c.Args = append(c.Args, list(p, p.arg)...)
	}
	return p.callEnd(start, c)
}

// substring parses SUBSTRING(x FROM a FOR b) and SUBSTRING(x, a, b).
func (p *parser) substring(start int) Expr {
	p.pos += 2
	args := []Expr{p.expr()}
	one := p.peek(0)
	if p.acceptWords("FROM") || p.acceptSymbol(",") {
		args = append(args, p.expr())
	}
	if p.acceptWords("FOR") || len(args) == 2 && p.acceptSymbol(",") {
		if len(args) == 1 {
			args = append(args, &Literal{Pos: Pos{At: p.at(one)}, Kind: Number, Value: "1"})
		}
		args = append(args, p.expr())
	}
	p.expectSymbol(")")
	if len(args) == 1 {
		p.refuse(diag.Arguments, p.since(start).At, p.tokens[start].Text+" needs a start", "write substr(x, 1)")
	}
	return p.form(start, "substr", args...)
}

// overlay parses OVERLAY(x PLACING y FROM a [FOR b]); with commas it is an ordinary call.
func (p *parser) overlay(start int) Expr {
	if p.isSymbol(2, ")") {
		return p.name()
	}
	p.pos += 2
	first := p.expr()
	if !p.acceptWords("PLACING") {
		return p.ordinary(start, first)
	}
	args := []Expr{first, p.expr()}
	p.expectWord("FROM")
	args = append(args, p.expr())
	if p.acceptWords("FOR") {
		args = append(args, p.expr())
	}
	p.expectSymbol(")")
	return p.form(start, "overlay", args...)
}

// trim parses TRIM([side] [characters FROM] x) and TRIM(x, characters).
func (p *parser) trim() Expr {
	start := p.pos
	p.formOpen()
	function, side := "btrim", p.peek(0)
	sided := p.isWord(0, "BOTH", "LEADING", "TRAILING")
	if sided {
		p.next()
		switch side.Text {
		case "LEADING":
			function = "ltrim"
		case "TRAILING":
			function = "rtrim"
		}
	}
	args := []Expr{p.expr()}
	switch {
	case p.acceptWords("FROM"):
		args = []Expr{p.expr(), args[0]}
	case p.acceptSymbol(","):
		if sided {
			p.ignored(p.at(side), side.Text+" in TRIM with a comma", "write TRIM("+side.Text+" characters FROM x)")
		}
		args = append(args, p.expr())
		if at := p.pos; p.acceptSymbol(",") {
			p.exprList()
			p.ignored(p.since(at).At, "a third argument of TRIM", "delete it")
		}
	}
	p.expectSymbol(")")
	return p.form(start, function, args...)
}
