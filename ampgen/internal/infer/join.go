package infer

import (
	"slices"
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// join plans a join. Outer joins make the columns of their far side nullable; semi and anti joins have the columns of one
// side only.
func (s *state) join(j *sql.Join, sc *scope) *relation {
	left := s.tableRef(j.Left, sc)
	right := s.tableRef(j.Right, s.besides(sc, left))
	s.streamJoin(j.KindAt, j.Kind, left, right)
	all := s.combine(left, right, j.Right.Span())
	kind := j.Kind

	switch {
	case j.On != nil:
		on := &scope{rel: all, outer: sc.outer, ctes: sc.ctes, rules: condition("ON")}
		s.predicate(on, j.On)
		s.provenEqual(j.On)
	case j.Natural:
		if !s.natural(all, left, right) {
			kind = sql.CrossJoin
		}
	case len(j.Using) > 0:
		s.joinUsing(all, left, right, j.Using)
	case j.Kind != sql.InnerJoin && j.Kind != sql.CrossJoin:
		s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: j.KindAt, Message: string(j.Kind) + " needs a condition", Help: "add ON … or USING (…)"})
	}

	switch kind {
	case sql.LeftJoin:
		all.widen(right)
	case sql.RightJoin:
		all.widen(left)
	case sql.FullJoin:
		all.widen(left)
		all.widen(right)
	case sql.LeftSemiJoin, sql.LeftAntiJoin:
		return &relation{cols: left.cols, using: left.using, blocks: all.blocks, joined: true}
	case sql.RightSemiJoin, sql.RightAntiJoin:
		return &relation{cols: right.cols, using: right.using, blocks: all.blocks, joined: true}
	}
	return all
}

// combine puts two relations side by side.
func (s *state) combine(left, right *relation, at source.Span) *relation {
	s.checkNames(left, right, at)
	s.res.Joined = true
	return &relation{
		cols:   slices.Concat(left.cols, right.cols),
		using:  slices.Concat(left.using, right.using),
		blocks: slices.Concat(left.blocks, right.blocks),
		joined: true,
	}
}

// checkNames refuses relations that both have a column of one name and one qualifier.
func (s *state) checkNames(left, right *relation, at source.Span) {
	for _, r := range right.cols {
		i := slices.IndexFunc(left.cols, func(l *column) bool {
			return !l.unnamed && l.name == r.name && l.name != "" && slices.Equal(l.qualifier, r.qualifier)
		})
		if i < 0 {
			continue
		}
		d := diag.Diagnostic{Code: diag.QueryStructure, Span: at, Message: "two tables in FROM are called " + quote(strings.Join(r.qualifier, ".")),
			Help: "give one of them an alias"}
		if r.qualifier == nil {
			d.Message = "two tables in FROM have a column " + quote(r.name) + " and no name"
		}
		s.fault(d)
		return
	}
}

// widen makes the columns of side nullable. They are copied, since the side may be a table that others read too.
func (rel *relation) widen(side *relation) {
	for i, c := range rel.cols {
		if slices.Contains(side.cols, c) {
			n := *c
			n.r.Nullable, n.a.Nullable = true, true
			rel.cols[i] = &n
			for _, set := range rel.using {
				for k := range set {
					if set[k] == c {
						set[k] = &n
					}
				}
			}
		}
	}
}

// natural joins on the names that both sides have. Without any the join is a cross join, and the answer false.
func (s *state) natural(all, left, right *relation) bool {
	any := false
	for _, r := range right.cols {
		i := slices.IndexFunc(left.cols, func(l *column) bool { return !l.unnamed && !l.bad && l.name == r.name })
		if i >= 0 && !r.unnamed && !r.bad {
			s.joinColumns(all, left.cols[i], r, r.span)
			any = true
		}
	}
	return any
}

// joinUsing joins on the named columns, which each side must have once.
func (s *state) joinUsing(all, left, right *relation, names []sql.Ident) {
	for _, name := range names {
		l, r := s.usingColumn(left, name, "left"), s.usingColumn(right, name, "right")
		if l != nil && r != nil {
			s.joinColumns(all, l, r, name.Span())
		}
	}
}

func (s *state) usingColumn(side *relation, name sql.Ident, which string) *column {
	found, _ := side.lookup([]sql.Ident{name})
	switch {
	case len(found) == 1 || len(found) > 1 && side.merged(found):
		return found[0]
	case len(found) > 1:
		s.ambiguous(&sql.ColumnRef{Pos: sql.Pos{At: name.Span()}, Parts: []sql.Ident{name}}, found)
	case !slices.ContainsFunc(side.cols, func(c *column) bool { return c.bad }):
		s.fault(diag.Diagnostic{Code: diag.UnknownColumn, Span: name.Span(), Message: "the " + which + " side of the join has no column " + quote(name.Name),
			Help: suggest.DidYouMean(name.Name, namesOf(side))})
	}
	return nil
}

func namesOf(rel *relation) []string { return names(rel.cols) }

// joinColumns makes l and r one column, if they compare.
func (s *state) joinColumns(all *relation, l, r *column, at source.Span) {
	if l.bad || r.bad {
		return
	}
	if _, err := coerce.Actual(coerce.Eq, l.a.Type, r.a.Type); err != nil {
		s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: at, Message: "the join columns " + l.display() + " and " + r.display() + " do not compare",
			Note: "they are " + coerce.Format(l.a.Type) + " and " + coerce.Format(r.a.Type), Help: "use ON with a cast"})
		return
	}
	s.equalBlocks(&l.value, &r.value)
	for i, set := range all.using {
		if slices.Contains(set, l) {
			all.using[i] = append(slices.Clone(set), r)
			return
		}
	}
	all.using = append(all.using, []*column{l, r})
}
