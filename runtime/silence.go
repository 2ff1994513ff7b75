package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ampgen/ampgen/runtime/resilience"
)

// A followed stream is silent for as long as its chain is, which nobody can tell from a server that has forgotten the stream. So when it
// is silent for longer than it usually is, the loader asks which blocks the server has.

// longestPatience is how many times the shortest patience the longest is.
const longestPatience = 10

// silence is how a stream is watched, over all its connections. It is used by one goroutine.
type silence struct {
	clock resilience.Clock
	least time.Duration // the shortest patience
	floor time.Duration // least, doubled with each stall since the stream brought blocks: it may need longer to begin
	pace  time.Duration // the longest pause between two messages of late
	since time.Time     // when the wait for the next one began

	seen  Range // the last range of the stream, or what it began after; without a network if there is none
	ahead bool  // the server had other blocks when it was asked last, and nothing has come since
}

func newSilence(clock resilience.Clock, least time.Duration) *silence {
	return &silence{clock: clock, least: least, floor: least}
}

// opened says that the stream was opened after the boundaries.
func (s *silence) opened(boundaries []Range) {
	s.seen, s.ahead = Range{}, false
	if len(boundaries) == 1 {
		s.seen = boundaries[0]
	}
}

// stalls makes the floor higher.
func (s *silence) stalls() { s.floor = min(2*s.floor, longestPatience*s.least) }

// patience is how long to wait for the next message. After it was found that the server has other blocks, they may be just on their way.
func (s *silence) patience() time.Duration {
	if s.ahead {
		return s.floor / 2
	}
	return max(s.floor, min(3*s.pace, longestPatience*s.least)) // not too long: the chain may have stood still, and to ask costs little
}

// hears notes a message. A pause that was long is forgotten by a tenth with each message, and so is a chain that stood still.
func (s *silence) hears(m Message) {
	s.pace = max(s.clock.Now().Sub(s.since), s.pace-s.pace/10)
	s.ahead = false
	if len(m.Ranges) == 1 {
		s.seen, s.floor = m.Ranges[0], s.least
	}
}

// stalled takes what the server has now, and reports whether the stream is stalled: it has brought nothing since the server was found to
// have other blocks.
func (s *silence) stalled(synced Range) bool {
	was := s.ahead
	s.ahead = s.seen.Network == "" || synced.End > s.seen.End || synced.End == s.seen.End && synced.Hash != s.seen.Hash
	return was && s.ahead
}

// listen is the next message of a followed stream that is watched. A stall is a Transient error.
func (l *loader) listen(ctx context.Context, stream SourceStream, s *silence) (Message, error) {
	s.since = l.clock.Now()
	for {
		waiting, cancel := l.clock.Timeout(ctx, s.patience())
		m, err := l.next(waiting, stream)
		silent := err != nil && waiting.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil {
			l.meter.Heard()
			s.hears(m)
		}
		if !silent {
			return m, err
		}
		if err := l.lookBeyond(ctx, s); err != nil {
			return Message{}, err
		}
	}
}

// lookBeyond asks for what the server has. A query that cannot be asked so is taken for stalled. The answer counts as a message of the
// stream only if it says that there is nothing to come: a stream that brings nothing of what there is makes no progress.
func (l *loader) lookBeyond(ctx context.Context, s *silence) error {
	quiet := s.clock.Now().Sub(s.since).Round(time.Second)
	stall := func(class Class, format string, args ...any) error {
		l.meter.Stalled()
		s.stalls()
		e := &Error{Class: class, Op: "follow the stream", Err: fmt.Errorf("silent for %s, "+format, append([]any{quiet}, args...)...)}
		if class == Transient {
			e.Help = "it is opened again"
		}
		return e
	}
	if l.pipeline.RangeSQL == "" {
		return stall(Transient, "and the query has no form that tells whether there is anything new")
	}
	limited, cancel := l.clock.Timeout(ctx, l.silence)
	defer cancel()
	synced, err := l.probe(limited)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errHeld):
		return nil // it was not asked, so nothing is known
	case err != nil && limited.Err() != nil:
		return stall(Transient, "and the server does not answer at all")
	case errors.Is(err, errNoBlocks):
		l.meter.Heard()
		return nil
	case err != nil:
		return stall(ClassOf(err), "and the server does not say which blocks it has: %w", err)
	case s.stalled(synced):
		return stall(Transient, "while the server has blocks up to %d and the stream has brought those up to %d", synced.End, s.seen.End)
	}
	if !s.ahead {
		l.meter.Heard()
	}
	l.log.Info("the stream is silent; the server says that it has blocks up to", "block", synced.End, "stream", s.seen.End, "silent", quiet)
	return nil
}
