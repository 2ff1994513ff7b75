package ampdev

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
	"github.com/ampgen/ampgen/ampgen/ampdev/store"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
)

// mineChunk is how many blocks become visible at once when many are mined. It bounds the memory that they take, and their logs
// are just more than DuckDB's row groups, which makes appending them cheap.
const mineChunk = 400

// Mine adds n blocks to the chain.
func (s *Server) Mine(ctx context.Context, n int) error {
	s.mining.Lock()
	defer s.mining.Unlock()
	for n > 0 {
		size := min(n, mineChunk)
		n -= size
		blocks := s.next(size, s.chainTip())
		s.mu.Lock()
		err := s.store.Append(ctx, blocks)
		if err == nil {
			err = s.chain.Extend(headers(blocks)...)
			s.announce()
		}
		s.mu.Unlock()
		if err != nil {
			return fmt.Errorf("mine: %w", err)
		}
	}
	return nil
}

// Reorg replaces the last depth blocks by length others. The lowest block of the chain cannot be replaced.
func (s *Server) Reorg(ctx context.Context, depth, length int) error {
	s.mining.Lock()
	defer s.mining.Unlock()
	tip := s.chainTip()
	if depth < 1 || length < 1 || tip == nil || uint64(depth) > tip.Number-s.First().Number {
		return fmt.Errorf("reorg: cannot replace %d blocks by %d: the chain is too short, or nothing is replaced", depth, length)
	}
	s.mu.RLock()
	before, _ := s.chain.At(tip.Number - uint64(depth))
	s.mu.RUnlock()
	s.salts++
	blocks := s.next(length, &before)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.store.Replace(ctx, before.Number+1, blocks); err != nil {
		return fmt.Errorf("reorg: %w", err)
	}
	if err := s.chain.Reorg(before.Number+1, headers(blocks)...); err != nil {
		return err
	}
	s.announce()
	return nil
}

// Forget drops the headers of orphaned blocks: a cursor on one of them can then no longer be walked back to the fork.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chain.Forget()
}

// First is the lowest block, the zero Block if there is none.
func (s *Server) First() chain.Block {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.chain.Empty() {
		return chain.Block{}
	}
	return s.chain.First()
}

// Tip is the highest block, the zero Block if there is none.
func (s *Server) Tip() chain.Block {
	if tip := s.chainTip(); tip != nil {
		return *tip
	}
	return chain.Block{}
}

// Block is the canonical block with a number, and whether there is one.
func (s *Server) Block(number uint64) (chain.Block, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.chain.At(number)
}

func (s *Server) chainTip() *chain.Block {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.chain.Empty() {
		return nil
	}
	tip := s.chain.Tip()
	return &tip
}

// next makes n blocks on top of parent, or the first blocks of the chain if there is none.
func (s *Server) next(n int, parent *chain.Block) []*synth.Block {
	var out []*synth.Block
	for range n {
		var b *synth.Block
		if parent == nil {
			b = s.blocks.First(s.config.FirstBlock)
		} else {
			b = s.blocks.Next(*parent, s.salts)
		}
		parent = &b.Block
		out = append(out, b)
	}
	return out
}

func headers(blocks []*synth.Block) []chain.Block {
	out := make([]chain.Block, len(blocks))
	for i, b := range blocks {
		out[i] = b.Block
	}
	return out
}

// announce wakes whoever waits for a change of the chain. The caller holds mu.
func (s *Server) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// view is the state of the chain at one moment, with the rows that belong to it.
type view struct {
	*store.Snapshot
	blocks chain.Range
}

// view takes a snapshot and the range of the chain that choose picks. If choose declines, there is no view, and wait is
// closed when the chain has changed.
func (s *Server) view(ctx context.Context, choose func(*chain.Chain) (chain.Range, bool)) (v *view, wait <-chan struct{}, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	blocks, ok := choose(&s.chain)
	if !ok {
		return nil, s.changed, nil
	}
	snapshot, err := s.store.Snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &view{snapshot, blocks}, nil, nil
}

// miner mines on its own.
type miner struct {
	mu   sync.Mutex
	stop context.CancelFunc
	done chan struct{}
}

// SetMining mines a block every interval from now on; 0 stops.
func (s *Server) SetMining(interval time.Duration) { s.setMining(interval, 0, 0) }

// SetMiningWithReorgs mines a block every interval from now on, and every so many blocks replaces the last depth of them by
// one more.
func (s *Server) SetMiningWithReorgs(interval time.Duration, every, depth int) {
	s.setMining(interval, every, depth)
}

func (s *Server) setMining(interval time.Duration, every, depth int) {
	s.miner.mu.Lock()
	defer s.miner.mu.Unlock()
	if s.miner.stop != nil {
		s.miner.stop()
		<-s.miner.done
		s.miner.stop = nil
	}
	if interval <= 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	s.miner.stop, s.miner.done = cancel, done
	go func() {
		defer close(done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for mined := 1; ; mined++ {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			var err error
			if every > 0 && mined%every == 0 {
				err = s.Reorg(ctx, depth, depth+1)
			} else {
				err = s.Mine(ctx, 1)
			}
			if err != nil && ctx.Err() == nil {
				slog.Error("the chain did not grow", "error", err)
			}
		}
	}()
}
