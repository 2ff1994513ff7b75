package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
	"github.com/ampgen/ampgen/e2e/branches"
	erc20transfers "github.com/ampgen/ampgen/generated/erc20_transfers"
	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/sinks/duckdb"
	"github.com/ampgen/ampgen/sinks/postgres"
	"github.com/ampgen/ampgen/sinks/snowflake"
)

// event is one thing that happens to a chain: blocks are mined, or the last depth are replaced by others.
type event struct{ depth, blocks int }

// events are drawn from a seed. They are the same for every variant, and so are the blocks that come of them.
func events(seed uint64) []event {
	r := rand.New(rand.NewPCG(seed, 0))
	out := []event{{blocks: 12}}
	for range 7 {
		e := event{blocks: 1 + r.IntN(6)}
		if r.IntN(2) == 0 {
			e.depth = 1 + r.IntN(8)
			e.blocks += e.depth
		}
		out = append(out, e)
	}
	return out
}

// variant is a way of loading that must not matter to what the table says in the end.
type variant struct {
	name       string
	sink       system
	microbatch int // blocks
	batchRows  int // of a record batch; 0: as many as the server likes
	options    runtime.Options
	flags      []string // of the sink
	live       bool     // the loader runs while the chain changes; otherwise it is run after each change
}

var variants = []variant{
	{name: "one block at a time, a row at a time", sink: postgreSQL, microbatch: 1, batchRows: 1, live: true},
	{name: "microbatches that are cut by forks", sink: duckDB, microbatch: 5, batchRows: 37, live: true},
	{name: "all blocks at once", sink: postgreSQL, microbatch: 1000, live: true},
	{name: "history beside the stream", sink: duckDB, microbatch: 3, batchRows: 100, live: true,
		options: runtime.Options{Latest: true, Follow: true, Workers: 3, ChunkBlocks: 2, ReorgDepth: 8}},
	{name: "history before the stream", sink: postgreSQL, microbatch: 3, live: true,
		options: runtime.Options{Latest: true, Follow: true, HistoryFirst: true, Workers: 4, ChunkBlocks: 3, ReorgDepth: 8}},
	{name: "one run after each change", sink: postgreSQL, microbatch: 4, batchRows: 50,
		options: runtime.Options{Latest: true, Workers: 4, ChunkBlocks: 1, PartitionBlocks: 2, ReorgDepth: 9}},
	{name: "one run after each change, in a file", sink: duckDB, microbatch: 7,
		options: runtime.Options{Latest: true, Workers: 2, ChunkBlocks: 5, ReorgDepth: 16}},
	{name: "files through a stage", sink: inSnowflake, microbatch: 2, batchRows: 60, live: true,
		options: runtime.Options{Latest: true, Follow: true, Workers: 3, ChunkBlocks: 2, ReorgDepth: 8}},
	{name: "files through a stage, all blocks at once", sink: inSnowflake, microbatch: 1000, live: true},
	{name: "array binds", sink: inSnowflake, microbatch: 4, live: true, flags: []string{"--snowflake-method", "insert"},
		options: runtime.Options{Latest: true, Follow: true, HistoryFirst: true, Workers: 3, ChunkBlocks: 3, ReorgDepth: 8}},
}

// TestLoadingAnyWay loads the same chain, as it grows and forks, in ways that differ in the sink and in how rows are cut into messages,
// chunks and commits. Every table says the same, which is what the chain says.
func TestLoadingAnyWay(t *testing.T) {
	for seed := range uint64(2) {
		var last [][]string
		for _, v := range variants {
			t.Run(fmt.Sprintf("seed %d/%s", seed, v.name), func(t *testing.T) {
				got, want := v.load(t, seed)
				checkRows(t, unlabelled, got, want)
				if last != nil {
					checkRows(t, unlabelled, got, last)
				}
				last = got
			})
		}
	}
}

// load makes the events of a seed happen to a new server, and returns the table's rows after them and those of the chain's blocks.
func (v variant) load(t *testing.T, seed uint64) (got, want [][]string) {
	c, err := branches.Serve(t.Context(), ampdev.Config{Seed: seed, MicrobatchBlocks: v.microbatch})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	c.SetBatchRows(v.batchRows)
	o, target := v.open(t, c.URL)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	for i, e := range events(seed) {
		if err := e.happen(ctx, c); err != nil {
			t.Fatal(err)
		}
		if !v.live {
			if err := runtime.Run(ctx, o); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if i == 0 {
			go func() { ended <- runtime.Run(ctx, o) }()
		}
		v.awaitTip(t, c, o, ended)
	}
	if v.live {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatalf("the loader ended with %v", err)
		}
	}
	if err := o.Sink.Close(); err != nil {
		t.Fatal(err)
	}
	tip := c.Tip()
	chain, err := c.Branch(0, tip.Hash.String())
	if err != nil {
		t.Fatal(err)
	}
	var blocks []*synth.Block
	for _, b := range chain {
		blocks = append(blocks, c.Contents(b))
	}
	return v.sink.rows(t, v.sink.open(t, target), "erc20_transfers", unlabelled), transferRows(blocks)
}

func (e event) happen(ctx context.Context, c *branches.Chain) error {
	if e.depth == 0 {
		return c.Mine(ctx, e.blocks)
	}
	return c.Reorg(ctx, e.depth, e.blocks)
}

// open makes the options of a variant's runs, and says where its table is.
func (v variant) open(t *testing.T, url string) (o runtime.Options, target string) {
	t.Helper()
	source, err := runtime.Dial(amp.Config{Server: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.Close() })
	p := erc20transfers.Pipeline()
	o = v.options
	o.Pipeline, o.Source, o.Labels = &p, source, map[string]string{"tokens": filepath.Join(repository, "queries", "labels", "tokens.csv")}
	var driver runtime.Driver
	switch v.sink.name {
	case postgreSQL.name:
		p.Table, driver = erc20transfers.PostgresTable(), postgres.NewDriver(erc20transfers.NewPostgresEncoder)
	case duckDB.name:
		p.Table, driver = erc20transfers.DuckDBTable(), duckdb.NewDriver()
	default:
		p.Table, driver = erc20transfers.SnowflakeTable(), snowflake.NewDriver("text")
	}
	target = v.sink.empty(t)
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	driver.Flags(flags)
	if err := flags.Parse(append([]string{v.sink.location, target}, v.flags...)); err != nil {
		t.Fatal(err)
	}
	if o.Sink, err = driver.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return o, target
}

// awaitTip waits until the sink has the server's last block, and all before it.
func (v variant) awaitTip(t *testing.T, c *branches.Chain, o runtime.Options, ended <-chan error) {
	t.Helper()
	tip := c.Tip()
	table := o.Pipeline.Table
	table.Pipeline = "erc20_transfers"
	for deadline := time.Now().Add(patience); ; {
		state, err := o.Sink.State(t.Context(), &table)
		if err != nil {
			t.Fatal(err)
		}
		blocks, there := uint64(0), false
		for _, r := range state.Ranges {
			blocks += r.Blocks()
			there = there || r.End == tip.Number && r.Hash == tip.Hash.String()
		}
		if there && blocks == tip.Number+1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for block %d; committed are %v", patience, tip.Number, state.Ranges)
		}
		select {
		case err := <-ended:
			t.Fatalf("the loader ended with %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
