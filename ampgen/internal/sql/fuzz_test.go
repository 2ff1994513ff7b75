package sql

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
)

// check verifies what must hold for any input: a query or a diagnostic but not both, places inside the range, children inside
// their parents, and a query whose own text parses to the same tree.
func check(t *testing.T, text string, start, end int) {
	t.Helper()
	f := source.New("fuzz.sql", text)
	var diags diag.List
	q := Parse(f, start, end, &diags)
	if (q == nil) != (diags.Len() > 0) {
		t.Fatalf("query %v with %d diagnostics", q != nil, diags.Len())
	}
	for _, d := range diags.Sorted() {
		if d.Span.File != f || d.Span.Start < start || d.Span.End > end || d.Span.Start > d.Span.End {
			t.Fatalf("%q is at [%d, %d), outside [%d, %d)", d.Message, d.Span.Start, d.Span.End, start, end)
		}
	}
	if q == nil {
		return
	}
	checkSpans(t, q, q.At)
	own, faults := parse(q.At.Text())
	if own == nil {
		t.Fatalf("the text of the query, %q, does not parse: %s", q.At.Text(), faults)
	}
	if a, b := sexpr(q), sexpr(own); a != b {
		t.Fatalf("the text of the query parses to\n%s, not\n%s", b, a)
	}
}

func checkSpans(t *testing.T, n Node, within source.Span) {
	t.Helper()
	at := n.Span()
	if at.File != within.File || at.Start < within.Start || at.End > within.End || at.Start > at.End {
		t.Fatalf("%T is at [%d, %d), outside [%d, %d)", n, at.Start, at.End, within.Start, within.End)
	}
	children(n, func(child Node) { checkSpans(t, child, at) })
}

func FuzzParse(f *testing.F) {
	for _, tt := range corpus {
		f.Add(tt)
	}
	f.Add("select '\xff\x00' /* \xe2\x80")
	f.Add("select " + strings.Repeat("(", 60))
	f.Add("select position(position(position(a")
	f.Fuzz(func(t *testing.T, text string) {
		check(t, text, 0, len(text))
		check(t, text, len(text)/3, len(text)-len(text)/3)
	})
}

// TestInspect holds Inspect against reflection: every node that a tree holds is visited, once.
func TestInspect(t *testing.T) {
	for _, text := range corpus {
		q, faults := parse(text)
		if q == nil {
			t.Fatalf("%s: %s", text, faults)
		}
		visited := map[Node]int{}
		Inspect(q, func(n Node) bool { visited[n]++; return true })
		held := map[Node]bool{}
		nodesIn(reflect.ValueOf(q), held)
		for n := range held {
			if visited[n] != 1 {
				t.Errorf("%s: %T %q visited %d times", text, n, n.Span().Text(), visited[n])
			}
		}
		if len(visited) != len(held) {
			t.Errorf("%s: visited %d nodes of %d", text, len(visited), len(held))
		}
	}
}

// nodesIn collects the nodes below v; identifiers are not visited by Inspect.
func nodesIn(v reflect.Value, held map[Node]bool) {
	switch v.Kind() {
	case reflect.Interface:
		nodesIn(v.Elem(), held)
	case reflect.Pointer:
		if n, ok := v.Interface().(Node); ok && !v.IsNil() {
			switch n.(type) {
			case *Ident, *TableAlias:
				return
			}
			held[n] = true
			nodesIn(v.Elem(), held)
		}
	case reflect.Slice:
		for i := range v.Len() {
			nodesIn(v.Index(i), held)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			nodesIn(v.Field(i), held)
		}
	}
}

func TestInspectSkips(t *testing.T) {
	q, _ := parse("select a + 1, (select b + 2)")
	var seen []string
	Inspect(q, func(n Node) bool {
		if b, ok := n.(*Binary); ok {
			seen = append(seen, b.At.Text())
		}
		_, subquery := n.(*Subquery)
		return !subquery
	})
	if got := strings.Join(seen, "; "); got != "a + 1" {
		t.Errorf("saw %q", got)
	}
}

// The server stops at 50 levels; the figures are those at which DataFusion 52.3 still accepts the statement.
func TestDepth(t *testing.T) {
	tests := []struct {
		name string
		sql  func(n int) string
		most int
	}{
		{"parentheses", func(n int) string { return "select " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n) }, 47},
		{"calls", func(n int) string { return "select " + strings.Repeat("abs(", n) + "1" + strings.Repeat(")", n) }, 47},
		{"not", func(n int) string { return "select " + strings.Repeat("not ", n) + "true" }, 47},
		{"minus", func(n int) string { return "select " + strings.Repeat("- ", n) + "1" }, 47},
		{"arrays", func(n int) string { return "select " + strings.Repeat("[", n) + "1" + strings.Repeat("]", n) }, 47},
		{"case", func(n int) string {
			return "select " + strings.Repeat("case when true then ", n) + "1" + strings.Repeat(" end", n)
		}, 47},
		{"scalar subqueries", func(n int) string { return "select " + strings.Repeat("(select ", n) + "1" + strings.Repeat(")", n) }, 23},
		{"derived tables", func(n int) string {
			return "select * from " + strings.Repeat("(select * from ", n) + "(select 1)" + strings.Repeat(")", n)
		}, 46},
		{"parenthesised queries", func(n int) string { return strings.Repeat("(", n) + "select 1" + strings.Repeat(")", n) }, 47},
		{"parenthesised joins", func(n int) string {
			return "select 1 from " + strings.Repeat("(", n) + "(values (1)) a" + strings.Repeat(")", n)
		}, 46},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if q, faults := parse(tt.sql(tt.most)); q == nil {
				t.Errorf("%d levels: %s", tt.most, faults)
			}
			if q, faults := parse(tt.sql(tt.most + 1)); q != nil || !strings.Contains(faults, "nested more than 50 levels deep") {
				t.Errorf("%d levels: %q", tt.most+1, faults)
			}
		})
	}
	for _, wide := range []string{
		"select 1" + strings.Repeat(" + 1", 2000), "select true" + strings.Repeat(" and true", 2000),
		"select 1" + strings.Repeat(" union all select 1", 500), "select 1" + strings.Repeat("::int", 500),
	} {
		if q, faults := parse(wide); q == nil {
			t.Errorf("%.40s…: %s", wide, faults)
		}
	}
}

func TestValueSpan(t *testing.T) {
	tests := []struct{ sql, find, want string }{
		{"select f('Transfer(address)')", "address", "address"},
		{"select f($$Transfer(address)$$)", "address", "address"},
		{"select f('it''s an address')", "address", "'it''s an address'"},
		{`select f(E'a\taddress')`, "address", `E'a\taddress'`},
	}
	for _, tt := range tests {
		q, faults := parse(tt.sql)
		if q == nil {
			t.Fatalf("%s: %s", tt.sql, faults)
		}
		Inspect(q, func(n Node) bool {
			if l, ok := n.(*Literal); ok {
				at := strings.Index(l.Value, tt.find)
				if got := l.ValueSpan(at, at+len(tt.find)).Text(); got != tt.want {
					t.Errorf("%s: got %q, want %q", tt.sql, got, tt.want)
				}
			}
			return true
		})
	}
}

func TestRangeOfFile(t *testing.T) {
	f := source.New("q.sql", "broken ( ; select Ünï.a -- é\nfrom Ünï; 'broken")
	var diags diag.List
	q := Parse(f, 10, strings.LastIndex(f.Text, "'"), &diags)
	if q == nil {
		t.Fatalf("%v", diags.Sorted())
	}
	if got, want := q.At.Text(), "select Ünï.a -- é\nfrom Ünï"; got != want {
		t.Errorf("the query is %q, want %q", got, want)
	}
	table := q.Body.(*Select).From[0].(*Table)
	if p := table.At.Position().String(); p != "q.sql:2:6" {
		t.Errorf("the table is at %s", p)
	}
	if name := table.Name[0]; name.Name != "Ünï" || name.Value != "Ünï" {
		t.Errorf("names are lower-cased beyond ASCII: %q", name.Name)
	}
}
