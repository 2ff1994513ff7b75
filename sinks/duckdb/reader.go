package duckdb

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// reader is the record reader that DuckDB pulls a unit's records from: what tx.Write sends, until the channel is closed or
// ctx ends. DuckDB calls it from one thread at a time, and keeps what it needs of a record itself.
type reader struct {
	ctx     context.Context
	schema  *arrow.Schema
	rows    <-chan arrow.RecordBatch
	current arrow.RecordBatch
	err     error
}

var _ array.RecordReader = (*reader)(nil)

func newReader(ctx context.Context, schema *arrow.Schema, rows <-chan arrow.RecordBatch) *reader {
	return &reader{ctx: ctx, schema: schema, rows: rows}
}

func (r *reader) Next() bool {
	r.release()
	select {
	case rows, ok := <-r.rows:
		r.current = rows
		return ok
	case <-r.ctx.Done():
		r.err = r.ctx.Err()
		return false
	}
}

func (r *reader) release() {
	if r.current != nil {
		r.current.Release()
		r.current = nil
	}
}

func (r *reader) Schema() *arrow.Schema          { return r.schema }
func (r *reader) RecordBatch() arrow.RecordBatch { return r.current }
func (r *reader) Record() arrow.RecordBatch      { return r.current }
func (r *reader) Err() error                     { return r.err }

// Retain and Release: there is one holder, the C stream.
func (r *reader) Retain()  {}
func (r *reader) Release() { r.release() }
