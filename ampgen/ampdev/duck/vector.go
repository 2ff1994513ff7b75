package duck

import (
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// Vector is a vector of DuckDB, by its C interface: an array of values of the physical type, and a bit mask that tells nulls.
type Vector struct {
	handle mapping.Vector
	n      int
}

// Values is the data of v. T is the physical type: an integer, a float or bool, Cell for text and blobs, Huge for wide
// decimals, List for lists. The values of nulls mean nothing.
func Values[T any](v Vector) []T {
	return unsafe.Slice((*T)(mapping.VectorGetData(v.handle)), v.n)
}

// Cell is DuckDB's string_t: a length, then up to 12 bytes in place, or 4 bytes of prefix and a pointer.
type Cell struct {
	length uint32
	prefix [4]byte
	data   unsafe.Pointer
}

// Bytes is the content. It is DuckDB's memory, valid as long as the vector and not to be written.
func (c *Cell) Bytes() []byte {
	if c.length <= 12 {
		return unsafe.Slice(&c.prefix[0], c.length)
	}
	return unsafe.Slice((*byte)(c.data), c.length)
}

// Huge is a 128-bit integer.
type Huge struct {
	Low  uint64
	High int64
}

// List is where a list's elements are in the vector of elements.
type List struct{ Offset, Length uint64 }

// interval is DuckDB's interval.
type interval struct {
	months, days int32
	micros       int64
}

// Mask tells which values are not null: one bit each, or nil if all are.
type Mask []uint64

// Mask is the mask of v.
func (v Vector) Mask() Mask {
	p := mapping.VectorGetValidity(v.handle)
	if p == nil {
		return nil
	}
	return unsafe.Slice((*uint64)(p), (v.n+63)/64)
}

// Valid reports whether value i is not null.
func (m Mask) Valid(i int) bool { return m == nil || m[i>>6]>>(i&63)&1 == 1 }

// flags is the mask of [from, to) as Arrow's builders take it.
func (m Mask) flags(from, to int) []bool {
	if m == nil {
		return nil
	}
	out := make([]bool, to-from)
	for i := range out {
		out[i] = m.Valid(from + i)
	}
	return out
}

// Field is the vector of a struct's field.
func (v Vector) Field(i int) Vector {
	return Vector{mapping.StructVectorGetChild(v.handle, mapping.IdxT(i)), v.n}
}

// Elements is the vector of all elements of a vector of lists.
func (v Vector) Elements() Vector {
	return Vector{mapping.ListVectorGetChild(v.handle), int(mapping.ListVectorGetSize(v.handle))}
}

// Grow makes room for n more elements at the end of a vector of lists under construction. It returns the vector of all
// elements and the index of the first new one. Vectors of elements that were taken before are invalid.
func (v Vector) Grow(n int) (elements Vector, first int) {
	first = int(mapping.ListVectorGetSize(v.handle))
	size := mapping.IdxT(first + n)
	mapping.ListVectorReserve(v.handle, size)
	mapping.ListVectorSetSize(v.handle, size)
	return v.Elements(), first
}

// SetBytes writes a text or blob. B is copied.
func (v Vector) SetBytes(i int, b []byte) {
	mapping.VectorAssignStringElementLen(v.handle, mapping.IdxT(i), b)
}

// SetNull makes value i null. That of a struct's fields is the caller's.
func (v Vector) SetNull(i int) {
	mapping.VectorEnsureValidityWritable(v.handle)
	v.Mask()[i>>6] &^= 1 << (i & 63)
}
