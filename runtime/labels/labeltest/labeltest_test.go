package labeltest

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime/labels"
	"github.com/ampgen/ampgen/runtime/randbatch"
)

// The check passes for every kind of key and join.
func TestJoin(t *testing.T) {
	address, text := &arrow.FixedSizeBinaryType{ByteWidth: 20}, arrow.BinaryTypes.String
	for _, c := range []struct {
		name    string
		key, on arrow.DataType
	}{
		{"address", address, address}, {"text", text, text}, {"uint64", arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Uint64},
		{"uint64 by int64", arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64}, {"address by text", address, text},
	} {
		for _, join := range []labels.Join{labels.Left, labels.Inner} {
			t.Run(c.name+" "+string(join), func(t *testing.T) {
				rows := randbatch.New(arrow.NewSchema([]arrow.Field{
					{Name: "n", Type: arrow.PrimitiveTypes.Uint64}, {Name: "on", Type: c.on, Nullable: true}}, nil), 100, 1)
				defer rows.Release()
				Join(t, labels.Spec{
					Name: "l", Key: "key", KeyType: c.key, On: "on", Join: join,
					Header: []string{"key", "a", "b", "c", "d", "left out"},
					Columns: []labels.Column{
						{CSV: "a", Field: arrow.Field{Name: "a", Type: arrow.FixedWidthTypes.Boolean, Nullable: true}},
						{CSV: "b", Field: arrow.Field{Name: "b", Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}, Nullable: true}},
						{CSV: "c", Field: arrow.Field{Name: "c", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, Nullable: true}},
						{CSV: "d", Field: arrow.Field{Name: "d", Type: &arrow.FixedSizeBinaryType{ByteWidth: 4}, Nullable: true}},
					},
				}, rows)
			})
		}
	}
}
