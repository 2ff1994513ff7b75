package functions

import "github.com/apache/arrow-go/v18/arrow"

// mathFunctions are the functions of numbers.
var mathFunctions = append(floatFunctions(
	"acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "cot", "degrees", "exp", "ln", "log2", "log10",
	"radians", "signum", "sin", "sinh", "sqrt", "tan", "tanh"), []*Function{
	{Name: "abs", sig: number{}, returns: same(0)},
	{Name: "atan2", sig: floatPair, returns: of(float)},
	{Name: "nanvl", sig: floatPair, returns: of(float)},
	{Name: "ceil", sig: oneOf{params(decimals), uniformly(1, "Float64", "Float32")}, returns: of(decimalOrFloat)},
	{Name: "floor", sig: oneOf{params(decimals), uniformly(1, "Float64", "Float32")}, returns: of(decimalOrFloat)},
	{Name: "factorial", sig: uniformly(1, "Int64"), returns: fixed("Int64")},
	{Name: "gcd", sig: uniformly(2, "Int64"), returns: fixed("Int64")},
	{Name: "lcm", sig: uniformly(2, "Int64"), returns: fixed("Int64")},
	{Name: "isnan", sig: oneOf{exactly("Float32"), exactly("Float64")}, returns: fixed("Boolean")},
	{Name: "iszero", sig: oneOf{exactly("Float32"), exactly("Float64")}, returns: fixed("Boolean")},
	{Name: "log", returns: logarithm, sig: oneOf{
		params(decimals), coercible{anyFloat}, coercible{anyFloat, want(decimals)}, coercible{anyFloat, anyFloat}}},
	{Name: "pi", sig: nullary{}, returns: fixed("Float64")},
	{Name: "power", Aliases: []string{"pow"}, returns: of(decimalOrDouble), sig: oneOf{
		coercible{want(decimals), want(one("Int64"), integers)}, coercible{want(decimals), double}, coercible{double, double}}},
	{Name: "random", Volatility: Volatile, sig: nullary{}, returns: fixed("Float64")},
	{Name: "round", returns: of(decimalOrFloat), sig: oneOf{
		coercible{want(decimals), places}, params(decimals),
		coercible{want(one("Float32")), places}, params(one("Float32")),
		coercible{double, places}, coercible{double}}},
	{Name: "trunc", returns: of(float), sig: oneOf{
		exactly("Float32", "Int64"), exactly("Float64", "Int64"), exactly("Float64"), exactly("Float32")}},
}...)

var (
	floatPair = oneOf{exactly("Float32", "Float32"), exactly("Float64", "Float64")}
	anyFloat  = wantOr(floats, one("Float64"), numbers)
	double    = want(one("Float64"), numbers)
	places    = want(one("Int32"), integers)
)

// floatFunctions are functions of one number that compute in Float32 or Float64.
func floatFunctions(names ...string) []*Function {
	out := make([]*Function, len(names))
	for i, name := range names {
		out[i] = &Function{Name: name, sig: uniformly(1, "Float64", "Float32"), returns: of(float)}
	}
	return out
}

// decimalOrFloat keeps a decimal with its precision and scale.
func decimalOrFloat(dt arrow.DataType) arrow.DataType {
	if arrow.IsDecimal(dt.ID()) {
		return dt
	}
	return float(dt)
}

// decimalOrDouble keeps a decimal, and is Float64 else.
func decimalOrDouble(dt arrow.DataType) arrow.DataType {
	if arrow.IsDecimal(dt.ID()) {
		return dt
	}
	return float64Type
}

// logarithm keeps the float of its last argument, the one that is not the base.
func logarithm(c *call) (arrow.DataType, error) {
	last := c.types[len(c.types)-1]
	if arrow.IsFloating(last.ID()) {
		return last, nil
	}
	return float64Type, nil
}
