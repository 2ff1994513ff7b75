package snowtest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

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
