// Package bindrows makes array binds of record batches, for INSERT statements of some thousands of rows: one slice per column,
// in the types that the driver knows how to send.
//
// The driver would round floats to 32 bits, cannot send numbers of more than 64 bits with their sign, and knows nothing of
// nested values. So floats, UInt64 and decimals go as text, which Snowflake casts to the column's type, and nested values as
// JSON for PARSE_JSON.
package bindrows

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
	"github.com/ampgen/ampgen/sinks/snowflake/internal/convert"
)

const (
	// maxValues bounds the values of a statement. It is the number from which the driver would rather upload them.
	maxValues = 65_280
	// maxBytes bounds the memory of a statement's values, as far as rows are of about the same size.
	maxBytes = 4 << 20
)

// Options say what is bound.
type Options struct {
	// Schema is the table's, as the record batches have it.
	Schema *arrow.Schema
	// BatchID is bound as every row's _AMP_BATCH_ID.
	BatchID string
	// History adds _AMP_IS_CURRENT, true in every row.
	History bool
	// Uint256 is how 256-bit integers are held.
	Uint256 ddl.Uint256
}

// Binder makes the binds of one unit.
type Binder struct {
	opts    Options
	columns []column
}

type column struct {
	field string // the table schema's, for errors
	form  convert.Func
}

// New returns a Binder. The error is about a column that cannot be bound.
func New(o Options) (*Binder, error) {
	b := &Binder{opts: o}
	var faults []error
	for _, f := range o.Schema.Fields() {
		_, form, err := convert.Column(f, o.Uint256)
		if err != nil {
			faults = append(faults, fmt.Errorf("column %q: %w", f.Name, err))
		}
		b.columns = append(b.columns, column{f.Name, form})
	}
	return b, errors.Join(faults...)
}

// Chunk is one INSERT.
type Chunk struct {
	Rows int
	// Columns are the names of the columns that are bound. One that is null in all of the rows is left out: the driver would bind
	// it as a number, which other columns do not take.
	Columns []string
	// JSON tells for each column whether it is bound as text for PARSE_JSON.
	JSON []bool
	// Args has one array bind per column.
	Args []any
}

// Insert is the statement that takes c.Args; table is quoted.
func (c Chunk) Insert(table string) string {
	columns := make([]string, len(c.Columns))
	marks := make([]string, len(c.Columns))
	values := make([]string, len(c.Columns))
	for i, name := range c.Columns {
		columns[i], marks[i], values[i] = ddl.Quote(name), "?", fmt.Sprintf("COLUMN%d", i+1)
		if c.JSON[i] {
			values[i] = "PARSE_JSON(" + values[i] + ")"
		}
	}
	into := fmt.Sprintf("INSERT INTO %s (%s) ", table, strings.Join(columns, ", "))
	bound := "VALUES (" + strings.Join(marks, ", ") + ")"
	if !slices.Contains(c.JSON, true) {
		return into + bound
	}
	return into + "SELECT " + strings.Join(values, ", ") + " FROM " + bound
}

// Chunks are the statements for rows, whose schema is Options.Schema, in order. Their values may lie in the memory of rows. An
// error ends the sequence.
func (b *Binder) Chunks(rows arrow.RecordBatch) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		arrays := make([]arrow.Array, 0, len(b.columns))
		defer func() {
			for _, a := range arrays {
				a.Release()
			}
		}()
		for i, c := range b.columns {
			a, err := c.form.Apply(rows.Column(i))
			if err != nil {
				yield(Chunk{}, fmt.Errorf("column %q: %w", c.field, err))
				return
			}
			arrays = append(arrays, a)
		}
		n := int(rows.NumRows())
		step := chunkRows(rows)
		for from := 0; from < n; from += step {
			chunk, err := b.chunk(arrays, from, min(from+step, n))
			if !yield(chunk, err) || err != nil {
				return
			}
		}
	}
}

// chunkRows is how many rows a statement takes.
func chunkRows(rows arrow.RecordBatch) int {
	if rows.NumRows() == 0 {
		return 1
	}
	size := uint64(1)
	for _, a := range rows.Columns() {
		size += a.Data().SizeInBytes()
	}
	perRow := size/uint64(rows.NumRows()) + 1
	return max(1, min(maxValues/int(rows.NumCols()+2), int(maxBytes/perRow)))
}

// chunk binds some rows of converted arrays.
func (b *Binder) chunk(arrays []arrow.Array, from, to int) (Chunk, error) {
	c := Chunk{Rows: to - from}
	add := func(name string, json bool, arg any, err error) error {
		if err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
		c.Columns, c.JSON, c.Args = append(c.Columns, name), append(c.JSON, json), append(c.Args, arg)
		return nil
	}
	for i, whole := range arrays {
		a := array.NewSlice(whole, int64(from), int64(to))
		defer a.Release()
		if a.NullN() == a.Len() {
			continue
		}
		arg, err := bind(a)
		if err := add(ddl.Fold(b.columns[i].field), arrow.IsNested(a.DataType().ID()), arg, err); err != nil {
			return Chunk{}, err
		}
	}
	id, err := values(constant(c.Rows), func(int) string { return b.opts.BatchID })
	if err := add(ddl.BatchColumn, false, id, err); err != nil {
		return Chunk{}, err
	}
	if b.opts.History {
		current, err := values(constant(c.Rows), func(int) bool { return true })
		if err := add(ddl.CurrentColumn, false, current, err); err != nil {
			return Chunk{}, err
		}
	}
	return c, nil
}

// constant is an array of n elements that are not null.
func constant(n int) arrow.Array {
	data := array.NewData(arrow.PrimitiveTypes.Int8, n, []*memory.Buffer{nil, nil}, nil, 0, 0)
	defer data.Release()
	return array.MakeFromData(data)
}
