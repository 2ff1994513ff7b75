package abi

import (
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
)

// Widths in bits up to which an integer fits Amp's decimals. Wider ones become decimal text.
const (
	decimal128Bits = 125
	decimal256Bits = 251
)

// ArrowType is what Amp decodes t into. Every nested field is nullable, list items are called "item" and tuple fields
// "c0", "c1" and so on. Integers of up to 64 bits take the smallest Arrow integer that holds them, up to 125 bits
// Decimal128(38,0), up to 251 bits Decimal256(76,0), and wider ones are decimal text.
func (t Type) ArrowType() arrow.DataType {
	switch t.Kind {
	case Bool:
		return arrow.FixedWidthTypes.Boolean
	case Int, Uint:
		return integerType(t)
	case Address:
		return &arrow.FixedSizeBinaryType{ByteWidth: 20}
	case FixedBytes:
		return &arrow.FixedSizeBinaryType{ByteWidth: t.Size}
	case Bytes:
		return arrow.BinaryTypes.Binary
	case String:
		return arrow.BinaryTypes.String
	case Array:
		return arrow.ListOfField(item(t))
	case FixedArray:
		return arrow.FixedSizeListOfField(int32(t.Size), item(t))
	default:
		fields := make([]arrow.Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = arrow.Field{Name: "c" + strconv.Itoa(i), Type: f.ArrowType(), Nullable: true}
		}
		return arrow.StructOf(fields...)
	}
}

func item(t Type) arrow.Field {
	return arrow.Field{Name: "item", Type: t.Elem.ArrowType(), Nullable: true}
}

func integerType(t Type) arrow.DataType {
	signed := t.Kind == Int
	pick := func(s, u arrow.DataType) arrow.DataType {
		if signed {
			return s
		}
		return u
	}
	switch {
	case t.Bits <= 8:
		return pick(arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Uint8)
	case t.Bits <= 16:
		return pick(arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Uint16)
	case t.Bits <= 32:
		return pick(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Uint32)
	case t.Bits <= 64:
		return pick(arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Uint64)
	case t.Bits <= decimal128Bits:
		return &arrow.Decimal128Type{Precision: 38}
	case t.Bits <= decimal256Bits:
		return &arrow.Decimal256Type{Precision: 76}
	default:
		return arrow.BinaryTypes.String
	}
}

// TopicType is the Arrow type of an indexed parameter: dynamic types, arrays and tuples are logged as their 32-byte hash.
func (p Param) TopicType() arrow.DataType {
	if p.hashed() {
		return &arrow.FixedSizeBinaryType{ByteWidth: 32}
	}
	return p.Type.ArrowType()
}

// hashed reports whether the parameter's topic is the hash of its value.
func (p Param) hashed() bool {
	switch p.Type.Kind {
	case Bytes, String, Array, FixedArray, Tuple:
		return true
	}
	return false
}

// ArrowType is the type of evm_decode_log for e: a struct of the indexed parameters followed by the others, each in the
// order of the signature and nullable; the Null type when the event has no parameters. Unnamed parameters are fields with
// an empty name, which no query can reach.
func (e *Event) ArrowType() arrow.DataType {
	if len(e.Params) == 0 {
		return arrow.Null
	}
	var fields []arrow.Field
	for _, p := range e.Indexed() {
		fields = append(fields, arrow.Field{Name: p.Name, Type: p.TopicType(), Nullable: true})
	}
	for _, p := range e.Body() {
		fields = append(fields, arrow.Field{Name: p.Name, Type: p.Type.ArrowType(), Nullable: true})
	}
	return arrow.StructOf(fields...)
}

// InputsArrowType is the type of evm_decode_params for f, a struct of the inputs. An input without a name is an error, as
// it is to Amp.
func (f *Function) InputsArrowType() (arrow.DataType, error) {
	fields := make([]arrow.Field, len(f.Inputs))
	for i, p := range f.Inputs {
		if p.Name == "" {
			return nil, &Error{
				Offset:  p.start,
				Length:  p.end - p.start,
				Message: "parameter " + strconv.Itoa(i+1) + " of " + f.Name + " has no name",
				Help:    "name every parameter in the signature",
			}
		}
		fields[i] = arrow.Field{Name: p.Name, Type: p.Type.ArrowType(), Nullable: true}
	}
	return arrow.StructOf(fields...), nil
}
