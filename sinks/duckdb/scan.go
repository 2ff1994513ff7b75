package duckdb

/*
#include <stdlib.h>

// From DuckDB's C interface, which the Go bindings link. They declare it only in builds with the tag duckdb_arrow; declared
// here, a loader is built by a plain "go build".
extern int duckdb_arrow_scan(void *connection, const char *table_name, void *arrow_array_stream);
*/
import "C"

import (
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"

	"github.com/ampgen/ampgen/runtime"
)

// streamSize is the size of Arrow's struct ArrowArrayStream: four functions and a pointer.
const streamSize = 5 * unsafe.Sizeof(uintptr(0))

// arrowView makes rows readable, once, as a view called name on c. The view is part of c's transaction. drop frees what the
// view reads from; no statement may use the view then.
func arrowView(c *conn, name string, rows array.RecordReader) (drop func(), err error) {
	stream := C.calloc(1, C.size_t(streamSize))
	cdata.ExportRecordReader(rows, (*cdata.CArrowArrayStream)(stream))
	drop = func() {
		cdata.ReleaseCArrowArrayStream((*cdata.CArrowArrayStream)(stream))
		C.free(stream)
	}
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	if C.duckdb_arrow_scan(c.handle.Ptr, cName, stream) != 0 {
		drop()
		return nil, runtime.Errorf(runtime.Permanent, "read arrow data", "duckdb", "duckdb refused the schema %s", rows.Schema())
	}
	return drop, nil
}
