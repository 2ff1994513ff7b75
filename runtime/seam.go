package runtime

import (
	"context"
	"errors"
	"sync"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/internal/crew"
	"github.com/ampgen/ampgen/runtime/planner"
)

// seam is where history meets the stream. Blocks below the floor are loaded by workers, those from it on by the stream. When the
// stream finds a fork below the floor, the floor sinks to the fork point: what the workers loaded of the blocks above is undone,
// and what they are loading of them is dropped. Workers cannot know of which branch their rows are; this way they need not.
type seam struct {
	mu    sync.Mutex
	plan  *planner.Plan // nil until workers begin
	floor uint64

	// commits admits any number of commits of workers, or one lowering of the floor.
	commits sync.RWMutex
}

func newSeam(floor uint64) *seam { return &seam{floor: floor} }

// errCut says that a chunk has blocks that are no longer the workers'.
var errCut = errors.New("the chunk was cut")

// next is the chunk that a worker is to load next, and how far it is with its partition.
func (s *seam) next(w int) (c planner.Span, done, of uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok = s.plan.Next(w)
	done, of = s.plan.Progress(w)
	return c, done, of, ok
}

// holds reports whether c is still the worker's chunk.
func (s *seam) holds(w int, c planner.Span) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now, ok := s.plan.Chunk(w); !ok || now != c {
		return errCut
	}
	return nil
}

// commit commits a worker's chunk, unless it was cut. The unit is begun before the lock is taken, so that a worker which has the lock
// needs no connection to the sink that another one holds who waits for it, as all do while the floor is about to sink.
func (s *seam) commit(ctx context.Context, w int, c planner.Span, u *openUnit) error {
	if err := u.begin(ctx); err != nil {
		return err
	}
	s.commits.RLock()
	defer s.commits.RUnlock()
	if err := s.holds(w, c); err != nil {
		return err
	}
	return u.commit(ctx)
}

// sink lowers the floor to from, if it is above it. When it returns, no worker commits blocks from there on any more.
func (s *seam) sink(ctx context.Context, from uint64) {
	if s == nil {
		return
	}
	crew.Lock(ctx, &s.commits)
	defer s.commits.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if from < s.floor {
		s.floor = from
		if s.plan != nil {
			s.plan.Cut(from)
		}
	}
}

// continues checks that the stream can continue what is committed without loading what is the workers', and that nothing of its own
// blocks is missing: the floor may have sunk to a fork that then went unreplaced, and left again, before the workers got there.
func (s *seam) continues(committed []Range) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var top Range
	for _, r := range committed {
		if top.Network == "" || r.End > top.End {
			top = r
		}
	}
	if top.Hash == "" || top.End+1 < s.floor {
		return errReplan
	}
	own := blockrange.Span{Start: s.floor, End: top.End}
	if own.Start <= own.End && !blockrange.Cover(top.Network, committed).Contains(own) {
		return errReplan
	}
	return nil
}

// begin gives the workers their plan.
func (s *seam) begin(p *planner.Plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan = p
	p.Cut(s.floor) // the stream may have been quicker
}

// loaded says that the worker's chunk is committed.
func (s *seam) loaded(w int, c planner.Span, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now, ok := s.plan.Chunk(w); ok && now.Start == c.Start {
		s.plan.Loaded(w, bytes)
	}
}

// giveUp gives up the worker's partition, and returns what of it is missing.
func (s *seam) giveUp(w int) []planner.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plan.Failed(w)
}

// missing is what is not loaded.
func (s *seam) missing() []planner.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plan.Missing()
}
