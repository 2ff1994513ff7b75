package duckdb

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/runtime"
)

// converter prepares records for DuckDB's Arrow reader, which takes most arrays as they are. It refuses half floats and
// 256-bit decimals, would cut zoned nanoseconds to microseconds, and its casts do the same to times, durations and intervals, and misreads nested arrays
// that are slices.
type converter struct {
	schema  *arrow.Schema // what convert returns
	columns []conversion
}

// conversion turns an array into one of another type with the same elements; nil passes it on. It returns an error, rather
// than a value that differs, for an element that DuckDB cannot hold.
type conversion func(arrow.ArrayData) (arrow.ArrayData, error)

func newConverter(schema *arrow.Schema) *converter {
	c := &converter{columns: make([]conversion, schema.NumFields())}
	fields := make([]arrow.Field, schema.NumFields())
	for i, f := range schema.Fields() {
		typ, convert := conversionOf(f)
		fields[i] = arrow.Field{Name: f.Name, Type: typ, Nullable: true}
		c.columns[i] = convert
	}
	c.schema = arrow.NewSchema(fields, nil)
	return c
}

// convert returns rows as DuckDB reads them, sharing what need not change; the caller releases the result.
func (c *converter) convert(rows arrow.RecordBatch) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, len(c.columns))
	defer func() {
		for _, column := range columns {
			if column != nil {
				column.Release()
			}
		}
	}()
	for i, convert := range c.columns {
		column, err := compact(rows.Column(i))
		if err == nil {
			columns[i] = column
			err = apply(convert, &columns[i])
		}
		if err != nil {
			return nil, &runtime.Error{Class: runtime.Permanent, Op: "convert rows", Err: fmt.Errorf("column %q: %w", rows.ColumnName(i), err)}
		}
	}
	return array.NewRecordBatch(c.schema, columns, rows.NumRows()), nil
}

// apply replaces *column by what convert makes of it.
func apply(convert conversion, column *arrow.Array) error {
	if convert == nil {
		return nil
	}
	data, err := convert((*column).Data())
	if err != nil {
		return err
	}
	defer data.Release()
	(*column).Release()
	*column = array.MakeFromData(data)
	return nil
}

// compact returns column, or a copy if it is nested and it or an array within it is a slice.
func compact(column arrow.Array) (arrow.Array, error) {
	if len(column.Data().Children()) > 0 && sliced(column.Data()) {
		return array.Concatenate([]arrow.Array{column}, memory.DefaultAllocator)
	}
	column.Retain()
	return column, nil
}

func sliced(d arrow.ArrayData) bool {
	return d.Offset() != 0 || slices.ContainsFunc(d.Children(), sliced)
}

// conversionOf returns the type that DuckDB is given for f, and how to get there.
func conversionOf(f arrow.Field) (arrow.DataType, conversion) {
	if logical, _ := f.Metadata.GetValue(runtime.LogicalKey); logical != "" {
		return f.Type, wholeNumbers
	}
	switch t := f.Type.(type) {
	case *arrow.Float16Type:
		return arrow.PrimitiveTypes.Float32, widenFloat16
	case *arrow.Decimal256Type:
		if t.Precision <= 38 {
			return &arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}, narrowDecimal256
		}
		return arrow.BinaryTypes.String, func(d arrow.ArrayData) (arrow.ArrayData, error) { return decimal256Text(d, t.Scale) }
	case *arrow.TimestampType:
		if t.Unit == arrow.Nanosecond && t.TimeZone != "" {
			utc := &arrow.TimestampType{Unit: arrow.Nanosecond} // the count is of UTC already
			return utc, func(d arrow.ArrayData) (arrow.ArrayData, error) { return retype(d, utc, d.Children()), nil }
		}
	case *arrow.Date64Type:
		return t, wholeDays
	case *arrow.Time64Type:
		if t.Unit == arrow.Nanosecond {
			return t, wholeMicrosecondTimes
		}
	case *arrow.DurationType:
		if t.Unit == arrow.Nanosecond {
			return t, wholeMicrosecondDurations
		}
	case *arrow.MonthDayNanoIntervalType:
		return t, wholeMicrosecondIntervals
	case arrow.NestedType:
		return nestedConversion(t)
	}
	return f.Type, nil
}

// nestedConversion converts the children of a struct, list or map, if any of them needs it.
func nestedConversion(t arrow.NestedType) (arrow.DataType, conversion) {
	fields := t.Fields()
	convert := make([]conversion, len(fields))
	changed := false
	for i := range fields {
		fields[i].Type, convert[i] = conversionOf(fields[i])
		changed = changed || convert[i] != nil
	}
	if !changed {
		return t, nil
	}
	to := rebuild(t, fields)
	return to, func(d arrow.ArrayData) (arrow.ArrayData, error) {
		children := make([]arrow.ArrayData, len(fields))
		for i, child := range d.Children() {
			if convert[i] == nil {
				child.Retain()
				children[i] = child
				continue
			}
			var err error
			if children[i], err = convert[i](child); err != nil {
				releaseAll(children[:i])
				return nil, err
			}
		}
		out := retype(d, to, children)
		releaseAll(children)
		return out, nil
	}
}

func rebuild(t arrow.NestedType, fields []arrow.Field) arrow.DataType {
	switch t := t.(type) {
	case *arrow.StructType:
		return arrow.StructOf(fields...)
	case *arrow.MapType: // one field: the struct of key and value
		entry := fields[0].Type.(*arrow.StructType)
		return arrow.MapOfFields(entry.Field(0), entry.Field(1))
	case *arrow.LargeListType:
		return arrow.LargeListOfField(fields[0])
	case *arrow.FixedSizeListType:
		return arrow.FixedSizeListOfField(t.Len(), fields[0])
	}
	return arrow.ListOfField(fields[0])
}

// retype is d with another type and children, its buffers shared.
func retype(d arrow.ArrayData, to arrow.DataType, children []arrow.ArrayData) arrow.ArrayData {
	return array.NewData(to, d.Len(), d.Buffers(), children, d.NullN(), d.Offset())
}

func releaseAll(data []arrow.ArrayData) {
	for _, d := range data {
		d.Release()
	}
}
