package snowtest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// query is a compiled SELECT. Its SQL names its columns k0, k1, ….
type query struct {
	sql     string
	columns []resultColumn
}

// resultColumn is a column of a query's result.
type resultColumn struct {
	name     string
	t        Type
	nullable bool
}

// query compiles a SELECT with its UNION ALL.
func (c *compiler) query(q *sfsql.Select, outer *scope) (query, error) {
	out, sc, err := c.selectOne(q, outer)
	if err != nil {
		return query{}, err
	}
	for next := q.UnionAll; next != nil; next = next.UnionAll {
		more, _, err := c.selectOne(next, outer)
		if err != nil {
			return query{}, err
		}
		if out, err = union(out, more); err != nil {
			return query{}, err
		}
	}
	if q.UnionAll != nil {
		sc = &scope{aliases: map[string]value{}}
		for i, col := range out.columns {
			sc.aliases[col.name] = value{sql: "k" + strconv.Itoa(i), t: col.t, nullable: col.nullable}
		}
	}
	for i, o := range q.OrderBy {
		v, err := c.orderKey(o.Expr, out, sc)
		if err != nil {
			return query{}, err
		}
		// A NULL is greater than any value unless the query says otherwise.
		direction, nulls := " ASC", "LAST"
		if o.Descending {
			direction, nulls = " DESC", "FIRST"
		}
		if o.Nulls != "" {
			nulls = o.Nulls
		}
		out.sql += []string{" ORDER BY ", ", "}[min(i, 1)] + v + direction + " NULLS " + nulls
	}
	for word, e := range map[string]sfsql.Expr{" LIMIT ": q.Limit, " OFFSET ": q.Offset} {
		if e == nil {
			continue
		}
		v, err := c.expr(e, &scope{})
		if err != nil {
			return query{}, err
		}
		if v.t.Kind != Number {
			return query{}, errorf("001008", "42601", "SQL compilation error: invalid row count")
		}
		out.sql += word + "CAST(" + v.sql + " AS BIGINT)"
	}
	return out, nil
}

// orderKey is a position, the name of a result's column, or an expression.
func (c *compiler) orderKey(e sfsql.Expr, q query, sc *scope) (string, error) {
	if l, ok := e.(*sfsql.Literal); ok && l.Kind == "number" {
		n, err := strconv.Atoi(l.Text)
		if err != nil || n < 1 || n > len(q.columns) {
			return "", errorf("001008", "42601", "SQL compilation error: invalid position %s in ORDER BY", l.Text)
		}
		return strconv.Itoa(n), nil
	}
	v, err := c.expr(e, sc)
	return v.sql, err
}

func union(a, b query) (query, error) {
	if len(a.columns) != len(b.columns) {
		return query{}, errorf("001789", "42601", "SQL compilation error: invalid number of result columns for set operator, expected %d, got %d", len(a.columns), len(b.columns))
	}
	for i := range a.columns {
		t, ok := common(a.columns[i].t, b.columns[i].t)
		if !ok || t.duck() != a.columns[i].t.duck() && t.duck() != b.columns[i].t.duck() && t.Kind != Number {
			return query{}, invalidArguments("UNION ALL", a.columns[i].t, b.columns[i].t)
		}
		a.columns[i].t = t
		a.columns[i].nullable = a.columns[i].nullable || b.columns[i].nullable
	}
	a.sql = "(" + a.sql + ") UNION ALL (" + b.sql + ")"
	return a, nil
}

// selectOne compiles a SELECT without ORDER BY and what follows. The scope is the one of its ORDER BY.
func (c *compiler) selectOne(q *sfsql.Select, outer *scope) (query, *scope, error) {
	sc := &scope{outer: outer, aliases: map[string]value{}}
	from, err := c.from(q.From, sc)
	if err != nil {
		return query{}, nil, err
	}
	var where string
	if q.Where != nil {
		v, err := c.expecting(q.Where, sc, boolean, "WHERE")
		if err != nil {
			return query{}, nil, err
		}
		where = " WHERE " + v.sql
	}
	items, columns, err := c.items(q.Items, sc)
	if err != nil {
		return query{}, nil, err
	}
	sql := "SELECT "
	if q.Distinct {
		sql += "DISTINCT "
	}
	sql += strings.Join(items, ", ") + from + where
	out := query{columns: columns}
	for i, e := range q.GroupBy {
		v, err := c.groupKey(e, q, sc)
		if err != nil {
			return query{}, nil, err
		}
		sql += []string{" GROUP BY ", ", "}[min(i, 1)] + v
	}
	if q.Having != nil {
		v, err := c.expecting(q.Having, sc, boolean, "HAVING")
		if err != nil {
			return query{}, nil, err
		}
		sql += " HAVING " + v.sql
	}
	out.sql = sql
	return out, sc, nil
}

func (c *compiler) groupKey(e sfsql.Expr, q *sfsql.Select, sc *scope) (string, error) {
	if l, ok := e.(*sfsql.Literal); ok && l.Kind == "number" {
		n, err := strconv.Atoi(l.Text)
		if err != nil || n < 1 || n > len(q.Items) {
			return "", errorf("001008", "42601", "SQL compilation error: invalid position %s in GROUP BY", l.Text)
		}
		e = q.Items[n-1].Expr
	}
	v, err := c.expr(e, sc)
	return v.sql, err
}

// items compiles the select list, and makes its aliases known.
func (c *compiler) items(items []sfsql.Item, sc *scope) (sqls []string, columns []resultColumn, err error) {
	add := func(name string, v value) {
		sqls = append(sqls, fmt.Sprintf("%s AS k%d", v.sql, len(sqls)))
		columns = append(columns, resultColumn{name, v.t, v.nullable})
	}
	for _, item := range items {
		if star, ok := item.Expr.(*sfsql.Star); ok {
			n := len(columns)
			for _, r := range sc.relations {
				if star.Of != "" && !qualifies([]string{star.Of}, r.name) {
					continue
				}
				for _, col := range r.columns {
					add(col.name, col.value)
				}
			}
			if len(columns) == n {
				return nil, nil, invalidIdentifier(star.Of + ".*")
			}
			continue
		}
		v, err := c.expr(item.Expr, sc)
		if err != nil {
			return nil, nil, err
		}
		if v.t.Kind == Null {
			v.sql = "CAST(NULL AS VARCHAR)"
		}
		name := item.Alias
		if name == "" {
			name = nameOf(item.Expr)
		} else {
			sc.aliases[name] = v
		}
		add(name, v)
	}
	return sqls, columns, nil
}

// nameOf is what a column without alias is called.
func nameOf(e sfsql.Expr) string {
	switch e := e.(type) {
	case *sfsql.Ref:
		return e.Parts[len(e.Parts)-1]
	case *sfsql.Call:
		return e.Name + "()"
	}
	return "EXPRESSION"
}
