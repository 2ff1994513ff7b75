package bind

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

func batch(t *testing.T, fields ...arrow.Field) arrow.RecordBatch {
	t.Helper()
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	for i := range fields {
		b.Field(i).AppendEmptyValue()
		b.Field(i).AppendNull()
	}
	return b.NewRecordBatch()
}

func TestColumn(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "n", Type: arrow.PrimitiveTypes.Uint64, Nullable: true},
		{Name: "hash", Type: &arrow.FixedSizeBinaryType{ByteWidth: 32}, Nullable: true},
	}, nil)
	b := New(batch(t, schema.Fields()...), schema)
	n, hash := Column[*array.Uint64](b, 0), Column[*array.FixedSizeBinary](b, 1)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	if n.Len() != 2 || hash.Len() != 2 || !n.IsNull(1) {
		t.Errorf("bound %v and %v", n, hash)
	}
}

func TestErrNamesEveryDifference(t *testing.T) {
	u64, fsb20 := arrow.PrimitiveTypes.Uint64, &arrow.FixedSizeBinaryType{ByteWidth: 20}
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: u64}, {Name: "address", Type: fsb20, Nullable: true}}, nil)
	for _, c := range []struct {
		name string
		rows arrow.RecordBatch
		want string
	}{
		{"columns", batch(t, arrow.Field{Name: "n", Type: u64}), "bind record batch: the batch has 1 columns, not 2"},
		{"all of them", batch(t, arrow.Field{Name: "m", Type: u64}, arrow.Field{Name: "address", Type: &arrow.FixedSizeBinaryType{ByteWidth: 32}}),
			"bind record batch: column 0 is \"m\", not \"n\"\ncolumn \"address\" is fixed_size_binary[32], not fixed_size_binary[20]"},
		{"nulls", batch(t, arrow.Field{Name: "n", Type: u64}, arrow.Field{Name: "address", Type: fsb20}),
			"bind record batch: column \"n\" has 1 nulls, and it is not nullable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := New(c.rows, schema)
			if got := Column[*array.Uint64](b, 0); got != nil {
				t.Errorf("Column of a batch that does not fit is %v", got)
			}
			if err := b.Err(); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestColumnOfTheWrongArrayType(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Uint64, Nullable: true}}, nil)
	b := New(batch(t, schema.Fields()...), schema)
	Column[*array.Int64](b, 0)
	const want = `bind record batch: column "n" is a *array.Uint64, not a *array.Int64`
	if err := b.Err(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
