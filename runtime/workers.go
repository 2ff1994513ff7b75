package runtime

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/fault"
	"github.com/ampgen/ampgen/runtime/internal/crew"
	"github.com/ampgen/ampgen/runtime/planner"
)

// backfill is the loading of gaps by workers.
type backfill struct {
	*loader
	network string
	seam    *seam

	mu     sync.Mutex
	failed error // the first
}

// loadGaps loads the gaps of p. A partition that fails for good fails alone: the others are loaded, and then the error says what
// is missing.
func (l *loader) loadGaps(ctx context.Context, p *plan, s *seam) error {
	if len(p.Gaps) == 0 {
		return nil
	}
	var blocks uint64
	for _, g := range p.Gaps {
		blocks += g.Blocks()
	}
	work := planner.New(p.Gaps, l.workers, l.sizes)
	s.begin(work)
	l.meter.Meter().Want(blocks)
	l.log.Info("loading history", "network", p.network, "blocks", blocks, "gaps", len(p.Gaps), "workers", l.workers)
	b := &backfill{loader: l, network: p.network, seam: s}
	workers := make([]func(context.Context) error, l.workers)
	for w := range workers {
		hand := l.hand(fmt.Sprintf("worker %d", w+1))
		workers[w] = func(ctx context.Context) error { return b.work(ctx, hand, w) }
	}
	if err := crew.Together(ctx, workers...); err != nil {
		return err
	}
	if missing := s.missing(); len(missing) > 0 {
		help := "missing are the blocks " + list(missing)
		if l.keep == KeepInSink {
			help += "; run again to load just them"
		}
		return &missingError{&Error{Class: ClassOf(b.failed), Op: "load history", On: "network " + p.network, Err: b.failed, Help: help}}
	}
	l.log.Info("history is loaded", "network", p.network, "blocks", blocks)
	return nil
}

// missingError says which blocks of history could not be loaded. Trying again was tried.
type missingError struct{ cause *Error }

func (e *missingError) Error() string { return e.cause.Error() }
func (e *missingError) Unwrap() error { return e.cause }

// list writes spans as "1-5, 9".
func list(spans []blockrange.Span) string {
	texts := make([]string, len(spans))
	for i, s := range spans {
		texts[i] = s.String()
	}
	return strings.Join(texts, ", ")
}

// work loads chunks until nothing is left, with the worker's own loader. It returns an error only if no worker may go on.
func (b *backfill) work(ctx context.Context, l *loader, w int) error {
	defer l.meter.Close()
	var again *retrier // of the chunk that failed last
	for {
		c, done, of, ok := b.seam.next(w)
		if !ok {
			return nil
		}
		l.meter.Loads(c.String(), done, of)
		err := b.loadChunk(ctx, l, w, c)
		switch {
		case err == nil:
			again = nil
			continue
		case ctx.Err() != nil || stopsAll(err):
			return err
		case b.seam.holds(w, c) != nil:
			continue // the chunk was cut; what is left of it is another one, and a sink may have refused this one
		}
		if again == nil {
			again = l.retrier(l.follows)
		}
		failed := err
		if fault.Passes(err) {
			failed = again.wait(ctx, err, "load blocks "+c.String())
		}
		if failed != nil && ctx.Err() != nil {
			return failed
		}
		if failed != nil {
			b.giveUp(l, w, failed)
			again = nil
		}
	}
}

// stopsAll reports whether an error says something about more than the chunk that met it.
func stopsAll(err error) bool {
	switch ClassOf(err) {
	case Fenced, Drift, Protocol:
		return true
	}
	return false
}

func (b *backfill) giveUp(l *loader, w int, err error) {
	given := b.seam.giveUp(w)
	l.log.Error("giving up the partition; the others go on", "blocks", list(given), "error", err)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == nil {
		b.failed = err
	}
}

// loadChunk loads the rows of a chunk's blocks in one commit.
func (b *backfill) loadChunk(ctx context.Context, l *loader, w int, c blockrange.Span) error {
	var bytes int64
	err := l.loadBlocks(ctx, b.network, c, func(synced Range) (Range, error) { return chunkRange(c, synced, b.depth) }, func(u *openUnit) error {
		err := b.seam.commit(ctx, w, c, u)
		bytes = u.bytes
		return err
	})
	if err == nil {
		b.seam.loaded(w, c, bytes)
		l.meter.Meter().Done(c.Blocks())
	}
	return err
}

// hand is the loader for one more goroutine, with a lane of its own.
func (l *loader) hand(name string) *loader {
	h := *l
	h.meter = l.meter.Meter().Lane(name)
	h.shaper = l.shaper.clone()
	h.log = l.log.With("by", name)
	return &h
}
