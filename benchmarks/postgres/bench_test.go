package main

import (
	"io"
	"testing"

	"github.com/ampgen/ampgen/benchmarks/transfers"
	erc20transfers "github.com/ampgen/ampgen/generated/erc20_transfers"
	"github.com/ampgen/ampgen/runtime/pgcopy"
)

// All ways load the same rows, with and without a key.
func TestWaysLoadTheSame(t *testing.T) {
	for _, key := range []bool{false, true} {
		if err := compare(t.Context(), io.Discard, 20_000, 1, key); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	const rows = 200_000
	bench, err := newBench(b.Context(), rows, true)
	if err != nil {
		b.Fatal(err)
	}
	defer bench.close()
	for _, w := range bench.ways() {
		b.Run(w.name, func(b *testing.B) {
			seconds := 0.0
			for b.Loop() {
				if err := bench.empty(b.Context()); err != nil {
					b.Fatal(err)
				}
				took, err := w.load(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				seconds += took.Seconds()
			}
			b.ReportMetric(float64(b.N)*rows/seconds, "rows/s")
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	source := transfers.Batches(transfers.BatchRows, erc20transfers.TableSchema)
	do := encode(source, pgcopy.Tail{})
	b.ReportAllocs()
	for b.Loop() {
		size, err := do()
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(size))
	}
	b.ReportMetric(float64(b.N)*transfers.BatchRows/b.Elapsed().Seconds(), "rows/s")
}

// Encoding allocates nothing per row; binding to a batch may.
func TestEncodeDoesNotAllocate(t *testing.T) {
	rows := transfers.Batches(transfers.BatchRows, erc20transfers.TableSchema)[0]
	encoder, buf := erc20transfers.NewPostgresEncoder(), make([]byte, 0, 8<<20)
	if err := encoder.Bind(rows); err != nil {
		t.Fatal(err)
	}
	if allocs := testing.AllocsPerRun(5, func() {
		if _, err := encoder.AppendRows(buf, 0, transfers.BatchRows, pgcopy.Tail{}); err != nil {
			t.Fatal(err)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations for %d rows", allocs, transfers.BatchRows)
	}
}
