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

// setOp plans UNION, INTERSECT and EXCEPT.
func (s *state) setOp(op *sql.SetOp, outer *scope, ctes *cteFrame) *relation {
	left, _ := s.body(op.Left, nil, outer, ctes)
	right, _ := s.body(op.Right, nil, outer, ctes)
	if op.Op != sql.Union {
		s.notIncremental(op.OpAt, string(op.Op), "use WHERE conditions, or make the query a :batch")
	} else if !op.All {
		s.notIncremental(op.OpAt, "UNION without ALL", "write UNION ALL")
	}
	if op.Op != sql.Union || !op.All {
		s.res.Aggregated = true
	}
	if op.ByName {
		return s.unionByName(op, left, right)
	}
	if !s.sameCount(op, left, right) {
		return hidden()
	}
	if op.Op != sql.Union {
		for i, l := range left.cols {
			s.inputType(op, l, right.cols[i])
		}
		return left
	}
	cols := make([]*column, len(left.cols))
	seen := map[string]int{}
	for i, l := range left.cols {
		cols[i] = s.unionColumn(op, left, right, l, right.cols[i])
		if k := seen[l.name]; k > 0 && !l.unnamed {
			cols[i].name = l.name + "_" + strconv.Itoa(k)
		}
		seen[l.name]++
	}
	return s.union(left, right, cols)
}

// sameCount checks that both inputs have as many columns.
func (s *state) sameCount(op *sql.SetOp, left, right *relation) bool {
	if left.broken() || right.broken() {
		s.faults++
		return false
	}
	if len(left.cols) == len(right.cols) {
		return true
	}
	s.fault(diag.Diagnostic{Code: diag.QueryStructure, Span: op.OpAt, Message: string(op.Op) + " needs as many columns on both sides",
		Note: fmt.Sprintf("the left side has %s, the right side %d", count(len(left.cols), "column"), len(right.cols))})
	return false
}

// broken reports whether the relation stands for one that could not be planned, so that its columns are not known.
func (rel *relation) broken() bool {
	return slices.ContainsFunc(rel.cols, func(c *column) bool { return c.bad && c.name == "" && !c.unnamed })
}

// union is the output of UNION ALL over the given columns, whose block is 1 where both inputs have the block.
func (s *state) union(left, right *relation, cols []*column) *relation {
	out := &relation{cols: cols, joined: left.joined || right.joined}
	if len(left.blocks) > 0 && len(right.blocks) > 0 {
		id := s.newID()
		out.blocks = []int{id}
		for _, c := range cols {
			if c.block != 0 {
				c.block = id
			}
		}
	}
	return out
}

// unionColumn joins one column of the inputs: announced with the first one's type, sent with their common type.
func (s *state) unionColumn(op *sql.SetOp, left, right *relation, l, r *column) *column {
	c := &column{id: s.newID(), name: l.name, unnamed: l.unnamed, span: l.span, at: l.at}
	if bad := spoiled(&l.value, &r.value); bad != nil {
		c.value = *bad
		return c
	}
	common, ok := s.inputType(op, l, r)
	if !ok {
		c.value = *poison
		return c
	}
	c.r = typed{l.r.Type, l.r.Nullable || r.r.Nullable}
	c.a = typed{common, l.a.Nullable || r.a.Nullable}
	if l.logical() == r.logical() {
		c.shape = l.shape
	}
	if l.origin != nil && r.origin != nil && *l.origin == *r.origin {
		c.origin = l.origin
	}
	if s.isBlock(left, l) && s.isBlock(right, r) {
		c.block = anyBlock
	}
	derive(&c.value, l.at, &l.value, &r.value)
	return c
}

// inputType is the common type of two columns of a set operation.
func (s *state) inputType(op *sql.SetOp, l, r *column) (arrow.DataType, bool) {
	if spoiled(&l.value, &r.value) != nil {
		return nil, false
	}
	common, err := coerce.Inputs([]arrow.DataType{l.a.Type, r.a.Type})
	if err != nil {
		s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: r.span, Message: fmt.Sprintf("column %s of %s has no common type with the first input", label(r), op.Op),
			Note: fmt.Sprintf("%s is %s, here it is %s", label(l), coerce.Format(l.a.Type), coerce.Format(r.a.Type)), Help: "cast both to one type"})
		return nil, false
	}
	return common, true
}

// label names a column in a message.
func label(c *column) string {
	if c.unnamed {
		return quote(c.span.Text())
	}
	return quote(c.name)
}

// unionByName matches the columns of two inputs by name; what one side lacks is null there.
func (s *state) unionByName(op *sql.SetOp, left, right *relation) *relation {
	if left.broken() || right.broken() {
		return hidden()
	}
	var cols []*column
	missing := func(c *column) *column {
		n := &column{id: s.newID(), name: c.name, unnamed: c.unnamed, span: c.span, at: c.at, value: c.value}
		n.r.Nullable, n.a.Nullable, n.block, n.blockHash = true, true, 0, 0
		return n
	}
	named := func(cols []*column, name string) int {
		return slices.IndexFunc(cols, func(c *column) bool { return c.name == name })
	}
	for _, l := range left.cols {
		if i := named(right.cols, l.name); i >= 0 {
			cols = append(cols, s.unionColumn(op, left, right, l, right.cols[i]))
		} else {
			cols = append(cols, missing(l))
		}
	}
	for _, r := range right.cols {
		if named(left.cols, r.name) < 0 {
			cols = append(cols, missing(r))
		}
	}
	return s.union(left, right, cols)
}
