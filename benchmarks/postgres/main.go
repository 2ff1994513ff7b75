// Command postgres measures the path to PostgreSQL: how fast the loaders' sink is beside PostgreSQL's own client with a ready
// file, which is the ceiling, and beside pgx.CopyFrom, all in one run on one machine with the same rows.
//
//	go run ./benchmarks/postgres [--rows 1000000] [--rounds 3]
//
// It starts a server of its own, without fsync. The best time of each way counts, since what else a machine does only ever
// adds to it. Ratios are to the ready file's rate; absolute figures are the machine's.
package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/benchmarks/transfers"
	erc20transfers "github.com/ampgen/ampgen/generated/erc20_transfers"
	"github.com/ampgen/ampgen/runtime/pgcopy"
)

func main() {
	rows := pflag.Int("rows", 1_000_000, "rows to load")
	rounds := pflag.Int("rounds", 3, "how often to load them in each way; the best time counts")
	pflag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, max(*rows, 1), max(*rounds, 1)); err != nil {
		fmt.Fprintln(os.Stderr, "benchmark:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rows, rounds int) error {
	for _, key := range []bool{false, true} {
		if err := compare(ctx, os.Stdout, rows, rounds, key); err != nil {
			return err
		}
	}
	return encoding(os.Stdout)
}

// compare prints the rates of all ways to load.
func compare(ctx context.Context, out io.Writer, rows, rounds int, key bool) error {
	b, err := newBench(ctx, rows, key)
	if err != nil {
		return err
	}
	defer b.close()
	table := "without index"
	if key {
		table = "with its primary key"
	}
	fmt.Fprintf(out, "%d ERC-20 transfers into a table %s, best of %d:\n", rows, table, rounds)
	ways := b.ways()
	times := make([][]time.Duration, len(ways))
	digest := ""
	rng := rand.New(rand.NewPCG(1, 1))
	for range rounds {
		for _, i := range rng.Perm(len(ways)) { // no way always follows the same other one
			took, got, err := b.once(ctx, ways[i])
			if err != nil {
				return fmt.Errorf("%s: %w", ways[i].name, err)
			}
			times[i] = append(times[i], took)
			if digest == "" {
				digest = got
			} else if got != digest {
				return fmt.Errorf("%s loaded other rows: %s, not %s", ways[i].name, got, digest)
			}
		}
	}
	base := slices.Min(times[0])
	for i, w := range ways {
		m := slices.Min(times[i])
		fmt.Fprintf(out, "  %-34s %10.0f rows/s   ratio %.2f\n", w.name, float64(rows)/m.Seconds(), base.Seconds()/m.Seconds())
	}
	return nil
}

// once loads the empty table and returns the time and a digest of what is in it.
func (b *bench) once(ctx context.Context, w way) (took time.Duration, digest string, err error) {
	if err = b.empty(ctx); err != nil {
		return 0, "", err
	}
	if took, err = w.load(ctx); err != nil {
		return 0, "", err
	}
	digest, err = b.contents(ctx)
	return took, digest, err
}

// encoding prints what one core does without a database.
func encoding(out io.Writer) error {
	source := transfers.Batches(8*transfers.BatchRows, erc20transfers.TableSchema)
	tail := pgcopy.Tail{Fields: 1, Bytes: pgcopy.AppendBytes(nil, []byte("0123456789abcdef"))}
	both, err := decodeAndEncode(source, tail)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Without a database, one core:")
	for _, c := range []struct {
		name string
		do   func() (int, error)
	}{{"encode", encode(source, tail)}, {"decode Arrow and encode", both}} {
		r, err := measure(8*transfers.BatchRows, c.do)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %-34s %10.0f rows/s   %.0f MB/s   %.4f allocations/row\n", c.name, r.rowsPerSecond, r.bytesPerSecond/1e6, r.allocsPerRow)
	}
	return nil
}
