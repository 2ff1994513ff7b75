package infer

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/functions"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// aggregateCall types an aggregate function, plain or over a window.
func (s *state) aggregateCall(sc *scope, c *sql.Call, f *functions.Function) *value {
	if c.Over != nil {
		if !s.windowAllowed(sc, c, f) {
			return poison
		}
	} else if !sc.rules.aggregates {
		help := ""
		if sc.rules.clause == "WHERE" {
			help = "write the condition in HAVING"
		}
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: c.Span(), Message: "an aggregate function is not allowed in " + sc.rules.clause, Help: help})
		return poison
	}
	inner := *sc
	if c.Over == nil {
		inner.group = nil // the arguments are read before grouping
		inner.rules = clauseRules{clause: "an aggregate function"}
	}
	args, at := s.typeArgs(&inner, c)
	if len(c.WithinGroup) > 0 {
		v := s.expr(&inner, c.WithinGroup[0].Expr)
		args, at = append([]*value{v}, args...), append([]source.Span{c.WithinGroup[0].Expr.Span()}, at...)
	}
	for _, o := range c.OrderBy {
		s.expr(&inner, o.Expr)
	}
	if c.Filter != nil {
		inner.rules.clause = "FILTER"
		s.predicate(&inner, c.Filter)
	}
	if c.Over != nil {
		s.over(sc, c)
	}
	star := len(c.Args) == 1 && len(args) == 0
	if star && f.Name != "count" {
		s.fault(diag.Diagnostic{Code: diag.Arguments, Span: c.Args[0].Span(), Message: "only count takes *"})
		return poison
	}
	if f.Name == "count" && len(args) == 0 {
		v := same(int64T, false)
		v.key = s.clauseKey(sc, c, "count(1)")
		return v
	}
	if f.Name == "grouping" {
		s.groupingCall(sc, c, args, at)
	}
	v := s.resolve(f, c.Args, args, at, c.Span())
	if v.bad {
		return v
	}
	out := *v
	out.key = s.clauseKey(sc, c, v.key)
	if keepsValue[f.Name] && len(args) > 0 {
		out.shape = args[0].shape
	}
	return &out
}

// keepsValue are the functions whose result is one of the values of the first argument.
var keepsValue = map[string]bool{"min": true, "max": true, "first_value": true, "last_value": true, "nth_value": true, "lag": true, "lead": true}

// groupingCall checks that grouping(…) names group keys.
func (s *state) groupingCall(sc *scope, c *sql.Call, args []*value, at []source.Span) {
	for i, v := range args {
		if sc.group == nil || !v.bad && !sc.group.keys[v.key] {
			s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: at[i], Message: "grouping takes the expressions of GROUP BY only"})
			return
		}
	}
}

// clauseKey extends a call's key with its clauses.
func (s *state) clauseKey(sc *scope, c *sql.Call, key string) string {
	var b strings.Builder
	b.WriteString(key)
	part := func(label string, e sql.Expr) {
		if v := s.values[e]; v != nil {
			fmt.Fprintf(&b, " %s %s", label, v.key)
		}
	}
	if c.Distinct {
		b.WriteString(" distinct")
	}
	if c.Filter != nil {
		part("filter", c.Filter)
	}
	for _, o := range c.OrderBy {
		part(fmt.Sprintf("order %t %s", o.Desc, o.Nulls), o.Expr)
	}
	if c.Over != nil {
		fmt.Fprintf(&b, " over %s", c.Over.Span().Text())
	}
	b.WriteString(string(c.Nulls))
	return b.String()
}

// windowCall types a window function.
func (s *state) windowCall(sc *scope, c *sql.Call, f *functions.Function) *value {
	if !s.windowAllowed(sc, c, f) {
		return poison
	}
	if c.Filter != nil {
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: c.Filter.Span(), Message: "FILTER goes with aggregate functions only"})
		return poison
	}
	args, at := s.typeArgs(sc, c)
	s.over(sc, c)
	v := s.resolve(f, c.Args, args, at, c.Span())
	if v.bad {
		return v
	}
	out := *v
	out.key = s.clauseKey(sc, c, v.key)
	if keepsValue[f.Name] && len(args) > 0 {
		out.shape = args[0].shape
	}
	return &out
}

func (s *state) windowAllowed(sc *scope, c *sql.Call, f *functions.Function) bool {
	s.res.Windowed = true
	if !sc.rules.windows {
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: c.Span(), Message: "a window function is not allowed in " + sc.rules.clause, Help: "write the condition in QUALIFY, or compute the value in a subquery"})
		return false
	}
	if len(c.OrderBy) > 0 {
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: c.OrderBy[0].Span(), Message: "ORDER BY inside the arguments does not go with OVER", Help: "write it in OVER (… ORDER BY …)"})
		return false
	}
	s.notIncremental(c.Over.Span(), "a window function", "make the query a :batch")
	return true
}

// over types the window of a call; named ones are typed with the WINDOW clause.
func (s *state) over(sc *scope, c *sql.Call) {
	if c.Over.Spec != nil {
		s.windowSpec(sc, c.Over.Spec)
	}
}

// windowSpec types the inside of OVER (…).
func (s *state) windowSpec(sc *scope, w *sql.WindowSpec) {
	spec := *sc
	spec.rules = clauseRules{clause: "a window", aggregates: sc.rules.aggregates}
	sc = &spec
	for _, e := range w.PartitionBy {
		s.expr(sc, e)
		s.checkGrouped(sc, e)
	}
	for _, o := range w.OrderBy {
		s.expr(sc, o.Expr)
		s.checkGrouped(sc, o.Expr)
	}
	if len(w.OrderBy) > 0 && (w.Frame == nil || w.Frame.Units == sql.FrameRange) {
		s.checkRange(w.OrderBy[0].Expr)
	}
	if w.Frame == nil {
		return
	}
	offset := false
	for _, b := range []*sql.FrameBound{w.Frame.Start, w.Frame.End} {
		if b == nil || b.Offset == nil {
			continue
		}
		offset = true
		v := s.expr(&scope{rules: clauseRules{clause: "a window frame"}}, b.Offset)
		if spoiled(v) == nil && w.Frame.Units != sql.FrameRange && !coerce.IsInteger(v.a.Type) {
			s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: b.Offset.Span(), Message: string(w.Frame.Units) + " counts in integers, not " + coerce.Format(v.a.Type)})
		}
	}
	switch {
	case w.Frame.Units == sql.FrameRange && offset && len(w.OrderBy) != 1:
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: w.Frame.Span(), Message: "RANGE with an offset needs exactly one ORDER BY key"})
	case w.Frame.Units == sql.FrameGroups && len(w.OrderBy) == 0:
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: w.Frame.Span(), Message: "GROUPS needs ORDER BY"})
	}
}

// checkRange checks the first sort key of a window whose frame is a range, which the default is: bytes and structs have no
// ranges.
func (s *state) checkRange(e sql.Expr) {
	v := s.values[e]
	if spoiled(v) != nil {
		return
	}
	switch t := v.a.Type; {
	case coerce.IsBinary(t), t.ID() == arrow.FIXED_SIZE_BINARY, t.ID() == arrow.STRUCT, t.ID() == arrow.MAP:
		s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: e.Span(), Message: "a window cannot be ordered by " + coerce.Format(t),
			Note: "its frame is a range unless ROWS is written", Help: "add ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"})
	}
}
