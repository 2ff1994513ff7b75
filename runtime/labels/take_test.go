package labels_test

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"github.com/ampgen/ampgen/runtime/labels"
	"github.com/ampgen/ampgen/runtime/randbatch"
)

func nullable(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

// TestTakeAgainstConcatenation takes random rows of random arrays, whole and sliced, and compares with the concatenation of
// slices of one row.
func TestTakeAgainstConcatenation(t *testing.T) {
	list := arrow.ListOf(arrow.BinaryTypes.String)
	types := []arrow.DataType{
		arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Float32,
		arrow.PrimitiveTypes.Uint64, arrow.FixedWidthTypes.Timestamp_ns, arrow.FixedWidthTypes.Date32,
		&arrow.Decimal128Type{Precision: 38, Scale: 4}, &arrow.Decimal256Type{Precision: 76}, &arrow.FixedSizeBinaryType{ByteWidth: 20},
		arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.Binary, arrow.BinaryTypes.LargeBinary,
		arrow.BinaryTypes.StringView, arrow.BinaryTypes.BinaryView,
		list, arrow.ListOf(list), arrow.LargeListOf(arrow.PrimitiveTypes.Uint32), arrow.FixedSizeListOf(3, arrow.PrimitiveTypes.Int16),
		arrow.StructOf(nullable("a", arrow.PrimitiveTypes.Uint64), nullable("b", list)),
		arrow.ListOf(arrow.StructOf(nullable("a", arrow.FixedWidthTypes.Boolean))),
		arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64),
	}
	for _, typ := range types {
		t.Run(typ.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				schema := arrow.NewSchema([]arrow.Field{nullable("x", typ)}, nil)
				whole := randbatch.New(schema, rapid.IntRange(1, 20).Draw(t, "length"), rapid.Uint64().Draw(t, "seed")).Column(0)
				from := rapid.IntRange(0, whole.Len()-1).Draw(t, "from")
				src := array.NewSlice(whole, int64(from), int64(rapid.IntRange(from+1, whole.Len()).Draw(t, "to")))
				rows := rapid.SliceOfN(rapid.Int32Range(labels.None, int32(src.Len()-1)), 1, 30).Draw(t, "rows")
				got, err := labels.TakeArray(src, rows)
				if err != nil {
					t.Fatal(err)
				}
				parts := make([]arrow.Array, len(rows))
				for i, row := range rows {
					parts[i] = array.MakeArrayOfNull(memory.DefaultAllocator, typ, 1)
					if row != labels.None {
						parts[i] = array.NewSlice(src, int64(row), int64(row)+1)
					}
				}
				want, err := array.Concatenate(parts, memory.DefaultAllocator)
				if err != nil {
					t.Fatal(err)
				}
				if !array.Equal(want, got) || want.NullN() != got.NullN() {
					t.Fatalf("rows %v of %v are %v, want %v", rows, src, got, want)
				}
			})
		})
	}
}
