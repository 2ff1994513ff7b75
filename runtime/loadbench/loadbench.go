// Package loadbench measures a sink: it loads random rows of a pipeline's table, unit by unit, into a table beside the real one.
// Generated benchmarks are its only users.
package loadbench

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

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
	l := &loader{sink: open(b, d, flags), table: benchTable(p), salt: time.Now().UnixNano()}
	if err := l.sink.Prepare(ctx, &l.table); err != nil {
		b.Fatal(err)
	}
	l.rows = randbatch.New(l.table.Schema, batchRows, 1)
	defer l.rows.Release()
	l.empty(ctx, b)
	b.SetBytes(randbatch.Size(l.rows) * batchesInOne)
	units := 0
	for b.Loop() {
		l.load(ctx, b, batchesInOne)
		units++
	}
	l.empty(context.WithoutCancel(ctx), b)
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

// loader is one run of the benchmark.
type loader struct {
	sink  runtime.Sink
	table runtime.Table
	rows  arrow.RecordBatch
	units uint64 // so far
	salt  int64  // makes the hashes of this run, so that no sink takes its units for those of an earlier run
}

// unit is the next commit unit: a range of as many blocks as it has rows, or, without a block column, a new content of the
// table.
func (l *loader) unit() runtime.Unit {
	first := l.units * unitRows
	hash := func(n uint64) string { return fmt.Sprintf("0x%016x%048x", l.salt, n) }
	l.units++
	return runtime.Unit{Replace: l.table.Block == "", Ranges: []runtime.Range{{
		Network: network, Start: first, End: first + unitRows - 1, Hash: hash(l.units), PrevHash: hash(l.units - 1),
	}}}
}

// load commits one unit of so many batches.
func (l *loader) load(ctx context.Context, b *testing.B, batches uint64) {
	unit := l.unit()
	tx, err := l.sink.Begin(ctx, unit)
	if err != nil {
		b.Fatal(err)
	}
	for i := range batches {
		batch := withBlocks(b, l.rows, l.table.Block, unit.Ranges[0].Start+i*batchRows)
		if err := tx.Write(ctx, batch); err != nil {
			b.Fatal(err)
		}
		batch.Release()
	}
	if err := tx.Commit(ctx); err != nil {
		b.Fatal(err)
	}
}

// empty removes the rows of an earlier run, and for a table with a block column their coverage.
func (l *loader) empty(ctx context.Context, b *testing.B) {
	if l.table.Block == "" {
		l.load(ctx, b, 0)
		return
	}
	if err := l.sink.Undo(ctx, runtime.Undo{Network: network}); err != nil {
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
