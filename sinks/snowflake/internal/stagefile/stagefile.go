// Package stagefile writes record batches into Parquet files for COPY INTO: local files that the sink puts into a stage.
//
// A file has the table's columns by name, in upper case, and the system columns that every row of a unit has in common. Types
// are those that Snowflake's scanner reads without loss. Unsigned numbers are written as signed ones, since the scanner takes
// no notice of the sign's absence: as long as all values of a file allow it with the same width, and else wider, UInt64 as
// DECIMAL(20,0). Values within lists, structs and maps are what a VARIANT can hold: binary and times are text there.
//
// The files are what every reader understands: data pages of version 1, plain and dictionary encoding, zstd. Snowflake documents
// no newer encodings. They carry no ARROW:schema metadata: it would make readers restore Arrow's types, and what is in the file
// is meant as Parquet says it.
package stagefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// Options say what is written and where.
type Options struct {
	// Dir is where the files are made. It exists.
	Dir string
	// Prefix begins their names: <prefix>-0.parquet, <prefix>-1.parquet, … None of them exists.
	Prefix string
	// Schema is the table's, as the record batches have it.
	Schema *arrow.Schema
	// BatchID is written into every row's _AMP_BATCH_ID.
	BatchID string
	// History adds _AMP_IS_CURRENT, true in every row. What is not in the file, _AMP_REORG_BATCH_ID, is loaded as null.
	History bool
	// Uint256 is how 256-bit integers are held.
	Uint256 ddl.Uint256
	// TargetBytes is how large a file should become, compressed; a file ends up a few percent above or below.
	TargetBytes int64
}

// File is a complete file.
type File struct {
	Path  string
	Rows  int64
	Bytes int64
}

// Writer writes the files of one unit, one after the other. It is used by one goroutine. After an error all that is left to do
// is Discard.
type Writer struct {
	opts    Options
	columns []column
	system  constants

	open  *file
	next  int      // the number of the next file
	made  []string // the paths of all files
	learn perRow
}

// New returns a Writer that has made nothing yet. The error is about a column that no file can hold.
func New(o Options) (*Writer, error) {
	w := &Writer{opts: o, system: constants{batchID: o.BatchID, history: o.History}}
	var faults []error
	for _, f := range o.Schema.Fields() {
		c, err := newColumn(f, o.Uint256)
		faults = append(faults, err)
		w.columns = append(w.columns, c)
	}
	w.learn = guess(o.Schema)
	return w, errors.Join(faults...)
}

// Memory is how many bytes a Writer for this schema needs at most beyond the record batch that is being written: the row group in
// the making, in buffers that grow by doubling, for each column a page and a dictionary, and what compresses them.
func Memory(schema *arrow.Schema) int64 {
	const compressor = 24 << 20 // zstd's windows of 8 MB
	return 2*rowGroupBytes + int64(leaves(schema.Fields()))*(2*pageBytes+dictionaryBytes) + compressor
}

func leaves(fields []arrow.Field) int {
	n := 0
	for _, f := range fields {
		if nested, ok := f.Type.(arrow.NestedType); ok {
			n += leaves(nested.Fields())
		} else {
			n++
		}
	}
	return n
}

// Write appends rows, whose schema is Options.Schema, and returns the files that became complete. Nothing of rows is retained.
func (w *Writer) Write(rows arrow.RecordBatch) ([]File, error) {
	if rows.NumRows() == 0 {
		return nil, nil
	}
	var done []File
	for i := range w.columns {
		if w.columns[i].widen(rows.Column(i)) { // another schema is another file
			files, err := w.Finish()
			if err != nil {
				return nil, err
			}
			done = append(done, files...)
		}
	}
	converted, err := w.convert(rows)
	if err != nil {
		return nil, err
	}
	defer converted.Release()
	for at, n := int64(0), converted.NumRows(); at < n; {
		if w.open == nil {
			if err := w.create(converted); err != nil {
				return nil, err
			}
		}
		end := min(n, at+w.open.room(w.opts.TargetBytes, w.learn))
		piece := converted.NewSlice(at, end)
		err := w.open.write(piece, &w.learn)
		piece.Release()
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", w.open.path, err)
		}
		at = end
		if w.open.estimate(w.learn) >= w.opts.TargetBytes {
			files, err := w.Finish()
			if err != nil {
				return nil, err
			}
			done = append(done, files...)
		}
	}
	return done, nil
}

// convert makes the record as it is written, without the system columns.
func (w *Writer) convert(rows arrow.RecordBatch) (arrow.RecordBatch, error) {
	fields := make([]arrow.Field, len(w.columns))
	arrays := make([]arrow.Array, 0, len(w.columns))
	defer func() {
		for _, a := range arrays {
			a.Release()
		}
	}()
	for i := range w.columns {
		a, err := w.columns[i].converted(rows.Column(i))
		if err != nil {
			return nil, err
		}
		arrays, fields[i] = append(arrays, a), w.columns[i].field
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, rows.NumRows()), nil
}

// create starts the next file. Its encodings follow from its first rows.
func (w *Writer) create(first arrow.RecordBatch) error {
	path := filepath.Join(w.opts.Dir, fmt.Sprintf("%s-%d.parquet", w.opts.Prefix, w.next))
	w.next++
	f, err := create(path, first, w.system)
	if err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	w.open, w.made = f, append(w.made, path)
	return nil
}

// Finish completes the file in the making and returns it; none if there is none.
func (w *Writer) Finish() ([]File, error) {
	if w.open == nil {
		return nil, nil
	}
	f := w.open
	w.open = nil
	done, err := f.finish()
	if err != nil {
		return nil, fmt.Errorf("finish %s: %w", f.path, err)
	}
	w.learn.update(done.Bytes, done.Rows)
	return []File{done}, nil
}

// Discard removes all files that the Writer made and that are still there.
func (w *Writer) Discard() error {
	var faults []error
	if w.open != nil {
		faults = append(faults, w.open.abandon())
		w.open = nil
	}
	for _, path := range w.made {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err)
		}
	}
	w.made = nil
	return errors.Join(faults...)
}
