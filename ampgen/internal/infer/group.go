package infer

import (
	"slices"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/functions"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// grouping is the GROUP BY of an aggregated SELECT.
type grouping struct {
	keys   map[string]bool // the keys of the grouped expressions
	broken bool            // a key has a fault, so that it is not known what is grouped
	sets   bool            // GROUPING SETS, CUBE or ROLLUP: a key is null in the rows that do not group by it
}

// widened is v as it is after grouping: a key of grouping sets can be null.
func (s *state) widened(sc *scope, v *value) *value {
	if sc.group == nil || !sc.group.sets || !sc.group.keys[v.key] || v.bad {
		return v
	}
	w := *v
	w.r.Nullable, w.a.Nullable = true, true
	return &w
}

// aggregated reports whether the SELECT has GROUP BY or an aggregate function of its own.
func (s *state) aggregated(q *sql.Select, order []*sql.OrderItem) bool {
	found := q.GroupBy != nil
	look := func(n sql.Node) {
		inspectLevel(n, func(e sql.Expr) bool {
			found = found || s.isAggregate(e)
			return !found
		})
	}
	for _, it := range q.Items {
		look(it)
	}
	for _, e := range []sql.Expr{q.Having, q.Qualify} {
		if e != nil {
			look(e)
		}
	}
	for _, o := range order {
		look(o)
	}
	return found
}

// isAggregate reports whether e is a call of an aggregate function, not of a window function.
func (s *state) isAggregate(e sql.Expr) bool {
	c, ok := e.(*sql.Call)
	if !ok || c.Over != nil || len(c.Name) != 1 || c.NoParens {
		return false
	}
	f, ok := functions.Lookup(c.Name[0].Name, false)
	return ok && f.Kind == functions.Aggregate
}

// hasAggregate reports whether an aggregate function is called in e.
func (s *state) hasAggregate(e sql.Expr) bool {
	found := false
	inspectLevel(e, func(e sql.Expr) bool {
		found = found || s.isAggregate(e)
		return !found
	})
	return found
}

// isCountStar reports whether e is count(*) or count().
func isCountStar(e sql.Expr) bool {
	c, ok := e.(*sql.Call)
	if !ok || c.Name[0].Name != "count" {
		return false
	}
	if len(c.Args) == 0 {
		return true
	}
	_, ok = c.Args[0].Value.(*sql.Star)
	return ok
}

// inspectLevel visits the expressions below n, without those of subqueries; f answers false to skip what is below one.
func inspectLevel(n sql.Node, f func(sql.Expr) bool) {
	sql.Inspect(n, func(n sql.Node) bool {
		if _, ok := n.(*sql.Query); ok {
			return false
		}
		if e, ok := n.(sql.Expr); ok {
			return f(e)
		}
		return true
	})
}

// groupBy types the GROUP BY clause. The keys of GROUP BY ALL are added by closeGroups.
func (s *state) groupBy(q *sql.Select, sc *scope) {
	s.res.Aggregated = true
	group := &grouping{keys: map[string]bool{}}
	if q.GroupBy == nil || q.GroupBy.All {
		if q.GroupBy != nil {
			s.notIncremental(q.GroupBy.Span(), "GROUP BY ALL", "write GROUP BY block_num(), …, which is computed per block")
		} else {
			s.notIncremental(s.firstAggregate(q), "an aggregate without GROUP BY", "group by block_num() first, which is computed per block")
		}
		sc.group = group
		return
	}
	sc.rules = clauseRules{clause: "GROUP BY"}
	add := func(e sql.Expr) {
		v := s.groupKey(q, sc, e)
		group.keys[v.key] = true
		group.broken = group.broken || v.bad
	}
	for i, gi := range q.GroupBy.Items {
		switch gi := gi.(type) {
		case *sql.GroupExpr:
			add(gi.Expr)
			if i == 0 && !isBlockNumCall(s.groupExpr(q, sc, gi.Expr)) {
				s.notIncremental(gi.Span(), "GROUP BY whose first key is not block_num()", "write GROUP BY block_num(), …, which is computed per block")
			}
		case *sql.GroupingSets:
			group.sets = true
			s.notIncremental(gi.Span(), string(gi.Kind), "write GROUP BY block_num(), …, which is computed per block")
			for _, set := range gi.Sets {
				for _, e := range set {
					add(e)
				}
			}
		}
	}
	sc.group = group
}

// firstAggregate is the place of the first aggregate call, or of the select list.
func (s *state) firstAggregate(q *sql.Select) (at source.Span) {
	at = q.Items[0].Span()
	sql.Inspect(q, func(n sql.Node) bool {
		if e, ok := n.(sql.Expr); ok && s.isAggregate(e) {
			at = e.Span()
			return false
		}
		return true
	})
	return at
}

// groupExpr is the expression that a GROUP BY item means: a select item by number or by alias, or itself. A FROM column goes
// before an alias.
func (s *state) groupExpr(q *sql.Select, sc *scope, e sql.Expr) sql.Expr {
	if n, ok := ordinal(e); ok {
		if n >= 1 && n <= len(q.Items) {
			if it, ok := q.Items[n-1].(*sql.ExprItem); ok {
				return it.Expr
			}
		}
		return e
	}
	ref, ok := e.(*sql.ColumnRef)
	if !ok || len(ref.Parts) != 1 {
		return e
	}
	if found, _ := sc.rel.lookup(ref.Parts); found != nil {
		return e
	}
	for _, si := range q.Items {
		if it, ok := si.(*sql.ExprItem); ok && it.Alias != nil && it.Alias.Name == ref.Parts[0].Name {
			return it.Expr
		}
	}
	return e
}

// groupKey types a GROUP BY item.
func (s *state) groupKey(q *sql.Select, sc *scope, e sql.Expr) *value {
	meant := s.groupExpr(q, sc, e)
	if n, ok := ordinal(meant); ok && meant == e && (n < 1 || n > len(q.Items)) {
		s.badOrdinal(e, "GROUP BY", len(q.Items))
		return poison
	}
	return s.expr(sc, meant)
}

// closeGroups checks that the select list reads grouped expressions and aggregates only.
func (s *state) closeGroups(q *sql.Select, sc *scope) {
	if sc.group == nil || sc.group.broken {
		return
	}
	if q.GroupBy != nil && q.GroupBy.All {
		for _, it := range sc.items {
			switch {
			case it.expr == nil || !s.hasAggregate(it.expr):
				sc.group.keys[it.key] = true
			case !s.isAggregate(it.expr) || it.aliased && isCountStar(it.expr):
				s.fault(diag.Diagnostic{Code: diag.Unsupported, Span: it.span, Message: "GROUP BY ALL takes this item for a key, and cannot run it",
					Help: "list the keys in GROUP BY"})
			}
		}
	}
	for _, it := range sc.items {
		switch {
		case it.bad:
		case it.expr != nil:
			s.checkGrouped(sc, it.expr)
		case !sc.group.keys[it.key]:
			s.notGrouped(it.span, it.name)
		}
	}
}

// checkGrouped checks one expression of a clause after GROUP BY.
func (s *state) checkGrouped(sc *scope, e sql.Expr) {
	if sc.group == nil || sc.group.broken {
		return
	}
	inspectLevel(e, func(e sql.Expr) bool {
		v := s.values[e]
		if v == nil || v.bad || sc.group.keys[v.key] || s.isAggregate(e) {
			return false
		}
		ref, ok := e.(*sql.ColumnRef)
		if !ok || v.from == nil {
			return true
		}
		if v.from.id > 0 && slices.Contains(sc.rel.cols, v.from) && !sc.group.keys[columnKey(v.from)] {
			s.notGrouped(ref.Span(), written(ref.Parts))
		}
		return false
	})
}

func (s *state) notGrouped(at source.Span, name string) {
	s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: at, Message: "column " + quote(name) + " is neither grouped nor aggregated",
		Help: "add it to GROUP BY, or put it into an aggregate such as min(" + name + ")"})
}

// having types HAVING, which needs groups.
func (s *state) having(q *sql.Select, sc *scope) {
	if q.Having == nil {
		return
	}
	sc.rules = clauseRules{clause: "HAVING", aggregates: true, scalars: true, predicates: true}
	s.predicate(sc, q.Having)
	if sc.group == nil {
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: q.Having.Span(), Message: "HAVING needs GROUP BY or an aggregate", Help: "write WHERE"})
		return
	}
	s.checkGrouped(sc, q.Having)
}

// qualify types QUALIFY, which needs a window function somewhere.
func (s *state) qualify(q *sql.Select, sc *scope) {
	if q.Qualify == nil {
		return
	}
	sc.rules = clauseRules{clause: "QUALIFY", aggregates: sc.group != nil, windows: true, scalars: true, predicates: true}
	s.predicate(sc, q.Qualify)
	s.checkGrouped(sc, q.Qualify)
	windowed := false
	look := func(e sql.Expr) bool {
		c, ok := e.(*sql.Call)
		windowed = windowed || ok && c.Over != nil
		return !windowed
	}
	inspectLevel(q.Qualify, look)
	for _, it := range q.Items {
		inspectLevel(it, look)
	}
	if !windowed {
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: q.Qualify.Span(), Message: "QUALIFY needs a window function in it or in the select list",
			Help: "write WHERE or HAVING"})
	}
}
