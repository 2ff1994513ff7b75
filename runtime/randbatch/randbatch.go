// Package randbatch makes record batches of random values for any schema: the input of generated tests and benchmarks, which
// never need a network.
//
// A batch has the bounds of each type in its first rows and nulls in every nullable column; the rest looks like chain data.
// All values are ones that every sink can hold: text has no NUL bytes, times are whole microseconds between 1678 and 2261, and
// floats are never NaN, which equals nothing. Text that is a 256-bit integer by its field's metadata is one.
package randbatch

import (
	"fmt"
	"math/rand/v2"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// New returns a batch of so many rows. The same schema, rows and seed give the same values. The caller releases it. A type that
// no query can have, such as a union, is a bug of the caller and panics.
//
// The batch is a slice of a longer one: its arrays begin at an offset, which code that reads buffers likes to forget.
func New(schema *arrow.Schema, rows int, seed uint64) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	b.Reserve(1 + rows)
	for i, f := range schema.Fields() {
		// A generator per column: a column's values do not depend on its neighbours.
		g := generator{rand.New(rand.NewPCG(seed, uint64(i)))}
		for row := -1; row < rows; row++ {
			g.append(b.Field(i), f, row)
		}
	}
	whole := b.NewRecordBatch()
	defer whole.Release()
	return whole.NewSlice(1, int64(1+rows))
}

// nullRow is the row that is null in every nullable column; rows 0 and 1 have the bounds.
const nullRow = 2

type generator struct{ *rand.Rand }

// append appends the value of a row, which may be null. Rows 0 and 1 have the least and the greatest value.
func (g generator) append(b array.Builder, f arrow.Field, row int) {
	if f.Nullable && row > 1 && (row == nullRow || g.IntN(10) == 0) {
		b.AppendNull()
		return
	}
	edge := middle
	switch row {
	case 0:
		edge = least
	case 1:
		edge = greatest
	}
	if g.appendNested(b, f, edge) || g.appendNumber(b, edge) || g.appendTime(b, edge) || g.appendBytes(b, f, edge) {
		return
	}
	panic(fmt.Sprintf("randbatch: no values for a column of type %s", f.Type))
}

// edge says which value is wanted.
type edge int

const (
	middle edge = iota
	least
	greatest
)

// pick is lo, hi, or what middle makes.
func pick[T any](e edge, lo, hi T, mid func() T) T {
	switch e {
	case least:
		return lo
	case greatest:
		return hi
	}
	return mid()
}

// appendNested appends a list, struct or map. The least list is empty, the greatest has an element of each kind.
func (g generator) appendNested(b array.Builder, f arrow.Field, e edge) bool {
	switch b := b.(type) {
	case *array.MapBuilder:
		g.appendMap(b, f.Type.(*arrow.MapType), e)
	case *array.FixedSizeListBuilder:
		t := f.Type.(*arrow.FixedSizeListType)
		b.Append(true)
		g.elements(b.ValueBuilder(), t.ElemField(), int(t.Len()))
	case *array.ListBuilder:
		b.Append(true)
		g.elements(b.ValueBuilder(), f.Type.(*arrow.ListType).ElemField(), g.length(e))
	case *array.LargeListBuilder:
		b.Append(true)
		g.elements(b.ValueBuilder(), f.Type.(*arrow.LargeListType).ElemField(), g.length(e))
	case *array.StructBuilder:
		b.Append(true)
		for i, child := range f.Type.(*arrow.StructType).Fields() {
			row := nullRow + 1 // neither a bound nor null for certain
			if e != middle {
				row = int(e) - 1
			}
			g.append(b.FieldBuilder(i), child, row)
		}
	default:
		return false
	}
	return true
}

func (g generator) length(e edge) int {
	return pick(e, 0, 4, func() int { return g.IntN(4) })
}

// elements appends n elements: the bounds first, then a null, then others.
func (g generator) elements(b array.Builder, f arrow.Field, n int) {
	for row := range n {
		g.append(b, f, row)
	}
}

// appendMap appends a map. Its keys are distinct: at most the least and the greatest one.
func (g generator) appendMap(b *array.MapBuilder, t *arrow.MapType, e edge) {
	b.Append(true)
	key := t.KeyField()
	key.Nullable = false
	for row := range pick(e, 0, 2, func() int { return g.IntN(3) }) {
		g.append(b.KeyBuilder(), key, row)
		g.append(b.ItemBuilder(), t.ItemField(), nullRow+row)
	}
}

// Size is how many bytes of memory the values of rows take, for rates in bytes per second.
func Size(rows arrow.RecordBatch) int64 {
	size := uint64(0)
	for _, column := range rows.Columns() {
		size += column.Data().SizeInBytes()
	}
	return int64(size)
}
