package transpile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// fromClause is a written FROM. In a stream each relation has a hidden column with its block number, whose name is unique in
// the statement.
type fromClause struct {
	text       string
	relations  []relation
	conditions []string // of the WHERE clause, that restrict a join to the microbatch
}

// relation is an item of FROM that has a block number.
type relation struct {
	alias  string
	column string // the hidden column
}

// block is the number of the block that completed a row: the greatest of those of the relations.
func (f *fromClause) block() string {
	switch len(f.relations) {
	case 0:
		return "0::UBIGINT"
	case 1:
		return duck.Quote(f.relations[0].column)
	}
	var columns []string
	for _, r := range f.relations {
		columns = append(columns, duck.Quote(r.column))
	}
	return "greatest(" + list(columns) + ")"
}

// hidden lists the hidden columns of the relation called alias, or of all.
func (f *fromClause) hidden(alias string) []string {
	var out []string
	for _, r := range f.relations {
		if alias == "" || r.alias == alias {
			out = append(out, duck.Quote(r.column))
		}
	}
	return out
}

// from writes the FROM clause of s. Lower says whether rows older than the microbatch are left out.
func (w *writer) from(s *sql.Select, lower bool) *fromClause {
	f := &fromClause{}
	single := len(s.From) == 1 && !isJoin(s.From[0])
	var texts []string
	for _, ref := range s.From {
		texts = append(texts, w.tableRef(f, ref, lower && (single || sameBlock(ref))))
	}
	f.text = list(texts)
	if w.streaming() && lower && !(single && len(f.relations) == 1) {
		f.conditions = append(f.conditions, fmt.Sprintf("%s >= %d", f.block(), w.opts.Stream.Start))
	}
	return f
}

func isJoin(ref sql.TableRef) bool {
	switch ref := ref.(type) {
	case *sql.Join:
		return true
	case *sql.ParenTable:
		return isJoin(ref.Table)
	}
	return false
}

// sameBlock reports whether ref is a join of two tables on equal block numbers: then both sides are as old as the row.
func sameBlock(ref sql.TableRef) bool {
	join, ok := ref.(*sql.Join)
	if !ok || !isTable(join.Left) || !isTable(join.Right) {
		return false
	}
	for _, name := range join.Using {
		if isBlockNumber(name) {
			return true
		}
	}
	return equatesBlocks(join.On)
}

func isTable(ref sql.TableRef) bool {
	t, ok := ref.(*sql.Table)
	return ok && len(t.Name) == 2
}

func isBlockNumber(name sql.Ident) bool { return name.Name == "block_num" || name.Name == "_block_num" }

func equatesBlocks(e sql.Expr) bool {
	switch e := e.(type) {
	case *sql.Paren:
		return equatesBlocks(e.Expr)
	case *sql.Binary:
		if e.Op == sql.OpAnd {
			return equatesBlocks(e.Left) || equatesBlocks(e.Right)
		}
		l, ok1 := e.Left.(*sql.ColumnRef)
		r, ok2 := e.Right.(*sql.ColumnRef)
		return e.Op == sql.OpEq && ok1 && ok2 && len(l.Parts) > 1 && len(r.Parts) > 1 && l.Parts[0].Name != r.Parts[0].Name &&
			isBlockNumber(l.Parts[len(l.Parts)-1]) && isBlockNumber(r.Parts[len(r.Parts)-1])
	}
	return false
}

// relation makes room for a relation with a block number and returns its hidden column.
func (w *writer) relation(f *fromClause, alias string) string {
	w.relID++
	column := fmt.Sprintf("%s%d", hidden, w.relID)
	f.relations = append(f.relations, relation{alias, column})
	return column
}

func (w *writer) tableRef(f *fromClause, ref sql.TableRef, lower bool) string {
	switch ref := ref.(type) {
	case *sql.Table:
		return w.namedTable(f, ref, lower)
	case *sql.Derived:
		return w.derived(f, ref, lower)
	case *sql.Join:
		return w.join(f, ref, lower)
	case *sql.ParenTable:
		text := "(" + w.tableRef(f, ref.Table, lower) + ")"
		if ref.Alias != nil {
			return w.unserved(ref, "an alias of a join in parentheses")
		}
		return text
	case *sql.Unnest:
		if len(ref.Args) != 1 {
			return w.unserved(ref, "UNNEST of several lists")
		}
		return "UNNEST(" + w.expr(ref.Args[0]) + ")" + alias(ref.Alias, "unnest")
	case *sql.TableFunction:
		name := ref.Name[len(ref.Name)-1].Name
		if name != "generate_series" && name != "range" {
			return w.unserved(ref, "the table function "+name)
		}
		var args []string
		for _, arg := range ref.Args {
			args = append(args, w.expr(arg.Value))
		}
		text := name + "(" + list(args) + ")"
		if ref.Alias == nil || len(ref.Alias.Columns) == 0 {
			called := name
			if ref.Alias != nil {
				called = ref.Alias.Name.Name
			}
			return text + " AS " + duck.Quote(called) + "(value)"
		}
		return text + alias(ref.Alias, name)
	}
	return w.unserved(ref, "this item of FROM")
}

// alias writes an alias; by default it is name.
func alias(a *sql.TableAlias, name string, more ...string) string {
	if a == nil {
		return " AS " + duck.Quote(name)
	}
	text := " AS " + duck.Quote(a.Name.Name)
	if len(a.Columns) > 0 {
		text += "(" + list(append(idents(a.Columns), more...)) + ")"
	}
	return text
}

// table finds the table that ref names; it is false for a CTE.
func (w *writer) table(ref *sql.Table) (Table, bool) {
	if len(ref.Name) != 2 {
		return Table{}, false
	}
	t, err := w.opts.Table(ref.Name[0].Name, ref.Name[1].Name)
	if err != nil {
		w.fail(ref, "%v", err)
		return Table{}, false
	}
	return t, true
}

func (w *writer) namedTable(f *fromClause, ref *sql.Table, lower bool) string {
	name := ref.Name[len(ref.Name)-1].Name
	called := name
	if ref.Alias != nil {
		called = ref.Alias.Name.Name
	}
	view, column := "", hidden
	if len(ref.Name) == 1 {
		if !slices.Contains(w.ctes, name) {
			return w.fail(ref, "there is no table %q", name)
		}
		view = duck.Quote(name)
	} else if t, ok := w.table(ref); ok {
		view, column = t.View, "_block_num"
	}
	if !w.streaming() {
		return view + alias(ref.Alias, name)
	}
	own := w.relation(f, called)
	columns := "*"
	if column == hidden {
		columns = "* EXCLUDE (" + duck.Quote(hidden) + ")"
	}
	var conditions []string
	if lower {
		conditions = append(conditions, fmt.Sprintf("%s >= %d", duck.Quote(column), w.opts.Stream.Start))
	}
	if column != hidden {
		conditions = append(conditions, fmt.Sprintf("%s <= %d", duck.Quote(column), w.opts.Stream.End))
	}
	text := fmt.Sprintf("(SELECT %s, %s AS %s FROM %s", columns, duck.Quote(column), duck.Quote(own), view)
	if len(conditions) > 0 {
		text += " WHERE " + strings.Join(conditions, " AND ")
	}
	return text + ")" + alias(ref.Alias, name, duck.Quote(own))
}

func (w *writer) derived(f *fromClause, ref *sql.Derived, lower bool) string {
	prefix, own, more := "", "", []string(nil)
	if ref.Lateral {
		prefix = "LATERAL "
	}
	called := fmt.Sprintf("#derived%d", w.relID)
	if ref.Alias != nil {
		called = ref.Alias.Name.Name
	}
	if w.streaming() {
		own = w.relation(f, called)
		more = append(more, duck.Quote(own))
	}
	return prefix + "(" + w.query(ref.Query, lower, own) + ")" + alias(ref.Alias, called, more...)
}

func (w *writer) join(f *fromClause, j *sql.Join, lower bool) string {
	kind, left, right := string(j.Kind), j.Left, j.Right
	switch j.Kind {
	case sql.LeftSemiJoin, sql.LeftAntiJoin, sql.RightSemiJoin, sql.RightAntiJoin:
		if w.streaming() {
			return w.unserved(j, "semi joins in a stream")
		}
		if j.Kind == sql.RightSemiJoin || j.Kind == sql.RightAntiJoin {
			left, right = right, left
		}
		kind = strings.TrimPrefix(strings.TrimPrefix(kind, "LEFT "), "RIGHT ")
	case sql.InnerJoin:
		if j.On == nil && len(j.Using) == 0 && !j.Natural {
			kind = string(sql.CrossJoin)
		}
	}
	if j.Natural {
		kind = "NATURAL " + kind
	}
	text := w.tableRef(f, left, lower) + " " + kind + " " + w.tableRef(f, right, lower)
	switch {
	case j.On != nil:
		text += " ON " + w.expr(j.On)
	case len(j.Using) > 0:
		text += " USING (" + list(idents(j.Using)) + ")"
	}
	return text
}

// qualifier is the alias that a qualifier of columns stands for.
func (w *writer) qualifier(parts []sql.Ident) string {
	if len(parts) == 2 {
		if alias, ok := w.unaliased[parts[0].Name+"."+parts[1].Name]; ok {
			return alias
		}
	}
	return parts[len(parts)-1].Name
}
