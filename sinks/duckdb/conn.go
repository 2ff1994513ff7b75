package duckdb

import (
	"context"
	"strconv"
	"strings"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// conn is one connection. It speaks to DuckDB's C interface, beneath database/sql, because feeding Arrow data needs the
// connection's handle, which the database/sql driver gives out only to builds with a special tag. Used by one goroutine.
type conn struct{ handle mapping.Connection }

func (c *conn) close() { mapping.Disconnect(&c.handle) }

// exec runs the statements of script in order. Cancelling ctx interrupts them.
func (c *conn) exec(ctx context.Context, script string) error {
	_, err := c.query(ctx, script)
	return err
}

// query runs the statements of script and returns the rows of the last, whose columns must all be VARCHAR; NULL reads as "".
func (c *conn) query(ctx context.Context, script string) ([][]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
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
		err := &statementError{kind: mapping.ResultErrorType(&result), text: mapping.ResultError(&result)}
		if err.kind == mapping.ErrorTypeInterrupt && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return textRows(&result), nil
}

func textRows(result *mapping.Result) [][]string {
	if mapping.ResultReturnType(*result) != mapping.ResultTypeQueryResult {
		return nil
	}
	var rows [][]string
	for {
		chunk := mapping.FetchChunk(*result)
		if chunk.Ptr == nil {
			return rows
		}
		rows = appendChunk(rows, chunk)
		mapping.DestroyDataChunk(&chunk)
	}
}

func appendChunk(rows [][]string, chunk mapping.DataChunk) [][]string {
	first, n := len(rows), int(mapping.DataChunkGetSize(chunk))
	columns := int(mapping.DataChunkGetColumnCount(chunk))
	for range n {
		rows = append(rows, make([]string, columns))
	}
	for col := range columns {
		vector := mapping.DataChunkGetVector(chunk, mapping.IdxT(col))
		values := unsafe.Slice((*mapping.StringT)(mapping.VectorGetData(vector)), n)
		validity := mapping.VectorGetValidity(vector)
		for i := range values {
			if validity == nil || mapping.ValidityRowIsValid(validity, mapping.IdxT(i)) {
				rows[first+i][col] = mapping.StringTData(&values[i])
			}
		}
	}
	return rows
}

// literal quotes s as an SQL string.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func number(n uint64) string { return strconv.FormatUint(n, 10) }
