package functions

import (
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// The registries, by name and alias.
var (
	scalars    = register(Scalar, coreFunctions, textFunctions, mathFunctions, timeFunctions, nestedFunctions, ampFunctions)
	aggregates = register(Aggregate, aggregateFunctions)
	windows    = register(Window, windowFunctions)
	tables     = register(Table, tableFunctions)
	ofDatasets = register(Scalar, datasetFunctions)
)

// register registers functions of a kind, except those that say their own.
func register(kind Kind, groups ...[]*Function) map[string]*Function {
	out := make(map[string]*Function)
	for _, f := range slices.Concat(groups...) {
		if f.Kind == Scalar {
			f.Kind = kind
		}
		out[f.Name] = f
		for _, alias := range f.Aliases {
			out[alias] = f
		}
	}
	return out
}

// Lookup finds the function that DataFusion calls for a lower-case name. A scalar function wins even where OVER is
// written, which then has no effect. With OVER aggregates come before window functions, except that first_value,
// last_value and nth_value are window functions there.
func Lookup(name string, over bool) (*Function, bool) {
	if f, ok := scalars[name]; ok {
		return f, true
	}
	aggregate, isAggregate := aggregates[name]
	window, isWindow := windows[name]
	if over && isWindow {
		return window, true
	}
	return aggregate, isAggregate
}

// LookupTable finds a function of FROM, by its exact name.
func LookupTable(name string) (*Function, bool) {
	f, ok := tables[name]
	return f, ok
}

// LookupDataset finds a function that belongs to a dataset and is called with the dataset's name before its own. Which
// datasets have it is for the catalog to say.
func LookupDataset(name string) (*Function, bool) {
	f, ok := ofDatasets[name]
	return f, ok
}

// Names are the names and aliases that Lookup finds with or without OVER, sorted, for suggestions.
func Names(over bool) []string {
	names := slices.Collect(maps.Keys(scalars))
	names = slices.AppendSeq(names, maps.Keys(aggregates))
	if over {
		names = slices.AppendSeq(names, maps.Keys(windows))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// OfOperator finds the function that the planner calls in place of an operator over lists: || appends, prepends or
// concatenates by the depth of its operands, @> and <@ ask whether one list has all items of the other. The operands are
// its arguments, in reverse order if swap is true. False if the operator stays one, for coerce to type.
func OfOperator(op coerce.Op, l, r arrow.DataType) (f *Function, swap, ok bool) {
	left, right := depth(l), depth(r)
	switch {
	case op == coerce.ArrayContains && left > 0 && right > 0:
		return scalars["array_has_all"], false, true
	case op == coerce.ArrayIsContainedBy && left > 0 && right > 0:
		return scalars["array_has_all"], true, true
	case op != coerce.StringConcat || left == 0 && right == 0:
		return nil, false, false
	case left > right:
		return scalars["array_append"], false, true
	case left < right:
		return scalars["array_prepend"], false, true
	}
	return scalars["array_concat"], false, true
}
