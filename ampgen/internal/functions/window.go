package functions

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// windowFunctions are the functions that need OVER. Beside them every aggregate takes OVER.
var windowFunctions = []*Function{
	{Name: "row_number", sig: nullary{}, returns: fixed("UInt64"), nullable: never},
	{Name: "rank", sig: nullary{}, returns: fixed("UInt64"), nullable: never},
	{Name: "dense_rank", sig: nullary{}, returns: fixed("UInt64"), nullable: never},
	{Name: "percent_rank", sig: nullary{}, returns: fixed("Float64"), nullable: never},
	{Name: "cume_dist", sig: nullary{}, returns: fixed("Float64"), nullable: never},
	{Name: "ntile", returns: fixed("UInt64"), nullable: never, literals: constants(0),
		sig: uniformly(1, "UInt64", "UInt32", "UInt16", "UInt8", "Int64", "Int32", "Int16", "Int8")},
	{Name: "lag", Params: shiftParams, sig: oneOf{anything(1), anything(2), anything(3)}, returns: shifted, literals: constants(1, 2)},
	{Name: "lead", Params: shiftParams, sig: oneOf{anything(1), anything(2), anything(3)}, returns: shifted, literals: constants(1, 2)},
	{Name: "first_value", sig: oneOf{anything(1), anything(2)}, returns: same(0)},
	{Name: "last_value", sig: oneOf{anything(1), anything(2)}, returns: same(0)},
	{Name: "nth_value", sig: anything(2), returns: same(0), literals: constants(1)},
}

var shiftParams = []string{"expr", "offset", "default"}

// shifted is the value, or the default's type if the value is NULL.
func shifted(c *call) (arrow.DataType, error) {
	if coerce.IsNull(c.types[0]) && len(c.types) == 3 {
		return c.types[2], nil
	}
	return c.types[0], nil
}
