// Package loadbench measures a sink: it loads random rows of a pipeline's table, unit by unit, into a table beside the real one.
// Generated benchmarks are its only users.
package loadbench

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/randbatch"
)

const (
	batchRows    = 8192 // what a server sends at once
	batchesInOne = 8    // commit unit
	unitRows     = batchRows * batchesInOne
	network      = "bench"
)

// Run loads a commit unit per iteration and reports rows/s. The sink's connection flags are words of the environment variable
// AMP_BENCH_ and the driver's name, such as AMP_BENCH_DUCKDB="--duckdb-path=/tmp/bench.duckdb"; without it the benchmark is
// skipped. The table has the name of p's and "_bench", and is empty before and after.
func Run(b *testing.B, p runtime.Pipeline, d runtime.Driver) {
	env := "AMP_BENCH_" + strings.ToUpper(d.Name())
	flags, ok := os.LookupEnv(env)
	if !ok {
		b.Skipf("%s is not set: give it the connection flags of a %s to load into", env, d.Name())
	}
	ctx := b.Context()
	sink := open(b, d, flags)
	table := benchTable(p)
	if err := sink.Prepare(ctx, &table); err != nil {
		b.Fatal(err)
	}
	empty(ctx, b, sink, &table)
	defer empty(context.WithoutCancel(ctx), b, sink, &table)

	rows := randbatch.New(table.Schema, batchRows, 1)
	defer rows.Release()
	b.SetBytes(randbatch.Size(rows) * batchesInOne)
	units := 0
	for b.Loop() {
		load(ctx, b, sink, &table, rows, uint64(units))
		units++
	}
	b.ReportMetric(float64(units)*unitRows/b.Elapsed().Seconds(), "rows/s")
}

func open(b *testing.B, d runtime.Driver, flags string) runtime.Sink {
	fs := pflag.NewFlagSet(d.Name(), pflag.ContinueOnError)
	d.Flags(fs)
	if err := fs.Parse(strings.Fields(flags)); err != nil {
		b.Fatal(err)
	}
	sink, err := d.Open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := sink.Close(); err != nil {
			b.Error(err)
		}
	})
	return sink
}

// benchTable is p's table under another name. Random keys are distinct only where each row has a block of its own, so a table
// without a block column has no key either.
func benchTable(p runtime.Pipeline) runtime.Table {
	t := p.Table
	t.Name += "_bench"
	t.Pipeline += "_bench"
	if t.Block == "" {
		t.Key = nil
	}
	return t
}

// load commits one unit: a range of as many blocks as it has rows, or, without a block column, a new content of the table.
func load(ctx context.Context, b *testing.B, sink runtime.Sink, t *runtime.Table, rows arrow.RecordBatch, n uint64) {
	first := n * unitRows
	unit := runtime.Unit{Replace: t.Block == "", Ranges: []runtime.Range{{
		Network: network, Start: first, End: first + unitRows - 1, Hash: fmt.Sprintf("0x%064x", n+1), PrevHash: fmt.Sprintf("0x%064x", n),
	}}}
	tx, err := sink.Begin(ctx, unit)
	if err != nil {
		b.Fatal(err)
	}
	for i := range uint64(batchesInOne) {
		batch := withBlocks(b, rows, t.Block, first+i*batchRows)
		if err := tx.Write(ctx, batch); err != nil {
			b.Fatal(err)
		}
		batch.Release()
	}
	if err := tx.Commit(ctx); err != nil {
		b.Fatal(err)
	}
}

// withBlocks gives each row a block of its own, from first on. The caller releases the batch.
func withBlocks(b *testing.B, rows arrow.RecordBatch, block string, first uint64) arrow.RecordBatch {
	if block == "" {
		rows.Retain()
		return rows
	}
	numbers := array.NewUint64Builder(memory.DefaultAllocator)
	defer numbers.Release()
	numbers.Reserve(batchRows)
	for i := range uint64(batchRows) {
		numbers.UnsafeAppend(first + i)
	}
	column := numbers.NewArray()
	defer column.Release()
	batch, err := rows.SetColumn(rows.Schema().FieldIndices(block)[0], column)
	if err != nil {
		b.Fatal(err)
	}
	return batch
}

// empty removes the rows and the coverage of an earlier run.
func empty(ctx context.Context, b *testing.B, sink runtime.Sink, t *runtime.Table) {
	if t.Block != "" {
		if err := sink.Undo(ctx, runtime.Undo{Network: network}); err != nil {
			b.Error(err)
		}
		return
	}
	state, err := sink.State(ctx, t)
	if err != nil {
		b.Fatal(err)
	}
	if len(state.Ranges) == 0 {
		return
	}
	tx, err := sink.Begin(ctx, runtime.Unit{Replace: true})
	if err == nil {
		err = tx.Commit(ctx)
	}
	if err != nil {
		b.Error(err)
	}
}
