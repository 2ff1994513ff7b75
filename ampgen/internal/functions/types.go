package functions

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/coerce"
)

// typeOf reads a type of this package's tables.
func typeOf(text string) arrow.DataType {
	dt, err := coerce.ParseType(text)
	if err != nil {
		panic("functions: type " + text + ": " + err.Error()) // a table of this package is wrong; no input leads here
	}
	return dt
}

func typesOf(texts []string) []arrow.DataType {
	out := make([]arrow.DataType, len(texts))
	for i, text := range texts {
		out[i] = typeOf(text)
	}
	return out
}

var (
	null        = typeOf("Null")
	int32Type   = typeOf("Int32")
	int64Type   = typeOf("Int64")
	uint64Type  = typeOf("UInt64")
	float32Type = typeOf("Float32")
	float64Type = typeOf("Float64")
	utf8        = typeOf("Utf8")
	largeUtf8   = typeOf("LargeUtf8")
	utf8View    = typeOf("Utf8View")
	binary      = typeOf("Binary")
	largeBinary = typeOf("LargeBinary")
	binaryView  = typeOf("BinaryView")
	date32      = typeOf("Date32")
)
