// Package label reads a label's CSV file when code is generated: its header, the types of its columns, and its faults.
//
// The format is RFC 4180 with commas and a header row. A byte order mark at the start is skipped, since spreadsheets write
// one. Cells are never trimmed, and nothing stands for null but an empty cell, so that symbols such as NONE stay what they are.
package label

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// Options are what the annotation says of the file.
type Options struct {
	// Key is the column that rows are looked up by; empty skips its checks. KeySpan is where the annotation names it.
	Key     string
	KeySpan source.Span
	// AllowDuplicates accepts a key on several lines: the annotation has dup=.
	AllowDuplicates bool
	// Types overrides inference, by column.
	Types map[string]Override
}

// Override is a type from the annotation.
type Override struct {
	Type arrow.DataType
	Span source.Span // of the override in the annotation
}

// Table is what a file holds.
type Table struct {
	File    *source.File
	Columns []Column // in file order
	Rows    int      // without the header
}

// Column is one column of the file.
type Column struct {
	Name string
	Span source.Span // of the name in the header
	Type arrow.DataType
	// Nullable: the column has empty cells, which are null. Text is never null: an empty cell is the empty text.
	Nullable bool
}

// Column returns the column called name, or nil.
func (t *Table) Column(name string) *Column {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Columns[i]
}

// Open reads the file at path, which is called name in messages, as Read does.
func Open(path, name string, opts Options, diags *diag.List) *Table {
	file, err := source.Read(path, name)
	if file == nil {
		diags.Add(diag.Diagnostic{Code: diag.Unreadable, File: name, Message: err.Error()})
		return nil
	}
	return Read(file, opts, diags)
}

// Read reads all of file and adds its faults to diags. It returns nil if the file has no usable header or the types of its
// columns are unknown; with other faults, the table is returned for the checks that go on from its columns.
func Read(file *source.File, opts Options, diags *diag.List) *Table {
	r := newReader(file, diags)
	if at := invalidUTF8(file.Text); at >= 0 {
		diags.Add(diag.Diagnostic{Code: diag.NotUTF8, Span: file.Span(at, at+1), Message: "the file is not UTF-8",
			Help: "save it as UTF-8: iconv -f WINDOWS-1252 -t UTF-8 in.csv > out.csv"})
		return nil
	}
	t := &Table{File: file}
	if t.Columns = r.header(); t.Columns == nil {
		return nil
	}
	checkOptions(t, opts, diags)
	columns := make([]columnReader, len(t.Columns))
	for i, c := range t.Columns {
		if o, ok := opts.Types[c.Name]; ok {
			columns[i].override = o.Type
		}
	}
	key := slices.IndexFunc(t.Columns, func(c Column) bool { return opts.Key != "" && c.Name == opts.Key })
	var keys []keyCell
	for r.next(len(columns)) {
		t.Rows++
		for i := range columns {
			if err := columns[i].add(r.record[i]); err != nil {
				diags.Add(diag.Diagnostic{Code: diag.LabelValue, Span: r.cell(i), Message: fmt.Sprintf("column %q: %v", t.Columns[i].Name, err)})
			}
		}
		if key >= 0 {
			keys = append(keys, keyCell{r.record[key], r.cell(key)})
		}
	}
	if t.Rows == 0 && !r.failed {
		diags.Add(diag.Diagnostic{Code: diag.LabelFile, Span: r.span(1, 1, 0), Message: "the file has a header and no rows",
			Note: "the types of the columns are read from the rows"})
	}
	if t.Rows == 0 {
		return nil
	}
	for i := range columns {
		t.Columns[i].Type, t.Columns[i].Nullable = columns[i].result()
	}
	if key >= 0 {
		checkKeys(t.Columns[key], keys, opts.AllowDuplicates, diags)
	}
	return t
}

// invalidUTF8 is the offset of the first byte of s that is not UTF-8, or -1.
func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	at := 0
	for {
		r, size := utf8.DecodeRuneInString(s[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
}

// checkOptions reports options that name columns that the file does not have, or types that labels cannot have.
func checkOptions(t *Table, opts Options, diags *diag.List) {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	missing := func(code diag.Code, span source.Span, name, what string) {
		diags.Add(diag.Diagnostic{Code: code, Span: span, File: t.File.Name,
			Message: fmt.Sprintf("%s %q is not a column of %s", what, name, t.File.Name),
			Note:    "its columns are " + strings.Join(names, ", "), Help: suggest.DidYouMean(name, names)})
	}
	if opts.Key != "" && !slices.Contains(names, opts.Key) {
		missing(diag.LabelKey, opts.KeySpan, opts.Key, "key")
	}
	for name, o := range opts.Types {
		if !slices.Contains(names, name) {
			missing(diag.Annotation, o.Span, name, "type given for")
		} else if !supported(o.Type) {
			diags.Add(diag.Diagnostic{Code: diag.Annotation, Span: o.Span, File: t.File.Name,
				Message: fmt.Sprintf("column %q: a label cannot have the type %s", name, o.Type),
				Help:    "use boolean, an integer, a decimal, fixed-size binary, a timestamp or text"})
		}
	}
}

// reader reads the records of a file and knows where they are.
type reader struct {
	csv    *csv.Reader
	file   *source.File
	diags  *diag.List
	base   int   // where the text begins, after a byte order mark
	lines  []int // offset of each line
	record []string
	failed bool // a fault was reported
}

const byteOrderMark = "\ufeff"

func newReader(file *source.File, diags *diag.List) *reader {
	text := strings.TrimPrefix(file.Text, byteOrderMark)
	r := &reader{csv: csv.NewReader(strings.NewReader(text)), file: file, diags: diags, base: len(file.Text) - len(text)}
	r.csv.FieldsPerRecord = -1 // counted here, to report every ragged row
	r.csv.ReuseRecord = true
	for at := 0; ; {
		r.lines = append(r.lines, r.base+at)
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			return r
		}
		at += n + 1
	}
}

// span is length bytes from a line and byte column, both counted from 1.
func (r *reader) span(line, column, length int) source.Span {
	start := min(r.lines[min(line, len(r.lines))-1]+column-1, len(r.file.Text))
	return r.file.Span(start, min(start+length, len(r.file.Text)))
}

// cell is the span of a cell of the current record, or near it for a quoted cell.
func (r *reader) cell(i int) source.Span {
	line, column := r.csv.FieldPos(i)
	return r.span(line, column, len(r.record[i]))
}

func (r *reader) fault(code diag.Code, span source.Span, message, help string) {
	r.failed = true
	r.diags.Add(diag.Diagnostic{Code: code, Span: span, Message: message, Help: help})
}

// read reads one record. After a fault of quoting nothing more can be read.
func (r *reader) read() bool {
	var err error
	r.record, err = r.csv.Read()
	var bad *csv.ParseError
	switch {
	case err == nil:
		return true
	case err == io.EOF:
	case errors.As(err, &bad) && bad.Err == csv.ErrBareQuote:
		r.fault(diag.LabelFile, r.span(bad.Line, bad.Column, 1), "a quote within a cell that does not begin with one",
			`put the cell in quotes and double the quotes within it: "an ""odd"" name"`)
	case errors.As(err, &bad) && bad.Line != bad.StartLine:
		r.fault(diag.LabelFile, r.span(bad.StartLine, 1, 0), "a cell of this row begins with a quote that nothing closes",
			"close the quote, and double the quotes within the cell")
	case errors.As(err, &bad):
		r.fault(diag.LabelFile, r.span(bad.Line, bad.Column, 1), "a quoted cell is not closed, or goes on after its closing quote",
			`double the quotes within a quoted cell: "an ""odd"" name"`)
	default:
		r.fault(diag.LabelFile, r.span(1, 1, 0), err.Error(), "")
	}
	return false
}

// header reads the column names, or returns nil after a fault.
func (r *reader) header() []Column {
	if !r.read() {
		if !r.failed {
			r.fault(diag.LabelFile, r.span(1, 1, 0), "the file is empty", "begin it with a header row: the names of its columns")
		}
		return nil
	}
	columns := make([]Column, len(r.record))
	for i, name := range r.record {
		columns[i] = Column{Name: name, Span: r.cell(i)}
		first := slices.IndexFunc(columns[:i], func(c Column) bool { return c.Name == name })
		switch {
		case name == "":
			r.fault(diag.LabelHeader, columns[i].Span, fmt.Sprintf("column %d has no name", i+1), "name every column in the header")
		case first >= 0:
			r.fault(diag.LabelHeader, columns[i].Span, fmt.Sprintf("column %q occurs twice in the header, as column %d and %d", name, first+1, i+1),
				"rename or remove one of them")
		}
	}
	if r.failed {
		return nil
	}
	return columns
}

// next reads the next row of want cells, reporting the rows of other lengths that it skips.
func (r *reader) next(want int) bool {
	for r.read() {
		if len(r.record) == want {
			return true
		}
		r.fault(diag.LabelFile, r.cell(0), fmt.Sprintf("expected %d fields, found %d", want, len(r.record)),
			"give every row a cell per column; put a cell that contains a comma in quotes")
	}
	return false
}
