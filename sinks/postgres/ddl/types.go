package ddl

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// The key of Arrow field metadata that refines text to a 256-bit integer, and its values. They are the runtime's LogicalKey,
// repeated here because this package imports nothing of the runtime; a test keeps the two equal.
const (
	logicalKey     = "ampgen.logical"
	logicalUint256 = "uint256"
	logicalInt256  = "int256"
)

// maxIdentifier is the longest name in bytes that PostgreSQL keeps; it cuts longer ones silently.
const maxIdentifier = 63

// ColumnType is the PostgreSQL type that holds every value of f without loss, as written in a CREATE TABLE. Field metadata
// that marks text as a 256-bit integer is honoured. The error is that of Supported.
func ColumnType(f arrow.Field) (string, error) {
	if isText(f.Type) {
		if v, ok := f.Metadata.GetValue(logicalKey); ok && (v == logicalUint256 || v == logicalInt256) {
			return "numeric(78,0)", nil
		}
	}
	if t, ok := scalarType(f.Type); ok {
		return t, nil
	}
	if list, ok := f.Type.(arrow.ListLikeType); ok && f.Type.ID() != arrow.MAP {
		elem, err := ColumnType(list.ElemField())
		if err != nil {
			return "", fmt.Errorf("elements: %w", err)
		}
		// Arrays of PostgreSQL have no nulls between their dimensions and one length per dimension, and composite types would
		// have to be created: what is nested deeper than a list of scalars is JSON.
		if arrow.IsNested(list.Elem().ID()) {
			return "jsonb", nil
		}
		return elem + "[]", nil
	}
	switch t := f.Type.(type) {
	case *arrow.StructType:
		return "jsonb", structSupported(t)
	case *arrow.MapType:
		if err := Supported(t.KeyField()); err != nil {
			return "", fmt.Errorf("keys: %w", err)
		}
		if arrow.IsNested(t.KeyType().ID()) {
			return "", fmt.Errorf("a map with keys of type %s has no JSON form; use map_entries(…)", t.KeyType())
		}
		if err := Supported(t.ItemField()); err != nil {
			return "", fmt.Errorf("values: %w", err)
		}
		return "jsonb", nil
	case *arrow.DictionaryType:
		return "", fmt.Errorf("dictionary-encoded %s is not loaded; cast it to its plain type with arrow_cast", t.ValueType)
	case *arrow.NullType:
		return "", fmt.Errorf("a column of type Null can hold no value; leave it out or cast it to the type it should have")
	}
	return "", fmt.Errorf("%s has no PostgreSQL type; cast it to text or to a type that has one", f.Type)
}

// Supported is nil if f can be stored; otherwise the error says why not and what to do instead.
func Supported(f arrow.Field) error {
	_, err := ColumnType(f)
	return err
}

// structSupported refuses structs that do not fit into one JSON object.
func structSupported(t *arrow.StructType) error {
	seen := map[string]bool{}
	for _, f := range t.Fields() {
		if seen[f.Name] {
			return fmt.Errorf("two fields of the struct are named %q, and a JSON object holds one of them; name the parameters or select the fields", f.Name)
		}
		seen[f.Name] = true
		if err := Supported(f); err != nil {
			return fmt.Errorf("field %q: %w", f.Name, err)
		}
	}
	return nil
}

func isText(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return true
	}
	return false
}

// scalarType maps the types that are one value of PostgreSQL.
func scalarType(t arrow.DataType) (string, bool) {
	switch t := t.(type) {
	case arrow.DecimalType:
		return numeric(t.GetPrecision(), t.GetScale()), true
	case *arrow.TimestampType:
		if t.TimeZone != "" {
			return "timestamptz", true
		}
		return "timestamp", true
	}
	switch t.ID() {
	case arrow.BOOL:
		return "boolean", true
	case arrow.INT8, arrow.UINT8, arrow.INT16:
		return "smallint", true
	case arrow.UINT16, arrow.INT32:
		return "integer", true
	case arrow.UINT32, arrow.INT64:
		return "bigint", true
	case arrow.UINT64:
		return "numeric(20,0)", true
	case arrow.FLOAT16, arrow.FLOAT32:
		return "real", true
	case arrow.FLOAT64:
		return "double precision", true
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return "text", true
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		return "bytea", true
	case arrow.DATE32, arrow.DATE64:
		return "date", true
	case arrow.TIME32, arrow.TIME64:
		return "time", true
	case arrow.DURATION, arrow.INTERVAL_MONTHS, arrow.INTERVAL_DAY_TIME, arrow.INTERVAL_MONTH_DAY_NANO:
		return "interval", true
	}
	return "", false
}

// numeric is the type of a decimal of precision p and scale s. Servers before PostgreSQL 15 know only scales from 0 to the
// precision, so others are widened.
func numeric(p, s int32) string {
	if s < 0 {
		p, s = p-s, 0
	}
	return fmt.Sprintf("numeric(%d,%d)", max(p, s), s)
}
