package labels

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// none is the row number that take turns into null.
const none = -1

// take returns the rows of src by number, in the order of rows; none gives null. It works on buffers, by layout instead of by
// type, so that it allocates per array and not per row.
func take(src arrow.ArrayData, rows []int32) (arrow.ArrayData, error) {
	typ := src.DataType()
	validity, nulls := takeValidity(src, rows)
	switch t := typ.(type) {
	case *arrow.NullType:
		return array.NewData(typ, len(rows), []*memory.Buffer{nil}, nil, len(rows), 0), nil
	case *arrow.StructType:
		return takeStruct(src, rows, validity, nulls)
	case *arrow.ListType, *arrow.MapType:
		return takeList[int32](src, rows, validity, nulls)
	case *arrow.LargeListType:
		return takeList[int64](src, rows, validity, nulls)
	case *arrow.FixedSizeListType:
		return takeFixedList(src, rows, validity, nulls, int(t.Len()))
	case arrow.BinaryViewDataType:
		headers := takeFixed(src, rows, arrow.ViewHeaderSizeBytes)
		buffers := append([]*memory.Buffer{validity, headers}, src.Buffers()[2:]...)
		return array.NewData(typ, len(rows), buffers, nil, nulls, 0), nil
	case *arrow.StringType, *arrow.BinaryType:
		return takeBinary[int32](src, rows, validity, nulls), nil
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		return takeBinary[int64](src, rows, validity, nulls), nil
	case *arrow.BooleanType:
		return array.NewData(typ, len(rows), []*memory.Buffer{validity, takeBits(src, rows)}, nil, nulls, 0), nil
	case arrow.FixedWidthDataType:
		if typ.ID() != arrow.DICTIONARY {
			return array.NewData(typ, len(rows), []*memory.Buffer{validity, takeFixed(src, rows, t.Bytes())}, nil, nulls, 0), nil
		}
	}
	return nil, fmt.Errorf("rows of type %s cannot be selected", typ)
}

// takeValidity gathers the validity bitmap; nil when no row is null.
func takeValidity(src arrow.ArrayData, rows []int32) (*memory.Buffer, int) {
	var bits []byte
	if b := src.Buffers()[0]; b != nil && src.NullN() != 0 {
		bits = b.Bytes()
	}
	out := make([]byte, bitutil.BytesForBits(int64(len(rows))))
	nulls := 0
	for i, row := range rows {
		if row == none || bits != nil && !bitutil.BitIsSet(bits, src.Offset()+int(row)) {
			nulls++
			continue
		}
		bitutil.SetBit(out, i)
	}
	if nulls == 0 {
		return nil, 0
	}
	return memory.NewBufferBytes(out), nulls
}

func takeBits(src arrow.ArrayData, rows []int32) *memory.Buffer {
	bits := contents(src, 1)
	out := make([]byte, bitutil.BytesForBits(int64(len(rows))))
	for i, row := range rows {
		if row != none && bitutil.BitIsSet(bits, src.Offset()+int(row)) {
			bitutil.SetBit(out, i)
		}
	}
	return memory.NewBufferBytes(out)
}

// takeFixed gathers values of width bytes.
func takeFixed(src arrow.ArrayData, rows []int32, width int) *memory.Buffer {
	out := make([]byte, len(rows)*width)
	if src.Len() == 0 {
		return memory.NewBufferBytes(out)
	}
	values := contents(src, 1)[src.Offset()*width:]
	switch width {
	case 4:
		gather(arrow.GetData[uint32](out), arrow.GetData[uint32](values), rows)
	case 8:
		gather(arrow.GetData[uint64](out), arrow.GetData[uint64](values), rows)
	default:
		for i, row := range rows {
			if row != none {
				copy(out[i*width:(i+1)*width], values[int(row)*width:])
			}
		}
	}
	return memory.NewBufferBytes(out)
}

// contents are the bytes of a buffer, which an array without elements may lack.
func contents(src arrow.ArrayData, buffer int) []byte {
	if b := src.Buffers()[buffer]; b != nil {
		return b.Bytes()
	}
	return nil
}

func gather[T uint32 | uint64](dst, src []T, rows []int32) {
	for i, row := range rows {
		if row != none {
			dst[i] = src[row]
		}
	}
}

// offsets are the boundaries of the values of src, starting with the first value's.
func offsets[T int32 | int64](src arrow.ArrayData) []T {
	if src.Len() == 0 {
		return []T{0}
	}
	return arrow.GetData[T](contents(src, 1))[src.Offset():]
}

func takeBinary[T int32 | int64](src arrow.ArrayData, rows []int32, validity *memory.Buffer, nulls int) arrow.ArrayData {
	from := offsets[T](src)
	ends := make([]T, len(rows)+1)
	var total T
	for i, row := range rows {
		if row != none {
			total += from[row+1] - from[row]
		}
		ends[i+1] = total
	}
	values := make([]byte, 0, total)
	for _, row := range rows {
		if row != none && from[row+1] > from[row] {
			values = append(values, contents(src, 2)[from[row]:from[row+1]]...)
		}
	}
	buffers := []*memory.Buffer{validity, memory.NewBufferBytes(arrow.GetBytes(ends)), memory.NewBufferBytes(values)}
	return array.NewData(src.DataType(), len(rows), buffers, nil, nulls, 0)
}

func takeStruct(src arrow.ArrayData, rows []int32, validity *memory.Buffer, nulls int) (arrow.ArrayData, error) {
	rows = shift(rows, src.Offset())
	children := make([]arrow.ArrayData, len(src.Children()))
	for i, child := range src.Children() {
		var err error
		if children[i], err = take(child, rows); err != nil {
			return nil, err
		}
		defer children[i].Release() // the struct holds its own reference
	}
	return array.NewData(src.DataType(), len(rows), []*memory.Buffer{validity}, children, nulls, 0), nil
}

// shift adds offset to the row numbers: children of a sliced struct are not sliced.
func shift(rows []int32, offset int) []int32 {
	if offset == 0 {
		return rows
	}
	out := make([]int32, len(rows))
	for i, row := range rows {
		out[i] = none
		if row != none {
			out[i] = row + int32(offset)
		}
	}
	return out
}

func takeList[T int32 | int64](src arrow.ArrayData, rows []int32, validity *memory.Buffer, nulls int) (arrow.ArrayData, error) {
	from := offsets[T](src)
	ends := make([]T, len(rows)+1)
	var elements []int32
	for i, row := range rows {
		if row != none {
			for e := from[row]; e < from[row+1]; e++ {
				elements = append(elements, int32(e))
			}
		}
		ends[i+1] = T(len(elements))
	}
	child, err := take(src.Children()[0], elements)
	if err != nil {
		return nil, err
	}
	defer child.Release()
	buffers := []*memory.Buffer{validity, memory.NewBufferBytes(arrow.GetBytes(ends))}
	return array.NewData(src.DataType(), len(rows), buffers, []arrow.ArrayData{child}, nulls, 0), nil
}

func takeFixedList(src arrow.ArrayData, rows []int32, validity *memory.Buffer, nulls, size int) (arrow.ArrayData, error) {
	elements := make([]int32, 0, len(rows)*size)
	for _, row := range rows {
		for e := range size {
			if row == none {
				elements = append(elements, none)
			} else {
				elements = append(elements, int32((src.Offset()+int(row))*size+e))
			}
		}
	}
	child, err := take(src.Children()[0], elements)
	if err != nil {
		return nil, err
	}
	defer child.Release()
	return array.NewData(src.DataType(), len(rows), []*memory.Buffer{validity}, []arrow.ArrayData{child}, nulls, 0), nil
}
