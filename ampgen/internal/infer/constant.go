package infer

import (
	"github.com/ampgen/ampgen/ampgen/internal/functions"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// constant reports whether e is made of literals and immutable functions alone: the server computes it once, before it runs
// the query.
func constant(e sql.Expr) bool {
	is := true
	sql.Inspect(e, func(n sql.Node) bool {
		switch n := n.(type) {
		case *sql.ColumnRef, *sql.Subquery, *sql.Exists, *sql.InSubquery:
			is = false
		case *sql.Call:
			f, ok := functions.Lookup(n.Name[len(n.Name)-1].Name, n.Over != nil)
			is = is && ok && len(n.Name) == 1 && f.Kind == functions.Scalar && f.Volatility == functions.Immutable
		}
		return is
	})
	return is
}
