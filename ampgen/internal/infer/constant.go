package infer

import (
	"github.com/ampgen/ampgen/ampgen/internal/functions"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// constant reports whether e is made of literals and immutable functions alone: the server computes it once, before it runs
// the query. Answers are kept: every expression asks, and its operands were asked before it.
func (s *state) constant(e sql.Expr) bool {
	is := true
	sql.Inspect(e, func(n sql.Node) bool {
		if below, ok := n.(sql.Expr); ok {
			if known, ok := s.constants[below]; ok {
				is = is && known
				return false
			}
		}
		switch n := n.(type) {
		case *sql.ColumnRef, *sql.Subquery, *sql.Exists, *sql.InSubquery:
			is = false
		case *sql.Call:
			f, ok := functions.Lookup(n.Name[len(n.Name)-1].Name, n.Over != nil)
			is = is && ok && len(n.Name) == 1 && f.Kind == functions.Scalar && f.Volatility == functions.Immutable
		}
		return is
	})
	s.constants[e] = is
	return is
}
