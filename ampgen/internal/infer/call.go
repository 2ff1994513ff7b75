package infer

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/abi"
	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/functions"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
	"github.com/ampgen/ampgen/ampgen/internal/suggest"
)

// call types a function call. The planner takes a scalar function first, whatever clauses were written; then unnest; then
// with OVER an aggregate or window function, without OVER an aggregate; and a name without parentheses is a column last.
func (s *state) call(sc *scope, c *sql.Call) *value {
	if len(c.Name) > 1 {
		return s.datasetCall(sc, c)
	}
	name := c.Name[0].Name
	if v := s.specialCall(sc, c, name); v != nil {
		return v
	}
	f, ok := functions.Lookup(name, c.Over != nil)
	switch {
	case !ok && c.NoParens:
		return s.columnRef(sc, &sql.ColumnRef{Pos: c.Pos, Parts: c.Name})
	case !ok:
		s.unknownFunction(c, name)
		s.typeArgs(sc, c)
		return poison
	}
	switch f.Kind {
	case functions.Scalar:
		if s.ignoredClauses(c, name) {
			return poison
		}
	case functions.Aggregate:
		return s.aggregateCall(sc, c, f)
	case functions.Window:
		return s.windowCall(sc, c, f)
	}
	args, at := s.typeArgs(sc, c)
	v := s.resolve(f, c.Args, args, at, c.Span())
	s.shapeOfCall(v, name, c, args)
	return v
}

// specialCall types the calls that are no registered functions; nil for others.
func (s *state) specialCall(sc *scope, c *sql.Call, name string) *value {
	switch {
	case name == "block_num" && !c.NoParens:
		return s.blockNumCall(c)
	case name == "unnest" && !c.NoParens:
		if s.ignoredClauses(c, name) {
			return poison
		}
		if !sc.rules.unnest {
			s.unsupported(c.Span(), "unnest in "+sc.rules.clause, "write it in the select list")
			return poison
		}
		args, at := s.typeArgs(sc, c)
		if len(args) != 1 {
			s.fault(diag.Diagnostic{Code: diag.Arguments, Span: c.Span(), Message: "unnest takes one argument"})
			return poison
		}
		if st := args[0]; st.a.Type != nil && !st.bad && isStruct(st) {
			s.unsupported(c.Span(), "unnest of a struct under a name", "select its fields: x['field'] as name")
			return poison
		}
		return s.unnest(args[0], at[0])
	case (name == "map" || name == "make_map") && len(c.Args) > 0 && !(name == "map" && len(c.Args) == 2 && s.twoLists(sc, c)):
		return s.makeMap(sc, c)
	}
	return nil
}

// isStruct reports whether v is a struct.
func isStruct(v *value) bool { return v.a.Type.ID() == arrow.STRUCT }

// twoLists reports whether a call of map has the two lists of keys and values as they are.
func (s *state) twoLists(sc *scope, c *sql.Call) bool {
	for _, arg := range c.Args {
		v := s.expr(sc, arg.Value)
		if v.bad || v.unknown.Valid() || !coerce.IsList(v.a.Type) {
			return v.bad
		}
	}
	return true
}

// makeMap types map(k, v, …), which becomes a map of two lists.
func (s *state) makeMap(sc *scope, c *sql.Call) *value {
	args, at := s.typeArgs(sc, c)
	if len(args)%2 != 0 {
		s.fault(diag.Diagnostic{Code: diag.Arguments, Span: c.Span(), Message: "map takes keys and values in turn", Help: "write map(k1, v1, k2, v2)"})
		return poison
	}
	var parts [2][]*value
	var places [2][]source.Span
	for i, v := range args {
		parts[i%2], places[i%2] = append(parts[i%2], v), append(places[i%2], at[i])
	}
	keys := s.apply("make_array", parts[0], places[0], c.Span())
	values := s.apply("make_array", parts[1], places[1], c.Span())
	return s.apply("map", []*value{keys, values}, []source.Span{c.Span(), c.Span()}, c.Span())
}

func (s *state) unknownFunction(c *sql.Call, name string) {
	d := diag.Diagnostic{Code: diag.UnknownFunction, Span: c.Name[0].Span(), Message: "unknown function " + quote(name)}
	if f, ok := functions.Lookup(name, true); ok && f.Kind == functions.Window {
		d.Message, d.Help = quote(name)+" is a window function", "add OVER (…)"
		s.fault(d)
		return
	}
	d.Help = cmp.Or(elsewhere[name], suggest.DidYouMean(name, functions.Names(c.Over != nil)),
		"use one of DataFusion's or Amp's functions; those of a dataset are written dataset.name(…)")
	s.fault(d)
}

// elsewhere is what to write for functions that people know from other databases.
var elsewhere = map[string]string{
	"mod": "write a % b", "sign": "write CASE WHEN x > 0 THEN 1 WHEN x < 0 THEN -1 ELSE 0 END", "ceiling": "write ceil(x)",
	"hex": "write encode(x, 'hex')", "unhex": "write decode(x, 'hex')", "keccak256": "evm_topic('Event(…)') gives an event's topic",
	"any_value": "write first_value(x)", "approx_count_distinct": "write approx_distinct(x)", "group_concat": "write string_agg(x, ',')",
	"listagg": "write string_agg(x, ',')", "every": "write bool_and(x)", "ilike": "write x ILIKE pattern", "to_varchar": "write CAST(x AS VARCHAR)",
	"date_add": "write x + INTERVAL '1 day'", "datediff": "subtract the timestamps", "array_size": "write array_length(x)",
}

// typeArgs types the arguments of a call; `*` is not one.
func (s *state) typeArgs(sc *scope, c *sql.Call) ([]*value, []source.Span) {
	var args []*value
	var at []source.Span
	for _, a := range c.Args {
		if _, ok := a.Value.(*sql.Star); ok {
			continue
		}
		args, at = append(args, s.expr(sc, a.Value)), append(at, a.Value.Span())
	}
	return args, at
}

// apply calls a scalar function that stands behind an operator or a special form.
func (s *state) apply(name string, args []*value, at []source.Span, whole source.Span) *value {
	f, ok := functions.Lookup(name, false)
	if !ok {
		s.unsupported(whole, "this form", "")
		return poison
	}
	return s.resolve(f, nil, args, at, whole)
}

// resolve computes the type of a call from its typed arguments: announced from the announced types, actual from the actual.
func (s *state) resolve(f *functions.Function, written []*sql.Arg, args []*value, at []source.Span, whole source.Span) *value {
	if bad := spoiled(args...); bad != nil {
		return bad
	}
	announced, actual := make([]functions.Arg, len(args)), make([]functions.Arg, len(args))
	keys := make([]string, len(args))
	agree := true
	for i, v := range args {
		announced[i] = functions.Arg{Type: v.r.Type, Nullable: v.r.Nullable, Literal: v.lit, Constant: v.constant}
		actual[i] = functions.Arg{Type: v.a.Type, Nullable: v.a.Nullable, Literal: v.lit, Constant: v.constant}
		if len(written) == len(args) && written[i].Name != nil {
			announced[i].Name, actual[i].Name = written[i].Name.Name, written[i].Name.Name
		}
		keys[i] = v.key
		agree = agree && v.agree()
	}
	r, err := f.Resolve(announced)
	a := r
	if err == nil && !agree {
		a, err = f.Resolve(actual)
	}
	if err != nil {
		s.badCall(f, written, at, whole, err)
		return poison
	}
	v := &value{r: typed{r.Type, r.AnnouncedNullable}, a: typed{a.Type, a.Nullable}}
	v.key = f.Name + "(" + strings.Join(keys, ",") + ")"
	if f.Volatility == functions.Volatile {
		v.key = fmt.Sprintf("%s@%d", v.key, whole.Start)
	}
	return derive(v, whole, args...)
}

// badCall reports a call that does not fit its function, at the argument that is at fault, and within a Solidity signature at
// the bytes that are.
func (s *state) badCall(f *functions.Function, written []*sql.Arg, at []source.Span, whole source.Span, err error) {
	d := diag.Diagnostic{Code: diag.Arguments, Span: whole, Message: err.Error()}
	var fe *functions.Error
	if errors.As(err, &fe) {
		d.Message, d.Help = fe.Message, fe.Help
		if fe.Arg >= 0 && fe.Arg < len(at) {
			d.Span = at[fe.Arg]
			if len(written) != len(at) {
				s.fault(d)
				return
			}
			if lit, ok := written[fe.Arg].Value.(*sql.Literal); ok && fe.Kind == functions.Value {
				if fe.Length > 0 || fe.Offset > 0 {
					d.Span = lit.ValueSpan(fe.Offset, fe.Offset+fe.Length)
				}
				if strings.HasPrefix(f.Name, "evm_") && f.Name != "evm_encode_hex" {
					d.Code = diag.Signature
				}
			}
		}
	}
	s.fault(d)
}

// ignoredClauses refuses the clauses that the planner drops silently from a scalar call.
func (s *state) ignoredClauses(c *sql.Call, name string) bool {
	var what string
	at := c.Span()
	switch {
	case c.Distinct:
		what = "DISTINCT"
	case len(c.OrderBy) > 0:
		what, at = "ORDER BY", c.OrderBy[0].Span()
	case c.Filter != nil:
		what, at = "FILTER", c.Filter.Span()
	case len(c.WithinGroup) > 0:
		what, at = "WITHIN GROUP", c.WithinGroup[0].Span()
	case c.Over != nil:
		what, at = "OVER", c.Over.Span()
	case c.Nulls != sql.NullsUnstated:
		what = string(c.Nulls)
	default:
		return false
	}
	s.fault(diag.Diagnostic{Code: diag.Ignored, Span: at, Message: what + " on the scalar function " + name + " is parsed and ignored by the server", Help: "remove it"})
	return true
}

// datasetCall types dataset.function(…): eth_call, or a JavaScript function of a derived dataset.
func (s *state) datasetCall(sc *scope, c *sql.Call) *value {
	args, at := s.typeArgs(sc, c)
	name := c.Name[len(c.Name)-1]
	nameAt := c.Name[0].Span().To(name.Span())
	if len(c.Name) > 2 {
		s.fault(diag.Diagnostic{Code: diag.UnknownFunction, Span: nameAt, Message: "a function name has at most two parts, dataset and function"})
		return poison
	}
	dataset := c.Name[0]
	ds := s.dataset(dataset.Value)
	if ds == nil {
		return &value{unknown: c.Span()} // its manifest would tell; @col or a lock can
	}
	if ds.Broken {
		s.faults++ // reported where the catalog was read
		return poison
	}
	if name.Value == "eth_call" && ds.HasEthCall() {
		if f, ok := functions.LookupDataset("eth_call"); ok {
			return s.resolve(f, c.Args, args, at, c.Span())
		}
	}
	f := ds.Function(name.Value)
	if f == nil {
		d := diag.Diagnostic{Code: diag.UnknownFunction, Span: name.Span(), Message: fmt.Sprintf("dataset %s has no function %q", dataset.Value, name.Value)}
		if name.Value == "eth_call" {
			d.Note = "eth_call exists in evm-rpc datasets, this one is " + string(ds.Kind)
		}
		s.fault(d)
		return poison
	}
	return s.scriptCall(f, args, at, c)
}

// scriptCall types a call of a JavaScript function, which takes exactly its input types.
func (s *state) scriptCall(f *catalog.Function, args []*value, at []source.Span, c *sql.Call) *value {
	if bad := spoiled(args...); bad != nil {
		return bad
	}
	if len(args) != len(f.Inputs) {
		s.fault(diag.Diagnostic{Code: diag.Arguments, Span: c.Span(), Message: fmt.Sprintf("%s takes %s, not %d", f.Name, count(len(f.Inputs), "argument"), len(args))})
		return poison
	}
	for i, v := range args {
		if !coerce.Equal(v.a.Type, f.Inputs[i]) && !coerce.IsNull(v.a.Type) {
			s.fault(diag.Diagnostic{Code: diag.Arguments, Span: at[i], Message: fmt.Sprintf("%s takes %s here, not %s", f.Name, coerce.Format(f.Inputs[i]), coerce.Format(v.a.Type)),
				Help: fmt.Sprintf("write arrow_cast(…, '%s')", coerce.Format(f.Inputs[i]))})
			return poison
		}
	}
	v := same(f.Output, true)
	v.key = fmt.Sprintf("%s@%d", f.Name, c.Span().Start)
	return derive(v, c.Span(), args...)
}

// shapeOfCall records which decoded values are 256-bit integers in decimal text.
func (s *state) shapeOfCall(v *value, name string, c *sql.Call, args []*value) {
	if v.bad || v == poison {
		return
	}
	text := func(i int) string {
		if i < 0 || i >= len(args) || args[i].lit == nil {
			return ""
		}
		return args[i].lit.Text
	}
	switch name {
	case "evm_decode_log", "evm_decode":
		if e, err := abi.ParseEvent(text(4)); err == nil {
			var plain []abi.Param
			for _, p := range e.Params {
				if !p.Indexed || p.Type.Kind != abi.Array && p.Type.Kind != abi.FixedArray && p.Type.Kind != abi.Tuple {
					plain = append(plain, p)
				}
			}
			v.shape = shapeOfParams(plain)
		}
	case "evm_decode_params":
		if f, err := abi.ParseFunction(text(1)); err == nil {
			v.shape = shapeOfParams(f.Inputs)
		}
	case "evm_decode_type":
		if t, err := abi.ParseType(text(1)); err == nil {
			v.shape = shapeOf(t)
		}
	}
}
