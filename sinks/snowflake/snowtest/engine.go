package snowtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// engine is the DuckDB that holds the rows. Reads run side by side; whatever writes takes write first, so that DuckDB never sees
// two transactions that could conflict.
type engine struct {
	db mapping.Database

	write  sync.Mutex
	writer *conn // used under write

	idle chan *conn // for reads
}

// readers is how many reads run side by side.
const readers = 4

func openEngine() (*engine, error) {
	e := &engine{idle: make(chan *conn, readers)}
	if mapping.Open("", &e.db) == mapping.StateError {
		return nil, errors.New("open duckdb: no in-memory database could be made")
	}
	var err error
	if e.writer, err = e.connect(); err != nil {
		return nil, err
	}
	for range readers {
		c, err := e.connect()
		if err != nil {
			return nil, err
		}
		e.idle <- c
	}
	return e, nil
}

func (e *engine) connect() (*conn, error) {
	c := &conn{}
	if mapping.Connect(e.db, &c.handle) == mapping.StateError {
		return nil, errors.New("connect to duckdb: no connection could be made")
	}
	_, err := c.query("SET TimeZone = 'UTC'")
	return c, err
}

// close waits for what runs.
func (e *engine) close() {
	e.write.Lock()
	defer e.write.Unlock()
	for range readers {
		mapping.Disconnect(&(<-e.idle).handle)
	}
	mapping.Disconnect(&e.writer.handle)
	mapping.Close(&e.db)
}

// read runs a query outside of any transaction: it sees what is committed in DuckDB when it starts.
func (e *engine) read(sql string) ([][]*string, error) {
	c := <-e.idle
	defer func() { e.idle <- c }()
	return c.query(sql)
}

// atomically runs do in a DuckDB transaction, which is rolled back if do fails. One at a time.
func (e *engine) atomically(do func(c *conn) error) error {
	e.write.Lock()
	defer e.write.Unlock()
	if _, err := e.writer.query("BEGIN"); err != nil {
		return err
	}
	if err := do(e.writer); err != nil {
		if _, rollback := e.writer.query("ROLLBACK"); rollback != nil {
			return fmt.Errorf("%w; and then: %w", err, rollback)
		}
		return err
	}
	_, err := e.writer.query("COMMIT")
	return err
}

// conn is one connection to DuckDB, used by one goroutine at a time. Below database/sql, since only there Arrow data can be read
// in builds without a special tag.
type conn struct{ handle mapping.Connection }

// query runs the statements of script and returns the rows of the last, whose columns must all be VARCHAR; nil is NULL.
func (c *conn) query(script string) ([][]*string, error) {
	var result mapping.Result
	state := mapping.Query(c.handle, script, &result)
	defer mapping.DestroyResult(&result)
	if state == mapping.StateError {
		return nil, engineError(mapping.ResultErrorType(&result), mapping.ResultError(&result), script)
	}
	if mapping.ResultReturnType(result) != mapping.ResultTypeQueryResult {
		return nil, nil
	}
	var rows [][]*string
	for {
		chunk := mapping.FetchChunk(result)
		if chunk.Ptr == nil {
			return rows, nil
		}
		rows = appendChunk(rows, chunk)
		mapping.DestroyDataChunk(&chunk)
	}
}

// count runs a statement that inserts, updates or deletes rows, and returns how many.
func (c *conn) count(sql string) (int64, error) {
	var result mapping.Result
	state := mapping.Query(c.handle, sql, &result)
	defer mapping.DestroyResult(&result)
	if state == mapping.StateError {
		return 0, engineError(mapping.ResultErrorType(&result), mapping.ResultError(&result), sql)
	}
	return int64(mapping.RowsChanged(&result)), nil
}

func appendChunk(rows [][]*string, chunk mapping.DataChunk) [][]*string {
	first, n := len(rows), int(mapping.DataChunkGetSize(chunk))
	columns := int(mapping.DataChunkGetColumnCount(chunk))
	for range n {
		rows = append(rows, make([]*string, columns))
	}
	for col := range columns {
		vector := mapping.DataChunkGetVector(chunk, mapping.IdxT(col))
		values := unsafe.Slice((*mapping.StringT)(mapping.VectorGetData(vector)), n)
		validity := mapping.VectorGetValidity(vector)
		for i := range values {
			if validity == nil || mapping.ValidityRowIsValid(validity, mapping.IdxT(i)) {
				s := strings.Clone(mapping.StringTData(&values[i]))
				rows[first+i][col] = &s
			}
		}
	}
	return rows
}

// text quotes s as an SQL string.
func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
