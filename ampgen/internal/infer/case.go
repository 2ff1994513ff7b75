package infer

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// caseExpr types CASE: announced with the type of its first branch that is not NULL, sent with the common type of all.
func (s *state) caseExpr(sc *scope, e *sql.Case) *value {
	var all, then []*value
	var operand *value
	if e.Operand != nil {
		operand = s.expr(sc, e.Operand)
		all = append(all, operand)
	}
	for _, w := range e.Whens {
		cond := s.expr(sc, w.Cond)
		then = append(then, s.expr(sc, w.Result))
		all = append(all, cond, then[len(then)-1])
	}
	var otherwise *value
	if e.Else != nil {
		otherwise = s.expr(sc, e.Else)
		all = append(all, otherwise)
	}
	if bad := spoiled(all...); bad != nil {
		return bad
	}
	if !s.caseConditions(e, operand) {
		return poison
	}
	v, err := branches(then, otherwise)
	if err != nil {
		s.mismatch(e.Span(), err)
		return poison
	}
	v.r.Nullable = s.caseNullable(e, announcedNulls)
	v.a.Nullable = s.caseNullable(e, actualNulls)
	keys := make([]string, len(all))
	for i, part := range all {
		keys[i] = part.key
	}
	v.key = "CASE(" + strings.Join(keys, ",") + ")"
	return derive(v, e.Span(), append(then, otherwise)...)
}

// branches is the type of a CASE. What Solidity says of its values is kept when all branches say the same, NULLs aside.
func branches(then []*value, otherwise *value) (*value, error) {
	var announced, actual []arrow.DataType
	for _, t := range then {
		announced, actual = append(announced, t.r.Type), append(actual, t.a.Type)
	}
	var elseAnnounced, elseActual arrow.DataType
	if otherwise != nil {
		elseAnnounced, elseActual = otherwise.r.Type, otherwise.a.Type
		then = append(then[:len(then):len(then)], otherwise)
	}
	a, err := coerce.Branches(actual, elseActual)
	if err != nil {
		return nil, err
	}
	v := &value{r: typed{Type: coerce.AnnouncedBranches(announced, elseAnnounced)}, a: typed{Type: a}}
	for _, t := range then {
		if coerce.IsNull(t.a.Type) {
			continue
		}
		if t.shape == nil || v.shape != nil && v.shape.text != t.shape.text {
			v.shape = nil
			break
		}
		v.shape = t.shape
	}
	return v, nil
}

// caseConditions checks that WHEN compares with the operand, or is Boolean.
func (s *state) caseConditions(e *sql.Case, operand *value) bool {
	for _, w := range e.Whens {
		cond := s.values[w.Cond]
		if operand == nil {
			if !coerce.CanCast(cond.a.Type, boolean) {
				s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: w.Cond.Span(), Message: "WHEN needs a Boolean, not " + coerce.Format(cond.a.Type), Help: "write a comparison"})
				return false
			}
			continue
		}
		if _, ok := coerce.Comparison(operand.a.Type, cond.a.Type); !ok {
			s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: w.Cond.Span(),
				Message: "WHEN does not compare " + coerce.Format(operand.a.Type) + " with " + coerce.Format(cond.a.Type), Help: bytesHelp(e.Operand, operand, w.Cond, cond)})
			return false
		}
	}
	return true
}

// nulls picks the nullability of a value: as announced or as in the data.
type nulls func(*value) bool

func announcedNulls(v *value) bool { return v.r.Nullable }
func actualNulls(v *value) bool    { return v.a.Nullable }

// caseNullable reports whether a CASE can be null: without ELSE always, else if a branch can be. A nullable branch of a searched
// CASE does not count when its condition cannot be true while the branch is null, as in CASE WHEN x IS NOT NULL THEN x ….
func (s *state) caseNullable(e *sql.Case, can nulls) bool {
	if e.Else == nil {
		return true
	}
	for _, w := range e.Whens {
		result := s.values[w.Result]
		if !can(result) {
			continue
		}
		if e.Operand != nil {
			return true
		}
		p := &nullProof{s: s, can: can, isNull: s.values[stripped(w.Result)].key}
		if p.bounds(w.Cond).canBe(yes) {
			return true
		}
	}
	return can(s.values[e.Else])
}

// stripped removes what is null exactly when its operand is: parentheses, NOT, minus and casts.
func stripped(e sql.Expr) sql.Expr {
	for {
		switch x := e.(type) {
		case *sql.Paren:
			e = x.Expr
		case *sql.Unary:
			e = x.Operand
		case *sql.Cast:
			if x.Try {
				return e
			}
			e = x.Operand
		default:
			return e
		}
	}
}

// truths is a set of the outcomes that a predicate can have.
type truths uint8

const (
	yes truths = 1 << iota
	no
	maybe    // null, unknown
	anything = yes | no | maybe
)

func (t truths) canBe(u truths) bool { return t&u != 0 }

// nullProof computes what a predicate can be while one expression is known to be null.
type nullProof struct {
	s      *state
	can    nulls
	isNull string // the key of that expression
}

// bounds is the set of outcomes of a predicate.
func (p *nullProof) bounds(e sql.Expr) truths {
	switch e := e.(type) {
	case *sql.Paren:
		return p.bounds(e.Expr)
	case *sql.Literal:
		switch {
		case e.Kind == sql.Boolean && e.Value == "true":
			return yes
		case e.Kind == sql.Boolean:
			return no
		case e.Kind == sql.Null:
			return maybe
		}
	case *sql.Unary:
		if e.Op == sql.OpNot {
			return negate(p.bounds(e.Operand))
		}
	case *sql.Is:
		return p.isBounds(e)
	case *sql.Binary:
		switch e.Op {
		case sql.OpAnd:
			return conjunction(p.bounds(e.Left), p.bounds(e.Right))
		case sql.OpOr:
			return negate(conjunction(negate(p.bounds(e.Left)), negate(p.bounds(e.Right))))
		}
	}
	switch p.nullness(e) {
	case yes:
		return maybe
	case no:
		return yes | no
	default:
		return anything
	}
}

func (p *nullProof) isBounds(e *sql.Is) truths {
	var out truths
	switch e.Test {
	case sql.IsNull:
		out = p.nullness(e.Operand)
		if out == maybe {
			out = yes | no
		}
	default:
		wanted := map[sql.IsTest]truths{sql.IsTrue: yes, sql.IsFalse: no, sql.IsUnknown: maybe}[e.Test]
		b := p.bounds(e.Operand)
		if b.canBe(wanted) {
			out |= yes
		}
		if b.canBe(anything &^ wanted) {
			out |= no
		}
	}
	if e.Not {
		return negate(out)
	}
	return out
}

// nullness answers whether e is null: yes, no, or maybe.
func (p *nullProof) nullness(e sql.Expr) truths {
	v := p.s.values[e]
	switch {
	case v == nil:
		return maybe
	case v.key == p.isNull:
		return yes
	case !p.can(v):
		return no
	}
	for _, child := range strictOperands(e) {
		if p.nullness(child) == yes {
			return yes
		}
	}
	if b, ok := e.(*sql.Between); ok && p.nullness(b.Low) == yes && p.nullness(b.High) == yes {
		return yes
	}
	return maybe
}

// strictOperands are the operands whose null makes e null.
func strictOperands(e sql.Expr) []sql.Expr {
	switch e := e.(type) {
	case *sql.Paren:
		return []sql.Expr{e.Expr}
	case *sql.Unary:
		return []sql.Expr{e.Operand}
	case *sql.Cast:
		return []sql.Expr{e.Operand}
	case *sql.Like:
		return []sql.Expr{e.Operand, e.Pattern}
	case *sql.Between:
		return []sql.Expr{e.Operand}
	case *sql.Binary:
		switch e.Op {
		case sql.OpConcat, sql.OpAnd, sql.OpOr, sql.OpDistinct, sql.OpNotDistinct:
			return nil
		}
		return []sql.Expr{e.Left, e.Right}
	}
	return nil
}

func negate(t truths) truths {
	out := t & maybe
	if t.canBe(yes) {
		out |= no
	}
	if t.canBe(no) {
		out |= yes
	}
	return out
}

// conjunction is the outcomes of AND over the outcomes of its sides.
func conjunction(l, r truths) truths {
	var out truths
	if l.canBe(yes) && r.canBe(yes) {
		out |= yes
	}
	if l.canBe(no) || r.canBe(no) {
		out |= no
	}
	if l.canBe(maybe) && r.canBe(yes|maybe) || r.canBe(maybe) && l.canBe(yes|maybe) {
		out |= maybe
	}
	return out
}
