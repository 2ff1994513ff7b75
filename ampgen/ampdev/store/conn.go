package store

/*
#include <stdlib.h>

// From DuckDB's C interface, which the Go bindings link. They declare it only in builds with the tag duckdb_arrow; declared
// here, ampdev is built by a plain "go build".
extern int duckdb_arrow_scan(void *connection, const char *table_name, void *arrow_array_stream);
*/
import "C"

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// Error is DuckDB's refusal of a statement, or its failure.
type Error struct {
	Text string // DuckDB's own words
	// Bind is true when the statement could not be planned: a name, a type or a feature that DuckDB does not know.
	Bind bool
}

func (e *Error) Error() string { return e.Text }

// conn is a connection, beneath database/sql because Arrow data and chunks of results need its handle. It is for one
// goroutine at a time.
type conn struct{ handle mapping.Connection }

func connect(db mapping.Database) (*conn, error) {
	c := &conn{}
	if mapping.Connect(db, &c.handle) == mapping.StateError {
		return nil, fmt.Errorf("connect to duckdb: no connection could be made")
	}
	return c, nil
}

func (c *conn) close() { mapping.Disconnect(&c.handle) }

// query runs the statements of script and hands the last one's result to read, if there is one. Cancelling ctx interrupts.
func (c *conn) query(ctx context.Context, script string, read func(*mapping.Result) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		mapping.Interrupt(c.handle)
		close(interrupted)
	})
	var result mapping.Result
	state := mapping.Query(c.handle, script, &result)
	defer mapping.DestroyResult(&result)
	if !stop() {
		<-interrupted // or it would hit the next statement
	}
	if state == mapping.StateError {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return resultError(&result)
	}
	if read == nil {
		return nil
	}
	return read(&result)
}

func resultError(result *mapping.Result) error {
	e := &Error{Text: mapping.ResultError(result)}
	switch mapping.ResultErrorType(result) {
	case mapping.ErrorTypeBinder, mapping.ErrorTypeCatalog, mapping.ErrorTypeParser, mapping.ErrorTypeNotImplemented, mapping.ErrorTypeSyntax:
		e.Bind = true
	}
	return e
}

func (c *conn) exec(ctx context.Context, script string) error { return c.query(ctx, script, nil) }

// transaction runs f between BEGIN and COMMIT; an error rolls back.
func (c *conn) transaction(ctx context.Context, f func() error) error {
	if err := c.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := f(); err != nil {
		_ = c.exec(context.WithoutCancel(ctx), "ROLLBACK") // the first error is the one to report
		return err
	}
	return c.exec(ctx, "COMMIT")
}

// streamSize is the size of Arrow's struct ArrowArrayStream: four functions and a pointer.
const streamSize = 5 * unsafe.Sizeof(uintptr(0))

// insert appends the rows of batch, whose columns are table's, in order.
func (c *conn) insert(ctx context.Context, table string, batch arrow.RecordBatch) error {
	rows, err := array.NewRecordReader(batch.Schema(), []arrow.RecordBatch{batch})
	if err != nil {
		return err
	}
	defer rows.Release()
	stream := C.calloc(1, C.size_t(streamSize))
	defer C.free(stream)
	cdata.ExportRecordReader(rows, (*cdata.CArrowArrayStream)(stream))
	defer cdata.ReleaseCArrowArrayStream((*cdata.CArrowArrayStream)(stream))
	name := C.CString("ampdev_incoming")
	defer C.free(unsafe.Pointer(name))
	if C.duckdb_arrow_scan(c.handle.Ptr, name, stream) != 0 {
		return fmt.Errorf("insert into %s: duckdb refused the schema %s", table, batch.Schema())
	}
	return c.exec(ctx, "INSERT INTO "+table+" SELECT * FROM ampdev_incoming; DROP VIEW ampdev_incoming")
}
