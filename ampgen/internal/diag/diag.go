// Package diag collects the faults of the user's files and renders them.
//
// A diagnostic has a stable code, the smallest span that shows the fault, a message that starts in lower case and has no
// full stop, a note that states a fact, and a help line that is a command or an edit. One fault is reported once.
package diag

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/ampgen/ampgen/ampgen/internal/source"
)

// Code is the stable name of a kind of fault, such as AMP012. Codes are listed in codes.go and never reused.
type Code string

// Diagnostic is one fault.
type Diagnostic struct {
	Code    Code
	Span    source.Span // zero: the fault has no place in a file, and File names what it is about
	File    string      // used when Span is zero
	Message string
	Note    string // a fact that explains the fault; may be empty
	Help    string // a command or an edit that mends it; may be empty
}

// Position is the place that is shown for d.
func (d Diagnostic) Position() source.Position {
	if d.Span.Valid() {
		return d.Span.Position()
	}
	return source.Position{File: d.File}
}

// List collects diagnostics from all stages of a run. The zero List is ready to use, and safe for concurrent use.
type List struct {
	mu    sync.Mutex
	items []Diagnostic
}

// Add appends d.
func (l *List) Add(d Diagnostic) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, d)
}

// Errorf appends a fault without note and help.
func (l *List) Errorf(code Code, span source.Span, format string, args ...any) {
	l.Add(Diagnostic{Code: code, Span: span, Message: fmt.Sprintf(format, args...)})
}

// Len is the number of faults so far.
func (l *List) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.items)
}

// Sorted returns the faults by file, line, column, code and message, each once.
func (l *List) Sorted() []Diagnostic {
	l.mu.Lock()
	out := slices.Clone(l.items)
	l.mu.Unlock()
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		p, q := a.Position(), b.Position()
		return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(out, func(a, b Diagnostic) bool {
		return a.Position() == b.Position() && a.Code == b.Code && a.Message == b.Message
	})
}

// maxPerFile bounds what the text rendering shows of one file, such as a long label file in the wrong format; the rest is counted.
const maxPerFile = 100

// WriteText renders the faults for a person: path:line:col: error: message [code], then note and help.
func (l *List) WriteText(w io.Writer) error {
	var b strings.Builder
	shown := map[string]int{}
	var files []string
	for _, d := range l.Sorted() {
		p := d.Position()
		if shown[p.File] == 0 {
			files = append(files, p.File)
		}
		shown[p.File]++
		if shown[p.File] > maxPerFile {
			continue
		}
		where := p.File
		if d.Span.Valid() {
			where = p.String()
		}
		fmt.Fprintf(&b, "%s: error: %s [%s]\n", where, d.Message, d.Code)
		if d.Note != "" {
			fmt.Fprintf(&b, "  note: %s\n", d.Note)
		}
		if d.Help != "" {
			fmt.Fprintf(&b, "  help: %s\n", d.Help)
		}
	}
	for _, f := range files {
		if extra := shown[f] - maxPerFile; extra > 0 {
			fmt.Fprintf(&b, "%s: and %d more\n", f, extra)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type jsonDiagnostic struct {
	Code    Code   `json:"code"`
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Note    string `json:"note,omitempty"`
	Help    string `json:"help,omitempty"`
}

// WriteJSON renders the faults as one JSON array, for programs.
func (l *List) WriteJSON(w io.Writer) error {
	out := []jsonDiagnostic{}
	for _, d := range l.Sorted() {
		p := d.Position()
		out = append(out, jsonDiagnostic{Code: d.Code, File: p.File, Line: p.Line, Column: p.Column,
			Message: d.Message, Note: d.Note, Help: d.Help})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
