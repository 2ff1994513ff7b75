package sql

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// escaped consumes the quoted part of E'…' and resolves its escapes: \b \f \n \r \t, \uXXXX, \UXXXXXXXX, \xHH and octal;
// any other escaped character stands for itself.
func (l *lexer) escaped() string {
	open := l.pos
	l.pos++
	var b strings.Builder
	for l.pos < len(l.text) {
		switch c := l.text[l.pos]; {
		case c == '\'' && l.peek(1) == '\'':
			b.WriteByte('\'')
			l.pos += 2
		case c == '\'':
			l.pos++
			return b.String()
		case c == '\\' && l.pos+1 < len(l.text):
			l.pos++
			l.escape(&b)
		default:
			b.WriteByte(c)
			l.pos++
		}
	}
	l.unterminated("string", open, "'")
	return ""
}

// escape consumes what follows a backslash.
func (l *lexer) escape(b *strings.Builder) {
	c := l.peek(0)
	if n := strings.IndexByte("bfnrt", c); n >= 0 {
		b.WriteByte("\b\f\n\r\t"[n])
		l.pos++
		return
	}
	digits, base := 0, 16
	switch {
	case c == 'u':
		digits = l.hexDigits(4, 4)
	case c == 'U':
		digits = l.hexDigits(8, 8)
	case c == 'x':
		digits = l.hexDigits(1, 2)
	case c >= '0' && c <= '7':
		base = 8
		digits = min(l.span(0, func(c byte) bool { return c >= '0' && c <= '7' }), 3)
	}
	if digits == 0 {
		_, size := l.rune(0)
		b.WriteString(l.take(size))
		return
	}
	if base == 16 {
		l.pos++
	}
	value, err := strconv.ParseUint(l.take(digits), base, 32)
	if err != nil || value > utf8.MaxRune {
		value = utf8.RuneError
	}
	b.WriteRune(rune(value))
}

// hexDigits is how many hexadecimal digits follow the current character, at most most; 0 when fewer than least.
func (l *lexer) hexDigits(least, most int) int {
	n := min(l.span(1, isHexDigit), most)
	if n < least {
		return 0
	}
	return n
}
