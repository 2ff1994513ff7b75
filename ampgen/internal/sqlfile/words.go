package sqlfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// annotation is one annotation being read.
type annotation struct {
	block *block
	word  Value
	span  source.Span
	at    int // the next byte to read
	end   int

	faulty bool // a fault has been reported
}

// fault adds a fault of the annotation.
func (a *annotation) fault(span source.Span, help, format string, args ...any) {
	a.faulty = true
	a.block.diags.Add(diag.Diagnostic{Code: diag.Annotation, Span: span, Message: fmt.Sprintf(format, args...), Help: help})
}

// argument is `word`, `key=value` or either with a quoted part.
type argument struct {
	key   Value // of key=value
	value Value
	whole source.Span
}

// arguments splits the rest of the line at spaces. Spaces inside double quotes and parentheses do not count.
func (a *annotation) arguments() []argument {
	var out []argument
	for {
		for a.at < a.end && isSpace(a.text(a.at)) {
			a.at++
		}
		if a.at >= a.end {
			return out
		}
		out = append(out, a.argument())
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func (a *annotation) text(i int) byte { return a.block.file.Text[i] }

func (a *annotation) argument() argument {
	start, depth, equals := a.at, 0, -1
	for a.at < a.end && (depth > 0 || !isSpace(a.text(a.at))) {
		switch c := a.text(a.at); {
		case c == '"':
			a.skipQuoted()
			continue
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '=' && equals < 0 && depth == 0:
			equals = a.at
		}
		a.at++
	}
	arg := argument{whole: a.block.file.Span(start, a.at)}
	if equals >= 0 {
		arg.key = a.value(start, equals)
		start = equals + 1
	}
	arg.value = a.value(start, a.at)
	return arg
}

// skipQuoted moves behind a quoted part.
func (a *annotation) skipQuoted() {
	n := strings.IndexByte(a.block.file.Text[a.at+1:a.end], '"')
	if n < 0 {
		a.fault(a.block.file.Span(a.at, a.at+1), `close it with "`, "unterminated quote in %s", a.word.Text)
		a.at = a.end
		return
	}
	a.at += n + 2
}

// value is the text [start, end) without its double quotes.
func (a *annotation) value(start, end int) Value {
	span := a.block.file.Span(start, end)
	return Value{Text: strings.ReplaceAll(span.Text(), `"`, ""), Span: span}
}

// options are the arguments of an annotation by key, of which each may occur once.
type options struct {
	a     *annotation
	byKey map[string]Value
	flags map[string]bool
	types []argument // type.column=type, only where typed is asked for

	faulty bool // what is missing may be there, misspelt
}

// options sorts arguments into keys and flags, and reports unknown and repeated ones.
func (a *annotation) options(args []argument, keys, flags []string, typed bool) options {
	o := options{a: a, byKey: map[string]Value{}, flags: map[string]bool{}}
	if i := slices.IndexFunc(args, func(arg argument) bool { return arg.key.Span.Valid() && arg.key.Text == "" }); i >= 0 {
		a.fault(args[i].whole, "write key=value", "%s has a space before =", a.word.Text)
		o.faulty = true
		return o
	}
	for _, arg := range args {
		switch name := arg.key.Text; {
		case arg.key.Span.Valid() && arg.value.Text == "":
			a.fault(arg.whole, "write "+name+"=value", "%s has no value", name)
		case arg.key.Span.Valid() && slices.Contains(keys, name):
			if _, again := o.byKey[name]; again {
				a.fault(arg.key.Span, "delete one of them", "%s is given twice in %s", name, a.word.Text)
				continue
			}
			o.byKey[name] = arg.value
		case typed && strings.HasPrefix(name, "type."):
			o.types = append(o.types, arg)
		case !arg.key.Span.Valid() && slices.Contains(flags, arg.value.Text):
			if o.flags[arg.value.Text] {
				a.fault(arg.whole, "delete one of them", "%s is given twice in %s", arg.value.Text, a.word.Text)
			}
			o.flags[arg.value.Text] = true
		default:
			a.unknownArgument(arg, keys, flags, typed)
		}
	}
	o.faulty = a.faulty
	return o
}

func (a *annotation) unknownArgument(arg argument, keys, flags []string, typed bool) {
	word, span := arg.value.Text, arg.whole
	known := slices.Clone(flags)
	for _, k := range keys {
		known = append(known, k+"=")
	}
	if arg.key.Span.Valid() {
		word, span = arg.key.Text+"=", arg.key.Span
	} else if slices.Contains(keys, word) {
		a.fault(span, "write "+word+"=value", "%s has no value", word)
		return
	}
	if typed {
		known = append(known, "type.column=")
	}
	help := suggest.DidYouMean(word, known)
	if help == "" {
		help = a.word.Text + " takes " + strings.Join(known, ", ")
	}
	a.fault(span, help, "unknown %q in %s", word, a.word.Text)
}

// required is the value of a key that must be there.
func (o options) required(key, example string) Value {
	v, ok := o.byKey[key]
	if !ok && !o.faulty {
		o.a.fault(o.a.span, "add "+key+"="+example, "%s needs %s=", o.a.word.Text, key)
	}
	return v
}

// oneOf is the value of a key with few values, or the first of them if it is absent or wrong.
func (o options) oneOf(key string, values ...string) string {
	v, ok := o.byKey[key]
	switch {
	case !ok:
		return values[0]
	case v.Text != "" && slices.Contains(values, v.Text):
		return v.Text
	}
	var known []string
	for _, k := range values {
		if k != "" {
			known = append(known, k)
		}
	}
	help := suggest.DidYouMean(v.Text, known)
	if help == "" {
		help = "write one of " + strings.Join(known, ", ")
	}
	o.a.fault(v.Span, help, "unknown value %q of %s", v.Text, key)
	return values[0]
}
