package abi

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// Limits of the parser: what no real signature reaches, and what keeps hostile text cheap.
const (
	maxDepth     = 32
	maxArraySize = 1 << 16
)

// ParseEvent parses an event signature such as "Transfer(address indexed from, address indexed to, uint256 value)", with an
// optional leading "event" and a trailing "anonymous" or semicolon. More than three indexed parameters are an error, as
// they are to Amp. Errors are *Error.
func ParseEvent(sig string) (*Event, error) {
	p := &parser{text: sig}
	p.keyword("event")
	name, params, err := p.head(true)
	if err != nil {
		return nil, err
	}
	e := &Event{Name: name, Params: params}
	e.Anonymous = p.keyword("anonymous")
	p.punct(';')
	if err := p.end(); err != nil {
		return nil, err
	}
	return e, nil
}

// ParseFunction parses a function signature such as "function swap(uint256 amount, address to) external returns (bool)".
// Data locations, visibility, mutability, modifiers and return types are accepted and carry no meaning. Errors are *Error.
func ParseFunction(sig string) (*Function, error) {
	p := &parser{text: sig}
	p.keyword("function")
	name, params, err := p.head(false)
	if err != nil {
		return nil, err
	}
	for {
		if p.keyword("returns") {
			if _, err := p.params(false); err != nil {
				return nil, err
			}
			break
		}
		if !p.anyKeyword("external", "public", "internal", "private", "view", "pure", "payable", "nonpayable", "constant") {
			break
		}
	}
	p.punct(';')
	if err := p.end(); err != nil {
		return nil, err
	}
	return &Function{Name: name, Inputs: params}, nil
}

// ParseType parses one type such as "uint256[]" or "(address,bytes32)[4]". Errors are *Error.
func ParseType(text string) (Type, error) {
	p := &parser{text: text}
	t, err := p.typ(0)
	if err != nil {
		return Type{}, err
	}
	if err := p.end(); err != nil {
		return Type{}, err
	}
	return t, nil
}

// parser is a cursor over the text of a signature.
type parser struct {
	text string
	pos  int
}

func (p *parser) fail(start, end int, help, format string, args ...any) error {
	return &Error{Offset: start, Length: end - start, Message: fmt.Sprintf(format, args...), Help: help}
}

// unexpected reports that the text at the cursor is not what was wanted.
func (p *parser) unexpected(want string) error {
	start, word := p.peek()
	if word == "" {
		return p.fail(start, start, "", "expected %s, found the end of the signature", want)
	}
	return p.fail(start, start+len(word), "", "expected %s, found %q", want, word)
}

func (p *parser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// peek returns the next token, a word or one character, and where it starts; the end of the text is "".
func (p *parser) peek() (int, string) {
	p.space()
	end := p.pos
	for end < len(p.text) && isWord(p.text[end]) {
		end++
	}
	if end == p.pos && end < len(p.text) {
		for end++; end < len(p.text) && p.text[end]&0xC0 == 0x80; end++ { // the rest of a UTF-8 sequence
		}
	}
	return p.pos, p.text[p.pos:end]
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// keyword consumes word when it comes next and a name is not what it must be.
func (p *parser) keyword(word string) bool {
	start, got := p.peek()
	if got != word {
		return false
	}
	p.pos = start + len(got)
	if _, next := p.peek(); next == "(" && word != "returns" {
		p.pos = start // "event(…)": the word is the name
		return false
	}
	return true
}

func (p *parser) anyKeyword(words ...string) bool {
	for _, w := range words {
		if p.keyword(w) {
			return true
		}
	}
	return false
}

func (p *parser) punct(c byte) bool {
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *parser) end() error {
	if start, word := p.peek(); word != "" {
		return p.fail(start, len(strings.TrimRight(p.text, " \t\r\n")), "", "unexpected %q after the signature", word)
	}
	return nil
}

// name consumes an identifier.
func (p *parser) name(what string) (string, error) {
	start, word := p.peek()
	if word == "" || !isWord(word[0]) || isDigit(word[0]) || strings.Contains(word, ".") {
		return "", p.unexpected(what)
	}
	p.pos = start + len(word)
	return word, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// head parses the name and the parameter list.
func (p *parser) head(event bool) (string, []Param, error) {
	name, err := p.name("a name")
	if err != nil {
		return "", nil, err
	}
	params, err := p.params(event)
	if err != nil {
		return "", nil, err
	}
	return name, params, nil
}

// params parses a parenthesised list; indexed is a keyword in events only.
func (p *parser) params(event bool) ([]Param, error) {
	if !p.punct('(') {
		return nil, p.unexpected(`"("`)
	}
	if p.punct(')') {
		return nil, nil
	}
	var out []Param
	indexed := 0
	for {
		start, _ := p.peek()
		param, err := p.param(event)
		if err != nil {
			return nil, err
		}
		param.start, param.end = start, p.pos
		if param.Indexed {
			if indexed++; indexed > 3 {
				return nil, p.fail(param.start, param.end, "", "more than three indexed parameters")
			}
		}
		out = append(out, param)
		if p.punct(')') {
			return out, nil
		}
		if !p.punct(',') {
			return nil, p.unexpected(`"," or ")"`)
		}
	}
}

func (p *parser) param(event bool) (Param, error) {
	t, err := p.typ(0)
	if err != nil {
		return Param{}, err
	}
	out := Param{Type: t}
	for {
		start, word := p.peek()
		switch {
		case word == "indexed" && event && !out.Indexed:
			out.Indexed = true
		case word == "indexed" && event:
			return Param{}, p.fail(start, start+len(word), `remove one "indexed"`, "indexed is repeated")
		case word == "indexed":
			return Param{}, p.fail(start, start+len(word), `remove "indexed"`, "only event parameters can be indexed")
		case word == "memory" || word == "calldata" || word == "storage":
		case word == "payable" && t.Kind == Address:
		case word != "" && isWord(word[0]):
			if out.Name, err = p.name("a parameter name"); err != nil {
				return Param{}, err
			}
			return out, nil
		default:
			return out, nil
		}
		p.pos = start + len(word)
	}
}

// typ parses a type with its array suffixes.
func (p *parser) typ(depth int) (Type, error) {
	start, word := p.peek()
	if depth > maxDepth {
		return Type{}, p.fail(start, start+len(word), "", "the type nests deeper than %d levels", maxDepth)
	}
	var base Type
	var err error
	switch {
	case word == "(":
		base, err = p.tuple(depth)
	case word == "" || !isWord(word[0]):
		return Type{}, p.unexpected("a type")
	default:
		p.pos = start + len(word)
		if word == "tuple" {
			base, err = p.tuple(depth)
		} else {
			base, err = p.elementary(start, word)
		}
	}
	if err != nil {
		return Type{}, err
	}
	for level := depth; p.punct('['); level++ {
		if level > maxDepth {
			return Type{}, p.fail(p.pos-1, p.pos, "", "the type nests deeper than %d levels", maxDepth)
		}
		elem := base
		if p.punct(']') {
			base = Type{Kind: Array, Elem: &elem}
			continue
		}
		at, digits := p.peek()
		n, convErr := strconv.Atoi(digits)
		if convErr != nil || n < 1 || n > maxArraySize {
			return Type{}, p.fail(at, at+len(digits), "", "expected an array length from 1 to %d, found %q", maxArraySize, digits)
		}
		p.pos = at + len(digits)
		if !p.punct(']') {
			return Type{}, p.unexpected(`"]"`)
		}
		base = Type{Kind: FixedArray, Size: n, Elem: &elem}
	}
	return base, nil
}

// tuple parses "(T a, U b)"; component names are accepted and dropped.
func (p *parser) tuple(depth int) (Type, error) {
	if !p.punct('(') {
		return Type{}, p.unexpected(`"("`)
	}
	t := Type{Kind: Tuple}
	if p.punct(')') {
		return t, nil
	}
	for {
		field, err := p.typ(depth + 1)
		if err != nil {
			return Type{}, err
		}
		t.Fields = append(t.Fields, field)
		if _, word := p.peek(); word != "" && isWord(word[0]) {
			if _, err := p.name("a component name"); err != nil {
				return Type{}, err
			}
		}
		if p.punct(')') {
			return t, nil
		}
		if !p.punct(',') {
			return Type{}, p.unexpected(`"," or ")"`)
		}
	}
}

// elementary resolves one type word. Amp's server crashes on an unknown word, so it must not pass here.
func (p *parser) elementary(start int, word string) (Type, error) {
	end := start + len(word)
	switch word {
	case "bool":
		return Type{Kind: Bool}, nil
	case "address":
		return Type{Kind: Address}, nil
	case "bytes":
		return Type{Kind: Bytes}, nil
	case "string":
		return Type{Kind: String}, nil
	case "int":
		return Type{Kind: Int, Bits: 256}, nil
	case "uint":
		return Type{Kind: Uint, Bits: 256}, nil
	case "function":
		return Type{}, p.fail(start, end, "", "function values have no Arrow type")
	case "byte":
		return Type{}, p.fail(start, end, `write "bytes1"`, "unknown type %q", word)
	}
	if n, ok := suffix(word, "uint"); ok {
		if n%8 == 0 && n >= 8 && n <= 256 {
			return Type{Kind: Uint, Bits: n}, nil
		}
		return Type{}, p.fail(start, end, "the widths are the multiples of 8 from 8 to 256", "unknown type %q", word)
	}
	if n, ok := suffix(word, "int"); ok {
		if n%8 == 0 && n >= 8 && n <= 256 {
			return Type{Kind: Int, Bits: n}, nil
		}
		return Type{}, p.fail(start, end, "the widths are the multiples of 8 from 8 to 256", "unknown type %q", word)
	}
	if n, ok := suffix(word, "bytes"); ok {
		if n >= 1 && n <= 32 {
			return Type{Kind: FixedBytes, Size: n}, nil
		}
		return Type{}, p.fail(start, end, "the widths are 1 to 32", "unknown type %q", word)
	}
	if strings.Contains(word, ".") {
		return Type{Kind: Uint, Bits: 8}, nil // Lib.Enum: Amp's parser takes a dotted name for an enum
	}
	return Type{}, p.fail(start, end, suggest.DidYouMean(word, typeWords), "unknown type %q", word)
}

// suffix splits a word such as uint96 into prefix and number; numbers with a leading zero are not type widths.
func suffix(word, prefix string) (int, bool) {
	digits, ok := strings.CutPrefix(word, prefix)
	if !ok || digits == "" || digits[0] == '0' {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

var typeWords = func() []string {
	words := []string{"bool", "address", "bytes", "string", "int", "uint"}
	for bits := 8; bits <= 256; bits += 8 {
		words = append(words, fmt.Sprintf("uint%d", bits), fmt.Sprintf("int%d", bits))
	}
	for width := 1; width <= 32; width++ {
		words = append(words, fmt.Sprintf("bytes%d", width))
	}
	return words
}()
