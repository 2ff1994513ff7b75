// Package bind finds the columns of a record batch by position and concrete type. It is for generated code, which binds a batch
// once and then reads typed values; nothing else should need it.
package bind

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Batch is a record batch that is being bound to a compiled schema.
type Batch struct {
	rows   arrow.RecordBatch
	schema *arrow.Schema
	errs   []error
}

// New compares rows with schema: the number of columns, their names and types, and that columns without nulls have none.
// Err has every difference.
func New(rows arrow.RecordBatch, schema *arrow.Schema) *Batch {
	b := &Batch{rows: rows, schema: schema}
	if got, want := int(rows.NumCols()), schema.NumFields(); got != want {
		b.errs = append(b.errs, fmt.Errorf("the batch has %d columns, not %d", got, want))
		return b
	}
	for i, want := range schema.Fields() {
		got := rows.Schema().Field(i)
		values := rows.Column(i)
		switch {
		case got.Name != want.Name:
			b.errs = append(b.errs, fmt.Errorf("column %d is %q, not %q", i, got.Name, want.Name))
		case !arrow.TypeEqual(values.DataType(), want.Type):
			b.errs = append(b.errs, fmt.Errorf("column %q is %s, not %s", want.Name, values.DataType(), want.Type))
		case !want.Nullable && values.NullN() > 0:
			b.errs = append(b.errs, fmt.Errorf("column %q has %d nulls, and it is not nullable", want.Name, values.NullN()))
		}
	}
	return b
}

// Column is column i as its concrete array type; nil if the batch does not fit.
func Column[A arrow.Array](b *Batch, i int) A {
	var none A
	if len(b.errs) > 0 {
		return none
	}
	values, ok := b.rows.Column(i).(A)
	if !ok {
		b.errs = append(b.errs, fmt.Errorf("column %q is a %T, not a %T", b.schema.Field(i).Name, b.rows.Column(i), none))
	}
	return values
}

// Err is nil if the batch fits the schema.
func (b *Batch) Err() error {
	if len(b.errs) == 0 {
		return nil
	}
	return fmt.Errorf("bind record batch: %w", errors.Join(b.errs...))
}
