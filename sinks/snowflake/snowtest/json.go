package snowtest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// asJSON is a column of lists or groups as the text of a VARIANT: numbers with all their digits, and bytes in hexadecimal.
func asJSON(a arrow.Array) (arrow.Array, error) {
	b := array.NewLargeStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	var buf []byte
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		var err error
		if buf, err = appendJSON(buf[:0], a, i); err != nil {
			return nil, err
		}
		b.Append(string(buf))
	}
	return b.NewArray(), nil
}

// appendJSON appends element i of a.
func appendJSON(to []byte, a arrow.Array, i int) ([]byte, error) {
	if a.IsNull(i) {
		return append(to, "null"...), nil
	}
	switch a := a.(type) {
	case *array.Struct:
		return appendFields(to, a, i)
	case *array.Map:
		return appendEntries(to, a, i)
	case *array.List:
		from, end := a.ValueOffsets(i)
		to = append(to, '[')
		for j := from; j < end; j++ {
			if j > from {
				to = append(to, ',')
			}
			var err error
			if to, err = appendJSON(to, a.ListValues(), int(j)); err != nil {
				return nil, err
			}
		}
		return append(to, ']'), nil
	case *array.Boolean:
		return strconv.AppendBool(to, a.Value(i)), nil
	case *array.Int8, *array.Int16, *array.Int32, *array.Int64, *array.Uint8, *array.Uint16, *array.Uint32, *array.Uint64:
		if u, ok := a.(*array.Uint64); ok && u.Value(i) > math.MaxInt64 {
			return nil, errorf("100039", "22003", "Numeric value '%d' is out of range for a UINT64 of Parquet", int64(u.Value(i)))
		}
		return append(to, a.ValueStr(i)...), nil
	case *array.Decimal128:
		return append(to, a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)...), nil
	case *array.Float32:
		return appendFloat(to, float64(a.Value(i)), 32), nil
	case *array.Float64:
		return appendFloat(to, a.Value(i), 64), nil
	case *array.String:
		return appendText(to, a.Value(i)), nil
	case *array.Binary:
		return appendText(to, strings.ToUpper(hex.EncodeToString(a.Value(i)))), nil
	case *array.FixedSizeBinary:
		return appendText(to, strings.ToUpper(hex.EncodeToString(a.Value(i)))), nil
	}
	return nil, unsupported("values of type %s in a list or group", a.DataType())
}

func appendFields(to []byte, a *array.Struct, i int) ([]byte, error) {
	to = append(to, '{')
	for f := range a.NumField() {
		if f > 0 {
			to = append(to, ',')
		}
		to = append(appendText(to, a.DataType().(*arrow.StructType).Field(f).Name), ':')
		var err error
		if to, err = appendJSON(to, a.Field(f), i); err != nil {
			return nil, err
		}
	}
	return append(to, '}'), nil
}

func appendEntries(to []byte, a *array.Map, i int) ([]byte, error) {
	keys, ok := a.Keys().(*array.String)
	if !ok {
		return nil, unsupported("maps whose keys are no text")
	}
	from, end := a.ValueOffsets(i)
	to = append(to, '{')
	for j := from; j < end; j++ {
		if j > from {
			to = append(to, ',')
		}
		to = append(appendText(to, keys.Value(int(j))), ':')
		var err error
		if to, err = appendJSON(to, a.Items(), int(j)); err != nil {
			return nil, err
		}
	}
	return append(to, '}'), nil
}

// appendFloat writes what JSON has no number for as text.
func appendFloat(to []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return appendText(to, strconv.FormatFloat(f, 'g', -1, bits))
	}
	return strconv.AppendFloat(to, f, 'g', -1, bits)
}

// appendText quotes s; unlike json.Marshal it leaves <, > and & as they are.
func appendText(to []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string is always JSON
	}
	return append(to, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
