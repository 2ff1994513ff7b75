package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/e2e/branches"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// TestReadersSeeOneBranchOrTheOther looks at the table all the time while a loader follows a chain that is reorganised over and over
// again: no look finds a branch gone and nothing in its place.
func TestReadersSeeOneBranchOrTheOther(t *testing.T) {
	chain, err := branches.Serve(t.Context(), ampdev.Config{Seed: 6, FirstBlock: firstBlock, Blocks: 10, MicrobatchBlocks: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := chain.Close(); err != nil {
			t.Error(err)
		}
	})
	target := pgtest.Database(t)
	db := postgreSQL.open(t, target)
	p := start(t, repository, program(t, "erc20_transfers-postgres"), "--server", chain.URL, "--postgres-url", target)

	w := branches.NewWatcher(chain, db)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if _, err := w.Look(ctx, 0); err != nil && ctx.Err() == nil {
				t.Errorf("a reader of the database sees: %v", err)
				return
			}
		}
	}()
	random := rand.New(rand.NewPCG(6, 0))
	for range 25 {
		tip := chain.Tip()
		p.await(t, "the tip in the database", func() (bool, string) {
			rows, err := queryText(db, fmt.Sprintf("SELECT end_block::text FROM amp_stream_state WHERE end_block = %d AND end_hash = '%s'", tip.Number, tip.Hash))
			return err == nil && len(rows) == 1, fmt.Sprint(rows, err)
		})
		depth := 1 + random.IntN(8)
		if err := chain.Reorg(t.Context(), depth, depth+1); err != nil {
			t.Fatal(err)
		}
	}
	p.signal(t, syscall.SIGTERM)
	p.expect(t, 0)
	cancel()
	<-done
	if w.Neither > 0 {
		t.Errorf("%d of %d looks saw neither branch", w.Neither, w.Looks)
	}
	if w.Looks == 0 {
		t.Error("the reader never saw anything")
	}
}
