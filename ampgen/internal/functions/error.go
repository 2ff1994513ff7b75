package functions

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// ErrorKind classifies why a call does not resolve.
type ErrorKind uint8

const (
	Arity      ErrorKind = iota // the number of arguments
	Type                        // the type of an argument
	NotLiteral                  // an argument must be a literal and is none
	Value                       // the value of a literal argument
	Named                       // a named argument
)

// Error says why a call does not resolve, and where.
type Error struct {
	Kind     ErrorKind
	Function string
	Arg      int // index of the argument at fault as it was passed; -1 for the call as a whole

	// Offset and Length are the bytes at fault within the text of the literal argument Arg, when Kind is Value. Length is 0
	// when the whole literal is meant.
	Offset, Length int

	Message string // lower case, no full stop
	Help    string // an edit; may be empty
}

func (e *Error) Error() string {
	if e.Help == "" {
		return e.Message
	}
	return e.Message + " (" + e.Help + ")"
}

// arity checks the number of arguments.
func (f *Function) arity(n int) error {
	if f.sig.takes(n) {
		return nil
	}
	var counts []int
	for i := range maxArguments {
		if f.sig.takes(i) {
			counts = append(counts, i)
		}
	}
	var wants string
	switch last := len(counts) - 1; {
	case f.sig.takes(maxArguments):
		wants = fmt.Sprintf("%d or more arguments", counts[0])
	case last == 0:
		wants = count(counts[0], "argument")
	default:
		wants = strings.Trim(strings.ReplaceAll(fmt.Sprint(counts[:last]), " ", ", "), "[]") + " or " + count(counts[last], "argument")
	}
	return &Error{Kind: Arity, Function: f.Name, Arg: -1, Message: fmt.Sprintf("%s takes %s, not %d", f.Name, wants, n)}
}

// maxArguments is more than any function of fixed arity takes.
const maxArguments = 8

// mismatch finds the argument at fault, which is the first without whose type the call would resolve.
func (f *Function) mismatch(types []arrow.DataType) error {
	e := &Error{Kind: Type, Function: f.Name, Arg: -1}
	for i := range types {
		probe := append([]arrow.DataType(nil), types...)
		probe[i] = arrow.Null
		if _, ok := f.coerce(probe); ok && !coerce.IsNull(types[i]) {
			e.Arg = i
			e.Message = fmt.Sprintf("%s does not take %s as argument %d", f.Name, coerce.Format(types[i]), i+1)
			e.Help = adviceFor(types[i])
			return e
		}
	}
	if listed, ok := f.sig.(exact); ok {
		for i, dt := range types {
			if coerce.IsNull(dt) && coerce.CanCast(dt, listed[i]) {
				e.Arg = i
				e.Message = fmt.Sprintf("%s does not take a bare NULL as argument %d", f.Name, i+1)
				e.Help = fmt.Sprintf("write arrow_cast(NULL, '%s')", coerce.Format(listed[i]))
				return e
			}
		}
	}
	parts := make([]string, len(types))
	for i, dt := range types {
		parts[i] = coerce.Format(dt)
	}
	if len(types) == 1 {
		e.Arg = 0
		e.Help = adviceFor(types[0])
	}
	e.Message = fmt.Sprintf("%s does not take (%s)", f.Name, strings.Join(parts, ", "))
	if e.Help == "" {
		e.Help = "cast the arguments"
	}
	return e
}

// adviceFor is the cast that makes a value of this type acceptable to most functions that refuse it.
func adviceFor(dt arrow.DataType) string {
	switch {
	case dt.ID() == arrow.FIXED_SIZE_BINARY:
		return "write arrow_cast(x, 'Binary') for its bytes, or encode(x, 'hex') for their text"
	case dt.ID() == arrow.UINT64:
		return "write CAST(x AS BIGINT)"
	case coerce.IsString(dt):
		return "cast the text to the type that is meant"
	case coerce.IsNumeric(dt):
		return "cast the number to the type that is meant, such as CAST(x AS BIGINT) or CAST(x AS TEXT)"
	}
	return "cast it to a type that the function takes"
}

// invalid is an *Error about the value of a literal argument.
func (c *call) invalid(i int, message, help string) error {
	return &Error{Kind: Value, Function: c.fn.Name, Arg: i, Message: message, Help: help}
}

// count writes a number of things, as in "no arguments", "1 argument" and "2 arguments".
func count(n int, thing string) string {
	switch n {
	case 0:
		return "no " + thing + "s"
	case 1:
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// list writes words as in "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
