package convert

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// leaf gives a field within a list, struct or map the type that a VARIANT holds without loss: VARIANT has no bytes
// and no decimals of more than 38 digits, and reads times as text.
func leaf(f arrow.Field) (arrow.DataType, Func) {
	if logical, _ := ddl.Logical256(f); logical != "" {
		return integer256(f, logical, ddl.Uint256Text)
	}
	switch t := f.Type.(type) {
	case arrow.NestedType:
		return nestedColumn(t)
	case *arrow.Uint64Type:
		return Uint64Decimal, WidenUint64
	case *arrow.Uint32Type:
		return arrow.PrimitiveTypes.Int64, WidenUint32
	case *arrow.TimestampType:
		return textOf(func(dst []byte, a arrow.Array, i int) []byte {
			return AppendTimestamp(dst, int64(a.(*array.Timestamp).Value(i)), t.Unit, t.TimeZone != "")
		})
	case *arrow.Date32Type:
		return textOf(func(dst []byte, a arrow.Array, i int) []byte {
			return AppendDate(dst, int64(a.(*array.Date32).Value(i)))
		})
	case *arrow.Date64Type:
		to, convert := textOf(func(dst []byte, a arrow.Array, i int) []byte {
			return AppendDate(dst, int64(a.(*array.Date64).Value(i))/86_400_000)
		})
		return to, chain(same(wholeDays), convert)
	case *arrow.Time32Type:
		return textOf(func(dst []byte, a arrow.Array, i int) []byte {
			return AppendTime(dst, int64(a.(*array.Time32).Value(i)), t.Unit)
		})
	case *arrow.Time64Type:
		return textOf(func(dst []byte, a arrow.Array, i int) []byte {
			return AppendTime(dst, int64(a.(*array.Time64).Value(i)), t.Unit)
		})
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType, *arrow.FixedSizeBinaryType:
		return textOf(func(dst []byte, a arrow.Array, i int) []byte { return AppendHex(dst, bytesAt(a, i)) })
	}
	return scalar(f)
}

func textOf(add func(dst []byte, a arrow.Array, i int) []byte) (arrow.DataType, Func) {
	return arrow.BinaryTypes.String, func(a arrow.Array) (arrow.Array, error) {
		return text(a, func(dst []byte, i int) ([]byte, error) { return add(dst, a, i), nil })
	}
}

// nestedColumn converts what is within a struct, list or map. Lists of every kind become lists whose nulls have no
// elements, since Parquet's writer takes no others.
func nestedColumn(t arrow.NestedType) (arrow.DataType, Func) {
	fields := t.Fields()
	converts := make([]Func, len(fields))
	changed := false
	for i := range fields {
		fields[i].Type, converts[i] = leaf(fields[i])
		changed = changed || converts[i] != nil
	}
	to := rebuilt(t, fields)
	var children Func
	if changed {
		children = func(a arrow.Array) (arrow.Array, error) { return withChildren(a, to, fields, converts) }
	}
	switch t.(type) {
	case *arrow.StructType:
		return to, children
	case *arrow.FixedSizeListType:
		list := arrow.ListOfField(fields[0])
		return list, after(children, func(a arrow.Array) (arrow.Array, error) { return compactList(a.(array.ListLike), list) })
	}
	return to, after(children, func(a arrow.Array) (arrow.Array, error) {
		if list := a.(array.ListLike); hollow(list) {
			return compactList(list, to)
		}
		a.Retain()
		return a, nil
	})
}

// after is second, with first before it if there is one.
func after(first, second Func) Func {
	if first == nil {
		return second
	}
	return chain(first, second)
}

// rebuilt is t with other fields.
func rebuilt(t arrow.NestedType, fields []arrow.Field) arrow.DataType {
	switch t := t.(type) {
	case *arrow.StructType:
		return arrow.StructOf(fields...)
	case *arrow.MapType: // one field: the struct of key and value
		entry := fields[0].Type.(*arrow.StructType)
		return arrow.MapOfFields(entry.Field(0), entry.Field(1))
	case *arrow.LargeListType:
		return arrow.LargeListOfField(fields[0])
	case *arrow.FixedSizeListType:
		return arrow.FixedSizeListOfField(t.Len(), fields[0])
	}
	return arrow.ListOfField(fields[0])
}

// withChildren is a with each child converted, all of it, whichever part of it a is a slice of.
func withChildren(a arrow.Array, to arrow.DataType, fields []arrow.Field, converts []Func) (arrow.Array, error) {
	d := a.Data()
	children := make([]arrow.ArrayData, len(converts))
	for i, child := range d.Children() {
		if converts[i] == nil {
			children[i] = child
			continue
		}
		in := belowNulls(a, child)
		defer in.Release()
		out, err := converts[i](in)
		if err != nil {
			return nil, fmt.Errorf("within %q: %w", fields[i].Name, err)
		}
		defer out.Release()
		children[i] = out.Data()
	}
	data := array.NewData(to, d.Len(), d.Buffers(), children, d.NullN(), d.Offset())
	defer data.Release()
	return array.MakeFromData(data), nil
}

// belowNulls is a child of a as an array. A nested child of a struct is null where the struct is, so that lists have no elements
// there.
func belowNulls(a arrow.Array, child arrow.ArrayData) arrow.Array {
	if a.DataType().ID() != arrow.STRUCT || a.NullN() == 0 || !arrow.IsNested(child.DataType().ID()) {
		return array.MakeFromData(child)
	}
	bits := make([]byte, bitutil.BytesForBits(int64(child.Offset()+child.Len())))
	if valid := child.Buffers()[0]; valid != nil && valid.Len() > 0 {
		copy(bits, valid.Bytes())
	} else {
		bitutil.SetBitsTo(bits, 0, int64(child.Offset()+child.Len()), true)
	}
	for i := range a.Len() {
		if a.IsNull(i) {
			bitutil.ClearBit(bits, child.Offset()+a.Data().Offset()+i)
		}
	}
	buffers := append([]*memory.Buffer{memory.NewBufferBytes(bits)}, child.Buffers()[1:]...)
	data := array.NewData(child.DataType(), child.Len(), buffers, child.Children(), array.UnknownNullCount, child.Offset())
	defer data.Release()
	return array.MakeFromData(data)
}

// hollow reports whether a list that is null has elements.
func hollow(a array.ListLike) bool {
	if a.NullN() == 0 {
		return false
	}
	for i := range a.Len() {
		if a.IsNull(i) {
			if from, to := a.ValueOffsets(i); from != to {
				return true
			}
		}
	}
	return false
}

// compactList copies the elements of the lists that are not null. The result is of type to: a list or a map.
func compactList(a array.ListLike, to arrow.DataType) (arrow.Array, error) {
	wide := to.ID() == arrow.LARGE_LIST
	ends := make([]int64, 1, a.Len()+1)
	var runs []arrow.Array
	defer func() {
		for _, r := range runs {
			r.Release()
		}
	}()
	start, end := int64(0), int64(0) // the run of elements that is not copied yet
	cut := func() {
		if end > start {
			runs = append(runs, array.NewSlice(a.ListValues(), start, end))
		}
	}
	for i := range a.Len() {
		n := int64(0)
		if a.IsValid(i) {
			from, until := a.ValueOffsets(i)
			if from != end {
				cut()
				start = from
			}
			end, n = until, until-from
		}
		ends = append(ends, ends[i]+n)
	}
	cut()
	if len(runs) == 0 {
		runs = append(runs, array.NewSlice(a.ListValues(), 0, 0))
	}
	elements, err := array.Concatenate(runs, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	defer elements.Release()
	return listOf(a, to, offsets(ends, wide), elements.Data()), nil
}

// offsets is the buffer of a list's offsets, of 64 bits if wide.
func offsets(ends []int64, wide bool) *memory.Buffer {
	if wide {
		return memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(ends))
	}
	narrow := make([]int32, len(ends))
	for i, e := range ends {
		narrow[i] = int32(e)
	}
	return memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(narrow))
}

// listOf makes a list or map from the nulls of a, offsets and elements.
func listOf(a arrow.Array, to arrow.DataType, offsets *memory.Buffer, elements arrow.ArrayData) arrow.Array {
	nulls := nullsOf(a)
	if nulls != nil {
		defer nulls.Release()
	}
	data := array.NewData(to, a.Len(), []*memory.Buffer{nulls, offsets}, []arrow.ArrayData{elements}, a.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data)
}
