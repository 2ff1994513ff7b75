package sfsql

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is a syntax error at a byte offset of the statement.
type Error struct {
	At   int
	Line int // from 1
	Col  int // from 0, as Snowflake counts
	Text string
}

func (e *Error) Error() string {
	return fmt.Sprintf("syntax error line %d at position %d %s", e.Line, e.Col, e.Text)
}

type kind int

const (
	tEnd    kind = iota
	tWord        // unquoted; text is in upper case
	tQuoted      // "quoted"
	tString
	tNumber
	tBind
	tStage // @…, text without the @
	tOp
)

type token struct {
	kind kind
	text string
	at   int
}

func (t token) String() string {
	if t.kind == tEnd {
		return "<EOF>"
	}
	return t.text
}

// is reports whether t is the keyword or the operator.
func (t token) is(text string) bool {
	return (t.kind == tWord || t.kind == tOp) && t.text == text
}

// errorAt makes an error with the line and column of an offset.
func errorAt(src string, at int, format string, args ...any) *Error {
	before := src[:min(at, len(src))]
	line := strings.Count(before, "\n")
	return &Error{At: at, Line: line + 1, Col: at - (strings.LastIndexByte(before, '\n') + 1), Text: fmt.Sprintf(format, args...)}
}

// operators, longest first.
var operators = []string{"::", "||", "<>", "!=", "<=", ">=", "=>", "(", ")", ",", ".", ";", "=", "<", ">", "+", "-", "*", "/", "%", ":", "[", "]"}

// lex cuts src into tokens; the last is tEnd.
func lex(src string) ([]token, *Error) {
	var out []token
	for at := 0; ; {
		at += skipBlank(src[at:])
		if at >= len(src) {
			return append(out, token{tEnd, "", len(src)}), nil
		}
		t, n, err := next(src, at)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		at += n
	}
}

// skipBlank is the length of the blanks and comments that s starts with.
func skipBlank(s string) int {
	rest := s
	for {
		before := rest
		rest = strings.TrimLeft(rest, " \t\r\n")
		if strings.HasPrefix(rest, "--") {
			_, rest, _ = strings.Cut(rest, "\n")
		}
		if strings.HasPrefix(rest, "/*") {
			if end := strings.Index(rest, "*/"); end > 0 {
				rest = rest[end+2:]
			}
		}
		if rest == before {
			return len(s) - len(rest)
		}
	}
}

// next is the token at src[at:] and its length.
func next(src string, at int) (token, int, *Error) {
	s := src[at:]
	switch c := s[0]; {
	case c == '\'':
		text, n, ok := quoted(s, '\'', true)
		if !ok {
			return token{}, 0, errorAt(src, at, "unexpected <EOF> in a string")
		}
		return token{tString, text, at}, n, nil
	case c == '"':
		text, n, ok := quoted(s, '"', false)
		if !ok || text == "" {
			return token{}, 0, errorAt(src, at, "unexpected '\"'")
		}
		return token{tQuoted, text, at}, n, nil
	case c == '?':
		return token{tBind, "?", at}, 1, nil
	case c == '@':
		n := stageLength(s)
		return token{tStage, s[1:n], at}, n, nil
	case c >= '0' && c <= '9' || c == '.' && len(s) > 1 && s[1] >= '0' && s[1] <= '9':
		n := numberLength(s)
		return token{tNumber, s[:n], at}, n, nil
	}
	if n := wordLength(s); n > 0 {
		return token{tWord, strings.ToUpper(s[:n]), at}, n, nil
	}
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return token{tOp, op, at}, len(op), nil
		}
	}
	r, _ := utf8.DecodeRuneInString(s)
	return token{}, 0, errorAt(src, at, "unexpected '%c'", r)
}

// quoted reads a quoted text, in which the quote is written twice, or with a backslash where escapes has it.
func quoted(s string, quote byte, escapes bool) (text string, length int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == quote && i+1 < len(s) && s[i+1] == quote:
			b.WriteByte(quote)
			i++
		case c == quote:
			return b.String(), i + 1, true
		case c == '\\' && escapes && i+1 < len(s):
			i++
			b.WriteByte(unescape(s[i]))
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, false
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case '0':
		return 0
	}
	return c
}

// stageLength is the length of an unquoted stage location: to a blank, a parenthesis, a comma or a semicolon outside of quotes.
func stageLength(s string) int {
	inQuotes := false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			inQuotes = !inQuotes
		case !inQuotes && strings.IndexByte(" \t\r\n();,", c) >= 0:
			return i
		}
	}
	return len(s)
}

func numberLength(s string) int {
	i := 0
	digits := func() {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
	}
	digits()
	if i < len(s) && s[i] == '.' {
		i++
		digits()
	}
	if j := i; j < len(s) && (s[j] == 'e' || s[j] == 'E') {
		j++
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && s[j] >= '0' && s[j] <= '9' {
			i = j
			digits()
		}
	}
	return i
}

func wordLength(s string) int {
	for i, r := range s {
		if r == '_' || unicode.IsLetter(r) || i > 0 && (r == '$' || unicode.IsDigit(r)) {
			continue
		}
		return i
	}
	return len(s)
}
