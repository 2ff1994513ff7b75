package snowtest

/*
#include <stdlib.h>

// From DuckDB's C interface, which the Go bindings link. They declare it only in builds with the tag duckdb_arrow.
extern int duckdb_arrow_scan(void *connection, const char *table_name, void *arrow_array_stream);
*/
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// The views that Arrow data is read through. There is one of each, made and dropped in the writer's transaction.
const (
	bindView = "bound_rows"
	fileView = "file_rows"
)

// streamSize is the size of Arrow's struct ArrowArrayStream: four functions and a pointer.
const streamSize = 5 * unsafe.Sizeof(uintptr(0))

// view makes rows readable, once, as a view. Drop removes it and frees what it reads from.
func (c *conn) view(name string, rows array.RecordReader) (drop func(), err error) {
	stream := C.calloc(1, C.size_t(streamSize))
	cdata.ExportRecordReader(rows, (*cdata.CArrowArrayStream)(stream))
	free := func() {
		cdata.ReleaseCArrowArrayStream((*cdata.CArrowArrayStream)(stream))
		C.free(stream)
	}
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	if C.duckdb_arrow_scan(c.handle.Ptr, cName, stream) != 0 {
		free()
		return nil, fmt.Errorf("read arrow data: duckdb refused the schema %s", rows.Schema())
	}
	return func() {
		_, _ = c.query("DROP VIEW IF EXISTS " + name) // fails in a transaction that failed, which made it
		free()
	}, nil
}

// bindRows makes array binds readable as the columns b0, b1, … of bindView. Without binds it does nothing.
func (c *conn) bindRows(binds []bind) (drop func(), err error) {
	if len(binds) == 0 {
		return func() {}, nil
	}
	fields := make([]arrow.Field, len(binds))
	columns := make([]arrow.Array, len(binds))
	for i, b := range binds {
		fields[i] = arrow.Field{Name: fmt.Sprintf("b%d", i), Type: arrow.BinaryTypes.LargeString, Nullable: true}
		builder := array.NewLargeStringBuilder(memory.DefaultAllocator)
		builder.Reserve(len(b.rows))
		for _, v := range b.rows {
			if v == nil {
				builder.AppendNull()
			} else {
				builder.Append(*v)
			}
		}
		columns[i] = builder.NewArray()
		builder.Release()
	}
	schema := arrow.NewSchema(fields, nil)
	record := array.NewRecordBatch(schema, columns, int64(len(binds[0].rows)))
	defer record.Release()
	reader, err := array.NewRecordReader(schema, []arrow.RecordBatch{record})
	if err != nil {
		return nil, err
	}
	defer reader.Release()
	return c.view(bindView, reader)
}
