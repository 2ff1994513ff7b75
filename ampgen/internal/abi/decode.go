package abi

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/holiman/uint256"
)

const word = 32

// maxValues bounds what one decoding can produce, since offsets can make short data name the same bytes again and again.
const maxValues = 1 << 20

// DecodeLog decodes a log of e: first the indexed parameters from topics 1 to 3, then the others from the data, the order of
// ArrowType. A nil topic gives null. Data that does not decode gives nulls for all parameters that are not indexed; data
// beyond the parameters is ignored. A topic that does not hold a value of its type is an error, as it is to Amp. That the
// log is one of e's is not checked.
func (e *Event) DecodeLog(topics [3][]byte, data []byte) ([]Value, error) {
	out := make([]Value, 0, len(e.Params))
	for i, p := range e.Indexed() {
		v, err := decodeTopic(p, topics[i])
		if err != nil {
			return nil, fmt.Errorf("topic %d of %s: %w", i+1, e.Name, err)
		}
		out = append(out, v)
	}
	body := paramTypes(e.Body())
	values, ok := decodeSequence(body, data)
	if !ok {
		for range body {
			out = append(out, null)
		}
		return out, nil
	}
	return append(out, values...), nil
}

func decodeTopic(p Param, topic []byte) (Value, error) {
	switch {
	case topic == nil:
		return null, nil
	case len(topic) != word:
		return Value{}, fmt.Errorf("it has %d bytes, not %d", len(topic), word)
	case p.hashed():
		return Value{Bytes: topic}, nil
	}
	d := &decoder{data: topic}
	v := d.static(p.Type, 0)
	if d.failed {
		return Value{}, fmt.Errorf("0x%x is no %s", topic, p.Type)
	}
	return v, nil
}

// DecodeCall decodes the calldata of a call of f. It is false if the selector is another one or the data does not decode.
func (f *Function) DecodeCall(calldata []byte) ([]Value, bool) {
	selector := f.Selector()
	if len(calldata) < len(selector) || !bytes.Equal(calldata[:4], selector[:]) {
		return nil, false
	}
	return decodeSequence(paramTypes(f.Inputs), calldata[4:])
}

// Decode decodes data that encodes one value of type t, as the only parameter of a call would be. It is false if the data
// does not decode.
func (t Type) Decode(data []byte) (Value, bool) {
	values, ok := decodeSequence([]Type{t}, data)
	if !ok {
		return null, false
	}
	return values[0], true
}

func paramTypes(params []Param) []Type {
	out := make([]Type, len(params))
	for i, p := range params {
		out[i] = p.Type
	}
	return out
}

func decodeSequence(types []Type, data []byte) ([]Value, bool) {
	d := &decoder{data: data}
	values := d.sequence(types, 0)
	return values, !d.failed
}

// dynamic reports whether t is encoded in the tail, behind an offset.
func (t Type) dynamic() bool {
	switch t.Kind {
	case Bytes, String, Array:
		return true
	case FixedArray:
		return t.Elem.dynamic()
	case Tuple:
		for _, f := range t.Fields {
			if f.dynamic() {
				return true
			}
		}
	}
	return false
}

// headSize is how many bytes t takes in the head of a sequence.
func (t Type) headSize() int {
	switch {
	case t.dynamic():
		return word
	case t.Kind == FixedArray:
		return t.Size * t.Elem.headSize()
	case t.Kind == Tuple:
		size := 0
		for _, f := range t.Fields {
			size += f.headSize()
		}
		return size
	}
	return word
}

// decoder reads the contract ABI encoding. After a failure its results mean nothing.
type decoder struct {
	data   []byte
	count  int
	failed bool
}

func (d *decoder) fail() Value {
	d.failed = true
	return null
}

// sequence decodes a tuple whose head begins at base; offsets in it count from there.
func (d *decoder) sequence(types []Type, base int) []Value {
	out := make([]Value, 0, len(types))
	head := base
	for _, t := range types {
		if d.failed {
			return nil
		}
		out = append(out, d.member(t, base, head))
		head += t.headSize()
	}
	return out
}

// member decodes the value of type t whose head is at head, in a sequence that begins at base.
func (d *decoder) member(t Type, base, head int) Value {
	if !t.dynamic() {
		return d.static(t, head)
	}
	offset, ok := d.length(head)
	if !ok || base+offset > len(d.data) {
		return d.fail()
	}
	return d.tail(t, base+offset)
}

// tail decodes a dynamic value that begins at at.
func (d *decoder) tail(t Type, at int) Value {
	if d.count++; d.count > maxValues {
		return d.fail()
	}
	switch t.Kind {
	case Bytes, String:
		n, ok := d.length(at)
		if !ok || n > len(d.data)-at-word {
			return d.fail()
		}
		raw := d.data[at+word : at+word+n : at+word+n]
		if t.Kind == Bytes {
			return Value{Bytes: raw}
		}
		return Value{Text: strings.ToValidUTF8(string(raw), "\uFFFD")}
	case Array:
		n, ok := d.length(at)
		if !ok {
			return d.fail()
		}
		return d.repeat(*t.Elem, n, at+word)
	case FixedArray:
		return d.repeat(*t.Elem, t.Size, at)
	default:
		return Value{Items: d.sequence(t.Fields, at)}
	}
}

// repeat decodes n values of one type whose heads begin at base.
func (d *decoder) repeat(elem Type, n, base int) Value {
	size := elem.headSize()
	if size == 0 || n > (len(d.data)-base)/size {
		if n > 0 {
			return d.fail()
		}
	}
	items := make([]Value, 0, n)
	for i := range n {
		if d.failed {
			return null
		}
		items = append(items, d.member(elem, base, base+i*size))
	}
	return Value{Items: items}
}

// length reads an offset or a count, which no data that fits into memory exceeds.
func (d *decoder) length(at int) (int, bool) {
	w, ok := d.word(at)
	if !ok {
		return 0, false
	}
	var n uint256.Int
	n.SetBytes32(w)
	if !n.IsUint64() || n.Uint64() > uint64(len(d.data)) {
		return 0, false
	}
	return int(n.Uint64()), true
}

func (d *decoder) word(at int) ([]byte, bool) {
	if at < 0 || at > len(d.data)-word {
		return nil, false
	}
	return d.data[at : at+word : at+word], true
}

// static decodes a value that stands in the head. Padding of addresses and fixed bytes is not looked at; an integer must be
// in the range of its type.
func (d *decoder) static(t Type, at int) Value {
	if d.count++; d.count > maxValues {
		return d.fail()
	}
	switch t.Kind {
	case FixedArray:
		return d.repeat(*t.Elem, t.Size, at)
	case Tuple:
		return Value{Items: d.sequence(t.Fields, at)}
	}
	w, ok := d.word(at)
	if !ok {
		return d.fail()
	}
	switch t.Kind {
	case Address:
		return Value{Bytes: w[12:]}
	case FixedBytes:
		return Value{Bytes: w[:t.Size:t.Size]}
	}
	var v Value
	v.Int.SetBytes32(w)
	switch {
	case t.Kind == Bool && !v.Int.IsZero():
		v.Int.SetOne()
	case t.Kind != Bool && !inRange(&v.Int, t):
		return d.fail()
	}
	return v
}

// inRange reports whether x is a value of the integer type t.
func inRange(x *uint256.Int, t Type) bool {
	if t.Bits == 256 {
		return true
	}
	if t.Kind == Uint {
		return x.BitLen() <= t.Bits
	}
	if x.Sign() < 0 {
		var not uint256.Int
		return not.Not(x).BitLen() < t.Bits
	}
	return x.BitLen() < t.Bits
}
