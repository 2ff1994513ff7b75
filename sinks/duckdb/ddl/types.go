package ddl

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// The field metadata that refines text: see runtime.LogicalKey, which has the same values.
const logicalKey = "ampgen.logical"

// ColumnType is the DuckDB type that holds the values of f without loss, in DuckDB's own notation. A field that DuckDB
// cannot hold is an error that says why and what to do.
func ColumnType(f arrow.Field) (string, error) {
	switch logical, _ := f.Metadata.GetValue(logicalKey); {
	case logical == "":
		return typeOf(f.Type)
	case (logical == "uint256" || logical == "int256") && scalars[f.Type.ID()] == "VARCHAR":
		return "BIGNUM", nil
	default:
		return "", fmt.Errorf("%s marked as %s is not text of a 256-bit integer", f.Type, logical)
	}
}

// Supported reports why DuckDB cannot hold f, or nil.
func Supported(f arrow.Field) error {
	_, err := ColumnType(f)
	return err
}

// scalars are the types without parameters.
var scalars = map[arrow.Type]string{
	arrow.BOOL: "BOOLEAN",
	arrow.INT8: "TINYINT", arrow.INT16: "SMALLINT", arrow.INT32: "INTEGER", arrow.INT64: "BIGINT",
	arrow.UINT8: "UTINYINT", arrow.UINT16: "USMALLINT", arrow.UINT32: "UINTEGER", arrow.UINT64: "UBIGINT",
	arrow.FLOAT16: "FLOAT", arrow.FLOAT32: "FLOAT", arrow.FLOAT64: "DOUBLE",
	arrow.STRING: "VARCHAR", arrow.LARGE_STRING: "VARCHAR", arrow.STRING_VIEW: "VARCHAR",
	arrow.BINARY: "BLOB", arrow.LARGE_BINARY: "BLOB", arrow.BINARY_VIEW: "BLOB", arrow.FIXED_SIZE_BINARY: "BLOB",
	arrow.DATE32: "DATE", arrow.DATE64: "DATE", arrow.TIME32: "TIME", arrow.TIME64: "TIME",
	arrow.DURATION: "INTERVAL", arrow.INTERVAL_MONTHS: "INTERVAL", arrow.INTERVAL_DAY_TIME: "INTERVAL",
	arrow.INTERVAL_MONTH_DAY_NANO: "INTERVAL",
}

func typeOf(t arrow.DataType) (string, error) {
	if s, ok := scalars[t.ID()]; ok {
		return s, nil
	}
	switch t := t.(type) {
	case arrow.DecimalType:
		return decimalType(t)
	case *arrow.TimestampType:
		return timestampType(t), nil
	case *arrow.DictionaryType:
		return "", fmt.Errorf("dictionary-encoded %s is not loaded; cast it to its plain type with arrow_cast", t.ValueType)
	case *arrow.MapType:
		key, err := ColumnType(t.KeyField())
		if err != nil {
			return "", fmt.Errorf("map key: %w", err)
		}
		item, err := ColumnType(t.ItemField())
		if err != nil {
			return "", fmt.Errorf("map value: %w", err)
		}
		return "MAP(" + key + ", " + item + ")", nil
	case *arrow.FixedSizeListType:
		elem, err := ColumnType(t.ElemField())
		return fmt.Sprintf("%s[%d]", elem, t.Len()), err
	case *arrow.ListType, *arrow.LargeListType:
		elem, err := ColumnType(t.(arrow.ListLikeType).ElemField())
		return elem + "[]", err
	case *arrow.StructType:
		return structType(t)
	}
	return "", fmt.Errorf("duckdb cannot hold %s; cast it in the query to a type of the table in docs/types.md", t)
}

// decimalType: DuckDB's DECIMAL ends at 38 digits. Longer integers are BIGNUM, which compares and adds exactly; longer
// fractions have no exact number type in DuckDB and are text.
func decimalType(t arrow.DecimalType) (string, error) {
	p, s := t.GetPrecision(), t.GetScale()
	switch {
	case s < 0 || s > p:
		return "", fmt.Errorf("duckdb cannot hold %s; cast it in the query to a decimal with a scale from 0 to its precision", t)
	case p <= 38:
		return fmt.Sprintf("DECIMAL(%d,%d)", p, s), nil
	case s == 0:
		return "BIGNUM", nil
	}
	return "VARCHAR", nil
}

// timestampType: DuckDB's zoned timestamp counts microseconds, so nanoseconds become TIMESTAMP_NS, in UTC.
func timestampType(t *arrow.TimestampType) string {
	switch {
	case t.Unit == arrow.Nanosecond:
		return "TIMESTAMP_NS"
	case t.TimeZone != "":
		return "TIMESTAMP WITH TIME ZONE"
	}
	return "TIMESTAMP"
}

func structType(t *arrow.StructType) (string, error) {
	if t.NumFields() == 0 {
		return "", fmt.Errorf("duckdb cannot hold a struct without fields; leave it out of the query")
	}
	fields := make([]string, t.NumFields())
	names := make([]string, t.NumFields())
	for i, f := range t.Fields() {
		elem, err := ColumnType(f)
		if err != nil {
			return "", fmt.Errorf("field %q: %w", f.Name, err)
		}
		names[i] = f.Name
		fields[i] = Quote(f.Name) + " " + elem
	}
	if err := distinct(names); err != nil {
		return "", fmt.Errorf("struct fields %w", err)
	}
	return "STRUCT(" + strings.Join(fields, ", ") + ")", nil
}

// distinct refuses names that are empty or equal but for letter case, which DuckDB does not tell apart.
func distinct(names []string) error {
	seen := map[string]string{}
	for _, name := range names {
		folded := strings.ToLower(name)
		if other, ok := seen[folded]; ok {
			return fmt.Errorf("%q and %q are one name in duckdb; rename one with AS", other, name)
		}
		if name == "" {
			return fmt.Errorf("%q: duckdb has no empty names; name it with AS", name)
		}
		seen[folded] = name
	}
	return nil
}
