package snowtest

import (
	"context"
	"fmt"
	"strings"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest/internal/sfsql"
)

// target are the columns that an INSERT or COPY fills: for each column of the table where its value comes from.
type target struct {
	table   *relation
	columns []column // all of the table
	order   []int    // of the columns that the statement names: which of columns they are
}

// target finds the table and the columns that names are, or all without.
func (s *session) target(table sfsql.Name, names []string) (*target, error) {
	r, columns, err := s.table(table)
	if err != nil {
		return nil, err
	}
	t := &target{table: r, columns: columns}
	if names == nil {
		for i := range columns {
			t.order = append(t.order, i)
		}
	}
	for _, name := range names {
		i := index(columns, name)
		if i < 0 {
			return nil, invalidIdentifier(name)
		}
		for _, j := range t.order {
			if i == j {
				return nil, errorf("002025", "42S21", "SQL compilation error: duplicate column name '%s'", name)
			}
		}
		t.order = append(t.order, i)
	}
	return t, nil
}

func index(columns []column, name string) int {
	for i, c := range columns {
		if c.name == name {
			return i
		}
	}
	return -1
}

// row are the SQL expressions of a row's columns in the table's order, from the values of those that the statement names. The
// others have their defaults.
func (t *target) row(c *compiler, values []value) ([]string, error) {
	if len(values) != len(t.order) {
		return nil, errorf("002057", "42601", "SQL compilation error: Insert value list does not match column list expecting %d but got %d", len(t.order), len(values))
	}
	given := make([]*value, len(t.columns))
	for i, j := range t.order {
		given[j] = &values[i]
	}
	out := make([]string, len(t.columns))
	for j, col := range t.columns {
		v := value{sql: "NULL", nullable: true}
		switch {
		case given[j] != nil:
			v = *given[j]
		case col.fallback != nil:
			var err error
			if v, err = c.defaultOf(col); err != nil {
				return nil, err
			}
		}
		var err error
		if out[j], err = assign(v, col.name, col.t, col.notNull); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// defaultOf is a column's default in the column's type. CURRENT_TIMESTAMP may stand for any timestamp there.
func (c *compiler) defaultOf(col column) (value, error) {
	v, err := c.expr(col.fallback, &scope{})
	if err != nil {
		return value{}, err
	}
	if v.t.isTimestamp() && col.t.isTimestamp() {
		if v.t.Kind != col.t.Kind {
			if err := c.s.utc("the default of " + col.name); err != nil {
				return value{}, err
			}
		}
		v.t = col.t
	}
	return v, nil
}

// ids are the columns' names in DuckDB and the two of transactions.
func (t *target) ids() string {
	ids := make([]string, len(t.columns))
	for i, c := range t.columns {
		ids[i] = c.id
	}
	return strings.Join(append(ids, "_tx", "_del"), ", ")
}

// piece is a part of what an INSERT adds: the cells of the table's columns, and the FROM that they refer to.
type piece struct {
	cells []string
	from  string
}

// insert runs INSERT … VALUES and INSERT … SELECT.
func (c *compiler) insert(i *sfsql.Insert) (*result, error) {
	t, err := c.s.target(i.Table, i.Columns)
	if err != nil {
		return nil, err
	}
	var arrays []bind
	if len(c.binds) > 0 && c.binds[0].array {
		arrays, c.rows = c.binds, "binds"
	}
	var pieces []piece
	if i.Query != nil {
		pieces, err = c.insertQuery(i.Query, t)
	} else {
		pieces, err = c.insertValues(i.Values, t)
	}
	if err != nil {
		return nil, err
	}
	n := int64(0)
	err = c.s.inTx(func(x *tx) error {
		return c.s.server.engine.atomically(func(db *conn) error {
			drop, err := db.bindRows(arrays)
			if err != nil {
				return err
			}
			defer drop()
			n, err = x.insert(db, t, pieces)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return counted(typeInsert, n, "number of rows inserted"), nil
}

// insert adds rows to a table as those of the transaction.
func (t *tx) insert(db *conn, to *target, pieces []piece) (int64, error) {
	selects := make([]string, len(pieces))
	for i, p := range pieces {
		selects[i] = fmt.Sprintf("SELECT %s, %d, 0%s", strings.Join(p.cells, ", "), t.id, p.from)
	}
	t.touched[to.table] = touch{true, t.touched[to.table].deleted}
	return db.count("INSERT INTO " + to.table.id + " (" + to.ids() + ") " + strings.Join(selects, " UNION ALL "))
}

// delete marks the rows of a table, called t in the condition, as deleted by the transaction.
func (t *tx) delete(db *conn, from *target, condition string) (int64, error) {
	t.touched[from.table] = touch{t.touched[from.table].inserted, true}
	return db.count(fmt.Sprintf("UPDATE %s AS t SET _del = %d WHERE %s", from.table.id, t.id, condition))
}

func (c *compiler) insertQuery(from *sfsql.Select, t *target) ([]piece, error) {
	q, err := c.query(from, nil)
	if err != nil {
		return nil, err
	}
	var values []value
	for _, col := range q.source("q") {
		values = append(values, col.value)
	}
	cells, err := t.row(c, values)
	return []piece{{cells, " FROM (" + q.sql + ") AS q"}}, err
}

func (c *compiler) insertValues(rows [][]sfsql.Expr, t *target) ([]piece, error) {
	if c.rows != "" && len(rows) > 1 {
		return nil, unsupported("array binds in several rows of VALUES")
	}
	var out []piece
	for _, row := range rows {
		var values []value
		for _, e := range row {
			if err := constant(e); err != nil {
				return nil, err
			}
			v, err := c.expr(e, &scope{})
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		cells, err := t.row(c, values)
		if err != nil {
			return nil, err
		}
		p := piece{cells: cells}
		if c.rows != "" {
			p.from = " FROM " + bindView + " AS " + c.rows
		}
		out = append(out, p)
	}
	return out, nil
}

// constant refuses what VALUES cannot have: queries, and functions that yield a VARIANT.
func constant(e sfsql.Expr) error {
	switch e := e.(type) {
	case *sfsql.Subquery:
		return errorf("002014", "22000", "SQL compilation error: Invalid expression [a subquery] in VALUES clause")
	case *sfsql.Call:
		if e.Name == "PARSE_JSON" {
			return errorf("002014", "22000", "SQL compilation error: Invalid expression [%s(...)] in VALUES clause", e.Name)
		}
		for _, a := range e.Args {
			if err := constant(a); err != nil {
				return err
			}
		}
	case *sfsql.Cast:
		return constant(e.X)
	}
	return nil
}

// changes is what UPDATE and DELETE have in common: the table, the scope of their expressions, and the rows that they mean.
func (c *compiler) changes(table sfsql.Name, alias string, where sfsql.Expr) (t *target, sc *scope, condition string, err error) {
	if t, err = c.s.target(table, nil); err != nil {
		return nil, nil, "", err
	}
	in := source{name: t.table.name}
	if alias != "" {
		in.name = sfsql.Name{alias}
	}
	for _, col := range t.columns {
		in.columns = append(in.columns, sourceColumn{col.name, value{sql: "t." + col.id, t: col.t, nullable: !col.notNull}})
	}
	sc = &scope{relations: []source{in}}
	condition = "TRUE"
	if where != nil {
		v, err := c.expecting(where, sc, boolean, "WHERE")
		if err != nil {
			return nil, nil, "", err
		}
		condition = v.sql
	}
	return t, sc, condition, nil
}

// update runs UPDATE: rows that change are deleted and inserted anew.
func (c *compiler) update(ctx context.Context, u *sfsql.Update) (*result, error) {
	t, sc, condition, err := c.changes(u.Table, u.Alias, u.Where)
	if err != nil {
		return nil, err
	}
	cells := make([]string, len(t.columns))
	names := make([]string, len(t.columns))
	for i, col := range t.columns {
		cells[i], names[i] = "t."+col.id+" AS "+col.id, col.id
	}
	for _, set := range u.Set {
		i := index(t.columns, set.Column)
		if i < 0 {
			return nil, invalidIdentifier(set.Column)
		}
		v, err := c.expr(set.Value, sc)
		if err != nil {
			return nil, err
		}
		sql, err := assign(v, set.Column, t.columns[i].t, t.columns[i].notNull)
		if err != nil {
			return nil, err
		}
		cells[i] = sql + " AS " + t.columns[i].id
	}
	n := int64(0)
	err = c.s.inTx(func(x *tx) error {
		if err := c.s.lock(ctx, x, t.table); err != nil {
			return err
		}
		return c.s.server.engine.atomically(func(db *conn) error {
			if _, err := db.query(fmt.Sprintf("CREATE OR REPLACE TEMP TABLE changed AS SELECT rowid AS row_, %s FROM %s AS t WHERE %s AND %s",
				strings.Join(cells, ", "), t.table.id, x.visible(), condition)); err != nil {
				return err
			}
			if n, err = x.delete(db, t, "rowid IN (SELECT row_ FROM changed)"); n == 0 || err != nil {
				return err
			}
			_, err := x.insert(db, t, []piece{{names, " FROM changed"}})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return counted(typeUpdate, n, "number of rows updated", "number of multi-joined rows updated"), nil
}

// delete runs DELETE.
func (c *compiler) delete(ctx context.Context, d *sfsql.Delete) (*result, error) {
	t, _, condition, err := c.changes(d.Table, d.Alias, d.Where)
	if err != nil {
		return nil, err
	}
	n := int64(0)
	err = c.s.inTx(func(x *tx) error {
		if err := c.s.lock(ctx, x, t.table); err != nil {
			return err
		}
		return c.s.server.engine.atomically(func(db *conn) error {
			n, err = x.delete(db, t, x.visible()+" AND "+condition)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return counted(typeDelete, n, "number of rows deleted"), nil
}
