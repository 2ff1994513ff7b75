package duckdb

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/runtime"
)

// converter prepares records for DuckDB's Arrow reader, which takes most arrays as they are. It refuses half floats and
// 256-bit decimals, and would cut zoned nanoseconds, nanosecond durations and intervals to microseconds.
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
		typ, convert := conversionOf(f.Type)
		fields[i] = arrow.Field{Name: f.Name, Type: typ, Nullable: true}
		c.columns[i] = convert
	}
	c.schema = arrow.NewSchema(fields, nil)
	return c
}

// convert returns rows as DuckDB reads them, sharing what need not change; the caller releases the result.
func (c *converter) convert(rows arrow.RecordBatch) (arrow.RecordBatch, error) {
	columns := make([]arrow.Array, len(c.columns))
	for i, convert := range c.columns {
		column := rows.Column(i)
		if convert == nil {
			column.Retain()
			columns[i] = column
			continue
		}
		data, err := convert(column.Data())
		if err != nil {
			for _, done := range columns[:i] {
				done.Release()
			}
			return nil, &runtime.Error{Class: runtime.Permanent, Op: "convert rows", Err: fmt.Errorf("column %q: %w", rows.ColumnName(i), err),
				Help: "cast the column in the query to microseconds to drop what is finer"}
		}
		columns[i] = array.MakeFromData(data)
		data.Release()
	}
	out := array.NewRecordBatch(c.schema, columns, rows.NumRows())
	for _, column := range columns {
		column.Release()
	}
	return out, nil
}

// conversionOf returns the type that DuckDB is given for t, and how to get there.
func conversionOf(t arrow.DataType) (arrow.DataType, conversion) {
	switch t := t.(type) {
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
	case *arrow.DurationType:
		if t.Unit == arrow.Nanosecond {
			return t, wholeMicrosecondDurations
		}
	case *arrow.MonthDayNanoIntervalType:
		return t, wholeMicrosecondIntervals
	case *arrow.DictionaryType:
		if _, convert := conversionOf(t.ValueType); convert != nil {
			return dictionaryConversion(t)
		}
	case arrow.NestedType:
		return nestedConversion(t)
	}
	return t, nil
}

// nestedConversion converts the children of a struct, list or map, if any of them needs it.
func nestedConversion(t arrow.NestedType) (arrow.DataType, conversion) {
	fields := t.Fields()
	convert := make([]conversion, len(fields))
	changed := false
	for i := range fields {
		fields[i].Type, convert[i] = conversionOf(fields[i].Type)
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

// dictionaryConversion expands a dictionary whose values need converting: rare, so that it may cost a copy.
func dictionaryConversion(t *arrow.DictionaryType) (arrow.DataType, conversion) {
	values, convert := conversionOf(t.ValueType)
	to := &arrow.DictionaryType{IndexType: t.IndexType, ValueType: values, Ordered: t.Ordered}
	return to, func(d arrow.ArrayData) (arrow.ArrayData, error) {
		dictionary, err := convert(d.Dictionary())
		if err != nil {
			return nil, err
		}
		defer dictionary.Release()
		return array.NewDataWithDictionary(to, d.Len(), d.Buffers(), d.NullN(), d.Offset(), dictionary.(*array.Data)), nil
	}
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
