package analyze

import (
	"fmt"
	"path"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sqlfile"
)

// locked is a lock file that belongs to the query as it is now; nil when there is none.
type locked struct {
	*catalog.Lock
	file *source.File
}

// LockPath is the path of a query's lock file: beside the query file.
func LockPath(q *sqlfile.Query) string {
	return path.Join(path.Dir(q.Span.File.Name), catalog.LockName(q.Name.Text))
}

// lock reads the query's lock file. A file that is malformed, or of another text of the query, is a fault.
func (a *query) lock() *locked {
	name := LockPath(a.Query)
	if !a.env.Exists(name) {
		return nil
	}
	file := a.env.Read(name, a.Name.Span)
	if file == nil {
		return nil
	}
	lock, err := catalog.ParseLock([]byte(file.Text))
	refresh := "run \"ampgen describe " + a.Span.File.Name + "\" against the server, or delete the file"
	switch {
	case err != nil:
		a.diags.Add(diag.Diagnostic{Code: diag.Lock, Span: file.Span(0, 0), Message: "not a lock file: " + err.Error(), Help: refresh})
	case lock.Query != a.Name.Text:
		a.diags.Add(diag.Diagnostic{Code: diag.Lock, Span: file.Span(0, 0), Message: fmt.Sprintf("the lock is of query %s, not %s", lock.Query, a.Name.Text), Help: refresh})
	case lock.SQLSHA256 != catalog.HashSQL(a.SQL):
		a.diags.Add(diag.Diagnostic{Code: diag.Lock, Span: file.Span(0, 0), Message: "the lock is of another text of query " + a.Name.Text,
			Note: "the statement was changed after the server described it", Help: refresh})
	default:
		return &locked{lock, file}
	}
	return nil
}

// fields are the announced columns by name, for what inference cannot know.
func (l *locked) fields() map[string]arrow.Field {
	if l == nil {
		return nil
	}
	out := make(map[string]arrow.Field, len(l.Fields))
	for _, f := range l.Fields {
		out[f.Name] = f
	}
	return out
}

// compareLock reports where the lock and inference disagree.
func (a *query) compareLock(l *locked) {
	if l == nil {
		return
	}
	help := "if the server changed, run \"ampgen describe " + a.Span.File.Name + "\" again; otherwise report the query, since inference is wrong"
	for _, d := range differences(a.out.Query, l.Fields) {
		span, ok := a.spans[d.column]
		if !ok {
			span = a.Name.Span
		}
		a.fault(diag.Lock, span, l.file.Name+" is what the server announced", help, "%s", d.message)
	}
}

// difference is one disagreement about a column.
type difference struct{ column, message string }

// differences compares the inferred columns with announced ones, in order.
func differences(inferred []ir.Column, announced []arrow.Field) []difference {
	var out []difference
	add := func(column, format string, args ...any) {
		out = append(out, difference{column, fmt.Sprintf(format, args...)})
	}
	for i, c := range inferred {
		if i >= len(announced) {
			add(c.Name, "column %q is not in the lock file", c.Name)
			continue
		}
		f := announced[i]
		switch {
		case f.Name != c.Name:
			add(c.Name, "column %d is %q, and %q in the lock file", i+1, c.Name, f.Name)
		case !coerce.Equal(f.Type, c.Type):
			add(c.Name, "column %q is %s, and %s in the lock file", c.Name, c.TypeText, coerce.Format(f.Type))
		case f.Nullable != c.Announced:
			add(c.Name, "column %q is announced as %s, and as %s in the lock file", c.Name, nullability(c.Announced), nullability(f.Nullable))
		}
	}
	for _, f := range announced[min(len(inferred), len(announced)):] {
		add(f.Name, "the lock file has one more column, %q", f.Name)
	}
	return out
}

func nullability(nullable bool) string {
	if nullable {
		return "nullable"
	}
	return "not null"
}
