package coerce

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// ParseError is a fault in the text of a type.
type ParseError struct {
	Offset  int    // first byte of the fault within the text
	Length  int    // bytes; 0 at the end of the text
	Message string // lower case, no full stop
}

func (e *ParseError) Error() string { return e.Message }

// maxTypeDepth bounds the nesting of a type, so that no text can exhaust the stack.
const maxTypeDepth = 50

// ParseType reads the second argument of arrow_cast: the grammar of arrow-rs 57, which reads every text that Format writes.
// Two differences: what no array can have (Time32(ns), a precision beyond the width) is refused, and keys and values of a
// map are always called "key" and "value". The error is a *ParseError.
func ParseType(text string) (arrow.DataType, error) {
	p := &typeParser{text: text}
	dt := p.dataType(0)
	p.space()
	if p.err == nil && p.pos < len(p.text) {
		p.fail(p.pos, len(p.text), "unexpected text after the type")
	}
	if p.err != nil {
		return nil, p.err
	}
	return dt, nil
}

// typeParser is a recursive descent over text. After the first fault every method returns a zero value.
type typeParser struct {
	text string
	pos  int
	err  *ParseError
}

func (p *typeParser) fail(start, end int, format string, args ...any) {
	if p.err == nil {
		p.err = &ParseError{Offset: start, Length: end - start, Message: fmt.Sprintf(format, args...)}
		p.pos = len(p.text)
	}
}

func (p *typeParser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// accept consumes token if it comes next.
func (p *typeParser) accept(token string) bool {
	p.space()
	if p.err == nil && strings.HasPrefix(p.text[p.pos:], token) {
		p.pos += len(token)
		return true
	}
	return false
}

func (p *typeParser) expect(token string) {
	if !p.accept(token) {
		found := "the end of the text"
		end := min(p.pos+1, len(p.text))
		if p.pos < len(p.text) {
			found = strconv.Quote(p.text[p.pos:end])
		}
		p.fail(p.pos, end, "expected %q, found %s", token, found)
	}
}

// peekWord returns the next word without consuming it.
func (p *typeParser) peekWord() string {
	p.space()
	end := p.pos
	for end < len(p.text) && isWordByte(p.text[end]) {
		end++
	}
	return p.text[p.pos:end]
}

// isWordByte counts every byte beyond ASCII as part of a word, for the unit µs.
func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c >= 0x80
}

func (p *typeParser) word() (string, int) {
	w := p.peekWord()
	start := p.pos
	p.pos += len(w)
	return w, start
}

func (p *typeParser) dataType(depth int) arrow.DataType {
	if depth > maxTypeDepth {
		p.fail(p.pos, p.pos, "type is nested more than %d levels deep", maxTypeDepth)
		return null
	}
	word, start := p.word()
	if p.err != nil {
		return null
	}
	if dt, ok := simpleTypes[word]; ok {
		return dt
	}
	dt := p.parameterized(word, start, depth)
	if dt == nil {
		switch {
		case word == "":
			p.fail(start, start, "expected an Arrow type such as Int64 or Timestamp(ns)")
		default:
			p.fail(start, start+len(word), "unknown Arrow type %q; types are written as in arrow_typeof, letter case included", word)
		}
		return null
	}
	return dt
}

// parameterized reads what follows a type name that takes parameters; it returns nil if word is not one.
func (p *typeParser) parameterized(word string, start, depth int) arrow.DataType {
	var read func() arrow.DataType
	switch word {
	case "Timestamp":
		read = p.timestamp
	case "Time32", "Time64", "Duration":
		read = func() arrow.DataType { return p.timeOf(word) }
	case "Interval":
		read = p.interval
	case "FixedSizeBinary":
		read = func() arrow.DataType {
			return &arrow.FixedSizeBinaryType{ByteWidth: p.integer(0, math.MaxInt32, "byte width")}
		}
	case "Decimal32", "Decimal64", "Decimal128", "Decimal256":
		read = func() arrow.DataType { return p.decimal(word) }
	case "List", "LargeList", "ListView", "LargeListView":
		read = func() arrow.DataType { return listKind(word, p.item(depth)) }
	case "FixedSizeList":
		read = func() arrow.DataType { return p.fixedSizeList(depth) }
	case "Struct":
		read = func() arrow.DataType { return arrow.StructOf(p.fields(depth)...) }
	case "Map":
		read = func() arrow.DataType { return p.mapType(depth) }
	case "Dictionary":
		read = func() arrow.DataType { return p.dictionary(depth) }
	case "Union":
		read = func() arrow.DataType { return p.union(depth) }
	case "RunEndEncoded":
		read = func() arrow.DataType { return p.runEndEncoded(depth) }
	default:
		return nil
	}
	p.expect("(")
	dt := read()
	p.expect(")")
	return dt
}

var unitWords = map[string]arrow.TimeUnit{
	"s": arrow.Second, "Second": arrow.Second,
	"ms": arrow.Millisecond, "Millisecond": arrow.Millisecond,
	"us": arrow.Microsecond, "µs": arrow.Microsecond, "Microsecond": arrow.Microsecond,
	"ns": arrow.Nanosecond, "Nanosecond": arrow.Nanosecond,
}

func (p *typeParser) unit() (arrow.TimeUnit, int, int) {
	word, start := p.word()
	unit, ok := unitWords[word]
	if !ok {
		p.fail(start, start+len(word), "unknown time unit %q; the units are s, ms, us and ns", word)
	}
	return unit, start, start + len(word)
}

func (p *typeParser) timestamp() arrow.DataType {
	unit, _, _ := p.unit()
	if !p.accept(",") {
		return Timestamp(unit, "")
	}
	switch p.peekWord() {
	case "None":
		p.word()
		return Timestamp(unit, "")
	case "Some":
		p.word()
		p.expect("(")
		zone := p.quoted('"')
		p.expect(")")
		return Timestamp(unit, zone)
	}
	return Timestamp(unit, p.quoted('"'))
}

func (p *typeParser) timeOf(word string) arrow.DataType {
	unit, start, end := p.unit()
	small := unit == arrow.Second || unit == arrow.Millisecond
	switch {
	case word == "Duration":
		return &arrow.DurationType{Unit: unit}
	case word == "Time32" && small:
		return &arrow.Time32Type{Unit: unit}
	case word == "Time64" && !small:
		return &arrow.Time64Type{Unit: unit}
	case word == "Time32":
		p.fail(start, end, "Time32 counts s or ms; use Time64(%s)", unitName(unit))
	default:
		p.fail(start, end, "Time64 counts us or ns; use Time32(%s)", unitName(unit))
	}
	return null
}

func (p *typeParser) interval() arrow.DataType {
	word, start := p.word()
	dt, ok := intervals[word]
	if !ok {
		p.fail(start, start+len(word), "unknown interval unit %q; the units are YearMonth, DayTime and MonthDayNano", word)
		return null
	}
	return dt
}

func (p *typeParser) decimal(word string) arrow.DataType {
	bits, _ := strconv.Atoi(strings.TrimPrefix(word, "Decimal"))
	limit := int(decimalLimit(bits))
	precision := p.integer(1, limit, "precision of "+word)
	p.expect(",")
	scale := p.integer(-limit, limit, "scale of "+word)
	return decimalType{bits, int32(precision), int32(scale)}.arrow()
}

func (p *typeParser) integer(low, high int, what string) int {
	word, start := p.word()
	n, err := strconv.Atoi(word)
	if err != nil || n < low || n > high {
		p.fail(start, start+len(word), "%s must be a whole number between %d and %d", what, low, high)
		return low
	}
	return n
}

// quoted reads a string in the given quotes, with backslash escapes as Format writes them.
func (p *typeParser) quoted(quote byte) string {
	p.space()
	start := p.pos
	if p.err != nil || p.pos >= len(p.text) || p.text[p.pos] != quote {
		p.fail(start, start, "expected a string in %c quotes", quote)
		return ""
	}
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch p.text[p.pos] {
		case '\\':
			p.pos++
		case quote:
			p.pos++
			return p.unquote(start, quote)
		}
	}
	p.pos = len(p.text)
	p.fail(start, len(p.text), "the string is not closed")
	return ""
}

// unquote resolves the escapes of the quoted string from start to the current position.
func (p *typeParser) unquote(start int, quote byte) string {
	var b strings.Builder
	rest := p.text[start+1 : p.pos-1]
	for rest != "" {
		r, multibyte, tail, err := strconv.UnquoteChar(rest, quote)
		if err != nil {
			p.fail(start, p.pos, "the string has an invalid escape")
			return ""
		}
		if multibyte || r < 0x80 {
			b.WriteRune(r)
		} else {
			b.WriteByte(byte(r))
		}
		rest = tail
	}
	return b.String()
}
