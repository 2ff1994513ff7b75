package stagefile

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// constants are the system columns, which have the same value in every row of a unit.
type constants struct {
	batchID string
	history bool
}

// batchType is a dictionary of one text, whose indexes a Parquet file has as a run.
var batchType = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}

func (c constants) fields() []arrow.Field {
	fields := []arrow.Field{{Name: ddl.BatchColumn, Type: batchType}}
	if c.history {
		fields = append(fields, arrow.Field{Name: ddl.CurrentColumn, Type: arrow.FixedWidthTypes.Boolean})
	}
	return fields
}

// zeros are the indexes of pieceRows rows, and ones their booleans.
var (
	zeros = memory.NewBufferBytes(make([]byte, 4*pieceRows))
	ones  = func() *memory.Buffer {
		b := make([]byte, pieceRows/8)
		for i := range b {
			b[i] = 0xff
		}
		return memory.NewBufferBytes(b)
	}()
)

// appendTo returns columns and after them the arrays of n rows, which the caller releases; n is at most pieceRows.
func (c constants) appendTo(columns []arrow.Array, n int) []arrow.Array {
	out := append(make([]arrow.Array, 0, len(columns)+2), columns...)
	texts := array.NewStringBuilder(memory.DefaultAllocator)
	defer texts.Release()
	texts.Append(c.batchID)
	dictionary := texts.NewArray()
	defer dictionary.Release()
	data := array.NewDataWithDictionary(batchType, n, []*memory.Buffer{nil, zeros}, 0, 0, dictionary.Data().(*array.Data))
	defer data.Release()
	out = append(out, array.NewDictionaryData(data))
	if c.history {
		data := array.NewData(arrow.FixedWidthTypes.Boolean, n, []*memory.Buffer{nil, ones}, nil, 0, 0)
		defer data.Release()
		out = append(out, array.NewBooleanData(data))
	}
	return out
}
