package abi

import (
	"fmt"

	"github.com/holiman/uint256"
)

// EncodeCall is the calldata of a call of f: the selector and the arguments, of which there must be as many as inputs.
func (f *Function) EncodeCall(args []Value) ([]byte, error) {
	if len(args) != len(f.Inputs) {
		return nil, fmt.Errorf("%s takes %d arguments, not %d", f.Signature(), len(f.Inputs), len(args))
	}
	selector := f.Selector()
	body, err := encodeSequence(paramTypes(f.Inputs), args)
	if err != nil {
		return nil, err
	}
	return append(selector[:], body...), nil
}

// Encode is the encoding of one value of type t, as the only parameter of a call would be encoded. Nulls and values of
// another shape or range are errors.
func (t Type) Encode(v Value) ([]byte, error) {
	return encodeSequence([]Type{t}, []Value{v})
}

// encodeSequence writes the heads of all values and then the tails, to which the heads of dynamic values point.
func encodeSequence(types []Type, values []Value) ([]byte, error) {
	size := 0
	for _, t := range types {
		size += t.headSize()
	}
	var head, tails []byte
	for i, t := range types {
		enc, err := encodeValue(t, &values[i])
		if err != nil {
			return nil, err
		}
		if t.dynamic() {
			head = appendLength(head, size+len(tails))
			tails = append(tails, enc...)
		} else {
			head = append(head, enc...)
		}
	}
	return append(head, tails...), nil
}

func encodeValue(t Type, v *Value) ([]byte, error) {
	if v.Null {
		return nil, fmt.Errorf("null is no %s", t)
	}
	switch t.Kind {
	case Bool, Int, Uint:
		if t.Kind == Bool && v.Int.BitLen() > 1 || t.Kind != Bool && !inRange(&v.Int, t) {
			return nil, fmt.Errorf("%s is no %s", v.Decimal(t), t)
		}
		w := v.Int.Bytes32()
		return w[:], nil
	case Address:
		if len(v.Bytes) != 20 {
			return nil, fmt.Errorf("%d bytes are no address", len(v.Bytes))
		}
		return append(make([]byte, 12, word), v.Bytes...), nil
	case FixedBytes:
		if len(v.Bytes) != t.Size {
			return nil, fmt.Errorf("%d bytes are no %s", len(v.Bytes), t)
		}
		return pad(v.Bytes), nil
	case Bytes:
		return append(appendLength(nil, len(v.Bytes)), pad(v.Bytes)...), nil
	case String:
		return append(appendLength(nil, len(v.Text)), pad([]byte(v.Text))...), nil
	}
	return encodeItems(t, v.Items)
}

func encodeItems(t Type, items []Value) ([]byte, error) {
	types := t.Fields
	var out []byte
	if t.Kind != Tuple {
		types = make([]Type, len(items))
		for i := range types {
			types[i] = *t.Elem
		}
	}
	switch {
	case t.Kind == Array:
		out = appendLength(nil, len(items))
	case t.Kind == FixedArray && len(items) != t.Size, t.Kind == Tuple && len(items) != len(types):
		return nil, fmt.Errorf("%d values are no %s", len(items), t)
	}
	body, err := encodeSequence(types, items)
	if err != nil {
		return nil, err
	}
	return append(out, body...), nil
}

func appendLength(out []byte, n int) []byte {
	w := uint256.NewInt(uint64(n)).Bytes32()
	return append(out, w[:]...)
}

// pad copies b and fills it with zeros to whole words.
func pad(b []byte) []byte {
	return append(make([]byte, 0, (len(b)+word-1)/word*word), append(b[:len(b):len(b)], make([]byte, (word-len(b)%word)%word)...)...)
}
