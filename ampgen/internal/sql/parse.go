package sql

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// maxDepth is the server's limit on nested queries and expressions.
const maxDepth = 50

// Parse reads the one statement in the bytes [start, end) of f. Comments and trailing semicolons may surround it. It
// answers nil when the statement has a fault, and adds every fault that it found to diags: all clauses that the server
// would refuse or ignore, and the first syntax error.
func Parse(f *source.File, start, end int, diags *diag.List) *Query {
	all, ok := Lex(f, start, end, diags)
	if !ok {
		return nil
	}
	p := newParser(f, all)
	q := p.statement()
	for _, d := range p.faults {
		diags.Add(d)
	}
	if len(p.faults) > 0 {
		return nil
	}
	return q
}

// parser is a recursive-descent parser over a token slice. After the first syntax error it stands at the end of the
// statement for good, so that every loop ends and every function returns; what they build then is dropped.
type parser struct {
	file   *source.File
	tokens []Token // without comments, ending with EOF
	match  []int   // for an opening bracket, the index of its closing one; otherwise 0
	pos    int
	split  int // index of a `>>` of which the first half is consumed, or -1
	depth  int
	failed bool
	faults []diag.Diagnostic

	windowNames  []Ident // OVER names seen in the select list being parsed
	inSelectList bool
	aliasAt      int // index of the bare alias parsed last, which may be a misspelt keyword
}

func newParser(f *source.File, all []Token) *parser {
	p := &parser{file: f, split: -1, aliasAt: -1}
	for _, t := range all {
		if t.Kind != Comment {
			p.tokens = append(p.tokens, t)
		}
	}
	p.match = make([]int, len(p.tokens))
	var open []int
	for i, t := range p.tokens {
		if t.Kind != Symbol {
			continue
		}
		switch t.Text {
		case "(", "[", "{":
			open = append(open, i)
		case ")", "]", "}":
			if len(open) > 0 {
				p.match[open[len(open)-1]] = i
				open = open[:len(open)-1]
			}
		}
	}
	return p
}

// peek is the token n places ahead, or EOF.
func (p *parser) peek(n int) Token {
	i := min(p.pos+n, len(p.tokens)-1)
	t := p.tokens[i]
	if i == p.split {
		return Token{Kind: Symbol, Start: t.Start + 1, End: t.End, Text: ">"}
	}
	return t
}

// next consumes a token and returns it.
func (p *parser) next() Token {
	t := p.peek(0)
	if p.pos < len(p.tokens)-1 {
		p.pos++
	}
	return t
}

// isWord reports whether the token n places ahead is one of the unquoted words.
func (p *parser) isWord(n int, words ...string) bool {
	t := p.peek(n)
	if t.Kind != Word {
		return false
	}
	for _, w := range words {
		if t.Text == w {
			return true
		}
	}
	return false
}

// areWords reports whether the tokens ahead are the words, in order.
func (p *parser) areWords(words ...string) bool {
	for i, w := range words {
		if !p.isWord(i, w) {
			return false
		}
	}
	return true
}

func (p *parser) isSymbol(n int, s string) bool {
	t := p.peek(n)
	return t.Kind == Symbol && t.Text == s
}

// acceptWords consumes the words if all of them stand here.
func (p *parser) acceptWords(words ...string) bool {
	if !p.areWords(words...) {
		return false
	}
	p.pos += len(words)
	return true
}

func (p *parser) acceptSymbol(s string) bool {
	if !p.isSymbol(0, s) {
		return false
	}
	p.next()
	return true
}

// expectWord consumes the word or fails.
func (p *parser) expectWord(word string) {
	if !p.acceptWords(word) {
		p.expected(word)
	}
}

// expectSymbol consumes the symbol or fails.
func (p *parser) expectSymbol(s string) {
	if !p.acceptSymbol(s) {
		p.expected(`"` + s + `"`)
	}
}

// at is the span of a token.
func (p *parser) at(t Token) source.Span { return p.file.Span(t.Start, t.End) }

// since is the Pos from the token at index start to the last token consumed.
func (p *parser) since(start int) Pos {
	return p.from(p.tokens[start].Start)
}

// from is the Pos from a byte offset to the last token consumed.
func (p *parser) from(offset int) Pos {
	end := offset
	if p.pos > 0 {
		end = max(offset, p.tokens[p.pos-1].End)
	}
	if p.pos == p.split {
		end = p.tokens[p.pos].Start + 1
	}
	return Pos{At: p.file.Span(offset, end)}
}

// syntax records a syntax error and gives up on the statement. Only the first counts.
func (p *parser) syntax(at source.Span, message, help string) {
	p.refuse(diag.Syntax, at, message, help)
	p.abandon()
}

// abandon gives up on the statement after a fault.
func (p *parser) abandon() {
	p.failed = true
	p.pos = len(p.tokens) - 1
	p.split = -1
}

// expected fails at the token that stands where what should.
func (p *parser) expected(what string) {
	t := p.peek(0)
	p.syntax(p.faultAt(t), "expected "+what+", found "+p.describe(t), p.slip(what, t))
}

// faultAt is the span of t; for the end of the statement, that of the last token, since the end itself may be lines below.
func (p *parser) faultAt(t Token) source.Span {
	if t.Kind == EOF && p.pos > 0 {
		return p.at(p.tokens[p.pos-1])
	}
	return p.at(t)
}

// describe names a token for a message.
func (p *parser) describe(t Token) string {
	text := p.at(t).Text()
	switch {
	case t.Kind == EOF:
		return "the end of the statement"
	case len(text) > 40:
		return "a long token"
	case t.Kind == StringToken || t.Kind == QuotedName:
		return text
	case t.Kind == Symbol && firstRune(text) > unicode.MaxASCII:
		return fmt.Sprintf("%q (%U)", text, firstRune(text)) // it may not be visible, or look like another
	}
	return `"` + text + `"`
}

// slip is the help for common mistakes at t.
func (p *parser) slip(what string, t Token) string {
	before := Token{}
	if p.pos > 0 {
		before = p.tokens[p.pos-1]
	}
	switch {
	case t.Kind == Symbol && (t.Text == "“" || t.Text == "”" || t.Text == "‘" || t.Text == "’"):
		return `use straight quotes: ' around text, " around names`
	case t.Kind == Symbol && t.Text == "!" && what == anExpression:
		return "write NOT"
	case t.Kind == Symbol && t.Text == "[" && what == aTable:
		return `brackets do not quote names; write "name"`
	case t.Kind == Symbol && unicode.IsSpace(firstRune(t.Text)):
		return "put a plain space in its place"
	case before.Kind == Symbol && before.Text == "," && what == anExpression:
		return "delete the comma before it"
	case t.Kind == Word && isUpperWord(what):
		return suggest.DidYouMean(t.Text, []string{what})
	}
	return ""
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func isUpperWord(s string) bool {
	for _, r := range s {
		if r < 'A' || r > 'Z' {
			return false
		}
	}
	return s != ""
}

// ignored refuses syntax that the server would parse and then drop.
func (p *parser) ignored(at source.Span, what, help string) {
	p.refuse(diag.Ignored, at, what+" is parsed and ignored by the server", help)
}

// unsupported refuses syntax that the server does not plan.
func (p *parser) unsupported(at source.Span, what, help string) {
	p.refuse(diag.Unsupported, at, "the server does not support "+what, help)
}

// refuse records a fault and lets the parser go on.
func (p *parser) refuse(code diag.Code, at source.Span, message, help string) {
	if !p.failed {
		p.faults = append(p.faults, diag.Diagnostic{Code: code, Span: at, Message: message, Help: help})
	}
}

// enter counts one level of nesting; leave ends it. The server stops at maxDepth levels.
func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		p.syntax(p.faultAt(p.peek(0)), fmt.Sprintf("nested more than %d levels deep", maxDepth),
			"move the inner part into a WITH query")
	}
}

func (p *parser) leave() { p.depth-- }

// mark is a place to come back to.
type mark struct {
	pos, split, faults, aliasAt int
	failed                      bool
}

func (p *parser) mark() mark { return mark{p.pos, p.split, len(p.faults), p.aliasAt, p.failed} }

func (p *parser) reset(m mark) {
	p.pos, p.split, p.aliasAt, p.failed = m.pos, m.split, m.aliasAt, m.failed
	p.faults = p.faults[:m.faults]
}

// identifier consumes a name: any word, a quoted name, or, as the server allows, a string.
func (p *parser) identifier(what string) Ident {
	t := p.peek(0)
	switch t.Kind {
	case Word, QuotedName, StringToken:
		p.next()
		return p.ident(t)
	}
	p.expected(what)
	return Ident{Pos: Pos{At: p.at(t)}}
}

func (p *parser) ident(t Token) Ident {
	at := p.at(t)
	if t.Kind == Word {
		return Ident{Pos: Pos{At: at}, Name: lowerASCII(at.Text()), Value: at.Text()}
	}
	return Ident{Pos: Pos{At: at}, Name: t.Text, Value: t.Text, Quote: at.Text()[0]}
}

// dotted consumes a name of one or more parts.
func (p *parser) dotted(what string) []Ident {
	parts := []Ident{p.identifier(what)}
	for p.acceptSymbol(".") {
		parts = append(parts, p.identifier("a name"))
	}
	return parts
}

// list consumes one or more items with commas between them.
func list[T any](p *parser, item func() T) []T {
	items := []T{item()}
	for p.acceptSymbol(",") {
		items = append(items, item())
	}
	return items
}

// parens consumes `(`, what inside does, and `)`.
func parens[T any](p *parser, inside func() T) T {
	p.expectSymbol("(")
	v := inside()
	p.expectSymbol(")")
	return v
}

// skipParens consumes a parenthesised part whose content is of no interest.
func (p *parser) skipParens() {
	if !p.isSymbol(0, "(") {
		p.expected(`"("`)
		return
	}
	if closing := p.match[p.pos]; closing > 0 {
		p.pos = closing
	}
	p.expectSymbol(")")
}
