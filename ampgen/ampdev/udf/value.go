package udf

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/holiman/uint256"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/internal/abi"
)

// column gathers the f-th value of each row; a nil row has none.
func column(rows [][]abi.Value, f int) []*abi.Value {
	out := make([]*abi.Value, len(rows))
	for i, row := range rows {
		if row != nil {
			out[i] = &row[f]
		}
	}
	return out
}

// hash is the type of topics that hold the hash of a value.
var hash = abi.Type{Kind: abi.FixedBytes, Size: 32}

// writeParam writes the values of a parameter of an event, which are hashes if it is indexed and of a dynamic type.
func writeParam(out duck.Vector, p abi.Param, values []*abi.Value) {
	if t, ok := p.TopicType().(*arrow.FixedSizeBinaryType); p.Indexed && ok && t.ByteWidth == hash.Size {
		writeColumn(out, hash, values)
		return
	}
	writeColumn(out, p.Type, values)
}

// writeColumn writes values, nil being null, to the start of out.
func writeColumn(out duck.Vector, t abi.Type, values []*abi.Value) {
	switch t.Kind {
	case abi.Bool:
		fixed(out, values, (*abi.Value).Bool)
	case abi.Int, abi.Uint:
		writeIntegers(out, t, values)
	case abi.Address, abi.FixedBytes, abi.Bytes:
		cells(out, values, func(v *abi.Value) []byte { return v.Bytes })
	case abi.String:
		cells(out, values, func(v *abi.Value) []byte { return []byte(v.Text) })
	case abi.Array, abi.FixedArray:
		writeLists(out, *t.Elem, values)
	case abi.Tuple:
		for f, field := range t.Fields {
			items := make([]*abi.Value, len(values))
			for i, v := range values {
				if v != nil && !v.Null {
					items[i] = &v.Items[f]
				}
			}
			writeColumn(out.Field(f), field, items)
		}
		nulls(out, values)
	}
}

// writeIntegers writes in the type that Amp maps t to.
func writeIntegers(out duck.Vector, t abi.Type, values []*abi.Value) {
	switch t.ArrowType().ID() {
	case arrow.INT8:
		fixed(out, values, func(v *abi.Value) int8 { return int8(v.Int64()) })
	case arrow.INT16:
		fixed(out, values, func(v *abi.Value) int16 { return int16(v.Int64()) })
	case arrow.INT32:
		fixed(out, values, func(v *abi.Value) int32 { return int32(v.Int64()) })
	case arrow.INT64:
		fixed(out, values, (*abi.Value).Int64)
	case arrow.UINT8:
		fixed(out, values, func(v *abi.Value) uint8 { return uint8(v.Uint64()) })
	case arrow.UINT16:
		fixed(out, values, func(v *abi.Value) uint16 { return uint16(v.Uint64()) })
	case arrow.UINT32:
		fixed(out, values, func(v *abi.Value) uint32 { return uint32(v.Uint64()) })
	case arrow.UINT64:
		fixed(out, values, (*abi.Value).Uint64)
	case arrow.DECIMAL128: // two's complement over 256 bits is so over 128 as well
		fixed(out, values, func(v *abi.Value) duck.Huge { return duck.Huge{Low: v.Int[0], High: int64(v.Int[1])} })
	default:
		cells(out, values, func(v *abi.Value) []byte { return []byte(v.Decimal(t)) })
	}
}

func fixed[T any](out duck.Vector, values []*abi.Value, of func(*abi.Value) T) {
	data := duck.Values[T](out)
	for i, v := range values {
		if v == nil || v.Null {
			out.SetNull(i)
			continue
		}
		data[i] = of(v)
	}
}

func cells(out duck.Vector, values []*abi.Value, of func(*abi.Value) []byte) {
	for i, v := range values {
		if v == nil || v.Null {
			out.SetNull(i)
			continue
		}
		out.SetBytes(i, of(v))
	}
}

func nulls(out duck.Vector, values []*abi.Value) {
	for i, v := range values {
		if v == nil || v.Null {
			out.SetNull(i)
		}
	}
}

func writeLists(out duck.Vector, elem abi.Type, values []*abi.Value) {
	var items []*abi.Value
	lists := duck.Values[duck.List](out)
	for i, v := range values {
		lists[i] = duck.List{Offset: uint64(len(items))}
		if v == nil || v.Null {
			continue
		}
		lists[i].Length = uint64(len(v.Items))
		for j := range v.Items {
			items = append(items, &v.Items[j])
		}
	}
	elements, _ := out.Grow(len(items))
	writeColumn(elements, elem, items)
	nulls(out, values)
}

// EncodedType is the type of an argument that is encoded as t: integers are decimal text, whatever their width.
func EncodedType(t abi.Type) arrow.DataType {
	switch t.Kind {
	case abi.Bool:
		return arrow.FixedWidthTypes.Boolean
	case abi.Int, abi.Uint, abi.String:
		return text
	case abi.Array, abi.FixedArray:
		return arrow.ListOf(EncodedType(*t.Elem))
	case abi.Tuple:
		fields := t.ArrowType().(*arrow.StructType).Fields()
		out := make([]arrow.Field, len(fields))
		for i, f := range fields {
			out[i] = arrow.Field{Name: f.Name, Type: EncodedType(t.Fields[i]), Nullable: true}
		}
		return arrow.StructOf(out...)
	}
	return binary
}

// read is value i of a vector of type EncodedType(t).
func read(v duck.Vector, t abi.Type, i int) (abi.Value, error) {
	if !v.Mask().Valid(i) {
		return abi.Value{Null: true}, nil
	}
	switch t.Kind {
	case abi.Bool:
		var out abi.Value
		if duck.Values[bool](v)[i] {
			out.Int.SetOne()
		}
		return out, nil
	case abi.Int, abi.Uint:
		return parseInteger(string(duck.Values[duck.Cell](v)[i].Bytes()))
	case abi.String:
		return abi.Value{Text: string(duck.Values[duck.Cell](v)[i].Bytes())}, nil
	case abi.Array, abi.FixedArray:
		list, elements := duck.Values[duck.List](v)[i], v.Elements()
		items := make([]abi.Value, list.Length)
		for j := range items {
			var err error
			if items[j], err = read(elements, *t.Elem, int(list.Offset)+j); err != nil {
				return abi.Value{}, err
			}
			if items[j].Null { // Amp reads a null element as zero or empty
				items[j] = zero(*t.Elem)
			}
		}
		return abi.Value{Items: items}, nil
	case abi.Tuple:
		items := make([]abi.Value, len(t.Fields))
		for j, f := range t.Fields {
			var err error
			if items[j], err = read(v.Field(j), f, i); err != nil {
				return abi.Value{}, err
			}
		}
		return abi.Value{Items: items}, nil
	}
	return abi.Value{Bytes: append([]byte(nil), duck.Values[duck.Cell](v)[i].Bytes()...)}, nil
}

// parseInteger reads decimal text; negative numbers become two's complement.
func parseInteger(s string) (abi.Value, error) {
	var v abi.Value
	digits, negative := s, false
	if len(s) > 0 && s[0] == '-' {
		digits, negative = s[1:], true
	}
	n, err := uint256.FromDecimal(digits)
	if err != nil {
		return v, fmt.Errorf("%q is no integer of up to 256 bits", s)
	}
	if v.Int = *n; negative {
		v.Int.Neg(n)
	}
	return v, nil
}

// zero is the value that is all zero bits.
func zero(t abi.Type) abi.Value {
	switch t.Kind {
	case abi.Address:
		return abi.Value{Bytes: make([]byte, 20)}
	case abi.FixedBytes:
		return abi.Value{Bytes: make([]byte, t.Size)}
	case abi.FixedArray:
		items := make([]abi.Value, t.Size)
		for i := range items {
			items[i] = zero(*t.Elem)
		}
		return abi.Value{Items: items}
	case abi.Tuple:
		items := make([]abi.Value, len(t.Fields))
		for i, f := range t.Fields {
			items[i] = zero(f)
		}
		return abi.Value{Items: items}
	}
	return abi.Value{}
}
