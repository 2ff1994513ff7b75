package sql

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
)

// Token is a lexical unit of a file, of the bytes [Start, End).
type Token struct {
	Kind       TokenKind
	Start, End int
	Text       string // see TokenKind
}

// TokenKind is the kind of a Token and the meaning of its Text.
type TokenKind uint8

// The token kinds.
const (
	EOF         TokenKind = iota // the end of the range; ""
	Comment                      // -- … without its newline, or /* … */; ""
	Word                         // unquoted name or keyword; in upper case (ASCII letters only)
	QuotedName                   // "…" or `…`; the name, doubled quotes resolved
	NumberToken                  // digits, fraction, exponent, without the suffix L
	StringToken                  // '…', E'…', $$…$$; the value
	HexToken                     // X'…' or 0x…; the digits
	OtherString                  // B'…', N'…', R'…', U&'…', which the server does not evaluate; the prefix in upper case
	Placeholder                  // ?, ?1, $1, $name; as written
	Symbol                       // an operator or punctuation; as written
)

// Lex splits the bytes [start, end) of f into tokens, comments included, and ends them with an EOF token. An unterminated
// string, quoted name or comment is a diagnostic at its opening quote; its token then reaches to the end, and Lex answers
// false.
func Lex(f *source.File, start, end int, diags *diag.List) ([]Token, bool) {
	l := lexer{file: f, text: f.Text[:end], pos: start, diags: diags, ok: true}
	var tokens []Token
	for {
		t := l.next()
		tokens = append(tokens, t)
		if t.Kind == EOF {
			return tokens, l.ok
		}
	}
}

type lexer struct {
	file  *source.File
	text  string // up to the end of the range; offsets are the file's
	pos   int
	diags *diag.List
	ok    bool
}

// peek is the byte n places ahead, or 0 past the end.
func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.text) {
		return l.text[l.pos+n]
	}
	return 0
}

// rune is the character n bytes ahead and its length; RuneError past the end.
func (l *lexer) rune(n int) (rune, int) {
	return utf8.DecodeRuneInString(l.text[min(l.pos+n, len(l.text)):])
}

func (l *lexer) next() Token {
	for l.pos < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.pos]) >= 0 {
		l.pos++
	}
	t := Token{Start: l.pos}
	if l.pos < len(l.text) {
		t.Kind, t.Text = l.scan()
	}
	t.End = l.pos
	return t
}

func (l *lexer) scan() (TokenKind, string) {
	c := l.peek(0)
	switch {
	case c == '-' && l.peek(1) == '-':
		return l.lineComment()
	case c == '/' && l.peek(1) == '*':
		return l.blockComment()
	case c == '\'':
		return StringToken, l.quoted("string")
	case c == '"' || c == '`':
		return QuotedName, l.quoted("quoted name")
	case c >= '0' && c <= '9', c == '.' && isDigit(l.peek(1)):
		return l.number()
	case c == '$':
		return l.dollar()
	case c == '?':
		return Placeholder, l.take(1 + l.span(1, isDigit))
	}
	if kind, text, ok := l.prefixedString(); ok {
		return kind, text
	}
	if l.startsWord() {
		return l.word()
	}
	return Symbol, l.symbol()
}

// take consumes n bytes and returns them.
func (l *lexer) take(n int) string {
	s := l.text[l.pos : l.pos+n]
	l.pos += n
	return s
}

// span counts the bytes from offset n on that satisfy is.
func (l *lexer) span(n int, is func(byte) bool) int {
	i := n
	for l.pos+i < len(l.text) && is(l.text[l.pos+i]) {
		i++
	}
	return i - n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHexDigit(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

// unterminated reports what has begun at open and consumes the rest of the range.
func (l *lexer) unterminated(what string, open int, closing string) {
	if l.ok {
		l.diags.Add(diag.Diagnostic{Code: diag.Unterminated, Span: l.file.Span(open, min(open+1, len(l.text))),
			Message: "unterminated " + what, Help: "close it with " + closing})
	}
	l.ok = false
	l.pos = len(l.text)
}

func (l *lexer) lineComment() (TokenKind, string) {
	l.pos += l.span(0, func(c byte) bool { return c != '\n' })
	return Comment, ""
}

// blockComment consumes a comment, in which comments nest.
func (l *lexer) blockComment() (TokenKind, string) {
	open, depth := l.pos, 0
	for l.pos < len(l.text) {
		switch {
		case strings.HasPrefix(l.text[l.pos:], "/*"):
			depth++
			l.pos += 2
		case strings.HasPrefix(l.text[l.pos:], "*/"):
			depth--
			l.pos += 2
			if depth == 0 {
				return Comment, ""
			}
		default:
			l.pos++
		}
	}
	l.unterminated("comment", open, "*/ (comments nest)")
	return Comment, ""
}

// quoted consumes a token that begins with a quote and ends with it; a doubled quote stands for one. There are no backslash
// escapes.
func (l *lexer) quoted(what string) string {
	open, quote := l.pos, l.text[l.pos]
	l.pos++
	var b strings.Builder
	for {
		n := strings.IndexByte(l.text[l.pos:], quote)
		if n < 0 {
			l.unterminated(what, open, string(quote))
			return ""
		}
		b.WriteString(l.take(n))
		l.pos++
		if l.peek(0) != quote || l.pos >= len(l.text) {
			return b.String()
		}
		b.WriteByte(quote)
		l.pos++
	}
}

// number consumes an integer, a decimal or 0x…. Digits are not grouped: the lexer leaves `_000` of 1_000 behind as a word.
func (l *lexer) number() (TokenKind, string) {
	if l.peek(0) == '0' && l.peek(1) == 'x' {
		l.pos += 2
		return HexToken, l.take(l.span(0, isHexDigit))
	}
	n := l.span(0, isDigit)
	if l.peek(n) == '.' {
		n++
		n += l.span(n, isDigit)
	}
	if e := l.peek(n); e == 'e' || e == 'E' {
		m := n + 1
		if s := l.peek(m); s == '+' || s == '-' {
			m++
		}
		if isDigit(l.peek(m)) {
			n = m + l.span(m, isDigit)
		}
	}
	text := l.take(n)
	if l.peek(0) == 'L' {
		l.pos++
	}
	return NumberToken, text
}

// dollar consumes $$…$$, $tag$…$tag$, or a placeholder.
func (l *lexer) dollar() (TokenKind, string) {
	open, n := l.pos, 1
	for {
		r, size := l.rune(n)
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			break
		}
		n += size
	}
	if l.peek(n) != '$' {
		return Placeholder, l.take(n)
	}
	tag := l.take(n + 1)
	end := strings.Index(l.text[l.pos:], tag)
	if end < 0 {
		l.unterminated("string", open, tag)
		return StringToken, ""
	}
	text := l.take(end)
	l.pos += len(tag)
	return StringToken, text
}

// prefixedString consumes a string with a prefix letter, if one stands here.
func (l *lexer) prefixedString() (TokenKind, string, bool) {
	upper := unicode.ToUpper(rune(l.peek(0)))
	quote := l.peek(1)
	switch {
	case upper == 'E' && quote == '\'':
		l.pos++
		return StringToken, l.escaped(), true
	case upper == 'X' && quote == '\'':
		l.pos++
		return HexToken, l.quoted("string"), true
	case upper == 'N' && quote == '\'', (upper == 'B' || upper == 'R') && (quote == '\'' || quote == '"'):
		l.pos++
		l.quoted("string")
		return OtherString, string(upper), true
	case upper == 'U' && quote == '&' && l.peek(2) == '\'':
		l.pos += 2
		l.quoted("string")
		return OtherString, "U&", true
	}
	return 0, "", false
}

func isWordStart(r rune) bool { return r == '_' || r == '@' || r == '#' || isAlphabetic(r) }

func isWordPart(r rune) bool { return isWordStart(r) || r == '$' || r >= '0' && r <= '9' }

// isAlphabetic is Unicode's property Alphabetic, by which the server's tokenizer goes.
func isAlphabetic(r rune) bool {
	return unicode.IsLetter(r) || unicode.Is(unicode.Nl, r) || unicode.Is(unicode.Other_Alphabetic, r)
}

// startsWord reports whether a word begins here. `#` and `@` begin one only before a character that can go on with it, so
// that `a @> b` keeps its operator.
func (l *lexer) startsWord() bool {
	r, _ := l.rune(0)
	if r != '#' && r != '@' {
		return isWordStart(r)
	}
	after, size := l.rune(1)
	if r == '@' && after == '@' {
		after, _ = l.rune(1 + size)
	}
	return isAlphabetic(after) || after == '_' || after >= '0' && after <= '9'
}

func (l *lexer) word() (TokenKind, string) {
	n := 0
	for {
		r, size := l.rune(n)
		if !isWordPart(r) || size == 0 {
			break
		}
		n += size
	}
	return Word, upperASCII(l.take(n))
}

// symbols are the operators of more than one character, longest first where one begins another.
var symbols = []string{
	"!~~*", "!~~", "!~*", "!~", "!=", "||/", "||", "|/", "|>", "==", "=>", "<=>", "<=", "<>", "<<", "<@", ">=", ">>", "->>", "->",
	"#>>", "#>", "#-", "@>", "@?", "@@", "&&", "^@", "~~*", "~~", "~*", "::", ":=", "//",
}

// symbol consumes the longest operator, or one character.
func (l *lexer) symbol() string {
	rest := l.text[l.pos:]
	for _, s := range symbols {
		if strings.HasPrefix(rest, s) {
			return l.take(len(s))
		}
	}
	_, size := l.rune(0)
	return l.take(size)
}

func upperASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, s)
}
