package stagefile

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
	"github.com/ampgen/ampgen/sinks/snowflake/internal/convert"
)

// column is how one column of a table goes into files.
type column struct {
	name  string // the table's, for errors
	field arrow.Field
	form  convert.Func

	// An unsigned column is written as signed numbers of the same width while its values allow. From the first greater value on
	// it has another type, in files of its own.
	wideType arrow.DataType
	wideForm convert.Func
	high     func(arrow.Array) bool // reports a value that needs wideType; nil if there is none or it has it already
}

func newColumn(f arrow.Field, u ddl.Uint256) (column, error) {
	typ, form, err := convert.Column(f, u)
	if err != nil {
		return column{}, fmt.Errorf("column %q: %w", f.Name, err)
	}
	c := column{name: f.Name, field: arrow.Field{Name: ddl.Fold(f.Name), Type: typ, Nullable: f.Nullable}, form: form}
	switch typ.ID() {
	case arrow.UINT32:
		c.field.Type, c.form = arrow.PrimitiveTypes.Int32, convert.Retype(arrow.PrimitiveTypes.Int32)
		c.wideType, c.wideForm, c.high = arrow.PrimitiveTypes.Int64, convert.WidenUint32, high32
	case arrow.UINT64:
		c.field.Type, c.form = arrow.PrimitiveTypes.Int64, convert.Retype(arrow.PrimitiveTypes.Int64)
		c.wideType, c.wideForm, c.high = convert.Uint64Decimal, convert.WidenUint64, high64
	}
	return c, nil
}

// widen gives the column its wide type if it needs it for a; it reports whether that changed anything.
func (c *column) widen(a arrow.Array) bool {
	if c.high == nil || !c.high(a) {
		return false
	}
	c.field.Type, c.form, c.high = c.wideType, c.wideForm, nil
	return true
}

// converted is the column's array as it is written; the caller releases it.
func (c *column) converted(a arrow.Array) (arrow.Array, error) {
	out, err := c.form.Apply(a)
	if err != nil {
		return nil, fmt.Errorf("column %q: %w", c.name, err)
	}
	return out, nil
}

// high32 reports a value above 2^31-1. What lies below nulls counts too: that costs a wide column at worst.
func high32(a arrow.Array) bool {
	all := uint32(0)
	for _, v := range a.(*array.Uint32).Uint32Values() {
		all |= v
	}
	return all>>31 != 0
}

// high64 reports a value above 2^63-1.
func high64(a arrow.Array) bool {
	all := uint64(0)
	for _, v := range a.(*array.Uint64).Uint64Values() {
		all |= v
	}
	return all>>63 != 0
}
