package sql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
)

// parse parses all of text and renders its faults, one a line: "start-end text": message [code] (help).
func parse(text string) (*Query, string) {
	var diags diag.List
	f := source.New("q.sql", text)
	q := Parse(f, 0, len(text), &diags)
	var b strings.Builder
	for _, d := range diags.Sorted() {
		fmt.Fprintf(&b, "%d «%s» %s [%s]", d.Position().Column, d.Span.Text(), d.Message, d.Code)
		if d.Help != "" {
			b.WriteString(" → " + d.Help)
		}
		b.WriteByte('\n')
	}
	return q, strings.TrimSuffix(b.String(), "\n")
}

type shape struct{ sql, want string }

func testShapes(t *testing.T, tests []shape) {
	t.Helper()
	for _, tt := range tests {
		q, faults := parse(tt.sql)
		if q == nil {
			t.Errorf("%s\nrefused: %s", tt.sql, faults)
			continue
		}
		if got := sexpr(q); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.sql, got, tt.want)
		}
	}
}

// testExprs wraps each expression into a select list.
func testExprs(t *testing.T, tests []shape) {
	t.Helper()
	var wrapped []shape
	for _, tt := range tests {
		wrapped = append(wrapped, shape{"select " + tt.sql, "(select (" + tt.want + "))"})
	}
	testShapes(t, wrapped)
}

// corpus is every statement of the shape tests.
var corpus = func() []string {
	var all []string
	for _, tt := range append(queryShapes, fromShapes...) {
		all = append(all, tt.sql)
	}
	for _, list := range [][]shape{exprShapes, precedenceShapes, typeShapes} {
		for _, tt := range list {
			all = append(all, "select "+tt.sql)
		}
	}
	return all
}()
