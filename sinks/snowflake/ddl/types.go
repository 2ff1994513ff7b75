package ddl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// The key of Arrow field metadata that refines text to a 256-bit integer, and its values. They are the runtime's LogicalKey,
// repeated here because this package imports nothing of the runtime; a test keeps the two equal.
const (
	logicalKey     = "ampgen.logical"
	logicalUint256 = "uint256"
	logicalInt256  = "int256"
)

// Uint256 says how columns of 256-bit integers are held, of which NUMBER holds 38 digits of 78.
type Uint256 string

// The settings of Uint256.
const (
	Uint256Text   Uint256 = "text"   // VARCHAR: decimal text, exact; the default, also of the empty Uint256
	Uint256Binary Uint256 = "binary" // BINARY(32): big-endian, of int256 the two's complement
	Uint256Number Uint256 = "number" // NUMBER(38,0): a value of more digits is an error of the load
)

// ParseUint256 is the setting that s names; the empty text is the default.
func ParseUint256(s string) (Uint256, error) {
	switch u := Uint256(strings.ToLower(s)); u {
	case "":
		return Uint256Text, nil
	case Uint256Text, Uint256Binary, Uint256Number:
		return u, nil
	}
	return "", fmt.Errorf("%q is not a way to hold 256-bit integers; choose text, binary or number", s)
}

const (
	// maxPrecision and maxScale are those of NUMBER.
	maxPrecision, maxScale = 38, 37
	// maxBinary is the longest BINARY in bytes that is had without asking for more, which the type without a length has.
	maxBinary = 8 << 20
)

// ColumnType is the Snowflake type that holds every value of f without loss, as written in a CREATE TABLE. The error is that
// of Supported.
func ColumnType(f arrow.Field, u Uint256) (string, error) {
	if logical, ok := Logical256(f); ok {
		if logical == "" {
			return "", fmt.Errorf("the field is marked as %s %q, which is not text of a 256-bit integer", logicalKey, f.Metadata.Values()[f.Metadata.FindKey(logicalKey)])
		}
		switch u {
		case Uint256Binary:
			return "BINARY(32)", nil
		case Uint256Number:
			return "NUMBER(38,0)", nil
		}
		return "VARCHAR", nil
	}
	if typ, ok := scalarType(f.Type); ok {
		return typ, nil
	}
	return nestedType(f.Type)
}

// Logical256 reports whether f is marked as more than text, and as which 256-bit integer: "uint256" or "int256", or "" if the
// mark is none of the two or f is not text.
func Logical256(f arrow.Field) (logical string, marked bool) {
	v, ok := f.Metadata.GetValue(logicalKey)
	if !ok {
		return "", false
	}
	switch f.Type.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		if v == logicalUint256 || v == logicalInt256 {
			return v, true
		}
	}
	return "", true
}

// Supported is nil if f can be held; otherwise the error says why not and what to do instead.
func Supported(f arrow.Field) error {
	_, err := ColumnType(f, Uint256Text)
	return err
}

// Number is the NUMBER that holds decimals of type t, if there is one. Otherwise they are held as VARCHAR: more than 38 digits,
// or more than 37 of them behind the point.
func Number(t arrow.DecimalType) (precision, scale int32, ok bool) {
	precision, scale = t.GetPrecision(), t.GetScale()
	if scale < 0 {
		precision, scale = precision-scale, 0
	}
	precision = max(precision, scale)
	return precision, scale, precision <= maxPrecision && scale <= maxScale
}

// scalarType maps the types that are one value.
func scalarType(t arrow.DataType) (string, bool) {
	switch t := t.(type) {
	case arrow.DecimalType:
		if precision, scale, ok := Number(t); ok {
			return fmt.Sprintf("NUMBER(%d,%d)", precision, scale), true
		}
		return "VARCHAR", true
	case *arrow.TimestampType:
		if t.TimeZone != "" {
			return "TIMESTAMP_LTZ(9)", true
		}
		return "TIMESTAMP_NTZ(9)", true
	case *arrow.FixedSizeBinaryType:
		return fmt.Sprintf("BINARY(%d)", max(t.ByteWidth, 1)), t.ByteWidth <= maxBinary
	}
	typ, ok := scalarTypes[t.ID()]
	return typ, ok
}

var scalarTypes = map[arrow.Type]string{
	arrow.BOOL: "BOOLEAN",
	arrow.INT8: "NUMBER(3,0)", arrow.UINT8: "NUMBER(3,0)",
	arrow.INT16: "NUMBER(5,0)", arrow.UINT16: "NUMBER(5,0)",
	arrow.INT32: "NUMBER(10,0)", arrow.UINT32: "NUMBER(10,0)",
	arrow.INT64: "NUMBER(19,0)", arrow.UINT64: "NUMBER(20,0)",
	arrow.FLOAT16: "FLOAT", arrow.FLOAT32: "FLOAT", arrow.FLOAT64: "FLOAT",
	arrow.STRING: "VARCHAR", arrow.LARGE_STRING: "VARCHAR", arrow.STRING_VIEW: "VARCHAR",
	arrow.BINARY: "BINARY", arrow.LARGE_BINARY: "BINARY", arrow.BINARY_VIEW: "BINARY",
	arrow.DATE32: "DATE", arrow.DATE64: "DATE",
	arrow.TIME32: "TIME(9)", arrow.TIME64: "TIME(9)",
	arrow.DURATION: "NUMBER(19,0)",
}

// nestedType maps the types that become semi-structured, and refuses the rest.
func nestedType(t arrow.DataType) (string, error) {
	switch t := t.(type) {
	case *arrow.StructType:
		return "OBJECT", structSupported(t)
	case *arrow.MapType:
		switch t.KeyType().ID() {
		case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		default:
			return "", fmt.Errorf("a map with keys of type %s is no OBJECT, whose keys are text; use map_entries(…)", t.KeyType())
		}
		if err := Supported(t.ItemField()); err != nil {
			return "", fmt.Errorf("values: %w", err)
		}
		return "OBJECT", nil
	case arrow.ListLikeType:
		if err := Supported(t.ElemField()); err != nil {
			return "", fmt.Errorf("elements: %w", err)
		}
		return "ARRAY", nil
	case *arrow.DictionaryType:
		return "", fmt.Errorf("dictionary-encoded %s is not loaded; cast it to its plain type with arrow_cast", t.ValueType)
	case *arrow.NullType:
		return "", errors.New("a column of type Null can hold no value; leave it out or cast it to the type it should have")
	case *arrow.FixedSizeBinaryType:
		return "", fmt.Errorf("%s is longer than the %d bytes of a BINARY; take a part of it", t, maxBinary)
	case *arrow.MonthIntervalType, *arrow.DayTimeIntervalType, *arrow.MonthDayNanoIntervalType:
		return "", fmt.Errorf("%s has no Snowflake type that is loaded from files; subtract timestamps, which gives a duration, or cast it to text", t)
	}
	return "", fmt.Errorf("%s has no Snowflake type; cast it to text or to a type that has one", t)
}

// structSupported refuses structs that do not fit into one OBJECT.
func structSupported(t *arrow.StructType) error {
	if t.NumFields() == 0 {
		return errors.New("a struct without fields cannot be written to a file; leave it out of the query")
	}
	seen := map[string]bool{}
	for _, f := range t.Fields() {
		if seen[f.Name] {
			return fmt.Errorf("two fields of the struct are named %q, and an OBJECT holds one of them; name the parameters or select the fields", f.Name)
		}
		seen[f.Name] = true
		if err := Supported(f); err != nil {
			return fmt.Errorf("field %q: %w", f.Name, err)
		}
	}
	return nil
}
