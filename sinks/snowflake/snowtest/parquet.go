package snowtest

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	pq "github.com/apache/arrow-go/v18/parquet/schema"
)

// parquetFile is a staged file as the vectorized scanner reads it. What a column is, its Parquet types decide; a schema that Arrow
// left in the file's metadata is refused, since the reader would follow it.
type parquetFile struct {
	file  *file.Reader
	arrow *pqarrow.FileReader
}

func openParquet(path string) (*parquetFile, error) {
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		return nil, errorf(unnumbered, "22000", "the file is no Parquet file: %v", err)
	}
	p := &parquetFile{file: r}
	if r.MetaData().KeyValueMetadata().FindValue("ARROW:schema") != nil {
		p.close()
		return nil, unsupported("Parquet files with an Arrow schema in their metadata")
	}
	if p.arrow, err = pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{BatchSize: 64 << 10}, memory.DefaultAllocator); err != nil {
		p.close()
		return nil, errorf(unnumbered, "22000", "the file's schema cannot be read: %v", err)
	}
	return p, nil
}

func (p *parquetFile) close() { _ = p.file.Close() } // nothing is written

// fileColumn is a top-level column of a file.
type fileColumn struct {
	name   string
	id     string // in the view
	index  int    // among the top-level columns
	t      Type
	unit   int64 // nanoseconds of a time's unit
	arrow  arrow.DataType
	adjust func(arrow.Array) (arrow.Array, error) // into what DuckDB reads without loss; nil if it does already
}

// value is the column in the view.
func (c fileColumn) value() value {
	v := value{sql: c.id, t: c.t, nullable: true}
	switch {
	case c.t.isTimestamp():
		v.sql = fmt.Sprintf("(CAST(%s AS HUGEINT) * %d)", c.id, c.unit)
	case c.t.Kind == Time:
		v.sql = fmt.Sprintf("(CAST(%s AS BIGINT) * %d)", c.id, c.unit)
	case c.t.Kind == Number && !arrow.IsDecimal(c.arrow.ID()):
		v.sql = "CAST(" + c.id + " AS DECIMAL(38,0))"
	case c.t.Kind == Float:
		v.sql = "CAST(" + c.id + " AS DOUBLE)"
	}
	return v
}

// column finds the column that goes into a table's, if there is one.
func (p *parquetFile) column(name string) (c fileColumn, found bool, err error) {
	all, err := p.arrow.Schema()
	if err != nil {
		return c, false, errorf(unnumbered, "22000", "the file's schema cannot be read: %v", err)
	}
	for i, f := range all.Fields() {
		if !strings.EqualFold(f.Name, name) {
			continue
		}
		if found {
			return c, false, errorf(unnumbered, "22000", "two of the file's columns, %s and %s, are column %s", c.name, f.Name, name)
		}
		found = true
		c = fileColumn{name: f.Name, index: i, arrow: f.Type}
		if err := c.classify(p.file.MetaData().Schema.Root().Field(i)); err != nil {
			return c, false, err
		}
	}
	return c, found, nil
}

// classify finds the Snowflake type of a column.
func (c *fileColumn) classify(node pq.Node) error {
	switch t := c.arrow.(type) {
	case *arrow.BooleanType:
		c.t = boolean
	case *arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Int64Type, *arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type:
		c.t = integer
	case *arrow.Uint64Type:
		c.t, c.adjust = integer, signed
	case *arrow.Float32Type, *arrow.Float64Type:
		c.t = float
	case *arrow.Decimal128Type:
		c.t = Type{Kind: Number, Precision: int(t.Precision), Scale: int(t.Scale)}
	case *arrow.StringType:
		c.t = varchar
	case *arrow.BinaryType, *arrow.FixedSizeBinaryType:
		c.t = binary
	case *arrow.Date32Type:
		c.t = date
	case *arrow.Time32Type:
		c.t, c.unit, c.adjust = clock, int64(t.Unit.Multiplier()), retyped(arrow.PrimitiveTypes.Int32)
	case *arrow.Time64Type:
		c.t, c.unit, c.adjust = clock, int64(t.Unit.Multiplier()), retyped(arrow.PrimitiveTypes.Int64)
	case *arrow.TimestampType:
		logical, ok := node.LogicalType().(pq.TimestampLogicalType)
		if !ok {
			return unsupported("timestamps without a logical type, in column %s of the file", c.name)
		}
		c.t = Type{Kind: TimestampNTZ, Scale: 9}
		if logical.IsAdjustedToUTC() {
			c.t = localTime
		}
		c.unit, c.adjust = int64(t.Unit.Multiplier()), retyped(arrow.PrimitiveTypes.Int64)
	case *arrow.ListType:
		c.t, c.adjust = Type{Kind: Array}, asJSON
	case *arrow.StructType, *arrow.MapType:
		c.t, c.adjust = Type{Kind: Object}, asJSON
	default:
		return unsupported("column %s of the file, of type %s (%s)", c.name, t, node)
	}
	return nil
}

// retyped is an array of the same bytes with another type.
func retyped(t arrow.DataType) func(arrow.Array) (arrow.Array, error) {
	return func(a arrow.Array) (arrow.Array, error) {
		d := a.Data()
		return array.MakeFromData(array.NewData(t, d.Len(), d.Buffers(), nil, d.NullN(), d.Offset())), nil
	}
}

// signed refuses what a signed number of 64 bits cannot hold, as loading does.
func signed(a arrow.Array) (arrow.Array, error) {
	for i, v := range a.(*array.Uint64).Uint64Values() {
		if v > math.MaxInt64 && a.IsValid(i) {
			return nil, errorf("100039", "22003", "Numeric value '%d' is out of range for a UINT64 of Parquet", int64(v))
		}
	}
	a.Retain()
	return a, nil
}

// fileRows reads columns of a file as DuckDB takes them.
type fileRows struct {
	columns []fileColumn
	schema  *arrow.Schema
	rows    pqarrow.RecordReader
	current arrow.RecordBatch
	err     error
}

var _ array.RecordReader = (*fileRows)(nil)

func (p *parquetFile) read(columns []fileColumn) (*fileRows, error) {
	var leaves []int
	root := p.file.MetaData().Schema.Root()
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		for leaf := range p.file.MetaData().Schema.NumColumns() {
			if p.file.MetaData().Schema.ColumnRoot(leaf) == root.Field(c.index) {
				leaves = append(leaves, leaf)
			}
		}
		fields[i] = arrow.Field{Name: c.id, Type: c.arrow, Nullable: true}
		if c.adjust != nil {
			fields[i].Type = adjusted(c)
		}
	}
	rows, err := p.arrow.GetRecordReader(context.Background(), leaves, nil)
	if err != nil {
		return nil, errorf(unnumbered, "22000", "the file cannot be read: %v", err)
	}
	return &fileRows{columns: columns, schema: arrow.NewSchema(fields, nil), rows: rows}, nil
}

// adjusted is the Arrow type that adjust makes.
func adjusted(c fileColumn) arrow.DataType {
	switch {
	case c.t.isNested():
		return arrow.BinaryTypes.LargeString
	case c.arrow.ID() == arrow.TIME32:
		return arrow.PrimitiveTypes.Int32
	case c.arrow.ID() == arrow.UINT64:
		return c.arrow
	}
	return arrow.PrimitiveTypes.Int64
}

func (r *fileRows) Next() bool {
	r.Release()
	if r.err != nil || !r.rows.Next() {
		if err := r.rows.Err(); err != nil && r.err == nil {
			r.err = errorf(unnumbered, "22000", "the file cannot be read: %v", err)
		}
		return false
	}
	batch := r.rows.RecordBatch()
	columns := make([]arrow.Array, len(r.columns))
	for i, c := range r.columns {
		at := batch.Schema().FieldIndices(c.name)[0]
		columns[i] = batch.Column(at)
		if c.adjust == nil {
			continue
		}
		if columns[i], r.err = c.adjust(columns[i]); r.err != nil {
			return false
		}
	}
	r.current = array.NewRecordBatch(r.schema, columns, batch.NumRows())
	return true
}

func (r *fileRows) Schema() *arrow.Schema          { return r.schema }
func (r *fileRows) RecordBatch() arrow.RecordBatch { return r.current }
func (r *fileRows) Record() arrow.RecordBatch      { return r.current }
func (r *fileRows) Err() error                     { return r.err }

// Retain does nothing: there is one holder.
func (r *fileRows) Retain() {}

// Release frees the current batch.
func (r *fileRows) Release() {
	if r.current != nil {
		r.current.Release()
		r.current = nil
	}
}
