package duck

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// maxBatchRows is DataFusion's batch size, which the server's batches never exceed.
const maxBatchRows = 8192

// Query runs a SELECT and hands its rows to yield in batches of the given schema, at most maxRows each; 0 stands for 8,192,
// which is also the limit. The query's columns must have the types that TypeName gives for the schema's; columns beyond
// the schema's are skipped. Yield does not own the batch. There is no batch without rows.
func (c *Conn) Query(ctx context.Context, query string, schema *arrow.Schema, maxRows int, yield func(arrow.RecordBatch) error) error {
	if maxRows <= 0 || maxRows > maxBatchRows {
		maxRows = maxBatchRows
	}
	return c.query(ctx, query, func(result *mapping.Result) error {
		return readBatches(result, schema, maxRows, yield)
	})
}

// readBatches converts the chunks of a result.
func readBatches(result *mapping.Result, schema *arrow.Schema, maxRows int, yield func(arrow.RecordBatch) error) error {
	rows := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer rows.Release()
	filled := 0
	flush := func() error {
		batch := rows.NewRecordBatch()
		defer batch.Release()
		filled = 0
		return yield(batch)
	}
	for {
		chunk := mapping.FetchChunk(*result)
		if chunk.Ptr == nil {
			break
		}
		err := eachPart(chunk, maxRows-filled, maxRows, func(from, to int) error {
			if err := appendChunk(rows, chunk, from, to); err != nil {
				return err
			}
			if filled += to - from; filled == maxRows {
				return flush()
			}
			return nil
		})
		mapping.DestroyDataChunk(&chunk)
		if err != nil {
			return err
		}
	}
	if filled > 0 {
		return flush()
	}
	return nil
}

// eachPart cuts the rows of a chunk into a first part of at most first rows and further ones of at most size.
func eachPart(chunk mapping.DataChunk, first, size int, f func(from, to int) error) error {
	n := int(mapping.DataChunkGetSize(chunk))
	for from, to := 0, min(first, n); from < n; from, to = to, min(to+size, n) {
		if err := f(from, to); err != nil {
			return err
		}
	}
	return nil
}

// appendChunk appends the rows [from, to) of a chunk.
func appendChunk(rows *array.RecordBuilder, chunk mapping.DataChunk, from, to int) error {
	schema := rows.Schema()
	if got, want := int(mapping.DataChunkGetColumnCount(chunk)), schema.NumFields(); got < want {
		return fmt.Errorf("the result has %d columns, not %d", got, want)
	}
	for i, f := range schema.Fields() {
		v := Vector{mapping.DataChunkGetVector(chunk, mapping.IdxT(i)), int(mapping.DataChunkGetSize(chunk))}
		if err := appendVector(rows.Field(i), f.Type, v, from, to); err != nil {
			return fmt.Errorf("column %q: %w", f.Name, err)
		}
	}
	return nil
}
