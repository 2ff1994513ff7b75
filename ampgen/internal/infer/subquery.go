package infer

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// The planner takes subqueries anywhere, and the server then fails to run most of them. What is allowed here are the forms
// that run: conditions with EXISTS and IN (SELECT …), and scalar subqueries in the select list and in conditions, which
// may be correlated if they are aggregates over an equality.

// subqueryExpr types a scalar subquery, IN (SELECT …) or EXISTS.
func (s *state) subqueryExpr(sc *scope, e sql.Expr) *value {
	switch e := e.(type) {
	case *sql.Exists:
		return s.exists(sc, e)
	case *sql.InSubquery:
		return s.inSubquery(sc, e)
	default:
		return s.scalarSubquery(sc, e.(*sql.Subquery))
	}
}

func (s *state) exists(sc *scope, e *sql.Exists) *value {
	s.notIncremental(e.Span(), "EXISTS", "join the tables instead")
	if !s.conditionOnly(sc, e, "EXISTS") {
		return poison
	}
	s.query(e.Query, sc, sc.ctes)
	s.correlatedCondition(e.Query)
	v := same(boolean, false)
	v.key = fmt.Sprintf("exists@%d", e.Span().Start)
	return v
}

func (s *state) inSubquery(sc *scope, e *sql.InSubquery) *value {
	s.notIncremental(e.Span(), "IN (SELECT …)", "join the tables instead")
	if !s.conditionOnly(sc, e, "IN (SELECT …)") {
		return poison
	}
	x := s.expr(sc, e.Operand)
	col := s.oneColumn(e.Query, sc)
	s.correlatedCondition(e.Query)
	if bad := spoiled(x, col); bad != nil {
		return bad
	}
	if err := coerce.Membership(x.a.Type, []arrow.DataType{col.a.Type}); err != nil {
		s.mismatch(e.Span(), err)
		return poison
	}
	v := &value{r: typed{boolean, x.r.Nullable}, a: typed{boolean, x.a.Nullable || col.a.Nullable}}
	v.key = fmt.Sprintf("in@%d", e.Span().Start)
	return v
}

// conditionOnly refuses EXISTS and IN (SELECT …) outside conditions.
func (s *state) conditionOnly(sc *scope, e sql.Expr, what string) bool {
	if !sc.rules.predicates {
		s.fault(diag.Diagnostic{Code: diag.Unsupported, Span: e.Span(), Message: "the server cannot run " + what + " in " + sc.rules.clause,
			Help: "write it in WHERE, HAVING or ON"})
	}
	return sc.rules.predicates
}

func (s *state) scalarSubquery(sc *scope, q *sql.Subquery) *value {
	s.notIncremental(q.Span(), "a scalar subquery", "join the tables instead")
	if !sc.rules.scalars {
		s.fault(diag.Diagnostic{Code: diag.Unsupported, Span: q.Span(), Message: "the server cannot run a scalar subquery in " + sc.rules.clause,
			Help: "compute it in a derived table first"})
		return poison
	}
	col := s.oneColumn(q.Query, sc)
	s.correlatedScalar(q.Query)
	if bad := spoiled(col); bad != nil {
		return bad
	}
	v := &value{r: col.r, a: col.a, shape: col.shape, differ: col.differ}
	// It may have no row, whatever its column says.
	v.a.Nullable = v.a.Nullable || !s.hasOneRow(q.Query)
	v.key = fmt.Sprintf("query@%d", q.Span().Start)
	return v
}

// oneColumn plans a subquery that must have one column.
func (s *state) oneColumn(q *sql.Query, sc *scope) *value {
	rel := s.query(q, sc, sc.ctes)
	if rel.broken() {
		return poison
	}
	if len(rel.cols) != 1 {
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: q.Span(), Message: "the subquery must have one column, not " + fmt.Sprint(len(rel.cols))})
		return poison
	}
	return &rel.cols[0].value
}

// hasOneRow reports whether q has exactly one row: an aggregate without groups, or a SELECT without FROM.
func (s *state) hasOneRow(q *sql.Query) bool {
	sel, ok := q.Body.(*sql.Select)
	if !ok || q.Limit != nil || q.Offset != nil || sel.Having != nil || sel.Qualify != nil || sel.GroupBy != nil {
		return false
	}
	return s.aggregated(sel, nil) || len(sel.From) == 0 && sel.Where == nil
}

// outerRefs are the columns of the enclosing query that q reads.
func (s *state) outerRefs(n sql.Node) map[*sql.ColumnRef]bool {
	refs := map[*sql.ColumnRef]bool{}
	sql.Inspect(n, func(n sql.Node) bool {
		switch n := n.(type) {
		case *sql.Subquery, *sql.Exists, *sql.InSubquery:
			return false
		case *sql.ColumnRef:
			if v := s.values[n]; v != nil && strings.HasPrefix(v.key, outerKey) {
				refs[n] = true
			}
		}
		return true
	})
	return refs
}

// correlatedCondition refuses an EXISTS or IN (SELECT …) that reads outer columns elsewhere than in its WHERE.
func (s *state) correlatedCondition(q *sql.Query) {
	refs := s.outerRefs(q)
	if sel, ok := q.Body.(*sql.Select); ok && sel.Where != nil {
		for ref := range s.outerRefs(sel.Where) {
			delete(refs, ref)
		}
	}
	if ref := firstRef(refs); ref != nil {
		s.fault(diag.Diagnostic{Code: diag.Unsupported, Span: ref.Span(), Message: "the server can run an outer column in the subquery's WHERE only",
			Help: "join the tables instead"})
	}
}

// correlatedScalar refuses a scalar subquery that reads outer columns, unless it is an aggregate without groups that reads them
// in equalities of equal types.
func (s *state) correlatedScalar(q *sql.Query) {
	refs := s.outerRefs(q)
	if len(refs) == 0 {
		return
	}
	sel, ok := q.Body.(*sql.Select)
	if ok && s.hasOneRow(q) && len(sel.From) > 0 && sel.Where != nil {
		s.dropEqualities(sel.Where, refs)
	}
	if ref := firstRef(refs); ref != nil {
		s.fault(diag.Diagnostic{Code: diag.Unsupported, Span: ref.Span(), Message: "the server cannot run this correlated subquery",
			Note: "it runs aggregates without GROUP BY that compare outer columns with = in WHERE, without a cast", Help: "join the tables and group instead"})
	}
}

// dropEqualities removes from refs what stands alone on one side of an equality that the condition demands.
func (s *state) dropEqualities(e sql.Expr, refs map[*sql.ColumnRef]bool) {
	switch e := e.(type) {
	case *sql.Paren:
		s.dropEqualities(e.Expr, refs)
	case *sql.Binary:
		switch e.Op {
		case sql.OpAnd:
			s.dropEqualities(e.Left, refs)
			s.dropEqualities(e.Right, refs)
		case sql.OpEq:
			l, r := s.values[e.Left], s.values[e.Right]
			if l == nil || r == nil || spoiled(l, r) != nil || !coerce.Equal(l.a.Type, r.a.Type) {
				return
			}
			for _, side := range []sql.Expr{e.Left, e.Right} {
				if ref, ok := side.(*sql.ColumnRef); ok {
					delete(refs, ref)
				}
			}
		}
	}
}

// firstRef is the first of refs in the text, nil if there is none.
func firstRef(refs map[*sql.ColumnRef]bool) *sql.ColumnRef {
	var first *sql.ColumnRef
	for ref := range refs {
		if first == nil || ref.Span().Start < first.Span().Start {
			first = ref
		}
	}
	return first
}
