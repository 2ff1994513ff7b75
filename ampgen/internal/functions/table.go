package functions

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// tableFunctions are the functions of FROM. Their table has one column, called value, which Resolve types. The arguments
// must be literals, or fold to them.
var tableFunctions = []*Function{
	{Name: "generate_series", Kind: Table, sig: custom{1, 3, asTheyAre}, returns: seriesColumn, nullable: never},
	{Name: "range", Kind: Table, sig: custom{1, 3, asTheyAre}, returns: seriesColumn, nullable: never},
}

// seriesColumn types the column by the first argument. Dates yield instants, unlike the scalar functions of these names.
func seriesColumn(c *call) (arrow.DataType, error) {
	var dt arrow.DataType
	switch t := c.types[0].(type) {
	case *arrow.NullType, *arrow.Int64Type:
		for i, other := range c.types {
			if !coerce.IsNull(other) && other.ID() != arrow.INT64 {
				return nil, c.wrong(i, "a BIGINT literal")
			}
		}
		return int64Type, nil
	case *arrow.TimestampType:
		dt = coerce.Timestamp(arrow.Nanosecond, t.TimeZone)
	case *arrow.Date32Type:
		dt = coerce.Timestamp(arrow.Nanosecond, "")
	default:
		return nil, c.wrong(0, "a BIGINT, TIMESTAMP or DATE literal")
	}
	if len(c.types) != 3 {
		return nil, &Error{Kind: Arity, Function: c.fn.Name, Arg: -1, Message: c.fn.Name + " over time takes 3 arguments: start, end and step"}
	}
	if end := c.types[1]; !coerce.IsNull(end) && end.ID() != c.types[0].ID() {
		return nil, c.wrong(1, "a literal of the type of the first")
	}
	if step := c.types[2]; !coerce.IsNull(step) && step.ID() != arrow.INTERVAL_MONTH_DAY_NANO {
		return nil, c.wrong(2, "an INTERVAL literal")
	}
	return dt, nil
}

// wrong is an *Error about the type of an argument.
func (c *call) wrong(i int, wants string) error {
	return &Error{Kind: Type, Function: c.fn.Name, Arg: i,
		Message: c.fn.Name + " takes " + wants + " here, not " + coerce.Format(c.args[i].Type)}
}
