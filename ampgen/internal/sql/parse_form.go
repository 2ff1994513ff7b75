package sql

import "github.com/ampgen/ampgen/ampgen/internal/diag"

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
