package main

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/ampgen/ampgen/e2e/branches"
)

// deepest is the depth of the deepest reorganisation.
const deepest = 12

// weather is what happens to the chain.
type weather struct {
	chain    *branches.Chain
	random   *rand.Rand
	reorgs   atomic.Int64
	replaced atomic.Int64 // blocks that left the chain
}

// run mines and reorganises until ctx ends.
func (w *weather) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration(20+w.random.IntN(60)) * time.Millisecond):
		}
		var err error
		if w.random.IntN(5) == 0 {
			err = w.reorg(ctx)
		} else {
			err = w.chain.Mine(ctx, 1+w.random.IntN(2))
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (w *weather) reorg(ctx context.Context) error {
	depth := 1 + w.random.IntN(4)
	if w.random.IntN(6) == 0 {
		depth = deepest
	}
	depth = min(depth, int(w.chain.Tip().Number-w.chain.First().Number))
	if depth == 0 {
		return w.chain.Mine(ctx, 1)
	}
	fork := w.chain.Tip().Number + 1 - uint64(depth)
	if err := w.chain.Reorg(ctx, depth, depth+w.random.IntN(3)+1); err != nil {
		return err
	}
	w.reorgs.Add(1)
	w.replaced.Add(int64(depth))
	say("reorg: the blocks from %d on, %d of them, are replaced", fork, depth)
	return nil
}
