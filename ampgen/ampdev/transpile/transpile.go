// Package transpile writes queries of Amp's dialect as SQL that DuckDB runs with the same result.
//
// For a stream it also does what Amp's planner does: it threads the block number of every row through the query, restricts
// the query to the rows of one microbatch and sorts them by block. A join yields the rows that its microbatch completes:
// those of which one side is new and the other is new or older.
//
// Queries have passed inference; what DuckDB cannot do with the same meaning is an error here that says so.
package transpile

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// Blocks is a range of block numbers, both ends inclusive.
type Blocks struct{ Start, End uint64 }

// Table is what a table name stands for.
type Table struct {
	View   string // its name in DuckDB
	Schema *arrow.Schema
}

// Options are the surroundings of a query.
type Options struct {
	// Table finds a table by dataset reference and name.
	Table func(dataset, table string) (Table, error)
	// Output has the types that the result columns are to have.
	Output []arrow.DataType
	// Stream is the microbatch of a streaming query; nil for a batch query.
	Stream *Blocks
}

// Statement is a query for DuckDB. Its columns have the types that duck.TypeName gives for Options.Output; a stream has one
// more, the block number, by which the rows are sorted.
type Statement struct {
	SQL       string
	Functions []duck.Function // to be registered before it runs; equal names are equal functions
}

// Error is a construct that the development server does not serve.
type Error struct {
	Span    source.Span
	Message string
}

func (e *Error) Error() string {
	p := e.Span.Position()
	return fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, e.Message)
}

// Query writes q for DuckDB.
func Query(q *sql.Query, opts Options) (*Statement, error) {
	w := &writer{opts: opts, functions: map[string]duck.Function{}, schemas: map[string]*arrow.Schema{}, unaliased: map[string]string{}}
	w.collect(q)
	inner := w.query(q, true, hidden)
	var columns, names []string
	for i, t := range opts.Output {
		name := fmt.Sprintf("c%d", i)
		typeName, err := duck.TypeName(t)
		if err != nil {
			return nil, &Error{q.Span(), err.Error()}
		}
		names = append(names, name)
		switch {
		case t.ID() == arrow.NULL:
			columns = append(columns, "NULL::INTEGER")
		case typeName == "TIMESTAMP_S" || typeName == "TIMESTAMP_MS": // no cast leads there from nanoseconds
			columns = append(columns, "CAST(CAST("+name+" AS TIMESTAMP) AS "+typeName+")")
		default:
			columns = append(columns, "CAST("+name+" AS "+typeName+")")
		}
	}
	text := ""
	if opts.Stream == nil {
		text = fmt.Sprintf("SELECT %s FROM (%s) AS q(%s)", list(columns), inner, list(names))
	} else {
		text = fmt.Sprintf("SELECT %s, b FROM (%s) AS q(%s, b) ORDER BY b", list(columns), inner, list(names))
	}
	if w.err != nil {
		return nil, w.err
	}
	s := &Statement{SQL: text}
	for _, f := range w.functions {
		s.Functions = append(s.Functions, f)
	}
	return s, nil
}

// hidden is the name of the column with the block number in the output of a streaming query.
const hidden = "#block"

// writer writes one query. After an error what it writes means nothing.
type writer struct {
	opts      Options
	err       *Error
	functions map[string]duck.Function

	ctes      []string                 // the names in scope, innermost last
	schemas   map[string]*arrow.Schema // of the tables anywhere in the statement, by view
	unaliased map[string]string        // "dataset.table" of tables without alias: the alias that they get
	items     map[string]sql.Expr      // what aliases of select items stand for, anywhere in the statement

	blocks  []string // the block number of a row, as an expression, per enclosing select; streams only
	relID   int
	grouped bool
}

// fail notes the first error.
func (w *writer) fail(n sql.Node, format string, args ...any) string {
	if w.err == nil {
		w.err = &Error{n.Span(), fmt.Sprintf(format, args...)}
	}
	return "NULL"
}

// unserved fails because the development server lacks something.
func (w *writer) unserved(n sql.Node, what string) string {
	return w.fail(n, "the development server does not serve %s", what)
}

func (w *writer) streaming() bool { return w.opts.Stream != nil }

// collect notes the tables and the select aliases of the whole statement.
func (w *writer) collect(q *sql.Query) {
	w.items = map[string]sql.Expr{}
	sql.Inspect(q, func(n sql.Node) bool {
		switch n := n.(type) {
		case *sql.Table:
			if t, ok := w.table(n); ok {
				w.schemas[t.View] = t.Schema
				if n.Alias == nil {
					w.unaliased[n.Name[0].Name+"."+n.Name[1].Name] = n.Name[1].Name
				}
			}
		case *sql.ExprItem:
			if n.Alias != nil {
				w.items[n.Alias.Name] = n.Expr
			}
		}
		return true
	})
}

// query writes a query. In a stream it has one more column, called block, and lower says whether rows older than the
// microbatch are already left out.
func (w *writer) query(q *sql.Query, lower bool, block string) string {
	depth := len(w.ctes)
	defer func() { w.ctes = w.ctes[:depth] }()
	text := ""
	if q.With != nil {
		text = w.with(q.With)
	}
	text += w.body(q.Body, lower, block)
	if len(q.OrderBy) > 0 {
		text += " ORDER BY " + w.orderBy(q.OrderBy)
	}
	if q.Limit != nil {
		text += " LIMIT " + w.expr(q.Limit)
	}
	if q.Offset != nil {
		text += " OFFSET " + w.expr(q.Offset)
	}
	return text
}

func (w *writer) with(with *sql.With) string {
	var ctes []string
	for _, cte := range with.CTEs {
		name := duck.Quote(cte.Name.Name)
		if with.Recursive {
			w.ctes = append(w.ctes, cte.Name.Name)
		}
		body := w.query(cte.Query, false, hidden)
		if len(cte.Columns) > 0 {
			columns := idents(cte.Columns)
			if w.streaming() {
				columns = append(columns, duck.Quote(hidden))
			}
			name += "(" + list(columns) + ")"
		}
		ctes = append(ctes, name+" AS ("+body+")")
		if !with.Recursive {
			w.ctes = append(w.ctes, cte.Name.Name)
		}
	}
	if with.Recursive {
		return "WITH RECURSIVE " + list(ctes) + " "
	}
	return "WITH " + list(ctes) + " "
}

func (w *writer) body(b sql.Body, lower bool, block string) string {
	switch b := b.(type) {
	case *sql.Query:
		return "(" + w.query(b, lower, block) + ")"
	case *sql.SetOp:
		op := string(b.Op)
		if b.All {
			op += " ALL"
		}
		if b.ByName {
			op += " BY NAME"
		}
		return "(" + w.body(b.Left, lower, block) + ") " + op + " (" + w.body(b.Right, lower, block) + ")"
	case *sql.Values:
		return w.values(b, lower, block)
	case *sql.Select:
		return w.selects(b, lower, block)
	}
	return w.unserved(b, "this query")
}

// values gives VALUES the column names that it has on the server. In a stream its rows are of block 0.
func (w *writer) values(v *sql.Values, lower bool, block string) string {
	var rows, names []string
	for _, row := range v.Rows {
		rows = append(rows, "("+list(w.exprs(row))+")")
	}
	for i := range v.Rows[0] {
		names = append(names, fmt.Sprintf("column%d", i+1))
	}
	text := "SELECT *" + w.blockZero(block) + " FROM (VALUES " + list(rows) + ") AS v(" + list(names) + ")"
	if w.streaming() && lower {
		text += fmt.Sprintf(" WHERE %d = 0", w.opts.Stream.Start)
	}
	return text
}

func (w *writer) blockZero(block string) string {
	if !w.streaming() {
		return ""
	}
	return ", 0::UBIGINT AS " + duck.Quote(block)
}

func (w *writer) selects(s *sql.Select, lower bool, block string) string {
	from := w.from(s, lower)
	outer := w.grouped
	w.grouped = s.GroupBy != nil
	w.blocks = append(w.blocks, from.block())
	defer func() { w.blocks, w.grouped = w.blocks[:len(w.blocks)-1], outer }()

	text := "SELECT "
	if s.Distinct != nil {
		text += "DISTINCT "
		if s.Distinct.On != nil {
			text += "ON (" + list(w.exprs(s.Distinct.On)) + ") "
		}
	}
	var items []string
	for _, item := range s.Items {
		items = append(items, w.item(item, from))
	}
	if w.streaming() {
		number := from.block()
		if w.grouped { // a group is of one block
			number = "min(" + number + ")"
		}
		items = append(items, number+" AS "+duck.Quote(block))
	}
	text += list(items)
	if from.text != "" {
		text += " FROM " + from.text
	}
	where := from.conditions
	if s.Where != nil {
		where = append(where, "("+w.expr(s.Where)+")")
	}
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	if s.GroupBy != nil {
		text += " GROUP BY " + w.groupBy(s.GroupBy)
	}
	if s.Having != nil {
		text += " HAVING " + w.expr(s.Having)
	}
	if len(s.Windows) > 0 {
		var windows []string
		for _, window := range s.Windows {
			windows = append(windows, duck.Quote(window.Name.Name)+" AS ("+w.window(window.Spec)+")")
		}
		text += " WINDOW " + list(windows)
	}
	if s.Qualify != nil {
		text += " QUALIFY " + w.expr(s.Qualify)
	}
	return text
}

func (w *writer) item(item sql.SelectItem, from *fromClause) string {
	switch item := item.(type) {
	case *sql.ExprItem:
		text := w.expr(item.Expr)
		if item.Alias != nil {
			return text + " AS " + duck.Quote(item.Alias.Name)
		}
		if ref, ok := item.Expr.(*sql.ColumnRef); ok { // a struct field is called otherwise than in DuckDB
			return text + " AS " + duck.Quote(ref.Parts[len(ref.Parts)-1].Name)
		}
		return text
	case *sql.Wildcard:
		return w.wildcard(item, from)
	}
	return w.unserved(item, "this select item")
}

func (w *writer) wildcard(item *sql.Wildcard, from *fromClause) string {
	text, exclude := "*", from.hidden("")
	if len(item.Qualifier) > 0 {
		qualifier := w.qualifier(item.Qualifier)
		text, exclude = duck.Quote(qualifier)+".*", from.hidden(qualifier)
	}
	for _, name := range item.Exclude {
		exclude = append(exclude, duck.Quote(name.Value))
	}
	if len(exclude) > 0 {
		text += " EXCLUDE (" + list(exclude) + ")"
	}
	var replace []string
	for _, r := range item.Replace {
		replace = append(replace, w.expr(r.Expr)+" AS "+duck.Quote(r.Name.Value))
	}
	if len(replace) > 0 {
		text += " REPLACE (" + list(replace) + ")"
	}
	return text
}

func (w *writer) groupBy(g *sql.GroupBy) string {
	if g.All {
		return "ALL"
	}
	var items []string
	for _, item := range g.Items {
		switch item := item.(type) {
		case *sql.GroupExpr:
			items = append(items, w.expr(item.Expr))
		case *sql.GroupingSets:
			var sets []string
			for _, set := range item.Sets {
				inner := list(w.exprs(set))
				if item.Kind == sql.Sets || len(set) != 1 {
					inner = "(" + inner + ")"
				}
				sets = append(sets, inner)
			}
			items = append(items, string(item.Kind)+" ("+list(sets)+")")
		}
	}
	return list(items)
}

// orderBy states where nulls go: the server sorts them as larger than all values, DuckDB always last.
func (w *writer) orderBy(items []*sql.OrderItem) string {
	var out []string
	for _, item := range items {
		text, nulls := w.expr(item.Expr), sql.NullsLast
		if item.Desc {
			text, nulls = text+" DESC", sql.NullsFirst
		}
		if item.Nulls != sql.NullsDefault {
			nulls = item.Nulls
		}
		out = append(out, text+" "+string(nulls))
	}
	return list(out)
}

func list(items []string) string { return strings.Join(items, ", ") }

func idents(names []sql.Ident) []string {
	var out []string
	for _, name := range names {
		out = append(out, duck.Quote(name.Name))
	}
	return out
}
