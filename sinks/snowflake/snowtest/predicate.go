package snowtest

import (
	"strings"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// in is x IN (…), with one value or several on the left.
func (c *compiler) in(e *sfsql.In, sc *scope) (value, error) {
	left := []sfsql.Expr{e.X}
	if t, ok := e.X.(*sfsql.Tuple); ok {
		left = t.Items
	}
	if e.Query != nil {
		return c.inQuery(e, left, sc)
	}
	var options []string
	for _, item := range e.List {
		right := []sfsql.Expr{item}
		if t, ok := item.(*sfsql.Tuple); ok {
			right = t.Items
		}
		if len(right) != len(left) {
			return value{}, errorf("001044", "42P13", "SQL compilation error: %d values are compared with %d by IN", len(left), len(right))
		}
		var equal []string
		for i := range left {
			v, err := c.binary(&sfsql.Binary{At: e.At, Op: "=", L: left[i], R: right[i]}, sc)
			if err != nil {
				return value{}, err
			}
			equal = append(equal, v.sql)
		}
		options = append(options, "("+strings.Join(equal, " AND ")+")")
	}
	return value{sql: "(" + not(e.Not) + "(" + strings.Join(options, " OR ") + "))", t: boolean, nullable: true}, nil
}

func (c *compiler) inQuery(e *sfsql.In, left []sfsql.Expr, sc *scope) (value, error) {
	q, err := c.query(e.Query, sc)
	if err != nil {
		return value{}, err
	}
	if len(q.columns) != len(left) {
		return value{}, errorf("001044", "42P13", "SQL compilation error: %d values are compared with %d by IN", len(left), len(q.columns))
	}
	var sides []string
	for i, x := range left {
		v, err := c.expr(x, sc)
		if err != nil {
			return value{}, err
		}
		if v, err = become(v, q.columns[i].t, "IN"); err != nil {
			return value{}, err
		}
		sides = append(sides, v.sql)
	}
	return value{sql: "((" + strings.Join(sides, ", ") + ") " + not(e.Not) + "IN (" + q.sql + "))", t: boolean, nullable: true}, nil
}

func (c *compiler) between(e *sfsql.Between, sc *scope) (value, error) {
	low, err := c.binary(&sfsql.Binary{At: e.At, Op: ">=", L: e.X, R: e.Low}, sc)
	if err != nil {
		return value{}, err
	}
	high, err := c.binary(&sfsql.Binary{At: e.At, Op: "<=", L: e.X, R: e.High}, sc)
	return value{sql: "(" + not(e.Not) + "(" + low.sql + " AND " + high.sql + "))", t: boolean, nullable: true}, err
}

func (c *compiler) caseOf(e *sfsql.Case, sc *scope) (value, error) {
	var results []value
	var conditions []string
	for i, when := range e.When {
		if e.X != nil {
			when = &sfsql.Binary{At: e.At, Op: "=", L: e.X, R: when}
		}
		v, err := c.expecting(when, sc, boolean, "CASE")
		if err != nil {
			return value{}, err
		}
		conditions = append(conditions, v.sql)
		then, err := c.expr(e.Then[i], sc)
		if err != nil {
			return value{}, err
		}
		results = append(results, then)
	}
	otherwise := value{sql: "NULL", nullable: true}
	if e.Else != nil {
		var err error
		if otherwise, err = c.expr(e.Else, sc); err != nil {
			return value{}, err
		}
	}
	results, err := alike("CASE", append(results, otherwise)...)
	if err != nil {
		return value{}, err
	}
	out := value{t: results[0].t, nullable: true, sql: "(CASE"}
	for i, condition := range conditions {
		out.sql += " WHEN " + condition + " THEN " + results[i].sql
	}
	out.sql += " ELSE " + results[len(results)-1].sql + " END)"
	return out, nil
}

// path steps into a VARIANT.
func (c *compiler) path(e *sfsql.Path, sc *scope) (value, error) {
	v, err := c.expr(e.X, sc)
	if err != nil {
		return value{}, err
	}
	if !v.t.isNested() {
		return value{}, invalidArguments("GET", v.t)
	}
	step := ""
	if e.Index == nil {
		step = text("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(e.Field))
	} else {
		i, err := c.expr(e.Index, sc)
		if err != nil {
			return value{}, err
		}
		if i.t.Kind != Number && i.t.Kind != Varchar {
			return value{}, invalidArguments("GET", v.t, i.t)
		}
		step = "('/' || CAST(" + i.sql + " AS VARCHAR))"
	}
	return value{sql: "CAST(json_extract(" + v.sql + ", " + step + ") AS VARCHAR)", t: variant, nullable: true}, nil
}

func (c *compiler) subquery(e *sfsql.Subquery, sc *scope) (value, error) {
	q, err := c.query(e.Query, sc)
	if err != nil {
		return value{}, err
	}
	if e.Exists {
		return value{sql: "EXISTS (" + q.sql + ")", t: boolean}, nil
	}
	if len(q.columns) != 1 {
		return value{}, errorf("001044", "42P13", "SQL compilation error: a subquery for one value yields %d columns", len(q.columns))
	}
	return value{sql: "(" + q.sql + ")", t: q.columns[0].t, nullable: true}, nil
}
