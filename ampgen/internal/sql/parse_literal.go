package sql

import (
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
)

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
