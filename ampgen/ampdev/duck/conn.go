// Package duck speaks to DuckDB beneath database/sql: statements, Arrow data in, results out as Arrow batches of exact types,
// and scalar functions that work on whole vectors.
package duck

/*
#include <stdlib.h>

// From DuckDB's C interface, which the Go bindings link. They declare it only in builds with the tag duckdb_arrow; declared
// here, ampdev is built by a plain "go build".
extern int duckdb_arrow_scan(void *connection, const char *table_name, void *arrow_array_stream);
*/
import "C"

import (
	"context"
	"errors"
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

// Conn is a connection. It is for one goroutine at a time.
type Conn struct{ handle mapping.Connection }

// DB is an open database. It is safe for concurrent use.
type DB struct{ handle mapping.Database }

// Open opens the database file at path, or an in-memory database if path is empty.
func Open(path string) (*DB, error) {
	db := &DB{}
	var message string
	var config mapping.Config
	if mapping.CreateConfig(&config) == mapping.StateError {
		return nil, errors.New("open duckdb: its configuration was refused")
	}
	defer mapping.DestroyConfig(&config)
	if mapping.OpenExt(path, &db.handle, config, &message) == mapping.StateError {
		return nil, fmt.Errorf("open duckdb %q: %s", path, message)
	}
	return db, nil
}

// Close closes the database. Its connections must be closed.
func (db *DB) Close() { mapping.Close(&db.handle) }

// Connect makes a connection, whose time zone is UTC.
func (db *DB) Connect(ctx context.Context) (*Conn, error) {
	c := &Conn{}
	if mapping.Connect(db.handle, &c.handle) == mapping.StateError {
		return nil, errors.New("connect to duckdb: no connection could be made")
	}
	if err := c.Exec(ctx, "SET TimeZone = 'UTC'"); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close closes the connection; an open transaction is rolled back.
func (c *Conn) Close() { mapping.Disconnect(&c.handle) }

// query runs the statements of script and hands the last one's result to read, if there is one. Cancelling ctx interrupts.
func (c *Conn) query(ctx context.Context, script string, read func(*mapping.Result) error) error {
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

// Exec runs the statements of script.
func (c *Conn) Exec(ctx context.Context, script string) error { return c.query(ctx, script, nil) }

// Transaction runs f between BEGIN and COMMIT; an error rolls back. Once f is done, cancelling ctx is too late: an interrupted
// COMMIT may have taken place, and one that is skipped leaves the transaction open.
func (c *Conn) Transaction(ctx context.Context, f func() error) error {
	if err := c.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := f(); err != nil {
		_ = c.Exec(context.WithoutCancel(ctx), "ROLLBACK") // the first error is the one to report
		return err
	}
	return c.Exec(context.WithoutCancel(ctx), "COMMIT")
}

// streamSize is the size of Arrow's struct ArrowArrayStream: four functions and a pointer.
const streamSize = 5 * unsafe.Sizeof(uintptr(0))

// Insert appends the rows of batch, whose columns are table's, in order.
func (c *Conn) Insert(ctx context.Context, table string, batch arrow.RecordBatch) error {
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
	return c.Exec(ctx, "INSERT INTO "+table+" SELECT * FROM ampdev_incoming; DROP VIEW ampdev_incoming")
}
