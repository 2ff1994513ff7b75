package labels

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/runtime/fault"
)

// Table is a label file in memory: its key and the columns that are added to rows.
type Table struct {
	Spec    Spec
	path    string
	key     arrow.Array
	columns []arrow.Array // as Spec.Columns
	lines   []int         // the line in the file of each row, for messages
}

// Rows is the number of rows in the file.
func (t *Table) Rows() int { return len(t.lines) }

// Load reads the label from path. A file that does not fit what was compiled, by its header or by a cell, is a Drift error
// that names line and column. An empty cell is null, or for text the empty string: CSV cannot tell an empty text from an absent
// one.
func Load(spec Spec, path string) (*Table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &fault.Error{Class: fault.Permanent, Op: "load label " + spec.Name, Err: err,
			Help: "name the file with --label " + spec.Name + "=path"}
	}
	defer file.Close()
	t, err := read(spec, file)
	if err != nil {
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			return nil, fault.Errorf(fault.Permanent, "load label "+spec.Name, "", "%w", err)
		}
		return nil, &fault.Error{Class: fault.Drift, Op: "load label " + spec.Name, On: path, Err: err,
			Help: "load a file like the one the loader was generated from, or generate the loader again"}
	}
	t.path = path
	return t, nil
}

func read(spec Spec, from io.Reader) (*Table, error) {
	in := bufio.NewReaderSize(from, 1<<16)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		in.Discard(3)
	}
	r := csv.NewReader(in)
	r.ReuseRecord = true
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, err
	}
	if !slices.Equal(header, spec.Header) {
		return nil, fmt.Errorf("line 1: the columns are %q, compiled were %q", header, spec.Header)
	}
	t := &Table{Spec: spec}
	columns, err := t.bind()
	if err != nil {
		return nil, err
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		for _, c := range columns {
			if err := c.append(cells[c.cell]); err != nil {
				line, at := r.FieldPos(c.cell)
				return nil, fmt.Errorf("line %d:%d: column %s: %w", line, at, spec.Header[c.cell], err)
			}
		}
		t.lines = append(t.lines, line)
	}
	if len(t.lines) == 0 {
		return nil, errors.New("the file has a header and no rows, so no row would get a label")
	}
	t.key = columns[0].builder.NewArray()
	for _, c := range columns[1:] {
		t.columns = append(t.columns, c.builder.NewArray())
	}
	return t, nil
}

// reading is one column that is read from the file.
type reading struct {
	cell     int // in the record
	builder  array.Builder
	add      appender
	text     bool // an empty cell is a value
	nullable bool
}

func (c *reading) append(cell string) error {
	switch {
	case cell != "" || c.text:
		return c.add(cell)
	case !c.nullable:
		return errors.New("the cell is empty, and no cell was when the loader was generated")
	}
	c.builder.AppendNull()
	return nil
}

// bind prepares the key, which is the first, and the columns.
func (t *Table) bind() ([]*reading, error) {
	wanted := append([]Column{{CSV: t.Spec.Key, Field: arrow.Field{Type: t.Spec.KeyType}}}, t.Spec.Columns...)
	out := make([]*reading, len(wanted))
	for i, column := range wanted {
		at := slices.Index(t.Spec.Header, column.CSV)
		if at < 0 {
			return nil, fmt.Errorf("column %q is compiled but is not in the compiled header", column.CSV)
		}
		builder := array.NewBuilder(memory.DefaultAllocator, column.Field.Type)
		add, err := newAppender(builder)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", column.CSV, err)
		}
		out[i] = &reading{cell: at, builder: builder, add: add, text: isText(column.Field.Type), nullable: column.Field.Nullable}
	}
	return out, nil
}

func isText(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return true
	}
	return false
}
