package sinktest

import (
	"testing"
	"time"

	"github.com/ampgen/ampgen/runtime"
)

// Events is the table of the benchmarks: block_num, log_index and name.
func Events() *runtime.Table { return events() }

// Prior is the number of one-block commits that the long-running sink of BenchmarkCommits has behind it: five months of
// twelve-second blocks.
const Prior = 1_000_000

// BenchmarkCommits commits one block with one row at a time to two sinks, prepared for tables of Events: one is new, the other has
// the Prior blocks before block Prior. It reports how much slower the second is, as a ratio.
func BenchmarkCommits(b *testing.B, fresh, old runtime.Sink) {
	commit := func(s runtime.Sink, n uint64) time.Duration {
		rows := rowsOf(n, n, "a")
		defer rows.Release()
		start := time.Now()
		if err := try(b.Context(), s, unit(oneBlock(n)), rows); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	var ofFresh, ofOld time.Duration
	n := uint64(Prior)
	for b.Loop() {
		ofFresh += commit(fresh, n)
		ofOld += commit(old, n)
		n++
	}
	b.ReportMetric(float64(ofFresh.Microseconds())/float64(b.N), "fresh-us/commit")
	b.ReportMetric(float64(ofOld.Microseconds())/float64(b.N), "old-us/commit")
	b.ReportMetric(float64(ofOld)/float64(ofFresh), "ratio")
}

// BenchmarkUndo undoes 1,000 blocks of five rows each from the end of a table of Events that has rows of the Prior blocks before
// block Prior, and loads them again.
func BenchmarkUndo(b *testing.B, s runtime.Sink) {
	const blocks = 1000
	r := span("eth", Prior, Prior+blocks-1, "h", blockHash(Prior-1))
	rows := rowsOf(Prior, Prior+blocks-1, "a")
	var spent time.Duration
	for b.Loop() {
		if err := try(b.Context(), s, unit(r), rows, rows, rows, rows, rows); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if err := s.Undo(b.Context(), runtime.Undo{Network: "eth", From: Prior, Hash: blockHash(Prior - 1)}); err != nil {
			b.Fatal(err)
		}
		spent += time.Since(start)
	}
	b.ReportMetric(float64(spent.Microseconds())/1000/float64(b.N), "undo-ms/1000-blocks")
}
