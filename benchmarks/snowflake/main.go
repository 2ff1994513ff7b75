// Command snowflake measures the loaders' Snowflake sink against the test server: files through the stage and COPY beside array
// binds and INSERT, by one worker and by four, rows and state in one commit per unit.
//
//	go run ./benchmarks/snowflake [--rows 400000] [--insert-rows 65536] [--rounds 3]
//
// The server, which is DuckDB behind Snowflake's protocol, works on the same processor and has no network before it. So the figures
// compare ways and show what the sink itself can do; they say nothing about how fast Snowflake loads. What building the files
// costs without any server is measured by BenchmarkFiles in sinks/snowflake/internal/stagefile.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/sinks/snowflake"
)

func main() {
	var o options
	pflag.IntVar(&o.rows, "rows", 400_000, "rows to load through the stage")
	pflag.IntVar(&o.insertRows, "insert-rows", 65_536, "rows to load by INSERT")
	pflag.IntVar(&o.rounds, "rounds", 3, "how often to load them in each way; the best time counts")
	pflag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "benchmark:", err)
		os.Exit(1)
	}
}

type options struct{ rows, insertRows, rounds int }

// way is a way to load; the first is the measure of the others.
type way struct {
	name    string
	method  string
	workers int
	rows    int
}

func ways(o options) []way {
	return []way{
		{"stage and COPY, 1 worker", snowflake.MethodStage, 1, o.rows},
		{"stage and COPY, 4 workers", snowflake.MethodStage, 4, o.rows},
		{"INSERT, 1 worker", snowflake.MethodInsert, 1, o.insertRows},
		{"INSERT, 4 workers", snowflake.MethodInsert, 4, o.insertRows},
	}
}

// compare prints the rates of all ways to load.
func compare(ctx context.Context, out io.Writer, o options) error {
	fmt.Fprintf(out, "ERC-20 transfers into the test server, %d units, best of %d:\n", units, o.rounds)
	base := 0.0
	for _, w := range ways(o) {
		var times []time.Duration
		for range max(o.rounds, 1) {
			took, err := load(ctx, w)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			times = append(times, took)
		}
		rate := float64(w.rows) / slices.Min(times).Seconds()
		if base == 0 {
			base = rate
		}
		fmt.Fprintf(out, "  %-26s %8d rows  %10.0f rows/s   ratio %.3f\n", w.name, w.rows, rate, rate/base)
	}
	return nil
}
