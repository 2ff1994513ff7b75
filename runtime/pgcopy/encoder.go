package pgcopy

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// columns is the Encoder for a schema that is known at run time.
type columns struct {
	schema *arrow.Schema
	cols   []Column
}

// NewEncoder makes an Encoder for a schema that is known only at run time, such as that of a tool or a test. Generated
// encoders do the same without a dynamic call per value.
func NewEncoder(schema *arrow.Schema) (Encoder, error) {
	e := &columns{schema: schema}
	for _, f := range schema.Fields() {
		c, err := NewColumn(f)
		if err != nil {
			return nil, err
		}
		e.cols = append(e.cols, c)
	}
	return e, nil
}

func (e *columns) Bind(rows arrow.RecordBatch) error {
	if got := int(rows.NumCols()); got != len(e.cols) {
		return fmt.Errorf("the batch has %d columns, the table %d", got, len(e.cols))
	}
	for i, c := range e.cols {
		if err := c.Bind(rows.Column(i)); err != nil {
			return fmt.Errorf("column %q: %w", e.schema.Field(i).Name, err)
		}
	}
	return nil
}

func (e *columns) AppendRows(dst []byte, from, to int, tail Tail) ([]byte, error) {
	var err error
	for row := from; row < to; row++ {
		dst = AppendTuple(dst, len(e.cols)+tail.Fields)
		for i, c := range e.cols {
			if dst, err = c.Append(dst, row); err != nil {
				return dst, At(e.schema.Field(i).Name, row, err)
			}
		}
		dst = append(dst, tail.Bytes...)
	}
	return dst, nil
}
