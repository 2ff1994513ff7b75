package snowtest

import (
	"fmt"
	"strings"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// compiler translates one statement of a session into DuckDB's SQL.
type compiler struct {
	s     *session
	binds []bind
	rows  string // alias of the relation that has array binds, as b0, b1, …; "" if binds are scalar
	names int    // counts aliases
	views int    // how many views deep
}

func (c *compiler) alias() string {
	c.names++
	return fmt.Sprintf("r%d", c.names)
}

// scope is what names mean inside of a query.
type scope struct {
	relations []source
	outer     *scope
	aliases   map[string]value // of the select list, for ORDER BY and GROUP BY
}

// source is a relation of a query.
type source struct {
	name    sfsql.Name // by which columns are qualified
	columns []sourceColumn
}

type sourceColumn struct {
	name string
	value
}

// column finds what a reference means.
func (sc *scope) column(e *sfsql.Ref) (value, error) {
	name, of := e.Parts[len(e.Parts)-1], e.Parts[:len(e.Parts)-1]
	for at := sc; at != nil; at = at.outer {
		var found []value
		for _, r := range at.relations {
			if !qualifies(of, r.name) {
				continue
			}
			for _, c := range r.columns {
				if c.name == name {
					found = append(found, c.value)
				}
			}
		}
		switch {
		case len(found) > 1:
			return value{}, errorf("002028", "42601", "SQL compilation error: ambiguous column name '%s'", name)
		case len(found) == 1:
			return found[0], nil
		}
		if v, ok := at.aliases[name]; ok && len(of) == 0 {
			return v, nil
		}
	}
	return value{}, invalidIdentifier(strings.Join(e.Parts, "."))
}

// qualifies reports whether of are the last parts of name.
func qualifies(of []string, name sfsql.Name) bool {
	if len(of) > len(name) {
		return false
	}
	for i := range of {
		if of[len(of)-1-i] != name[len(name)-1-i] {
			return false
		}
	}
	return true
}

// expr compiles an expression.
func (c *compiler) expr(e sfsql.Expr, sc *scope) (value, error) {
	switch e := e.(type) {
	case *sfsql.Literal:
		return literal(e)
	case *sfsql.Bind:
		return c.bind(e)
	case *sfsql.Ref:
		return sc.column(e)
	case *sfsql.Call:
		return c.call(e, sc)
	case *sfsql.Cast:
		return c.cast(e, sc)
	case *sfsql.Binary:
		return c.binary(e, sc)
	case *sfsql.Unary:
		return c.unary(e, sc)
	case *sfsql.IsNull:
		v, err := c.expr(e.X, sc)
		return value{sql: "((" + v.sql + ") IS " + not(e.Not) + "NULL)", t: boolean}, err
	case *sfsql.In:
		return c.in(e, sc)
	case *sfsql.Between:
		return c.between(e, sc)
	case *sfsql.Like:
		x, err := c.expecting(e.X, sc, varchar, "LIKE")
		if err != nil {
			return value{}, err
		}
		p, err := c.expecting(e.Pattern, sc, varchar, "LIKE")
		return value{sql: "(" + x.sql + " " + not(e.Not) + "LIKE " + p.sql + ")", t: boolean, nullable: true}, err
	case *sfsql.Case:
		return c.caseOf(e, sc)
	case *sfsql.Path:
		return c.path(e, sc)
	case *sfsql.Subquery:
		return c.subquery(e, sc)
	case *sfsql.Star:
		return value{}, errorf("001003", "42000", "SQL compilation error: syntax error unexpected '*' at byte %d", e.Pos())
	case *sfsql.Tuple:
		return value{}, unsupported("a list of values outside of IN")
	}
	return value{}, unsupported("%T", e)
}

func not(really bool) string {
	if really {
		return "NOT "
	}
	return ""
}

func literal(e *sfsql.Literal) (value, error) {
	switch e.Kind {
	case "null":
		return value{sql: "NULL", nullable: true}, nil
	case "boolean":
		return value{sql: e.Text, t: boolean}, nil
	case "string":
		return value{sql: text(e.Text), t: varchar}, nil
	}
	whole, fraction, _ := strings.Cut(e.Text, ".")
	if strings.ContainsAny(e.Text, "eE") {
		return value{sql: "CAST(" + text(e.Text) + " AS DOUBLE)", t: float}, nil
	}
	whole = strings.TrimLeft(whole, "0")
	t := Type{Kind: Number, Precision: max(1, len(whole)+len(fraction)), Scale: len(fraction)}
	if t.Precision > 38 {
		return value{}, errorf("001007", "22023", "SQL compilation error: invalid number '%s' of more than 38 digits", e.Text)
	}
	return value{sql: "CAST(" + text(e.Text) + " AS " + t.duck() + ")", t: t}, nil
}

func (c *compiler) bind(e *sfsql.Bind) (value, error) {
	if e.Index >= len(c.binds) {
		return value{}, errorf("002049", "42601", "SQL compilation error: Bind variable ? (number %d) not set.", e.Index+1)
	}
	b := c.binds[e.Index]
	if b.array {
		if c.rows == "" {
			return value{}, unsupported("array binds here")
		}
		return b.value(fmt.Sprintf("%s.b%d", c.rows, e.Index))
	}
	if b.rows[0] == nil {
		return value{sql: "NULL", nullable: true}, nil
	}
	return b.value(text(*b.rows[0]))
}

// expecting compiles an operand that must be of a type, or become it by itself.
func (c *compiler) expecting(e sfsql.Expr, sc *scope, t Type, of string) (value, error) {
	v, err := c.expr(e, sc)
	if err != nil {
		return value{}, err
	}
	return become(v, t, of)
}

func become(v value, t Type, of string) (value, error) {
	sql, ok := convert(v, t, v.t.Kind == Variant)
	if !ok {
		return value{}, invalidArguments(of, v.t)
	}
	return value{sql: "(" + sql + ")", t: t, nullable: v.nullable}, nil
}

// alike brings values to the type that they have in common.
func alike(of string, vs ...value) ([]value, error) {
	t := vs[0].t
	for _, v := range vs[1:] {
		var ok bool
		switch {
		case t.Kind == Variant && v.t.Kind != Null && !v.t.isNested():
			t = v.t
		case v.t.Kind == Variant && t.Kind != Null && !t.isNested():
		default:
			if t, ok = common(t, v.t); !ok {
				return nil, invalidArguments(of, vs[0].t, v.t)
			}
		}
	}
	out := make([]value, len(vs))
	for i, v := range vs {
		var err error
		if out[i], err = become(v, t, of); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *compiler) cast(e *sfsql.Cast, sc *scope) (value, error) {
	v, err := c.expr(e.X, sc)
	if err != nil {
		return value{}, err
	}
	to, err := typeOf(e.To)
	if err != nil {
		return value{}, err
	}
	if e.Try {
		return value{}, unsupported("TRY_CAST")
	}
	if v.t.isTimestamp() && to.isTimestamp() && v.t.Kind != to.Kind {
		if err := c.s.utc("a cast of " + v.t.String() + " to " + to.String()); err != nil {
			return value{}, err
		}
	}
	sql, ok := convert(v, to, true)
	if !ok {
		return value{}, invalidArguments("CAST to "+to.String(), v.t)
	}
	return value{sql: "CAST(" + sql + " AS " + to.duck() + ")", t: to, nullable: v.nullable}, nil
}

func (c *compiler) binary(e *sfsql.Binary, sc *scope) (value, error) {
	l, err := c.expr(e.L, sc)
	if err != nil {
		return value{}, err
	}
	r, err := c.expr(e.R, sc)
	if err != nil {
		return value{}, err
	}
	nullable := l.nullable || r.nullable
	join := func(vs []value, t Type) value {
		return value{sql: "(" + vs[0].sql + " " + e.Op + " " + vs[1].sql + ")", t: t, nullable: nullable}
	}
	switch e.Op {
	case "AND", "OR", "||":
		t := boolean
		if e.Op == "||" {
			t = varchar
		}
		if l, err = become(l, t, e.Op); err != nil {
			return value{}, err
		}
		r, err = become(r, t, e.Op)
		return join([]value{l, r}, t), err
	case "=", "<>", "<", "<=", ">", ">=":
		vs, err := alike(e.Op, l, r)
		if err != nil {
			return value{}, err
		}
		return join(vs, boolean), nil
	}
	return arithmetic(e.Op, l, r, nullable)
}

// arithmetic computes with as many digits as there are: a NUMBER of 38, with the greater scale.
func arithmetic(op string, l, r value, nullable bool) (value, error) {
	numbers := make([]value, 2)
	for i, v := range []value{l, r} {
		if v.t.Kind == Varchar || v.t.Kind == Null {
			var err error
			if v, err = become(v, integer, op); err != nil {
				return value{}, err
			}
		}
		numbers[i] = v
	}
	l, r = numbers[0], numbers[1]
	sql := "(" + l.sql + " " + op + " " + r.sql + ")"
	switch {
	case l.t.Kind == Float && r.t.Kind == Float, l.t.Kind == Float && r.t.Kind == Number, l.t.Kind == Number && r.t.Kind == Float:
		return value{sql: sql, t: float, nullable: nullable}, nil
	case l.t.Kind != Number || r.t.Kind != Number || op == "/":
		return value{}, unsupported("%s %s %s", l.t, op, r.t)
	}
	t := Type{Kind: Number, Precision: 38, Scale: max(l.t.Scale, r.t.Scale)}
	if op == "*" {
		t.Scale = l.t.Scale + r.t.Scale
	}
	return value{sql: "CAST(" + sql + " AS " + t.duck() + ")", t: t, nullable: nullable}, nil
}

func (c *compiler) unary(e *sfsql.Unary, sc *scope) (value, error) {
	if e.Op == "NOT" {
		v, err := c.expecting(e.X, sc, boolean, "NOT")
		return value{sql: "(NOT " + v.sql + ")", t: boolean, nullable: v.nullable}, err
	}
	v, err := c.expr(e.X, sc)
	if err == nil && v.t.Kind != Number && v.t.Kind != Float {
		err = invalidArguments("-", v.t)
	}
	return value{sql: "(- " + v.sql + ")", t: v.t, nullable: v.nullable}, err
}
