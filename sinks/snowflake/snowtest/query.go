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

// from compiles the relations of a query and adds them to its scope.
func (c *compiler) from(relations []sfsql.From, sc *scope) (string, error) {
	sql := ""
	for i, f := range relations {
		one, err := c.relation(f, sc)
		if err != nil {
			return "", err
		}
		switch {
		case i == 0:
			sql = " FROM " + one
		case f.Join == "CROSS":
			sql += " CROSS JOIN " + one
		default:
			on, err := c.expecting(f.On, sc, boolean, "ON")
			if err != nil {
				return "", err
			}
			sql += " " + f.Join + " JOIN " + one + " ON " + on.sql
			if f.Join == "LEFT" {
				last := sc.relations[len(sc.relations)-1]
				for j := range last.columns {
					last.columns[j].nullable = true
				}
			}
		}
	}
	return sql, nil
}

// relation compiles one of them.
func (c *compiler) relation(f sfsql.From, sc *scope) (string, error) {
	alias := c.alias()
	name := f.Table
	var sql string
	var columns []sourceColumn
	var err error
	switch {
	case f.Values != nil:
		sql, columns, err = c.values(f.Values, alias)
	case f.Query != nil:
		var q query
		q, err = c.query(f.Query, nil)
		sql, columns = "("+q.sql+")", q.source(alias)
	default:
		name, sql, columns, err = c.named(f.Table, alias)
	}
	if err != nil {
		return "", err
	}
	if f.Alias != "" {
		name = sfsql.Name{f.Alias}
	}
	if f.Names != nil {
		if len(f.Names) != len(columns) {
			return "", errorf("002057", "42601", "SQL compilation error: %d names for the %d columns of %s", len(f.Names), len(columns), name)
		}
		for i := range columns {
			columns[i].name = f.Names[i]
		}
	}
	sc.relations = append(sc.relations, source{name, columns})
	return sql + " AS " + alias, nil
}

// source is a query's columns as those of the relation alias.
func (q query) source(alias string) []sourceColumn {
	out := make([]sourceColumn, len(q.columns))
	for i, col := range q.columns {
		out[i] = sourceColumn{col.name, value{sql: fmt.Sprintf("%s.k%d", alias, i), t: col.t, nullable: col.nullable}}
	}
	return out
}

// maxViews is how deep views may refer to views.
const maxViews = 20

// named is a table, a view, or a view of the information schema.
func (c *compiler) named(n sfsql.Name, alias string) (sfsql.Name, string, []sourceColumn, error) {
	if len(n) > 1 && n[len(n)-2] == "INFORMATION_SCHEMA" {
		sql, columns, err := c.s.information(n, alias)
		return n, sql, columns, err
	}
	r, columns, err := c.s.relation(n)
	if err != nil {
		return nil, "", nil, err
	}
	if r.query == nil {
		var ids []string
		var out []sourceColumn
		for _, col := range columns {
			ids = append(ids, col.id)
			out = append(out, sourceColumn{col.name, value{sql: alias + "." + col.id, t: col.t, nullable: !col.notNull}})
		}
		return r.name, fmt.Sprintf("(SELECT %s FROM %s WHERE %s)", strings.Join(ids, ", "), r.id, c.s.tx.visible()), out, nil
	}
	if c.views >= maxViews {
		return nil, "", nil, errorf("002037", "42601", "SQL compilation error: view %s is nested too deeply", r.name)
	}
	// The names in a view are those of its own schema.
	inner := &session{server: c.s.server, database: r.name[0], schema: r.name[1], tx: c.s.tx, parameters: c.s.parameters}
	sub := &compiler{s: inner, views: c.views + 1}
	q, err := sub.query(r.query, nil)
	if err != nil {
		return nil, "", nil, errorf("002037", "42601", "SQL compilation error: Failure during expansion of view '%s': %v", r.name, err)
	}
	out := q.source(alias)
	if len(out) != len(columns) {
		return nil, "", nil, errorf("002057", "42601", "SQL compilation error: view definition for '%s' declared %d column(s), but view query produces %d column(s).", r.name, len(columns), len(out))
	}
	for i := range out {
		out[i].name = columns[i].name
	}
	return r.name, "(" + q.sql + ")", out, nil
}

// values is FROM VALUES; its columns are COLUMN1, COLUMN2, …. With array binds its one row stands for all rows.
func (c *compiler) values(rows [][]sfsql.Expr, alias string) (string, []sourceColumn, error) {
	cells := make([][]value, len(rows))
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			return "", nil, errorf("002057", "42601", "SQL compilation error: row %d of VALUES has %d values, and the first has %d", i+1, len(row), len(rows[0]))
		}
		for _, e := range row {
			v, err := c.expr(e, &scope{})
			if err != nil {
				return "", nil, err
			}
			cells[i] = append(cells[i], v)
		}
	}
	columns := make([]sourceColumn, len(rows[0]))
	for j := range columns {
		t := Type{}
		for i := range cells {
			var ok bool
			if t, ok = common(t, cells[i][j].t); !ok {
				return "", nil, invalidArguments("VALUES", cells[0][j].t, cells[i][j].t)
			}
		}
		for i := range cells {
			v, err := become(cells[i][j], t, "VALUES")
			if err != nil {
				return "", nil, err
			}
			cells[i][j] = v
		}
		columns[j] = sourceColumn{"COLUMN" + strconv.Itoa(j+1), value{sql: fmt.Sprintf("%s.k%d", alias, j), t: t, nullable: true}}
	}
	var selects []string
	for _, row := range cells {
		sqls := make([]string, len(row))
		for j, v := range row {
			sqls[j] = fmt.Sprintf("%s AS k%d", v.sql, j)
		}
		selects = append(selects, "SELECT "+strings.Join(sqls, ", "))
	}
	sql := strings.Join(selects, " UNION ALL ")
	if c.rows != "" {
		if len(rows) > 1 {
			return "", nil, unsupported("array binds in several rows of VALUES")
		}
		sql += " FROM " + bindView + " AS " + c.rows
	}
	return "(" + sql + ")", columns, nil
}
