package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// field types a field of a struct: null where the field or the struct can be.
func (s *state) field(base *value, name string, at, whole source.Span) *value {
	if bad := spoiled(base); bad != nil {
		return bad
	}
	if coerce.IsNull(base.a.Type) {
		v := same(null, true)
		v.key, v.from = base.key+"["+name+"]", base.from
		return v
	}
	st, ok := base.a.Type.(*arrow.StructType)
	if !ok {
		if m, isMap := base.a.Type.(*arrow.MapType); isMap {
			v := same(m.ItemType(), true)
			v.key, v.from = base.key+"["+name+"]", base.from
			return v
		}
		s.fault(diag.Diagnostic{Code: diag.UnknownColumn, Span: at, Message: fmt.Sprintf("%s has no field %q", coerce.Format(base.a.Type), name),
			Note: "only structs and maps have fields"})
		return poison
	}
	a, ok := st.FieldByName(name)
	if !ok || name == "" {
		s.unknownField(st, name, at)
		return poison
	}
	announced := a
	if r, ok := base.r.Type.(*arrow.StructType); ok {
		if f, ok := r.FieldByName(name); ok {
			announced = f
		}
	}
	v := &value{
		r: typed{announced.Type, announced.Nullable || base.r.Nullable}, a: typed{a.Type, a.Nullable || base.a.Nullable},
		shape: base.shape.field(name), from: base.from, key: base.key + "[" + name + "]",
	}
	return derive(v, whole, base)
}

func (s *state) unknownField(st *arrow.StructType, name string, at source.Span) {
	var fields []string
	unnamed := false
	for _, f := range st.Fields() {
		unnamed = unnamed || f.Name == ""
		fields = appendNew(fields, f.Name)
	}
	d := diag.Diagnostic{Code: diag.UnknownColumn, Span: at, Message: "the struct has no field " + quote(name), Help: suggest.DidYouMean(name, fields)}
	if i := slices.IndexFunc(fields, func(f string) bool { return f != name && strings.EqualFold(f, name) }); i >= 0 {
		d.Note, d.Help = "names after a dot are lower-cased unless quoted", fmt.Sprintf("write ['%s'] or .%q", fields[i], fields[i])
	} else if len(fields) > 0 {
		d.Note = "it has " + list(fields)
	}
	if unnamed && d.Help == "" {
		d.Help = "name every parameter in the signature, since an unnamed one cannot be read"
	}
	s.fault(d)
}

// subscript types x[i]: a field, a list's element, or a map's value.
func (s *state) subscript(sc *scope, e *sql.Subscript) *value {
	base, index := s.expr(sc, e.Base), s.expr(sc, e.Index)
	if bad := spoiled(base, index); bad != nil {
		return bad
	}
	lit, isText := e.Index.(*sql.Literal)
	if isText && lit.Kind == sql.String {
		return s.field(base, lit.Value, lit.Span(), e.Span())
	}
	switch t := base.a.Type.(type) {
	case *arrow.StructType:
		s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: e.Index.Span(), Message: "a struct takes a field name in single quotes", Note: "it is " + coerce.Format(t)})
		return poison
	case *arrow.MapType:
		v := same(t.ItemType(), true)
		v.key, v.from = base.key+"["+index.key+"]", base.from
		return v
	}
	if !coerce.IsList(base.a.Type) && !coerce.IsNull(base.a.Type) {
		s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: e.Base.Span(), Message: coerce.Format(base.a.Type) + " has no elements", Note: "only lists, maps and structs have"})
		return poison
	}
	v := s.apply("array_element", []*value{base, index}, []source.Span{e.Base.Span(), e.Index.Span()}, e.Span())
	if v.bad {
		return v
	}
	out := *v
	out.shape = base.shape.item()
	return &out
}

// slice types x[low:high:step], a list of the same type.
func (s *state) slice(sc *scope, e *sql.Slice) *value {
	args := []*value{s.expr(sc, e.Base), s.expr(sc, e.Low), s.expr(sc, e.High)}
	at := []source.Span{e.Base.Span(), e.Low.Span(), e.High.Span()}
	if e.Step != nil {
		args, at = append(args, s.expr(sc, e.Step)), append(at, e.Step.Span())
	}
	if f, ok := coerce.Item(args[0].a.Type); !args[0].bad && ok && !f.Nullable {
		s.fault(diag.Diagnostic{Code: diag.Unsupported, Span: e.Span(), Message: "the server cannot slice a list whose items are declared not null",
			Help: fmt.Sprintf("write arrow_cast(%s, '%s') first", e.Base.Span().Text(), coerce.Format(coerce.ListOf(f.Type)))})
		return poison
	}
	v := s.apply("array_slice", args, at, e.Span())
	if v.bad {
		return v
	}
	out := *v
	out.shape = args[0].shape
	return &out
}

// array types [a, b]. Its elements see no WITH query and no outer column.
func (s *state) array(sc *scope, e *sql.Array) *value {
	inner := *sc
	inner.ctes, inner.outer = nil, nil
	if len(e.Elems) == 0 {
		v := same(coerce.ListOf(null), true)
		v.key = "[]"
		return v
	}
	args, at := make([]*value, len(e.Elems)), make([]source.Span, len(e.Elems))
	for i, el := range e.Elems {
		args[i], at[i] = s.expr(&inner, el), el.Span()
	}
	return s.apply("make_array", args, at, e.Span())
}

// structExpr types struct(…), a tuple or {…}: a struct whose fields are nullable.
func (s *state) structExpr(sc *scope, e *sql.Struct) *value {
	var values []*value
	announced, actual := make([]arrow.Field, len(e.Fields)), make([]arrow.Field, len(e.Fields))
	keys := make([]string, len(e.Fields))
	fields := map[string]*shape{}
	seen := map[string]bool{}
	for i, f := range e.Fields {
		v := s.expr(sc, f.Value)
		values = append(values, v)
		name := fmt.Sprintf("c%d", i)
		if f.Name != nil {
			name = f.Name.Value
			if seen[name] || name == "" {
				s.fault(diag.Diagnostic{Code: diag.DuplicateOutput, Span: f.Name.Span(), Message: fmt.Sprintf("the field name %q is empty or used twice", name)})
				return poison
			}
		}
		seen[name] = true
		announced[i] = arrow.Field{Name: name, Type: v.r.Type, Nullable: true}
		actual[i] = arrow.Field{Name: name, Type: v.a.Type, Nullable: true}
		keys[i] = name + ":" + v.key
		if v.shape != nil {
			fields[name] = v.shape
		}
	}
	if bad := spoiled(values...); bad != nil {
		return bad
	}
	v := &value{r: typed{arrow.StructOf(announced...), true}, a: typed{arrow.StructOf(actual...), false}, shape: &shape{fields: fields}}
	v.key = "{" + strings.Join(keys, ",") + "}"
	return derive(v, e.Span(), values...)
}

// mapExpr types MAP {k: v}, which is a call of map with two lists.
func (s *state) mapExpr(sc *scope, e *sql.Map) *value {
	var keys, values []*value
	var at [2][]source.Span
	for _, entry := range e.Entries {
		keys, values = append(keys, s.expr(sc, entry.Key)), append(values, s.expr(sc, entry.Value))
		at[0], at[1] = append(at[0], entry.Key.Span()), append(at[1], entry.Value.Span())
	}
	if len(e.Entries) == 0 {
		s.unsupported(e.Span(), "an empty map", "")
		return poison
	}
	k := s.apply("make_array", keys, at[0], e.Span())
	v := s.apply("make_array", values, at[1], e.Span())
	return s.apply("map", []*value{k, v}, []source.Span{e.Span(), e.Span()}, e.Span())
}

// unnest is the element of a list, one per row; it can always be null.
func (s *state) unnest(v *value, at source.Span) *value {
	if bad := spoiled(v); bad != nil {
		return bad
	}
	a, ok := coerce.Item(v.a.Type)
	r, okAnnounced := coerce.Item(v.r.Type)
	if !ok || !okAnnounced {
		s.fault(diag.Diagnostic{Code: diag.TypeMismatch, Span: at, Message: "unnest takes a list, not " + coerce.Format(v.a.Type)})
		return poison
	}
	out := &value{r: typed{r.Type, true}, a: typed{a.Type, true}, shape: v.shape.item(), key: fmt.Sprintf("unnest@%d(%s)", at.Start, v.key)}
	return derive(out, at, v)
}
