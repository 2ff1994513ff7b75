package infer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// item is a column of the select list after wildcards are expanded.
type item struct {
	column
	aliased bool     // it has a written alias
	expr    sql.Expr // nil if it comes from a wildcard
}

// selectBody plans one SELECT and returns its output and the scope of its ORDER BY.
func (s *state) selectBody(q *sql.Select, order []*sql.OrderItem, outer *scope, ctes *cteFrame) (*relation, *scope) {
	sc := &scope{outer: outer, ctes: ctes}
	sc.rel = s.from(q.From, sc)
	if q.Where != nil {
		sc.rules = condition("WHERE")
		s.predicate(sc, q.Where)
		s.provenEqual(q.Where)
	}
	for _, e := range q.DistributeBy {
		sc.rules = clauseRules{clause: "DISTRIBUTE BY"}
		s.expr(sc, e)
	}
	if s.aggregated(q, order) {
		s.groupBy(q, sc)
	}
	sc.rules = clauseRules{clause: "SELECT", aggregates: true, windows: true, unnest: true, scalars: true}
	sc.items = s.selectList(q, sc)
	s.closeGroups(q, sc)
	for _, w := range q.Windows {
		s.windowSpec(sc, w.Spec)
	}
	sc.aliases = columnsFirst
	s.having(q, sc)
	s.qualify(q, sc)
	s.distinct(q, sc)

	cols := make([]*column, len(sc.items))
	for i, it := range sc.items {
		c := it.column
		c.id, c.lit, c.col, c.from = s.newID(), nil, nil, nil
		cols[i] = &c
	}
	sc.aliases = aliasesFirst
	return s.project(sc.rel, cols), sc
}

// selectList types the select items and checks their names.
func (s *state) selectList(q *sql.Select, sc *scope) []*item {
	var items []*item
	for _, si := range q.Items {
		switch si := si.(type) {
		case *sql.ExprItem:
			items = append(items, s.exprItem(sc, si))
		case *sql.Wildcard:
			items = append(items, s.wildcard(sc, si)...)
		}
	}
	for i, it := range items {
		for _, before := range items[:i] {
			if clash(before, it) {
				s.duplicateOutput([]*column{&it.column}, before.span)
				it.bad = it.unnamed // the missing alias is the same fault
				break
			}
		}
	}
	return items
}

// clash reports whether the planner refuses two select items: equal names that no qualifier tells apart, or one expression
// twice.
func clash(a, b *item) bool {
	switch {
	case a.bad || b.bad:
		return false
	case a.unnamed || b.unnamed:
		return a.unnamed && b.unnamed && a.key != "" && a.key == b.key
	}
	return a.name == b.name && (a.qualifier == nil || b.qualifier == nil || slices.Equal(a.qualifier, b.qualifier))
}

// exprItem types one item. A plain column keeps its qualifier and origin unless an alias renames it.
func (s *state) exprItem(sc *scope, si *sql.ExprItem) *item {
	v := s.expr(sc, si.Expr)
	it := &item{expr: si.Expr}
	it.value, it.span, it.at = *v, si.Span(), si.Expr.Span()
	if v.col != nil {
		it.name, it.qualifier, it.origin, it.unnamed = v.col.name, v.col.qualifier, v.col.origin, v.col.unnamed
	} else {
		it.unnamed = true
	}
	if si.Alias != nil {
		s.checkAlias(*si.Alias)
		it.aliased, it.unnamed = true, false
		if v.col == nil || v.col.name != si.Alias.Name {
			it.qualifier = nil
		}
		it.name = si.Alias.Name
	}
	if v.col != nil && v.col.name == "_block_num" {
		s.blockNumOverJoin(sc, si.Expr.Span())
	}
	return it
}

// checkAlias refuses an alias with a leading underscore, as Amp does.
func (s *state) checkAlias(alias sql.Ident) {
	if strings.HasPrefix(alias.Name, "_") {
		s.fault(diag.Diagnostic{Code: diag.ReservedAlias, Span: alias.Span(), Message: "the alias " + quote(alias.Name) + " begins with an underscore",
			Note: "Amp reserves such names", Help: "write " + cmp.Or(strings.TrimLeft(alias.Name, "_"), "another name")})
	}
}

// wildcard expands `*` and `q.*`.
func (s *state) wildcard(sc *scope, w *sql.Wildcard) []*item {
	cols := s.wildcardColumns(sc, w)
	var excluded []string
	for _, ex := range w.Exclude {
		if slices.Contains(excluded, ex.Value) {
			s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: ex.Span(), Message: quote(ex.Value) + " is excluded twice", Help: "remove one"})
		}
		excluded = append(excluded, ex.Value)
		s.checkExcluded(sc, w, ex, cols)
	}
	cols = slices.DeleteFunc(slices.Clone(cols), func(c *column) bool { return slices.Contains(excluded, c.name) })

	items := make([]*item, len(cols))
	for i, c := range cols {
		items[i] = &item{column: *c}
		items[i].value = *s.widened(sc, s.use(c))
		items[i].span, items[i].at = w.Span(), w.Span()
		if c.name == "_block_num" {
			s.blockNumOverJoin(sc, w.Span())
		}
	}
	for _, r := range w.Replace {
		s.checkAlias(sql.Ident{Pos: r.Name.Pos, Name: r.Name.Value})
		v := s.expr(sc, r.Expr)
		i := slices.IndexFunc(cols, func(c *column) bool { return c.name == r.Name.Value })
		if i < 0 {
			s.noWildcardColumn(r.Name, cols)
			continue
		}
		items[i] = &item{aliased: true, expr: r.Expr, column: column{value: *v, name: r.Name.Value, span: r.Span(), at: r.Expr.Span()}}
		if v.col != nil {
			items[i].origin = v.col.origin
		}
	}
	return items
}

// checkExcluded checks that an excluded name means one column. The planner looks it up among all columns, those that USING
// made one included.
func (s *state) checkExcluded(sc *scope, w *sql.Wildcard, name sql.Ident, cols []*column) {
	among := cols
	if len(w.Qualifier) == 0 {
		among = sc.rel.cols
	}
	var found []*column
	for _, c := range among {
		if c.name == name.Value {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 0:
		s.noWildcardColumn(name, cols)
	case len(found) > 1:
		s.ambiguous(&sql.ColumnRef{Pos: name.Pos, Parts: []sql.Ident{name}}, found)
	}
}

func (s *state) noWildcardColumn(name sql.Ident, cols []*column) {
	if slices.ContainsFunc(cols, func(c *column) bool { return c.bad }) {
		return
	}
	d := diag.Diagnostic{Code: diag.UnknownColumn, Span: name.Span(), Message: "the * has no column " + quote(name.Value), Help: suggest.DidYouMean(name.Value, names(cols))}
	if lower := strings.ToLower(name.Value); lower != name.Value && slices.Contains(names(cols), lower) {
		d.Note, d.Help = "names in EXCLUDE and REPLACE keep their letter case", "write "+lower
	}
	s.fault(d)
}

// wildcardColumns are the columns that `*` or `q.*` stands for. Of columns that USING made one, `*` has the copy whose
// qualifier sorts first; `q.*` takes the exact qualifier and has all copies.
func (s *state) wildcardColumns(sc *scope, w *sql.Wildcard) []*column {
	if len(w.Qualifier) == 0 {
		if len(sc.rel.cols) == 0 {
			s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: w.Span(), Message: "* needs a FROM"})
		}
		var hide []*column
		for _, set := range sc.rel.using {
			keep := slices.MinFunc(set, func(a, b *column) int {
				return cmp.Or(cmp.Compare(len(a.qualifier), len(b.qualifier)), slices.Compare(a.qualifier, b.qualifier))
			})
			for _, c := range set {
				if c != keep {
					hide = append(hide, c)
				}
			}
		}
		return slices.DeleteFunc(slices.Clone(sc.rel.cols), func(c *column) bool { return slices.Contains(hide, c) })
	}
	var cols []*column
	var tables []string
	for _, c := range sc.rel.cols {
		if len(c.qualifier) == len(w.Qualifier) && qualifies(w.Qualifier, c.qualifier) || c.bad {
			cols = append(cols, c)
		}
		tables = appendNew(tables, strings.Join(c.qualifier, "."))
	}
	if len(cols) == 0 {
		name := written(w.Qualifier)
		d := diag.Diagnostic{Code: diag.UnknownTable, Span: w.Span(), Message: "no table in FROM is called " + quote(name), Help: suggest.DidYouMean(name, tables)}
		for _, t := range tables {
			if strings.HasSuffix(t, "."+name) {
				d.Note, d.Help = "before .* a table needs its whole name", "write "+t+".*, or give the table an alias"
			}
		}
		s.fault(d)
	}
	return cols
}

// distinct checks DISTINCT and DISTINCT ON.
func (s *state) distinct(q *sql.Select, sc *scope) {
	if q.Distinct == nil {
		return
	}
	s.res.Aggregated = true
	if q.Distinct.On == nil {
		sc.distinct = true
		s.notIncremental(q.Distinct.Span(), "DISTINCT", "write DISTINCT ON (block_num(), …), which is computed per block")
		return
	}
	on := *sc
	on.aliases, on.rules = aliasesFirst, clauseRules{clause: "DISTINCT ON"}
	sc.distinctOn = []string{}
	for i, e := range q.Distinct.On {
		v := s.expr(&on, e)
		sc.distinctOn = append(sc.distinctOn, v.key)
		if i == 0 && !v.bad && !isBlockNumCall(e) {
			s.notIncremental(e.Span(), "DISTINCT ON whose first key is not block_num()", "write DISTINCT ON (block_num(), …)")
		}
	}
	if sc.group != nil {
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: q.Distinct.Span(), Message: "DISTINCT ON does not go with GROUP BY or aggregates",
			Help: "aggregate in a subquery"})
	}
}

// predicate types a condition, which must be Boolean.
func (s *state) predicate(sc *scope, e sql.Expr) *value {
	v := s.expr(sc, e)
	if spoiled(v) != nil {
		return v
	}
	if t := v.a.Type; !coerce.IsNull(t) && coerce.Truth(t) != nil {
		s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: e.Span(), Message: sc.rules.clause + " needs a Boolean, not " + coerce.Format(t), Help: "write a comparison"})
	}
	return v
}
