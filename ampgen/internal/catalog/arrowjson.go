package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Amp writes Arrow types as the serde form of arrow-rs: a bare string for a type without parameters, else an object with one
// key. Fields of a table have the keys name, type and nullable; nested fields are arrow-rs fields and have data_type.

type jsonField struct {
	Name     string          `json:"name"`
	Type     json.RawMessage `json:"type"`
	Nullable bool            `json:"nullable"`
}

type jsonNested struct {
	Name          string            `json:"name"`
	Type          json.RawMessage   `json:"data_type"`
	Nullable      bool              `json:"nullable"`
	DictID        int64             `json:"dict_id"`
	DictIsOrdered bool              `json:"dict_is_ordered"`
	Metadata      map[string]string `json:"metadata"`
}

// simpleTypes are the types that are a bare string.
var simpleTypes = map[string]arrow.DataType{
	"Null": arrow.Null, "Boolean": arrow.FixedWidthTypes.Boolean,
	"Int8": arrow.PrimitiveTypes.Int8, "Int16": arrow.PrimitiveTypes.Int16, "Int32": arrow.PrimitiveTypes.Int32, "Int64": arrow.PrimitiveTypes.Int64,
	"UInt8": arrow.PrimitiveTypes.Uint8, "UInt16": arrow.PrimitiveTypes.Uint16, "UInt32": arrow.PrimitiveTypes.Uint32, "UInt64": arrow.PrimitiveTypes.Uint64,
	"Float16": arrow.FixedWidthTypes.Float16, "Float32": arrow.PrimitiveTypes.Float32, "Float64": arrow.PrimitiveTypes.Float64,
	"Utf8": arrow.BinaryTypes.String, "LargeUtf8": arrow.BinaryTypes.LargeString, "Utf8View": arrow.BinaryTypes.StringView,
	"Binary": arrow.BinaryTypes.Binary, "LargeBinary": arrow.BinaryTypes.LargeBinary, "BinaryView": arrow.BinaryTypes.BinaryView,
	"Date32": arrow.FixedWidthTypes.Date32, "Date64": arrow.FixedWidthTypes.Date64,
}

var simpleNames = func() map[arrow.Type]string {
	out := map[arrow.Type]string{}
	for name, t := range simpleTypes {
		out[t.ID()] = name
	}
	return out
}()

var unitNames = map[arrow.TimeUnit]string{
	arrow.Second: "Second", arrow.Millisecond: "Millisecond", arrow.Microsecond: "Microsecond", arrow.Nanosecond: "Nanosecond",
}

// MarshalFields encodes the fields of a table: an array of {name, type, nullable}.
func MarshalFields(fields []arrow.Field) ([]byte, error) {
	out := make([]jsonField, len(fields))
	for i, f := range fields {
		t, err := MarshalType(f.Type)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		out[i] = jsonField{Name: f.Name, Type: t, Nullable: f.Nullable}
	}
	return json.Marshal(out)
}

// UnmarshalFields decodes what MarshalFields encodes.
func UnmarshalFields(data []byte) ([]arrow.Field, error) {
	var in []jsonField
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	out := make([]arrow.Field, len(in))
	for i, f := range in {
		t, err := UnmarshalType(f.Type)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		out[i] = arrow.Field{Name: f.Name, Type: t, Nullable: f.Nullable}
	}
	return out, nil
}

// MarshalType encodes one Arrow type.
func MarshalType(dt arrow.DataType) (json.RawMessage, error) {
	if name, ok := simpleNames[dt.ID()]; ok {
		return json.Marshal(name)
	}
	switch dt := dt.(type) {
	case *arrow.FixedSizeBinaryType:
		return tagged("FixedSizeBinary", dt.ByteWidth)
	case *arrow.TimestampType:
		var zone *string
		if dt.TimeZone != "" {
			zone = &dt.TimeZone
		}
		return tagged("Timestamp", []any{unitNames[dt.Unit], zone})
	case arrow.DecimalType:
		return tagged(map[arrow.Type]string{arrow.DECIMAL32: "Decimal32", arrow.DECIMAL64: "Decimal64", arrow.DECIMAL128: "Decimal128",
			arrow.DECIMAL256: "Decimal256"}[dt.ID()], []any{dt.GetPrecision(), dt.GetScale()})
	case *arrow.Time32Type:
		return tagged("Time32", unitNames[dt.Unit])
	case *arrow.Time64Type:
		return tagged("Time64", unitNames[dt.Unit])
	case *arrow.DurationType:
		return tagged("Duration", unitNames[dt.Unit])
	case *arrow.MonthIntervalType:
		return tagged("Interval", "YearMonth")
	case *arrow.DayTimeIntervalType:
		return tagged("Interval", "DayTime")
	case *arrow.MonthDayNanoIntervalType:
		return tagged("Interval", "MonthDayNano")
	case *arrow.ListType:
		return nested("List", dt.ElemField())
	case *arrow.LargeListType:
		return nested("LargeList", dt.ElemField())
	case *arrow.FixedSizeListType:
		item, err := marshalNested(dt.ElemField())
		if err != nil {
			return nil, err
		}
		return tagged("FixedSizeList", []any{item, dt.Len()})
	case *arrow.StructType:
		fields := make([]jsonNested, dt.NumFields())
		for i, f := range dt.Fields() {
			var err error
			if fields[i], err = marshalNested(f); err != nil {
				return nil, err
			}
		}
		return tagged("Struct", fields)
	case *arrow.MapType:
		entries, err := marshalNested(arrow.Field{Name: "entries", Type: arrow.StructOf(dt.KeyField(), dt.ItemField())})
		if err != nil {
			return nil, err
		}
		return tagged("Map", []any{entries, dt.KeysSorted})
	case *arrow.DictionaryType:
		key, err := MarshalType(dt.IndexType)
		if err != nil {
			return nil, err
		}
		value, err := MarshalType(dt.ValueType)
		if err != nil {
			return nil, err
		}
		return tagged("Dictionary", []any{key, value})
	}
	return nil, fmt.Errorf("the type %s has no encoding", dt)
}

func tagged(key string, value any) (json.RawMessage, error) {
	return json.Marshal(map[string]any{key: value})
}

func nested(key string, item arrow.Field) (json.RawMessage, error) {
	f, err := marshalNested(item)
	if err != nil {
		return nil, err
	}
	return tagged(key, f)
}

func marshalNested(f arrow.Field) (jsonNested, error) {
	t, err := MarshalType(f.Type)
	if err != nil {
		return jsonNested{}, fmt.Errorf("field %q: %w", f.Name, err)
	}
	return jsonNested{Name: f.Name, Type: t, Nullable: f.Nullable, Metadata: map[string]string{}}, nil
}

// UnmarshalType decodes one Arrow type.
func UnmarshalType(data []byte) (arrow.DataType, error) {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && data[0] == '"' {
		var name string
		if err := json.Unmarshal(data, &name); err != nil {
			return nil, err
		}
		if dt, ok := simpleTypes[name]; ok {
			return dt, nil
		}
		return nil, fmt.Errorf("unknown type %q", name)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil || len(object) != 1 {
		return nil, fmt.Errorf("expected a type name or an object with one key, found %.40s", data)
	}
	for key, value := range object {
		dt, err := unmarshalTagged(key, value)
		if err != nil {
			return nil, fmt.Errorf("type %s: %w", key, err)
		}
		return dt, nil
	}
	return nil, nil // unreachable: the object has one key
}

func unmarshalTagged(key string, value json.RawMessage) (arrow.DataType, error) {
	switch key {
	case "FixedSizeBinary":
		var width int
		if err := json.Unmarshal(value, &width); err != nil || width < 0 {
			return nil, fmt.Errorf("expected a width, found %s", value)
		}
		return &arrow.FixedSizeBinaryType{ByteWidth: width}, nil
	case "Timestamp":
		var unit string
		var zone *string
		if err := tuple(value, &unit, &zone); err != nil {
			return nil, err
		}
		u, err := timeUnit(unit)
		if err != nil {
			return nil, err
		}
		t := &arrow.TimestampType{Unit: u}
		if zone != nil {
			t.TimeZone = *zone
		}
		return t, nil
	case "Decimal32", "Decimal64", "Decimal128", "Decimal256":
		return unmarshalDecimal(key, value)
	case "Time32", "Time64", "Duration", "Interval":
		return unmarshalUnit(key, value)
	case "Dictionary":
		var index, item json.RawMessage
		if err := tuple(value, &index, &item); err != nil {
			return nil, err
		}
		k, err := UnmarshalType(index)
		if err != nil {
			return nil, err
		}
		v, err := UnmarshalType(item)
		if err != nil {
			return nil, err
		}
		if !arrow.IsInteger(k.ID()) {
			return nil, fmt.Errorf("a dictionary's keys are integers, not %s", k)
		}
		return &arrow.DictionaryType{IndexType: k, ValueType: v}, nil
	}
	return unmarshalNestedType(key, value)
}

func unmarshalDecimal(key string, value json.RawMessage) (arrow.DataType, error) {
	var precision, scale int32
	if err := tuple(value, &precision, &scale); err != nil {
		return nil, err
	}
	limit := map[string]int32{"Decimal32": 9, "Decimal64": 18, "Decimal128": 38, "Decimal256": 76}[key]
	if precision < 1 || precision > limit || scale > precision || scale < -precision {
		return nil, fmt.Errorf("the precision is 1 to %d and the scale within it, found %s", limit, value)
	}
	switch key {
	case "Decimal32":
		return &arrow.Decimal32Type{Precision: precision, Scale: scale}, nil
	case "Decimal64":
		return &arrow.Decimal64Type{Precision: precision, Scale: scale}, nil
	case "Decimal128":
		return &arrow.Decimal128Type{Precision: precision, Scale: scale}, nil
	default:
		return &arrow.Decimal256Type{Precision: precision, Scale: scale}, nil
	}
}

func unmarshalUnit(key string, value json.RawMessage) (arrow.DataType, error) {
	var name string
	if err := json.Unmarshal(value, &name); err != nil {
		return nil, err
	}
	if key == "Interval" {
		switch name {
		case "YearMonth":
			return arrow.FixedWidthTypes.MonthInterval, nil
		case "DayTime":
			return arrow.FixedWidthTypes.DayTimeInterval, nil
		case "MonthDayNano":
			return arrow.FixedWidthTypes.MonthDayNanoInterval, nil
		}
		return nil, fmt.Errorf("unknown unit %q", name)
	}
	unit, err := timeUnit(name)
	if err != nil {
		return nil, err
	}
	switch key {
	case "Time32":
		return &arrow.Time32Type{Unit: unit}, nil
	case "Time64":
		return &arrow.Time64Type{Unit: unit}, nil
	default:
		return &arrow.DurationType{Unit: unit}, nil
	}
}

func unmarshalNestedType(key string, value json.RawMessage) (arrow.DataType, error) {
	switch key {
	case "List", "LargeList":
		item, err := unmarshalNested(value)
		if err != nil {
			return nil, err
		}
		if key == "List" {
			return arrow.ListOfField(item), nil
		}
		return arrow.LargeListOfField(item), nil
	case "FixedSizeList":
		var field json.RawMessage
		var size int32
		if err := tuple(value, &field, &size); err != nil {
			return nil, err
		}
		item, err := unmarshalNested(field)
		if err != nil {
			return nil, err
		}
		if size < 1 {
			return nil, fmt.Errorf("expected a positive length, found %d", size)
		}
		return arrow.FixedSizeListOfField(size, item), nil
	case "Struct":
		var list []json.RawMessage
		if err := json.Unmarshal(value, &list); err != nil {
			return nil, err
		}
		fields := make([]arrow.Field, len(list))
		for i, raw := range list {
			var err error
			if fields[i], err = unmarshalNested(raw); err != nil {
				return nil, err
			}
		}
		return arrow.StructOf(fields...), nil
	case "Map":
		var field json.RawMessage
		var sorted bool
		if err := tuple(value, &field, &sorted); err != nil {
			return nil, err
		}
		entries, err := unmarshalNested(field)
		if err != nil {
			return nil, err
		}
		st, ok := entries.Type.(*arrow.StructType)
		if !ok || st.NumFields() != 2 {
			return nil, fmt.Errorf("a map's entries are a struct of key and value, not %s", entries.Type)
		}
		m := arrow.MapOfFields(st.Field(0), st.Field(1))
		m.KeysSorted = sorted
		return m, nil
	}
	return nil, fmt.Errorf("unknown type")
}

func unmarshalNested(data json.RawMessage) (arrow.Field, error) {
	var f jsonNested
	if err := json.Unmarshal(data, &f); err != nil {
		return arrow.Field{}, err
	}
	t, err := UnmarshalType(f.Type)
	if err != nil {
		return arrow.Field{}, fmt.Errorf("field %q: %w", f.Name, err)
	}
	return arrow.Field{Name: f.Name, Type: t, Nullable: f.Nullable}, nil
}

// tuple decodes a JSON array of exactly the given length.
func tuple(data json.RawMessage, into ...any) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	if len(parts) != len(into) {
		return fmt.Errorf("expected %d values, found %d", len(into), len(parts))
	}
	for i, part := range parts {
		if err := json.Unmarshal(part, into[i]); err != nil {
			return err
		}
	}
	return nil
}

func timeUnit(name string) (arrow.TimeUnit, error) {
	for unit, text := range unitNames {
		if text == name {
			return unit, nil
		}
	}
	return 0, fmt.Errorf("unknown unit %q", name)
}
