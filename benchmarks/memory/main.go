// Command memory shows how much memory loaders need for ranges of different sizes: the generated ERC-20 loader with its labels, four
// workers, into PostgreSQL and DuckDB, from a source that makes rows as fast as they are taken.
//
//	go run ./benchmarks/memory [--rows 1000000,10000000]
//
// Each load is a process of its own, so that its peak is its own, too. With DuckDB that has DuckDB's own
// memory in it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	erc20transfers "github.com/ampgen/ampgen/generated/erc20_transfers"
	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/duckdb"
	"github.com/ampgen/ampgen/sinks/postgres"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// result is what a load tells.
type result struct {
	Took time.Duration
	Peak int64  // bytes of resident memory
	Go   uint64 // bytes that Go had from the system; the rest is the program itself and what DuckDB has
}

func main() {
	sizes := pflag.IntSlice("rows", []int{1_000_000, 10_000_000}, "how many rows to load, one load after the other")
	sink := pflag.String("sink", "", "for the processes that this command starts: the sink to load into")
	target := pflag.String("target", "", "for them: the database's URL or file")
	pflag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if *sink != "" {
		err = load(ctx, *sink, *target, (*sizes)[0])
	} else {
		err = compare(ctx, *sizes)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

// compare loads every size into every sink and prints the peaks.
func compare(ctx context.Context, sizes []int) error {
	server, err := pgtest.Start(ctx)
	if err != nil {
		return err
	}
	defer server.Stop()
	dir, err := os.MkdirTemp("", "ampgen-memory-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, sink := range []string{"postgres", "duckdb"} {
		first := 0.0
		for _, rows := range sizes {
			target := filepath.Join(dir, strconv.Itoa(rows)+".duckdb")
			if sink == "postgres" {
				database, err := server.CreateDatabase(ctx)
				if err != nil {
					return err
				}
				target = server.SocketURL(database)
			}
			r, err := child(ctx, sink, target, rows)
			if err != nil {
				return fmt.Errorf("%d rows into %s: %w", rows, sink, err)
			}
			if first == 0 {
				first = float64(r.Peak)
			}
			fmt.Printf("%-10s %10d rows  %8.0f rows/s  peak %5d MB  ratio %.2f  Go %4d MB\n", sink, rows,
				float64(rows)/r.Took.Seconds(), r.Peak>>20, float64(r.Peak)/first, r.Go>>20)
		}
	}
	return nil
}

// child loads in a process of its own.
func child(ctx context.Context, sink, target string, rows int) (r result, err error) {
	program, err := os.Executable()
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, program, "--sink", sink, "--target", target, "--rows", strconv.Itoa(rows))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}

// load loads so many rows and prints the result.
func load(ctx context.Context, sink, target string, rows int) error {
	p, driver, args := erc20transfers.Pipeline(), runtime.Driver(nil), []string(nil)
	switch sink {
	case "postgres":
		p.Table, driver, args = erc20transfers.PostgresTable(), postgres.NewDriver(erc20transfers.NewPostgresEncoder), []string{"--postgres-url", target}
	case "duckdb":
		p.Table, driver, args = erc20transfers.DuckDBTable(), duckdb.NewDriver(), []string{"--duckdb-path", target, "--duckdb-memory", "512MB"}
	default:
		return fmt.Errorf("no sink is called %q", sink)
	}
	fs := pflag.NewFlagSet(sink, pflag.ContinueOnError)
	driver.Flags(fs)
	if err := fs.Parse(args); err != nil {
		return err
	}
	s, err := driver.Open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	source, last := newSource(rows)
	start := time.Now()
	if err := runtime.Run(ctx, runtime.Options{Pipeline: &p, Source: source, Sink: s, To: &last, Latest: true, Workers: 4, ReorgDepth: 1}); err != nil {
		return err
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	took := time.Since(start)
	var memory goruntime.MemStats
	goruntime.ReadMemStats(&memory)
	return json.NewEncoder(os.Stdout).Encode(result{took, int64(usage.Maxrss) << 10, memory.Sys})
}
