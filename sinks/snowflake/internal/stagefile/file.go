package stagefile

import (
	"errors"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

const (
	// rowGroupBytes is how large a row group becomes, compressed. It is in memory until it is complete, since a file has the
	// columns of a row group one after the other.
	rowGroupBytes = 16 << 20
	// pieceRows bounds what is written without a look at the sizes.
	pieceRows = 64 << 10
)

// file is a Parquet file in the making.
type file struct {
	path    string
	out     *counter
	parquet *pqarrow.FileWriter
	schema  *arrow.Schema // with the system columns
	system  constants

	rows   int64
	closed struct{ rows, bytes int64 } // what complete row groups have
}

// counter is an os.File that counts. It is no io.Seeker and no io.ReaderFrom on purpose.
type counter struct {
	f *os.File
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.f.Write(p)
	c.n += int64(n)
	return n, err
}

func create(path string, first arrow.RecordBatch, system constants) (*file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	out := &counter{f: f}
	schema := arrow.NewSchema(append(first.Schema().Fields(), system.fields()...), nil)
	// The writer closes what is an io.Closer; the file is ours to close.
	w, err := pqarrow.NewFileWriter(schema, struct{ io.Writer }{out}, properties(first), pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return &file{path: path, out: out, parquet: w, schema: schema, system: system}, nil
}

// write appends rows, whose columns are those of the schema without the system columns.
func (f *file) write(rows arrow.RecordBatch, learn *perRow) error {
	columns := f.system.appendTo(rows.Columns(), int(rows.NumRows()))
	defer releaseAll(columns[rows.NumCols():])
	record := array.NewRecordBatch(f.schema, columns, rows.NumRows())
	defer record.Release()
	if err := f.parquet.WriteBuffered(record); err != nil {
		return err
	}
	f.rows += rows.NumRows()
	if f.groupBytes(*learn) < rowGroupBytes {
		return nil
	}
	if err := f.parquet.NewBufferedRowGroupChecked(); err != nil { // writes the complete one
		return err
	}
	f.closed.rows, f.closed.bytes = f.rows, f.out.n
	learn.update(f.closed.bytes, f.closed.rows)
	return nil
}

func releaseAll(arrays []arrow.Array) {
	for _, a := range arrays {
		a.Release()
	}
}

// groupBytes is about how large the row group in the making would be.
func (f *file) groupBytes(learn perRow) int64 {
	return max(learn.bytes(f.rows-f.closed.rows), f.parquet.RowGroupTotalCompressedBytes())
}

// estimate is about how large the file would be if it ended here.
func (f *file) estimate(learn perRow) int64 { return f.closed.bytes + f.groupBytes(learn) }

// room is how many rows to write before the next look at the sizes.
func (f *file) room(target int64, learn perRow) int64 {
	return min(max(learn.rows(target-f.estimate(learn)), 1024), pieceRows)
}

func (f *file) finish() (File, error) {
	err := f.parquet.Close()
	err = errors.Join(err, f.out.f.Close())
	return File{Path: f.path, Rows: f.rows, Bytes: f.out.n}, err
}

// abandon closes the file without completing it.
func (f *file) abandon() error { return f.out.f.Close() }

// perRow is how many bytes a row takes in a file, as far as is known.
type perRow float64

// guess is what a row may take before anything is known.
func guess(schema *arrow.Schema) perRow {
	bytes := perRow(1)
	for _, f := range schema.Fields() {
		if fixed, ok := f.Type.(arrow.FixedWidthDataType); ok {
			bytes += perRow(fixed.Bytes())
		} else {
			bytes += 16
		}
	}
	return bytes
}

func (p *perRow) update(bytes, rows int64) { *p = perRow(max(float64(bytes)/float64(rows), 0.01)) }

func (p perRow) bytes(rows int64) int64 { return int64(float64(p) * float64(rows)) }
func (p perRow) rows(bytes int64) int64 { return int64(float64(bytes) / float64(p)) }
