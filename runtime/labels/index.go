package labels

import (
	"encoding/hex"
	"errors"
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// index finds the rows of a label by the values of the column that it is joined on.
type index interface {
	// find sets first[i] to the first row of the label whose key is the value of on's row i, or to none.
	find(on arrow.Array, first []int32)
	// following is the next row with the same key as row, or none.
	following(row int32) int32
}

// reader binds the reading of keys to an array: the function that it returns gives the key of a row that is not null. A
// string that it gives may share memory with the array or with the next string.
type reader[K comparable] func(arrow.Array) (func(row int) K, error)

// keyed is an index by keys of type K.
type keyed[K comparable] struct {
	read  reader[K] // of the column that is joined on
	first map[K]int32
	next  []int32 // by row; nil unless rows fan out
}

// newIndex indexes t's key for lookups by values of type on.
func newIndex(t *Table, on arrow.DataType) (index, error) {
	key := t.key.DataType()
	hexKey, isHex := key.(*arrow.FixedSizeBinaryType)
	switch {
	case isHex && isText(on):
		return newKeyed(t, readBytes, readHex(hexKey.ByteWidth))
	case isHex && isBinary(on), isText(key) && isText(on), arrow.TypeEqual(key, on) && !arrow.IsInteger(key.ID()):
		return newKeyed(t, readBytes, readBytes)
	case arrow.IsInteger(key.ID()) && arrow.IsInteger(on.ID()):
		return newKeyed(t, readInteger, readInteger)
	}
	return nil, fmt.Errorf("a key of type %s cannot be looked up by values of type %s", key, on)
}

// newKeyed reads the keys of t by own and those that are looked up by other.
func newKeyed[K comparable](t *Table, own, other reader[K]) (index, error) {
	at, err := own(t.key)
	if err != nil {
		return nil, err
	}
	x := &keyed[K]{read: other, first: make(map[K]int32, t.key.Len())}
	last := map[K]int32{} // only with fan-out
	if t.Spec.Duplicates == DuplicateFanout {
		x.next = make([]int32, t.key.Len())
	}
	for row := range t.key.Len() {
		key, row := at(row), int32(row)
		if x.next != nil {
			x.next[row] = none
		}
		before, again := x.first[key]
		switch {
		case !again || t.Spec.Duplicates == DuplicateLast:
			x.first[key] = row
		case t.Spec.Duplicates == DuplicateError:
			return nil, fmt.Errorf("line %d: column %s: the key %s was on line %d already", t.lines[row], t.Spec.Key,
				t.key.ValueStr(int(row)), t.lines[before])
		case x.next != nil:
			x.next[last[key]] = row
		}
		if x.next != nil {
			last[key] = row
		}
	}
	return x, nil
}

func (x *keyed[K]) find(on arrow.Array, first []int32) {
	at, err := x.read(on)
	for i := range first {
		first[i] = none
		if err != nil || on.IsNull(i) {
			continue
		}
		if row, ok := x.first[at(i)]; ok {
			first[i] = row
		}
	}
}

func (x *keyed[K]) following(row int32) int32 {
	if x.next == nil {
		return none
	}
	return x.next[row]
}

// readBytes reads text, binary and all types of fixed width by their bytes.
func readBytes(a arrow.Array) (func(int) string, error) {
	switch a := a.(type) {
	case *array.String:
		return a.Value, nil
	case *array.LargeString:
		return a.Value, nil
	case *array.StringView:
		return a.Value, nil
	case *array.Binary:
		return a.ValueString, nil
	case *array.LargeBinary:
		return a.ValueString, nil
	case *array.BinaryView:
		return a.ValueString, nil
	}
	fixed, ok := a.DataType().(arrow.FixedWidthDataType)
	if !ok || fixed.BitWidth()%8 != 0 || fixed.ID() == arrow.DICTIONARY || fixed.Bytes() == 0 {
		return nil, fmt.Errorf("a key cannot have the type %s", a.DataType())
	}
	width := fixed.Bytes()
	if a.Len() == 0 {
		return func(int) string { return "" }, nil // never called
	}
	values := a.Data().Buffers()[1].Bytes()[a.Data().Offset()*width:]
	return func(row int) string { return unsafe.String(&values[row*width], width) }, nil
}

// readHex reads text that holds width bytes in hex, in any letter case and with or without 0x. Other text reads as empty, which
// no key is.
func readHex(width int) reader[string] {
	return func(a arrow.Array) (func(int) string, error) {
		text, err := readBytes(a)
		if err != nil {
			return nil, err
		}
		digits, key := make([]byte, 2*width), make([]byte, width)
		return func(row int) string {
			if copy(digits, trimHexPrefix(text(row))) != 2*width || len(trimHexPrefix(text(row))) != 2*width {
				return ""
			}
			if _, err := hex.Decode(key, digits); err != nil {
				return ""
			}
			return unsafe.String(&key[0], width)
		}, nil
	}
}

// integer is an integer of any type: bits in two's complement, and whether they are of a negative number.
type integer struct {
	bits     uint64
	negative bool
}

func readInteger(a arrow.Array) (func(int) integer, error) {
	switch a := a.(type) {
	case *array.Uint64:
		return unsigned(a.Uint64Values()), nil
	case *array.Uint32:
		return unsigned(a.Uint32Values()), nil
	case *array.Uint16:
		return unsigned(a.Uint16Values()), nil
	case *array.Uint8:
		return unsigned(a.Uint8Values()), nil
	case *array.Int64:
		return signed(a.Int64Values()), nil
	case *array.Int32:
		return signed(a.Int32Values()), nil
	case *array.Int16:
		return signed(a.Int16Values()), nil
	case *array.Int8:
		return signed(a.Int8Values()), nil
	}
	return nil, errors.New("not an integer")
}

func unsigned[T uint8 | uint16 | uint32 | uint64](values []T) func(int) integer {
	return func(row int) integer { return integer{bits: uint64(values[row])} }
}

func signed[T int8 | int16 | int32 | int64](values []T) func(int) integer {
	return func(row int) integer { return integer{uint64(int64(values[row])), values[row] < 0} }
}

func isBinary(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW:
		return true
	}
	return false
}
