package functions

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// aggregateFunctions are the functions of a group of rows. All but count are NULL for a group without rows.
var aggregateFunctions = append(statistics(), []*Function{
	{Name: "approx_distinct", sig: anything(1), returns: fixed("UInt64"), runs: isHashed},
	{Name: "approx_median", sig: oneOf{params(integers), coercible{wantOr(floats, one("Float64"), decimals)}}, returns: same(0)},
	{Name: "approx_percentile_cont", OrderedSet: true, sig: percentile(1), returns: same(0), literals: constants(1, 2)},
	{Name: "approx_percentile_cont_with_weight", OrderedSet: true, sig: percentile(2), returns: same(0), literals: constants(2, 3)},
	{Name: "array_agg", IgnoreNulls: true, sig: anything(1), returns: of(coerce.ListOf)},
	{Name: "avg", Aliases: []string{"mean"}, returns: of(average), sig: oneOf{
		params(decimals), params(durations), coercible{want(one("Float64"), integers, floats)}}},
	{Name: "bit_and", sig: params(integers), returns: same(0)},
	{Name: "bit_or", sig: params(integers), returns: same(0)},
	{Name: "bit_xor", sig: params(integers), returns: same(0)},
	{Name: "bool_and", sig: uniformly(1, "Boolean"), returns: fixed("Boolean")},
	{Name: "bool_or", sig: uniformly(1, "Boolean"), returns: fixed("Boolean")},
	{Name: "corr", Params: []string{"y", "x"}, sig: exactly("Float64", "Float64"), returns: fixed("Float64")},
	{Name: "count", sig: oneOf{variadicAny, nullary{}}, returns: fixed("Int64"), nullable: never},
	{Name: "first_value", IgnoreNulls: true, sig: anything(1), returns: same(0)},
	{Name: "last_value", IgnoreNulls: true, sig: anything(1), returns: same(0)},
	{Name: "nth_value", sig: anything(2), returns: same(0), literals: constants(1)},
	{Name: "grouping", sig: variadicAny, returns: fixed("Int32")},
	{Name: "max", sig: custom{1, 1, unwrapped}, returns: same(0), runs: isOrdered},
	{Name: "min", sig: custom{1, 1, unwrapped}, returns: same(0), runs: isOrdered},
	{Name: "median", sig: number{}, returns: same(0)},
	{Name: "percentile_cont", Aliases: []string{"quantile_cont"}, Params: []string{"expr", "percentile"}, OrderedSet: true,
		sig: coercible{anyFloat, double}, returns: of(floatOrDouble), literals: constants(1)},
	{Name: "stddev", Aliases: []string{"stddev_samp"}, sig: number{}, returns: fixed("Float64")},
	{Name: "stddev_pop", sig: number{}, returns: fixed("Float64")},
	{Name: "string_agg", sig: stringAgg(), returns: fixed("LargeUtf8"), literals: constants(1)},
	{Name: "sum", returns: of(total), runs: isTyped, sig: oneOf{
		params(decimals),
		coercible{want(one("UInt64"), one("UInt8"), one("UInt16"), one("UInt32"))},
		coercible{want(one("Int64"), one("Int8"), one("Int16"), one("Int32"))},
		coercible{want(one("Float64"), floats)},
		params(durations)}},
	{Name: "var", Aliases: []string{"var_samp", "var_sample"}, sig: number{}, returns: fixed("Float64")},
	{Name: "var_pop", Aliases: []string{"var_population"}, sig: number{}, returns: fixed("Float64")},
}...)

var numberTypes = []string{"Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64"}

// statistics are the aggregates of two numbers.
func statistics() []*Function {
	pairs := uniformly(2, numberTypes...)
	out := []*Function{
		{Name: "covar_samp", Aliases: []string{"covar"}, sig: pairs, returns: fixed("Float64")},
		{Name: "covar_pop", sig: pairs, returns: fixed("Float64")},
		{Name: "regr_count", sig: pairs, returns: fixed("UInt64")},
	}
	for _, name := range []string{"slope", "intercept", "r2", "avgx", "avgy", "sxx", "syy", "sxy"} {
		out = append(out, &Function{Name: "regr_" + name, sig: pairs, returns: fixed("Float64")})
	}
	return out
}

// percentile lists n equal numbers, a percentile, and an optional number of centroids.
func percentile(n int) oneOf {
	var s oneOf
	for _, dt := range typesOf(numberTypes) {
		plain := append(repeat(dt, n), float64Type)
		s = append(s, exact(plain))
		for _, centroids := range typesOf(numberTypes[:8]) {
			s = append(s, append(exact(plain[:n+1:n+1]), centroids))
		}
	}
	return s
}

// stringAgg lists a text and a separator, in DataFusion's order of preference.
func stringAgg() oneOf {
	return oneOf{
		exactly("LargeUtf8", "Utf8"), exactly("LargeUtf8", "LargeUtf8"), exactly("LargeUtf8", "Null"), exactly("LargeUtf8", "Utf8View"),
		exactly("Utf8", "Utf8"), exactly("Utf8", "LargeUtf8"), exactly("Utf8", "Null"), exactly("Utf8", "Utf8View"),
		exactly("Utf8View", "Utf8View"), exactly("Utf8View", "LargeUtf8"), exactly("Utf8View", "Null"), exactly("Utf8View", "Utf8"),
	}
}

func unwrapped(args []arrow.DataType) ([]arrow.DataType, bool) {
	return []arrow.DataType{coerce.Unwrap(args[0])}, true
}

// average has four more digits on both sides of the point than a decimal that it averages.
func average(dt arrow.DataType) arrow.DataType {
	switch {
	case coerce.IsDecimal(dt):
		return coerce.Widen(dt, 4, 4)
	case coerce.IsDuration(dt):
		return dt
	}
	return float64Type
}

// floatOrDouble keeps a float, and is Float64 else.
func floatOrDouble(dt arrow.DataType) arrow.DataType {
	if coerce.IsFloat(dt) {
		return dt
	}
	return float64Type
}

func isOrdered(dt arrow.DataType) bool { return dt.ID() != arrow.MAP }

// isHashed reports whether approx_distinct has code for a type.
func isHashed(dt arrow.DataType) bool {
	switch dt.ID() {
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.NULL:
		return true
	}
	return coerce.IsInteger(dt) || coerce.IsString(dt) || coerce.IsDate(dt) || coerce.IsTime(dt) || coerce.IsTimestamp(dt)
}

func isTyped(dt arrow.DataType) bool { return !coerce.IsNull(dt) }

// total has ten more digits before the point than a decimal that it adds up.
func total(dt arrow.DataType) arrow.DataType { return coerce.Widen(dt, 10, 0) }
