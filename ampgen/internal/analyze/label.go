package analyze

import (
	"fmt"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/ir"
	"github.com/ampgen/ampgen/ampgen/internal/label"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sqlfile"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// LabelCache keeps what was read of label files, since many queries join the same file in the same way.
type LabelCache struct {
	tables map[string]labelRead
}

type labelRead struct {
	table  *label.Table
	faults []diag.Diagnostic
}

// NewLabelCache returns an empty cache, for one goroutine.
func NewLabelCache() *LabelCache { return &LabelCache{tables: map[string]labelRead{}} }

func (c *LabelCache) read(file *source.File, opts label.Options) (*label.Table, []diag.Diagnostic) {
	id := fmt.Sprintf("%s\x00%s\x00%t", file.Name, opts.Key, opts.AllowDuplicates)
	for _, column := range slices.Sorted(maps.Keys(opts.Types)) {
		id += fmt.Sprintf("\x00%s\x00%s", column, coerce.Format(opts.Types[column].Type))
	}
	read, ok := c.tables[id]
	if !ok {
		var diags diag.List
		read.table = label.Read(file, opts, &diags)
		read.faults = diags.Sorted()
		if len(read.faults) == 0 { // faults may lie in the annotation, which differs from query to query
			c.tables[id] = read
		}
	}
	return read.table, read.faults
}

func didYouMean(word string, candidates []string) string { return suggest.DidYouMean(word, candidates) }

// labels analyzes the @label annotations in order; a label can be looked up by a column of the query only.
func (a *query) labels() {
	for _, l := range a.Labels {
		if out := a.label(l); out != nil {
			a.out.Labels = append(a.out.Labels, *out)
		}
	}
}

func (a *query) label(l *sqlfile.Label) *ir.Label {
	on := a.queryColumn(l.On.Text)
	if on == nil {
		var names []string
		for _, c := range a.out.Query {
			names = append(names, c.Name)
		}
		a.fault(diag.LabelKey, l.On.Span, "", didYouMean(l.On.Text, names), "label %s: on=%s is no column of the query", l.Name.Text, l.On.Text)
	}
	file := a.env.Read(a.beside(l.CSV.Text), l.CSV.Span)
	if file == nil || on == nil {
		return nil
	}
	opts := label.Options{Key: l.Key.Text, KeySpan: l.Key.Span, AllowDuplicates: l.Dup != "", Types: map[string]label.Override{}}
	for _, t := range l.Types {
		opts.Types[t.Column.Text] = label.Override{Type: t.Type, Span: t.Span}
	}
	// A first look tells the key's own type, for a message about types rather than about a cell.
	table, _ := a.env.Labels.read(file, label.Options{Types: opts.Types})
	if table != nil && table.Column(l.Key.Text) != nil {
		keyType, problem := matchKey(table.Column(l.Key.Text).Type, on.Type)
		if problem != "" {
			a.fault(diag.LabelKeyType, l.On.Span, fmt.Sprintf("%s.%s is read as %s", l.Name.Text, l.Key.Text, coerce.Format(table.Column(l.Key.Text).Type)),
				problem, "label %s cannot be looked up by %q, which is %s", l.Name.Text, on.Name, on.TypeText)
			return nil
		}
		opts.Types[l.Key.Text] = label.Override{Type: keyType, Span: l.Key.Span}
	}
	table, faults := a.env.Labels.read(file, opts)
	for _, d := range faults {
		a.diags.Add(d)
	}
	if table == nil || len(faults) > 0 {
		return nil
	}
	return a.labelColumns(l, table, opts.Types[l.Key.Text].Type)
}

// labelColumns are the output columns of a label: all of the file's but the key.
func (a *query) labelColumns(l *sqlfile.Label, table *label.Table, keyType arrow.DataType) *ir.Label {
	out := &ir.Label{
		Name: l.Name.Text, Path: a.beside(l.CSV.Text), Key: l.Key.Text, KeyType: keyType, KeyText: coerce.Format(keyType),
		On: l.On.Text, Join: l.Join, Duplicates: l.Dup,
	}
	taken := map[string]string{}
	for _, c := range a.out.Query {
		taken[c.Name] = "the query"
	}
	for _, other := range a.out.Labels {
		for _, c := range other.Columns {
			taken[c.Name] = "label " + other.Name
		}
	}
	for _, c := range table.Columns {
		out.Header = append(out.Header, c.Name)
		if c.Name == l.Key.Text {
			continue
		}
		name := l.Prefix.Text + c.Name
		if owner, ok := taken[name]; ok {
			a.fault(diag.LabelColumn, c.Span, owner+" has a column of that name", fmt.Sprintf("add prefix=%s_ to the @label annotation", l.Name.Text),
				"label column %q would be in the output twice", name)
			continue
		}
		nullable := c.Nullable || out.Join == "left"
		a.spans[name] = l.Name.Span
		out.Columns = append(out.Columns, ir.LabelColumn{CSV: c.Name, Column: ir.Column{
			Name: name, GoName: a.env.Names.Exported(name), Type: c.Type, TypeText: coerce.Format(c.Type), Nullable: nullable, Announced: nullable,
			Origin: "label " + out.Name + "." + c.Name,
		}})
	}
	return out
}

func (a *query) queryColumn(name string) *ir.Column {
	for i := range a.out.Query {
		if a.out.Query[i].Name == name {
			return &a.out.Query[i]
		}
	}
	return nil
}

// matchKey is the type that a label's key cells are read as so that they can be compared with the query's column, or what to
// do when they cannot.
func matchKey(key, on arrow.DataType) (arrow.DataType, string) {
	text := key.ID() == arrow.STRING
	switch on := on.(type) {
	case *arrow.FixedSizeBinaryType:
		if fixed, ok := key.(*arrow.FixedSizeBinaryType); text || ok && fixed.ByteWidth == on.ByteWidth {
			return on, "" // text: hexadecimal without 0x, which the reader checks cell by cell
		} else if ok {
			return nil, fmt.Sprintf("give the label a key of %d bytes, or look it up by a column of %d bytes", on.ByteWidth, fixed.ByteWidth)
		}
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType:
		if text {
			return arrow.BinaryTypes.String, ""
		}
		if fixed, ok := key.(*arrow.FixedSizeBinaryType); ok {
			return nil, fmt.Sprintf("select the column itself (FixedSizeBinary(%d)) instead of its text; text keys are compared letter by letter", fixed.ByteWidth)
		}
		return arrow.BinaryTypes.String, "" // numbers as they are written
	case arrow.FixedWidthDataType:
		if arrow.IsInteger(on.ID()) && arrow.IsInteger(key.ID()) {
			return on, ""
		}
	}
	return nil, "use a key column of the same kind: fixed-size binary (addresses, hashes), integer or text"
}
