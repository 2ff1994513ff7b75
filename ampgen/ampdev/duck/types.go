package duck

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// TypeName is the DuckDB type that values of an Arrow type have inside the server. Fixed-size binaries are BLOB, fixed-size
// lists are lists, and Decimal256, which is wider than any DECIMAL of DuckDB, is its text.
func TypeName(t arrow.DataType) (string, error) {
	switch t := t.(type) {
	case *arrow.FixedSizeBinaryType:
		return "BLOB", nil
	case *arrow.Decimal128Type:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale), nil
	case *arrow.TimestampType:
		return []string{"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS"}[t.Unit], nil
	case *arrow.ListType:
		return listType(t.Elem())
	case *arrow.LargeListType:
		return listType(t.Elem())
	case *arrow.FixedSizeListType:
		return listType(t.Elem())
	case *arrow.MapType:
		key, err := TypeName(t.KeyType())
		if err != nil {
			return "", err
		}
		item, err := TypeName(t.ItemType())
		return "MAP(" + key + "," + item + ")", err
	case *arrow.StructType:
		var fields []string
		for _, f := range t.Fields() {
			inner, err := TypeName(f.Type)
			if err != nil {
				return "", err
			}
			fields = append(fields, Quote(f.Name)+" "+inner)
		}
		return "STRUCT(" + strings.Join(fields, ",") + ")", nil
	}
	if name, ok := simple[t.ID()]; ok {
		return name, nil
	}
	return "", fmt.Errorf("the development server cannot serve the type %s", t)
}

func listType(elem arrow.DataType) (string, error) {
	inner, err := TypeName(elem)
	return inner + "[]", err
}

var simple = map[arrow.Type]string{
	arrow.NULL: "INTEGER", arrow.BOOL: "BOOLEAN",
	arrow.INT8: "TINYINT", arrow.INT16: "SMALLINT", arrow.INT32: "INTEGER", arrow.INT64: "BIGINT",
	arrow.UINT8: "UTINYINT", arrow.UINT16: "USMALLINT", arrow.UINT32: "UINTEGER", arrow.UINT64: "UBIGINT",
	arrow.FLOAT32: "FLOAT", arrow.FLOAT64: "DOUBLE", arrow.DECIMAL256: "VARCHAR",
	arrow.STRING: "VARCHAR", arrow.LARGE_STRING: "VARCHAR", arrow.STRING_VIEW: "VARCHAR",
	arrow.BINARY: "BLOB", arrow.LARGE_BINARY: "BLOB", arrow.BINARY_VIEW: "BLOB",
	arrow.DATE32: "DATE", arrow.TIME64: "TIME", arrow.INTERVAL_MONTH_DAY_NANO: "INTERVAL",
}

// Quote quotes an identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Text quotes a string literal.
func Text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
