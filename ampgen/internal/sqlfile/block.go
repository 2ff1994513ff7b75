package sqlfile

import (
	"slices"
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// line is a `--` comment that stands alone on its line.
type line struct {
	token      sql.Token
	start, end int // its text, without `--` and surrounding space
}

// block is the comment block above a statement.
type block struct {
	file      *source.File
	diags     *diag.List
	lines     []line
	statement source.Span // the statement's first token
}

// blockAbove collects the comment lines that end directly above the statement whose first token has index first.
func blockAbove(f *source.File, tokens []sql.Token, first int, diags *diag.List) *block {
	b := &block{file: f, diags: diags, statement: f.Span(tokens[first].Start, tokens[first].End)}
	below := f.Position(tokens[first].Start).Line
	for i := first - 1; i >= 0; i-- {
		l, ok := lineOf(f, tokens[i])
		if !ok || f.Position(l.token.Start).Line != below-1 {
			break
		}
		below--
		b.lines = append(b.lines, l)
	}
	slices.Reverse(b.lines)
	return b
}

// lineOf makes a line of a `--` comment that stands alone on its line.
func lineOf(f *source.File, t sql.Token) (line, bool) {
	if t.Kind != sql.Comment || !strings.HasPrefix(f.Text[t.Start:], "--") {
		return line{}, false
	}
	before := f.Text[:t.Start]
	if strings.Trim(before[strings.LastIndexByte(before, '\n')+1:], " \t") != "" {
		return line{}, false
	}
	text := f.Text[t.Start+2 : t.End]
	trimmed := strings.TrimLeft(text, " \t\r")
	start := t.End - len(trimmed)
	return line{token: t, start: start, end: start + len(strings.TrimRight(trimmed, " \t\r"))}, true
}

// annotation splits a line into its word, such as `@sink` or `name:`, and the offset where its arguments begin; the word is
// empty for a line of documentation.
func (l line) annotation(f *source.File) (word Value, args int) {
	text := f.Text[l.start:l.end]
	n := strings.IndexAny(text, " \t")
	if n < 0 {
		n = len(text)
	}
	switch {
	case strings.HasPrefix(text, "@") && n > 1:
	case strings.HasPrefix(text, "name:"):
		n = len("name:")
	case modeAfter(text) && strings.Contains(text, ":"):
		// A slip such as `nam: X :stream` must not pass for documentation.
		n = strings.IndexByte(text, ':') + 1
		if word := text[:n-1]; word == "" || strings.ContainsAny(word, " \t") || suggest.Closest(word, []string{"name"}) == "" {
			return Value{}, 0
		}
	default:
		return Value{}, 0
	}
	return Value{Text: text[:n], Span: f.Span(l.start, l.start+n)}, l.start + n
}

// modeAfter reports whether text ends like the line that names a query.
func modeAfter(text string) bool {
	return strings.Contains(text, " :stream") || strings.Contains(text, " :batch")
}

// read fills q from the block and reports whether q has a name.
func (b *block) read(q *Query) bool {
	named := false
	for _, l := range b.lines {
		word, args := l.annotation(b.file)
		if word.Text == "" {
			q.Doc = append(q.Doc, strings.TrimPrefix(strings.TrimRight(b.file.Text[l.token.Start+2:l.token.End], " \t\r"), " "))
			continue
		}
		a := &annotation{block: b, word: word, span: b.file.Span(l.start, l.end), at: args, end: l.end}
		if word.Text == "name:" {
			a.name(q, named)
			named = true
			continue
		}
		read := annotations[word.Text]
		if read == nil {
			b.unknown(word)
			named = named || strings.HasSuffix(word.Text, ":")
			continue
		}
		read(a, q)
	}
	q.Doc = trimDoc(q.Doc)
	if !named {
		b.diags.Add(diag.Diagnostic{Code: diag.NoQueryName, Span: b.statement, Message: "the statement has no name",
			Note: "the lines of comment directly above a statement, without a blank line between, are its annotations",
			Help: "add a line above it: -- name: MyQuery :stream"})
	}
	return named && q.Name.Text != ""
}

// trimDoc drops the empty lines at both ends.
func trimDoc(doc []string) []string {
	for len(doc) > 0 && doc[0] == "" {
		doc = doc[1:]
	}
	for len(doc) > 0 && doc[len(doc)-1] == "" {
		doc = doc[:len(doc)-1]
	}
	return doc
}

// annotations reads each kind of annotation.
var annotations = map[string]func(*annotation, *Query){
	"@sink": (*annotation).sink, "@label": (*annotation).label, "@key": (*annotation).key, "@col": (*annotation).column,
}

var annotationWords = []string{"name:", "@sink", "@label", "@key", "@col"}

func (b *block) unknown(word Value) {
	help := suggest.DidYouMean(word.Text, annotationWords)
	if help == "" {
		help = "the annotations are " + strings.Join(annotationWords, ", ")
	}
	b.diags.Add(diag.Diagnostic{Code: diag.Annotation, Span: word.Span, Message: "unknown annotation " + word.Text, Help: help})
}

// reportStray reports annotations outside every block: nothing would read them.
func reportStray(f *source.File, tokens []sql.Token, used map[int]bool, diags *diag.List) {
	for _, t := range tokens {
		if t.Kind != sql.Comment || used[t.Start] {
			continue
		}
		l, ok := lineOf(f, t)
		if !ok {
			continue
		}
		if word, _ := l.annotation(f); word.Text == "name:" || annotations[word.Text] != nil {
			diags.Add(diag.Diagnostic{Code: diag.Annotation, Span: word.Span, Message: word.Text + " belongs to no statement",
				Help: "move it into the lines of comment directly above a statement, without a blank line between"})
		}
	}
}
