// Package analyze turns one query of a query file, its labels and its sinks into an ir.Pipeline, or says what is wrong with
// it: types by inference, the lock file, label keys, keys, names, and what each sink can hold.
package analyze

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/goname"
	"github.com/ampgen/ampgen/ampgen/internal/infer"
	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
	"github.com/ampgen/ampgen/ampgen/internal/sqlfile"
)

// Env is what all queries of a project share.
type Env struct {
	Catalog *catalog.Catalog
	// Read reads a label or lock file by its path relative to the working directory. It returns nil after reporting, at the place
	// that names it, that the file cannot be read.
	Read func(name string, named source.Span) *source.File
	// Exists reports whether a file is there.
	Exists func(name string) bool
	Names  goname.Rules
	Labels *LabelCache
}

// query is the analysis of one query.
type query struct {
	*sqlfile.Query
	env    Env
	diags  *diag.List
	result *infer.Result
	out    *ir.Pipeline
	// spans has the place of every output column, for the faults of names and types.
	spans map[string]source.Span
}

// Query analyzes q. It returns nil if q has any fault.
func Query(q *sqlfile.Query, env Env, diags *diag.List) *ir.Pipeline {
	before := diags.Len()
	a := &query{Query: q, env: env, diags: diags, spans: map[string]source.Span{}}
	statement := sql.Parse(q.Span.File, q.Span.Start, q.Span.End, diags)
	if statement == nil || diags.Len() > before {
		return nil
	}
	lock := a.lock()
	a.result = infer.Query(statement, env.Catalog, infer.Options{
		Stream: q.Mode == sqlfile.Stream, Overrides: a.overrides(), Locked: lock.fields(),
	}, diags)
	if a.result == nil || diags.Len() > before {
		return nil
	}
	a.readsChain(statement)
	a.out = &ir.Pipeline{
		Name: q.Name.Text, Package: goname.Package(q.Name.Text), Folder: goname.Folder(q.Name.Text), Doc: q.Doc,
		File: q.Span.File.Name, Line: q.Name.Span.Position().Line, SQL: q.SQL, Mode: string(q.Mode),
	}
	a.columns()
	a.tables()
	a.compareLock(lock)
	a.rangeSQL(statement)
	if b := a.result.Block; q.Mode == sqlfile.Stream && b >= 0 {
		a.out.Block = a.result.Columns[b].Name
	}
	a.labels()
	a.names()
	a.key()
	a.sinks()
	if diags.Len() > before {
		return nil
	}
	return a.out
}

// fault reports d.
func (a *query) fault(code diag.Code, span source.Span, note, help, format string, args ...any) {
	a.diags.Add(diag.Diagnostic{Code: code, Span: span, Message: fmt.Sprintf(format, args...), Note: note, Help: help})
}

// readsChain refuses a query over constants and static tables alone: the server then tells no blocks, by which a loader knows what
// it has loaded.
func (a *query) readsChain(statement *sql.Query) {
	if !slices.ContainsFunc(a.result.Tables, func(t infer.TableUse) bool { return t.Kind != catalog.Static }) {
		a.fault(diag.QueryStructure, statement.Span(), "a loader notes what it has loaded as blocks of a network",
			"load fixed rows with the database's own tools, or give them as a label", "the query reads no table of a chain")
	}
}

// overrides are the @col annotations as inference wants them.
func (a *query) overrides() map[string]infer.Override {
	out := map[string]infer.Override{}
	for _, c := range a.Columns {
		o := infer.Override{NotNull: c.NotNull, At: c.Span}
		if c.Type.Text != "" {
			t, err := coerce.ParseType(c.Type.Text)
			if err != nil {
				a.fault(diag.Annotation, c.Type.Span, "types are written as arrow_cast takes them: Utf8, UInt64, FixedSizeBinary(20), Decimal128(38, 0)",
					"", "@col %s: %v", c.Name.Text, err)
				continue
			}
			o.Type = t
		}
		out[c.Name.Text] = o
	}
	return out
}

// columns describes what the server sends.
func (a *query) columns() {
	for _, c := range a.result.Columns {
		origin := c.Span.Text()
		if o := c.Origin; o != nil {
			origin = o.Dataset + "." + o.Table + "." + o.Column
		}
		a.spans[c.Name] = c.Span
		a.out.Query = append(a.out.Query, ir.Column{
			Name: c.Name, GoName: a.env.Names.Exported(c.Name), Type: c.Type, TypeText: coerce.Format(c.Type), Nullable: c.Nullable,
			Announced: c.Announced.Nullable, Logical: c.Logical, Origin: strings.Join(strings.Fields(origin), " "),
		})
	}
}

func (a *query) tables() {
	for _, t := range a.result.Tables {
		a.out.Tables = append(a.out.Tables, t.Dataset+"."+t.Table)
	}
}

// rangeSQL decides whether a block filter can be wrapped around the statement.
func (a *query) rangeSQL(statement *sql.Query) {
	r := a.result
	switch {
	case a.Mode != sqlfile.Stream:
		a.out.NoRange = "a batch query runs once, over all blocks"
	case r.BlockNumCall:
		a.out.NoRange = "it calls block_num(), which exists only in streams; select the block_num column of a table instead"
	case r.Aggregated || r.Windowed || r.Limited:
		a.out.NoRange = "an aggregate, window or limit over a part of the blocks is another result"
	default:
		text := a.SQL
		if s := statement.Stream; s != nil {
			text = text[:s.Span().Start-a.Span.Start]
		}
		a.out.RangeSQL = strings.TrimRight(text, " \t\r\n")
	}
}

// names reports columns that differ in SQL and are one in Go or in a sink, and names that the sinks use themselves.
func (a *query) names() {
	byGoName, byName := map[string]string{}, map[string]string{}
	for i, c := range a.out.Output() {
		span, help := a.spans[c.Name], "give one of them another alias"
		if i >= len(a.out.Query) {
			help = "rename the column in the CSV, or put prefix= into the @label annotation"
		}
		if strings.HasPrefix(strings.ToLower(c.Name), "_amp_") {
			a.fault(diag.ReservedAlias, span, "sinks add columns of their own with the prefix _amp_", "rename it", "the column name %q is reserved", c.Name)
		}
		if other, ok := byGoName[c.GoName]; ok && other != c.Name {
			a.fault(diag.DuplicateOutput, span, "", help,
				"columns %q and %q both become the Go field %s", other, c.Name, c.GoName)
		} else if other, ok := byName[strings.ToLower(c.Name)]; ok && other != c.Name {
			a.fault(diag.DuplicateOutput, span, "", help, "columns %q and %q differ only in letter case", other, c.Name)
		}
		byGoName[c.GoName], byName[strings.ToLower(c.Name)] = c.Name, c.Name
	}
}

// key checks the @key columns: they exist, are never null and identify a row.
func (a *query) key() {
	output := a.out.Output()
	for _, k := range a.Key {
		i := slices.IndexFunc(output, func(c ir.Column) bool { return c.Name == k.Text })
		switch {
		case i < 0:
			names := make([]string, len(output))
			for j, c := range output {
				names[j] = c.Name
			}
			a.fault(diag.Key, k.Span, "", didYouMean(k.Text, names), "@key names %q, which is no column of the query", k.Text)
		case output[i].Nullable:
			a.fault(diag.Key, k.Span, "a primary key cannot hold nulls", fmt.Sprintf("leave it out, or state \"-- @col %s notnull\" if it is never null", k.Text),
				"the key column %q can be null", k.Text)
		case slices.Contains(a.out.Key, k.Text):
			a.fault(diag.Key, k.Span, "", "remove it", "@key names %q twice", k.Text)
		default:
			a.out.Key = append(a.out.Key, k.Text)
		}
	}
	for _, l := range a.out.Labels {
		if l.Duplicates == "fanout" && len(a.Key) > 0 {
			a.fault(diag.Key, a.Key[0].Span, fmt.Sprintf("label %s has dup=fanout, which repeats rows", l.Name), "remove @key, or choose dup=first or dup=last",
				"the key cannot identify the rows")
		}
	}
}

// CheckNames reports queries of one name, or whose names give one folder or package, over all files.
func CheckNames(queries []*sqlfile.Query, diags *diag.List) {
	first := map[string]*sqlfile.Query{}
	for _, q := range queries {
		folder := goname.Package(q.Name.Text)
		other, ok := first[folder]
		if !ok {
			first[folder] = q
			continue
		}
		message := fmt.Sprintf("two queries are called %s", q.Name.Text)
		if other.Name.Text != q.Name.Text {
			message = fmt.Sprintf("queries %s and %s both become the package %s", other.Name.Text, q.Name.Text, folder)
		}
		diags.Add(diag.Diagnostic{Code: diag.DuplicateQuery, Span: q.Name.Span, Message: message,
			Note: "the other one is at " + other.Name.Span.Position().String(), Help: "rename one of them"})
	}
}

// beside is the path of a file that an annotation or convention names relative to the query file.
func (a *query) beside(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(path.Dir(a.Span.File.Name), name)
}

// field is the Arrow field of a column as it is in a sink.
func field(c ir.Column) arrow.Field {
	f := arrow.Field{Name: c.Name, Type: c.Type, Nullable: c.Nullable}
	if c.Logical != "" {
		f.Metadata = arrow.NewMetadata([]string{"ampgen.logical"}, []string{c.Logical})
	}
	return f
}
