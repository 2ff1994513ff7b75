package sqlfile

import (
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// name reads `name: Name :mode [mode=append]`.
func (a *annotation) name(q *Query, again bool) {
	args := a.arguments()
	if again {
		a.fault(a.span, "put a semicolon between two statements, and one name above each", "the statement has two names")
		return
	}
	if len(args) == 0 || strings.HasPrefix(args[0].value.Text, ":") || args[0].key.Span.Valid() {
		a.fault(a.span, "write -- name: MyQuery :stream", "name: is not followed by a name")
		return
	}
	q.Name = args[0].value
	switch name := q.Name.Text; {
	case !isName(name):
		a.fault(q.Name.Span, "begin with a letter from a to z and go on with letters, digits and _", "%q cannot be the name of a query", name)
	case len(name) > longestName:
		a.fault(q.Name.Span, "files are named after it; describe the query in the comment instead",
			"the query's name has %d letters, and %d are the most", len(name), longestName)
	}
	if len(args) == 1 || args[1].key.Span.Valid() || !strings.HasPrefix(args[1].value.Text, ":") {
		a.fault(a.span, "write -- name: "+q.Name.Text+" :stream, or :batch", "the query has no mode")
		return
	}
	a.mode(q, args[1].value, args[2:])
}

func (a *annotation) mode(q *Query, mode Value, rest []argument) {
	switch mode.Text {
	case ":stream":
		if o := a.options(rest, []string{"mode"}, nil, false); o.byKey["mode"].Text != "" {
			a.fault(o.byKey["mode"].Span, "delete it, or write :batch", "mode= goes with :batch only")
		}
	case ":batch":
		o := a.options(rest, []string{"mode"}, nil, false)
		q.Mode = Mode(o.oneOf("mode", string(Replace), string(Append)))
	default:
		help := suggest.DidYouMean(mode.Text, []string{":stream", ":batch"})
		if help == "" {
			help = "write :stream or :batch"
		}
		a.fault(mode.Span, help, "unknown mode %s", mode.Text)
	}
}

// longestName is how long a query's name may be: with what is put before, between and behind its words, it is the name of files.
const longestName = 100

// isName reports whether s can become the name of a Go package and of types in it.
func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// subject takes the first argument, which stands for itself.
func (a *annotation) subject(args []argument, what, example string) (Value, []argument) {
	if len(args) == 0 || args[0].key.Span.Valid() || args[0].value.Text == "" {
		a.fault(a.span, "write "+a.word.Text+" "+example, "%s needs %s", a.word.Text, what)
		return Value{}, args
	}
	return args[0].value, args[1:]
}

// sink reads `@sink kind table=name [uint256=form] [history]`.
func (a *annotation) sink(q *Query) {
	s := &Sink{Span: a.span}
	var args []argument
	s.Kind, args = a.subject(a.arguments(), "a sink", "postgres table=name")
	o := a.options(args, []string{"table", "uint256"}, []string{"history"}, false)
	s.Table = o.required("table", "name")
	s.Uint256 = o.byKey["uint256"]
	s.History = o.flags["history"]
	if s.Kind.Text != "" {
		q.Sinks = append(q.Sinks, s)
	}
}

// label reads `@label name csv=path key=column on=column [join=…] [dup=…] [prefix=…] [type.column=…]`.
func (a *annotation) label(q *Query) {
	l := &Label{Span: a.span}
	var args []argument
	l.Name, args = a.subject(a.arguments(), "a name", "tokens csv=path key=column on=column")
	o := a.options(args, []string{"csv", "key", "on", "join", "dup", "prefix"}, nil, true)
	l.CSV = o.required("csv", "path")
	l.Key = o.required("key", "column")
	l.On = o.required("on", "column")
	l.Join = o.oneOf("join", "left", "inner")
	l.Dup = o.oneOf("dup", "", "first", "last", "fanout")
	l.Prefix = o.byKey["prefix"]
	l.Types = o.labelTypes()
	if l.Name.Text != "" && !isName(l.Name.Text) {
		a.fault(l.Name.Span, "begin with a letter from a to z and go on with letters, digits and _", "%q cannot be the name of a label", l.Name.Text)
	}
	for _, other := range q.Labels {
		if other.Name.Text == l.Name.Text {
			a.fault(l.Name.Span, "give one of them another name", "label %s is given twice", l.Name.Text)
			return
		}
	}
	if l.Name.Text != "" && l.CSV.Text != "" && l.Key.Text != "" && l.On.Text != "" {
		q.Labels = append(q.Labels, l)
	}
}

// labelTypes reads the overrides, each column once.
func (o options) labelTypes() []LabelType {
	var out []LabelType
	seen := map[string]bool{}
	for _, arg := range o.types {
		column := Value{Text: strings.TrimPrefix(arg.key.Text, "type."), Span: arg.key.Span}
		dt, help := labelType(arg.value.Text)
		switch {
		case column.Text == "":
			o.a.fault(arg.key.Span, "write type.column="+arg.value.Text, "type. is not followed by a column")
		case seen[column.Text]:
			o.a.fault(arg.key.Span, "delete one of them", "%s is given twice in %s", arg.key.Text, o.a.word.Text)
		case dt == nil:
			o.a.fault(arg.value.Span, help, "unknown type %q of a label column", arg.value.Text)
		default:
			out = append(out, LabelType{Column: column, Type: dt, Span: arg.value.Span})
		}
		seen[column.Text] = true
	}
	return out
}

var labelTypeWords = []string{"boolean", "int64", "uint64", "decimal(p,s)", "bytes(n)", "timestamp", "text"}

// labelType is the Arrow type of a label column's type; nil with a help if there is none. Decimals up to 38 digits have 128
// bits, longer ones 256; timestamps count microseconds in UTC.
func labelType(text string) (dt arrow.DataType, help string) {
	switch text {
	case "boolean":
		return arrow.FixedWidthTypes.Boolean, ""
	case "int64":
		return arrow.PrimitiveTypes.Int64, ""
	case "uint64":
		return arrow.PrimitiveTypes.Uint64, ""
	case "timestamp":
		return arrow.FixedWidthTypes.Timestamp_us, ""
	case "text":
		return arrow.BinaryTypes.String, ""
	}
	word, numbers := splitCall(text)
	switch {
	case word == "decimal" && len(numbers) == 2 && numbers[0] >= 1 && numbers[0] <= 76 && numbers[1] <= numbers[0]:
		if numbers[0] <= 38 {
			return &arrow.Decimal128Type{Precision: int32(numbers[0]), Scale: int32(numbers[1])}, ""
		}
		return &arrow.Decimal256Type{Precision: int32(numbers[0]), Scale: int32(numbers[1])}, ""
	case word == "bytes" && len(numbers) == 1 && numbers[0] >= 1 && numbers[0] <= 1<<16:
		return &arrow.FixedSizeBinaryType{ByteWidth: numbers[0]}, ""
	case word == "decimal":
		return nil, "write decimal(38,0): a precision from 1 to 76 and a scale not above it"
	case word == "bytes":
		return nil, "write bytes(20): a length from 1 to 65536"
	}
	if help = suggest.DidYouMean(text, labelTypeWords); help == "" {
		help = "the types are " + strings.Join(labelTypeWords, ", ")
	}
	return nil, help
}

// splitCall splits word(1,2) into the word and its numbers; none if the text has another form.
func splitCall(text string) (word string, numbers []int) {
	word, rest, ok := strings.Cut(text, "(")
	inside, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return word, nil
	}
	for _, part := range strings.Split(inside, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 16+1)
		if err != nil {
			return word, nil
		}
		numbers = append(numbers, int(n))
	}
	return word, numbers
}

// key reads `@key a, b`.
func (a *annotation) key(q *Query) {
	if q.Key != nil {
		a.fault(a.word.Span, "list all columns in one @key", "@key is given twice")
		return
	}
	seen := map[string]bool{}
	for start := a.at; start <= a.end; start = a.at + 1 {
		for a.at = start; a.at < a.end && a.text(a.at) != ','; {
			if a.text(a.at) == '"' {
				a.skipQuoted()
			} else {
				a.at++
			}
		}
		v := a.trimmed(start, a.at)
		quoted := strings.Contains(v.Span.Text(), `"`)
		switch {
		case v.Text == "":
			a.fault(a.span, "write @key block_num, log_index", "@key has an empty column name")
		case !quoted && strings.ContainsAny(v.Text, " \t"):
			a.fault(v.Span, "put a comma between the columns", "%q is not a column name", v.Text)
		case seen[v.Text]:
			a.fault(v.Span, "delete one of them", "@key names %s twice", v.Text)
		default:
			q.Key = append(q.Key, v)
		}
		seen[v.Text] = true
	}
}

// trimmed is the value [start, end) without the space around it.
func (a *annotation) trimmed(start, end int) Value {
	for start < end && isSpace(a.text(start)) {
		start++
	}
	for end > start && isSpace(a.text(end-1)) {
		end--
	}
	return a.value(start, end)
}

// column reads `@col name [type=arrow type] [notnull]`.
func (a *annotation) column(q *Query) {
	c := &Column{Span: a.span}
	var args []argument
	c.Name, args = a.subject(a.arguments(), "a column", "name notnull")
	o := a.options(args, []string{"type"}, []string{"notnull"}, false)
	c.Type, c.NotNull = o.byKey["type"], o.flags["notnull"]
	for _, other := range q.Columns {
		if other.Name.Text == c.Name.Text {
			a.fault(c.Name.Span, "put both into one @col", "column %s has two @col", c.Name.Text)
			return
		}
	}
	switch {
	case c.Name.Text == "":
	case len(args) == 0:
		a.fault(a.span, "add type=… or notnull", "@col says nothing about %s", c.Name.Text)
	case c.Type.Text != "" || c.NotNull:
		q.Columns = append(q.Columns, c)
	}
}
