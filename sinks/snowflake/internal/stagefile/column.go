package stagefile

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// column is how one column of a table goes into files.
type column struct {
	name    string // the table's, for errors
	field   arrow.Field
	convert conversion

	// An unsigned column is written as signed numbers of the same width while its values allow. From the first greater value on
	// it has the type of wide, in files of their own.
	wide *form
	high func(arrow.Array) bool // reports a value that needs wide
}

// form is a type in the file and how to get there.
type form struct {
	typ     arrow.DataType
	convert conversion
}

func newColumn(f arrow.Field, u ddl.Uint256) (column, error) {
	if _, err := ddl.ColumnType(f, u); err != nil {
		return column{}, fmt.Errorf("column %q: %w", f.Name, err)
	}
	c := column{name: f.Name, field: arrow.Field{Name: ddl.Fold(f.Name), Nullable: f.Nullable}}
	switch f.Type.ID() {
	case arrow.UINT32:
		c.field.Type, c.convert = arrow.PrimitiveTypes.Int32, retyped(arrow.PrimitiveTypes.Int32)
		c.wide, c.high = &form{arrow.PrimitiveTypes.Int64, widenUint32}, high32
	case arrow.UINT64:
		c.field.Type, c.convert = arrow.PrimitiveTypes.Int64, retyped(arrow.PrimitiveTypes.Int64)
		c.wide, c.high = &form{uint64Decimal, widenUint64}, high64
	default:
		if logical, _ := ddl.Logical256(f); logical != "" {
			c.field.Type, c.convert = integer256(f, logical, u)
		} else if nested, ok := f.Type.(arrow.NestedType); ok {
			c.field.Type, c.convert = nestedConversion(nested)
		} else {
			c.field.Type, c.convert = scalarConversion(f)
		}
	}
	return c, nil
}

// widen gives the column its wide form if it needs it for a; it reports whether that changed anything.
func (c *column) widen(a arrow.Array) bool {
	if c.wide == nil || !c.high(a) {
		return false
	}
	c.field.Type, c.convert, c.wide = c.wide.typ, c.wide.convert, nil
	return true
}

// converted is the column's array as it is written; the caller releases it.
func (c *column) converted(a arrow.Array) (arrow.Array, error) {
	if c.convert == nil {
		a.Retain()
		return a, nil
	}
	out, err := c.convert(a)
	if err != nil {
		return nil, fmt.Errorf("column %q: %w", c.name, err)
	}
	return out, nil
}

// scalarConversion is for columns that are one value of Snowflake.
func scalarConversion(f arrow.Field) (arrow.DataType, conversion) {
	switch t := f.Type.(type) {
	case *arrow.Float16Type:
		return arrow.PrimitiveTypes.Float32, widenFloat16
	case arrow.DecimalType:
		return decimalConversion(t)
	case *arrow.Date64Type:
		return t, same(wholeDays)
	case *arrow.DurationType:
		return arrow.PrimitiveTypes.Int64, retyped(arrow.PrimitiveTypes.Int64)
	case *arrow.StringViewType:
		return arrow.BinaryTypes.String, contiguous(arrow.BinaryTypes.String)
	case *arrow.BinaryViewType:
		return arrow.BinaryTypes.Binary, contiguous(arrow.BinaryTypes.Binary)
	}
	return f.Type, nil
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
