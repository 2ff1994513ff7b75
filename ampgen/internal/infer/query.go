package infer

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// cte is a planned WITH query.
type cte struct {
	name string
	rel  *relation
}

// cteFrame is one WITH clause; inner ones see outer ones. A nil frame is empty.
type cteFrame struct {
	parent *cteFrame
	list   []*cte
}

func (f *cteFrame) find(name string) *cte {
	for ; f != nil; f = f.parent {
		for _, c := range f.list {
			if c.name == name {
				return c
			}
		}
	}
	return nil
}

func (f *cteFrame) names() []string {
	var out []string
	for ; f != nil; f = f.parent {
		for _, c := range f.list {
			out = append(out, c.name)
		}
	}
	return out
}

// query plans a query. outer is the scope that encloses a subquery, nil for others.
func (s *state) query(q *sql.Query, outer *scope, ctes *cteFrame) *relation {
	if q.With != nil {
		frame := &cteFrame{parent: ctes}
		for _, c := range q.With.CTEs {
			if frame.find(c.Name.Name) != nil {
				s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: c.Name.Span(), Message: "WITH query " + quote(c.Name.Name) + " is defined twice",
					Note: "also in enclosing queries a name can be used once", Help: "rename one of them"})
			}
			s.with(c, q.With.Recursive, outer, frame)
		}
		ctes = frame
	}
	rel, sc := s.body(q.Body, q.OrderBy, outer, ctes)
	s.orderAndLimit(q, sc)
	return rel
}

// with plans one WITH query and adds it to the frame.
func (s *state) with(c *sql.CTE, recursive bool, outer *scope, frame *cteFrame) {
	var rel *relation
	if union, ok := c.Query.Body.(*sql.SetOp); ok && recursive && union.Op == sql.Union && refersTo(union.Right, c.Name.Name) {
		rel = s.recursive(c, union, outer, frame)
	} else {
		rel = s.query(c.Query, outer, frame)
	}
	rel = s.alias(rel, &sql.TableAlias{Pos: c.Name.Pos, Name: c.Name, Columns: c.Columns})
	frame.list = append(frame.list, &cte{c.Name.Name, rel})
}

// recursive plans WITH RECURSIVE: the columns are those of the first term, which the second is cast to.
func (s *state) recursive(c *sql.CTE, union *sql.SetOp, outer *scope, frame *cteFrame) *relation {
	s.notIncremental(c.Name.Span(), "a recursive WITH query", "")
	base, _ := s.body(union.Left, nil, outer, frame)
	// The second term sees the first one's own column names, not those of the column list.
	inner := &cteFrame{parent: frame, list: []*cte{{c.Name.Name, s.alias(base, &sql.TableAlias{Pos: c.Name.Pos, Name: c.Name})}}}
	step, _ := s.body(union.Right, nil, outer, inner)
	if !s.sameCount(union, base, step) {
		return base
	}
	out := s.instance(base, nil, c.Name.Span())
	for i, b := range out.cols {
		next := step.cols[i]
		if b.bad || next.bad || b.unknown.Valid() || next.unknown.Valid() {
			continue
		}
		if !coerce.CanCast(next.a.Type, b.a.Type) {
			s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: next.span,
				Message: fmt.Sprintf("column %q of the recursive term cannot become %s", b.name, coerce.Format(b.a.Type)),
				Note:    "it is " + coerce.Format(next.a.Type) + ", and the first term decides", Help: "add a cast"})
		}
		b.a.Nullable = b.a.Nullable || next.a.Nullable
		b.origin, b.block, b.blockHash = nil, 0, 0
	}
	return out
}

// refersTo reports whether a query reads the table or CTE called name.
func refersTo(b sql.Body, name string) bool {
	found := false
	sql.Inspect(b, func(n sql.Node) bool {
		if t, ok := n.(*sql.Table); ok && len(t.Name) == 1 && t.Name[0].Name == name {
			found = true
		}
		return !found
	})
	return found
}

// body plans a query without its ORDER BY, and returns the scope in which the ORDER BY is typed.
func (s *state) body(b sql.Body, order []*sql.OrderItem, outer *scope, ctes *cteFrame) (*relation, *scope) {
	var rel *relation
	switch b := b.(type) {
	case *sql.Select:
		return s.selectBody(b, order, outer, ctes)
	case *sql.SetOp:
		rel = s.setOp(b, outer, ctes)
	case *sql.Values:
		rel = s.valuesBody(b, outer, ctes)
	case *sql.Query:
		rel = s.query(b, outer, ctes)
	}
	return rel, &scope{rel: rel, outer: outer, ctes: ctes}
}

// orderAndLimit types ORDER BY, LIMIT and OFFSET; they have no effect on the columns.
func (s *state) orderAndLimit(q *sql.Query, sc *scope) {
	if len(q.OrderBy) > 0 {
		s.res.Ordered = true
		s.notIncremental(q.OrderBy[0].Span().To(q.OrderBy[len(q.OrderBy)-1].Span()), "ORDER BY", "remove it: a stream is in block order")
		sc.rules = clauseRules{clause: "ORDER BY", aggregates: sc.group != nil, windows: true}
		for i, o := range q.OrderBy {
			s.orderItem(sc, o)
			s.checkDistinctOrder(sc, o, i)
		}
		if len(q.OrderBy) < len(sc.distinctOn) {
			s.distinctOnOrder(q.OrderBy[0])
		}
	}
	for _, e := range []sql.Expr{q.Limit, q.Offset} {
		if e == nil {
			continue
		}
		s.res.Limited = true
		s.notIncremental(e.Span(), "LIMIT or OFFSET", "remove it")
		v := s.expr(&scope{rules: clauseRules{clause: "LIMIT"}}, e)
		if spoiled(v) == nil && !coerce.IsInteger(v.a.Type) && !coerce.IsNull(v.a.Type) {
			s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: e.Span(), Message: "LIMIT and OFFSET take an integer, not " + coerce.Format(v.a.Type)})
		}
	}
}

// orderItem types a sort key. An integer is the number of a select item.
func (s *state) orderItem(sc *scope, o *sql.OrderItem) {
	n, ok := ordinal(o.Expr)
	if !ok {
		s.expr(sc, o.Expr)
		s.checkGrouped(sc, o.Expr)
		return
	}
	most := len(sc.items)
	if sc.items == nil {
		most = len(sc.rel.cols)
	}
	if n < 1 || n > most {
		s.badOrdinal(o.Expr, "ORDER BY", most)
	}
}

// checkDistinctOrder checks the i-th sort key of a SELECT DISTINCT.
func (s *state) checkDistinctOrder(sc *scope, o *sql.OrderItem, i int) {
	v := s.values[o.Expr]
	if v == nil || v.bad {
		return // an ordinal, or a reported fault
	}
	switch {
	case i < len(sc.distinctOn) && v.key != sc.distinctOn[i]:
		s.distinctOnOrder(o)
	case sc.distinct && !slices.ContainsFunc(sc.items, func(it *item) bool { return it.key == v.key }):
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: o.Span(), Message: "SELECT DISTINCT can be ordered by its select items only",
			Help: "add the sort key to the select list"})
	}
}

func (s *state) distinctOnOrder(o *sql.OrderItem) {
	s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: o.Span(), Message: "ORDER BY must begin with the keys of DISTINCT ON", Help: "order by them first"})
}

// ordinal reads an expression that is a bare integer.
func ordinal(e sql.Expr) (int, bool) {
	lit, ok := e.(*sql.Literal)
	if !ok || lit.Kind != sql.Number {
		return 0, false
	}
	n, err := strconv.Atoi(lit.Value)
	return n, err == nil
}

func (s *state) badOrdinal(e sql.Expr, clause string, most int) {
	s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: e.Span(),
		Message: fmt.Sprintf("%s %s names no select item", clause, e.Span().Text()), Note: fmt.Sprintf("the select list has %s", count(most, "item"))})
}

// valuesBody plans VALUES: columns column1, column2 and so on, always nullable to the planner.
func (s *state) valuesBody(v *sql.Values, outer *scope, ctes *cteFrame) *relation {
	rel := &relation{}
	sc := &scope{outer: outer, ctes: ctes, rules: clauseRules{clause: "VALUES"}}
	width := len(v.Rows[0])
	cells := make([][]*value, width)
	for _, row := range v.Rows {
		if len(row) != width {
			s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: row[0].Span().To(row[len(row)-1].Span()),
				Message: fmt.Sprintf("a row of VALUES has %s, the first one %d", count(len(row), "value"), width)})
			return hidden()
		}
		for i, e := range row {
			cells[i] = append(cells[i], s.expr(sc, e))
		}
	}
	for i, cell := range cells {
		c := &column{id: s.newID(), name: "column" + strconv.Itoa(i+1), span: v.Rows[0][i].Span(), at: v.Rows[0][i].Span()}
		c.value = *s.valuesColumn(cell, v.Rows, i)
		rel.cols = append(rel.cols, c)
	}
	return rel
}

func (s *state) valuesColumn(cells []*value, rows [][]sql.Expr, i int) *value {
	if bad := spoiled(cells...); bad != nil {
		return bad
	}
	announced, actual := make([]arrow.DataType, len(cells)), make([]arrow.DataType, len(cells))
	for k, c := range cells {
		announced[k], actual[k] = c.r.Type, c.a.Type
	}
	at := rows[0][i].Span()
	r, err := coerce.Values(announced)
	if err == nil {
		var a arrow.DataType
		if a, err = coerce.Values(actual); err == nil {
			return derive(&value{r: typed{r, true}, a: typed{a, true}}, at, cells...)
		}
	}
	s.mismatch(rows[len(rows)-1][i].Span(), err)
	return poison
}
