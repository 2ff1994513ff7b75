package sql

import (
	"fmt"
	"strings"
)

// sexpr prints a tree compactly: names bare (quoted ones in double quotes), strings in single quotes, everything else as
// (head parts…).
func sexpr(n Node) string {
	var b strings.Builder
	printer{&b}.node(n)
	return b.String()
}

type printer struct{ *strings.Builder }

func (w printer) list(head string, parts ...any) {
	w.WriteString("(" + head)
	for i, part := range parts {
		if i == 0 && head == "" {
			w.bare(part)
			continue
		}
		w.part(part)
	}
	w.WriteByte(')')
}

// bare prints a part without the space before it.
func (w printer) bare(part any) {
	var b strings.Builder
	printer{&b}.part(part)
	w.WriteString(strings.TrimPrefix(b.String(), " "))
}

// part prints one part after a space; absent parts print nothing.
func (w printer) part(part any) {
	var text string
	switch v := part.(type) {
	case nil:
		return
	case string:
		text = v
	case Ident:
		text = ident(v)
	case *Ident:
		if v != nil {
			text = ident(*v)
		}
	case []Ident:
		text = dotted(v)
	case []Expr:
		for _, e := range v {
			w.part(e)
		}
	case Node:
		if s := sexpr(v); s != "" {
			text = s
		}
	default:
		text = fmt.Sprint(v)
	}
	if text != "" {
		w.WriteString(" " + text)
	}
}

func ident(i Ident) string {
	if i.Quote != 0 {
		return `"` + i.Name + `"`
	}
	return i.Name
}

func dotted(parts []Ident) string {
	var out []string
	for _, p := range parts {
		out = append(out, ident(p))
	}
	return strings.Join(out, ".")
}

func flag(on bool, name string) string {
	if on {
		return name
	}
	return ""
}

func opt[T any, P interface {
	*T
	Node
}](v P) any {
	if v == nil {
		return nil
	}
	return v
}

func anys[T any](list []T) []any {
	var out []any
	for _, v := range list {
		out = append(out, v)
	}
	return out
}

func group[T any](head string, list []T) any {
	if len(list) == 0 {
		return nil
	}
	var b strings.Builder
	printer{&b}.list(head, anys(list)...)
	return b.String()
}

func one(head string, e Expr) any {
	if e == nil {
		return nil
	}
	return group(head, []Expr{e})
}

func (w printer) node(n Node) {
	switch n := n.(type) {
	case Expr:
		w.expr(n)
	case *Query:
		var stream any
		if n.Stream != nil {
			stream = fmt.Sprintf("stream=%v", n.Stream.Value)
		}
		if n.With == nil && n.OrderBy == nil && n.Limit == nil && n.Offset == nil && stream == nil {
			w.node(n.Body)
			return
		}
		w.list("query", opt(n.With), n.Body, group("order", n.OrderBy), one("limit", n.Limit), one("offset", n.Offset), stream)
	case *With:
		w.list("with"+flag(n.Recursive, "-recursive"), anys(n.CTEs)...)
	case *CTE:
		w.list(ident(n.Name), group("columns", n.Columns), n.Query)
	case *SetOp:
		w.list(strings.ToLower(string(n.Op)), flag(n.All, "all"), flag(n.ByName, "by-name"), n.Left, n.Right)
	case *Values:
		w.WriteString("(values")
		for _, row := range n.Rows {
			w.part(group("row", row))
		}
		w.WriteByte(')')
	case *Select:
		w.list("select", opt(n.Distinct), group("", n.Items), group("from", n.From), one("where", n.Where), opt(n.GroupBy),
			one("having", n.Having), group("window", n.Windows), one("qualify", n.Qualify), group("distribute", n.DistributeBy))
	case *Distinct:
		w.list("distinct", n.On)
	case *ExprItem:
		if n.Alias == nil {
			w.node(n.Expr)
			return
		}
		w.list("as", n.Expr, n.Alias)
	case *Wildcard:
		w.list("*", n.Qualifier, group("exclude", n.Exclude), group("replace", n.Replace))
	case *Replacement:
		w.list("as", n.Expr, n.Name)
	case *GroupBy:
		w.list("group", append([]any{flag(n.All, "all")}, anys(n.Items)...)...)
	case *GroupExpr:
		w.node(n.Expr)
	case *GroupingSets:
		w.WriteString("(" + strings.ToLower(string(n.Kind)))
		for _, set := range n.Sets {
			w.WriteString(" (")
			for i, e := range set {
				w.WriteString(strings.Repeat(" ", min(i, 1)) + sexpr(e))
			}
			w.WriteString(")")
		}
		w.WriteByte(')')
	case *NamedWindow:
		w.list(ident(n.Name), n.Spec)
	case *OrderItem:
		w.list(map[bool]string{false: "asc", true: "desc"}[n.Desc], n.Expr, strings.ToLower(string(n.Nulls)))
	default:
		w.rest(n)
	}
}

func (w printer) rest(n Node) {
	switch n := n.(type) {
	case *TableAlias:
		w.list("alias", n.Name, group("columns", n.Columns))
	case *Table:
		w.list("table", n.Name, opt(n.Alias))
	case *TableFunction:
		w.list("call", n.Name, group("args", n.Args), opt(n.Alias))
	case *Derived:
		w.list("derived"+flag(n.Lateral, "-lateral"), n.Query, opt(n.Alias))
	case *Unnest:
		w.list("unnest", n.Args, opt(n.Alias))
	case *ParenTable:
		w.list("paren", n.Table, opt(n.Alias))
	case *Join:
		w.list(flag(n.Natural, "natural-")+strings.ReplaceAll(strings.ToLower(string(n.Kind)), " ", "-"), n.Left, n.Right,
			one("on", n.On), group("using", n.Using))
	case *When:
		w.list("when", n.Cond, n.Result)
	case *Arg:
		if n.Name != nil {
			w.list("=>", n.Name, n.Value)
			return
		}
		w.node(n.Value)
	case *Over:
		w.list("over", n.Window, opt(n.Spec))
	case *WindowSpec:
		w.list("spec", group("partition", n.PartitionBy), group("order", n.OrderBy), opt(n.Frame))
	case *Frame:
		w.list(strings.ToLower(string(n.Units)), n.Start, opt(n.End))
	case *FrameBound:
		w.list(strings.ToLower(string(n.Kind)), n.Offset)
	case *StructField:
		w.list("field", n.Name, n.Value)
	case *MapEntry:
		w.list("entry", n.Key, n.Value)
	case *TypeName:
		w.typeName(n)
	case *TypeField:
		w.list("field", n.Name, n.Type)
	default:
		panic(fmt.Sprintf("no case for %T", n))
	}
}

func (w printer) typeName(n *TypeName) {
	switch {
	case n.Kind == TypeFixedList:
		w.list("array", n.Elem, n.Size)
	case n.Kind == TypeList:
		w.list("array", n.Elem)
	case n.Kind == TypeStruct:
		w.list("struct", anys(n.Fields)...)
	case n.Args != nil:
		w.WriteString(string(n.Kind) + fmt.Sprint(n.Args))
	default:
		w.WriteString(string(n.Kind))
	}
}

func (w printer) expr(e Expr) {
	switch e := e.(type) {
	case *ColumnRef:
		w.WriteString(dotted(e.Parts))
	case *Literal:
		switch e.Kind {
		case String:
			w.WriteString("'" + e.Value + "'")
		case Hex:
			w.WriteString("x'" + e.Value + "'")
		case Null:
			w.WriteString("null")
		default:
			w.WriteString(e.Value)
		}
	case *TypedLiteral:
		w.list("literal", e.Type, e.Value)
	case *Interval:
		w.list("interval", e.Value, e.Unit)
	case *Paren:
		w.list("paren", e.Expr)
	case *Unary:
		w.list(strings.ToLower(string(e.Op)), e.Operand)
	case *Binary:
		w.list(strings.ToLower(string(e.Op)), e.Left, e.Right)
	case *Is:
		w.list("is", flag(e.Not, "not"), e.Operand, string(e.Test))
	case *InList:
		w.list("in", flag(e.Not, "not"), e.Operand, e.List)
	case *InSubquery:
		w.list("in", flag(e.Not, "not"), e.Operand, e.Query)
	case *Between:
		w.list("between", flag(e.Not, "not"), e.Operand, e.Low, e.High)
	case *Like:
		w.list(strings.ToLower(string(e.Kind)), flag(e.Not, "not"), e.Operand, e.Pattern, opt(e.Escape))
	case *Case:
		w.list("case", append(append([]any{e.Operand}, anys(e.Whens)...), one("else", e.Else))...)
	case *Cast:
		w.list(flag(e.Try, "try-")+"cast", e.Operand, e.Type)
	case *AtTimeZone:
		w.list("at-zone", e.Operand, e.Zone)
	case *Call:
		w.list(flag(e.Form != "", strings.ToLower(e.Form)+":")+dotted(e.Name), flag(e.NoParens, "no-parens"), flag(e.Distinct, "distinct"),
			group("args", e.Args), group("order", e.OrderBy), group("within", e.WithinGroup), one("filter", e.Filter), string(e.Nulls),
			opt(e.Over))
	case *Star:
		w.list("*", e.Qualifier)
	case *Array:
		w.list("array", e.Elems)
	case *Struct:
		w.list("struct"+flag(e.Tuple, "-tuple"), anys(e.Fields)...)
	case *Map:
		w.list("map", anys(e.Entries)...)
	case *Subscript:
		w.list("at", e.Base, e.Index)
	case *Slice:
		w.list("slice", e.Base, e.Low, e.High, e.Step)
	case *Subquery:
		w.list("scalar", e.Query)
	case *Exists:
		w.list("exists", flag(e.Not, "not"), e.Query)
	default:
		panic(fmt.Sprintf("no case for %T", e))
	}
}
