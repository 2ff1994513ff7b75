package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime/coverage"
)

// Keep says where it is kept which blocks are loaded.
type Keep string

// The places.
const (
	// KeepInSink keeps it beside the rows, in the same commits: the table is complete and without duplicates whatever happens.
	KeepInSink Keep = "sink"
	// KeepInMemory keeps it in the process. While that lives nothing else differs: a reorganisation is undone, an interrupted stream
	// goes on where it was. The next process starts over. It takes no fence, so nothing keeps a second one out.
	KeepInMemory Keep = "memory"
	// KeepNowhere keeps nothing: all that is asked for is loaded, whatever is there. A stream cannot be followed.
	KeepNowhere Keep = "none"
)

// StatelessSink is a Sink that can keep the rows of a Table that is Stateless, and nothing else.
type StatelessSink interface {
	Sink
	// HasRows reports whether there are rows in the table, which need not exist.
	HasRows(ctx context.Context, t *Table) (bool, error)
}

// keepState sets up where the state is kept, and says what that means.
func (l *loader) keepState(ctx context.Context) error {
	if l.keep == KeepInSink {
		return nil
	}
	const op = "keep the state elsewhere than in the sink"
	sink, ok := l.sink.Sink.(StatelessSink)
	switch {
	case !ok:
		return Errorf(Permanent, op, l.table().Name, "this kind of sink always keeps it")
	case l.keep == KeepNowhere && l.endless():
		return errNotFollowed
	}
	if l.keep == KeepInMemory {
		l.log.Warn("which blocks are loaded is kept in this process only: the next one starts over, and nothing keeps a second one out")
		l.sink.Sink = &memorySink{Sink: sink}
	} else {
		l.log.Warn("which blocks are loaded is kept nowhere: all that is asked for is loaded, whatever is there")
	}
	if l.pipeline.Mode == Replace {
		return nil
	}
	has, err := l.sink.hasRows(ctx, sink, l.table())
	if err == nil && has {
		means := "it is there twice then"
		if len(l.table().Key) > 0 && !l.table().History {
			means = "the table's key refuses it then"
		}
		l.log.Warn("the table has rows already, and nothing says of which blocks: if they are among those that are loaded now, "+means, "table", l.table().Name)
	}
	return err
}

var errNotFollowed = &Error{Class: Permanent, Op: "follow the stream",
	Err:  errors.New("with the state kept nowhere, nothing would tell after an interruption where to go on, or which rows a reorganisation takes"),
	Help: "use --state memory or --state sink, or a bound such as --to-block latest"}

// forgets reports whether nothing tells what was committed so far, so that no failure can be answered by working out what is missing.
func (l *loader) forgets() bool { return l.keep == KeepNowhere && l.meter.Meter().Snapshot().Units > 0 }

// errUnknown is the end of a run whose state is not in the sink, after a commit or an undo whose reply was lost.
func errUnknown(lost error) error {
	return &Error{Class: Permanent, Op: "find out whether the commit took place", Err: lost,
		Help: "nothing in the sink tells, since the state is not kept there; empty the table and start over"}
}

// memorySink is a Sink that keeps the state of a stateless one, which is used by this process alone.
type memorySink struct {
	Sink

	mu      sync.Mutex // also admits one commit at a time: what it finds stays true until it is done
	rows    []coverage.Row
	changed time.Time
	commits int
}

func (s *memorySink) State(context.Context, *Table) (State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return State{Ranges: coverage.RangesOf(s.rows), Changed: s.changed}, nil
}

func (s *memorySink) Begin(ctx context.Context, u Unit) (Tx, error) {
	s.mu.Lock()
	_, covered, err := s.admit(u)
	s.mu.Unlock()
	if err != nil || covered {
		return coveredTx{}, err
	}
	tx, err := s.Sink.Begin(ctx, u)
	if err != nil {
		return nil, err
	}
	return &memoryTx{Tx: tx, sink: s, unit: u}, nil
}

// admit decides what to do with u, and what of the state goes. It is called with the sink locked.
func (s *memorySink) admit(u Unit) (gone coverage.Change, covered bool, err error) {
	switch {
	case u.Replace:
		return coverage.Change{Remove: s.rows}, coverage.Same(u.Ranges, s.rows), nil
	case u.Undo != nil:
		return coverage.Exchange(u.Ranges, s.rows, u.Undo.Network, u.Undo.From, u.Undo.Hash)
	}
	covered, err = coverage.Admit(u.Ranges, s.rows)
	return gone, covered, err
}

func (s *memorySink) Undo(ctx context.Context, u Undo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Sink.Undo(ctx, u); err != nil {
		return err
	}
	s.change(coverage.Undo(s.rows, u.Network, u.From, u.Hash))
	return nil
}

func (s *memorySink) change(c coverage.Change) {
	s.rows, s.changed = c.Apply(s.rows), time.Now()
	if s.commits++; s.commits%coverage.CompactEvery == 0 {
		s.rows = coverage.Compact(s.rows).Apply(s.rows)
	}
}

// memoryTx is a unit of a memorySink.
type memoryTx struct {
	Tx
	sink *memorySink
	unit Unit
}

func (t *memoryTx) Commit(ctx context.Context) error {
	s := t.sink
	s.mu.Lock()
	defer s.mu.Unlock()
	change, covered, err := s.admit(t.unit)
	if err != nil {
		return err
	}
	if covered {
		return t.Rollback(ctx)
	}
	if err := t.Tx.Commit(ctx); err != nil {
		return err
	}
	change.Add = slices.Concat(change.Add, coverage.RowsOf(t.unit.Ranges))
	s.change(change)
	return nil
}

// Encoded is how long the sink has encoded rows, if it says so.
func (t *memoryTx) Encoded() time.Duration { return encoded(t.Tx) }

// coveredTx is a unit that is committed already.
type coveredTx struct{}

func (coveredTx) Write(context.Context, arrow.RecordBatch) error { return nil }
func (coveredTx) Commit(context.Context) error                   { return nil }
func (coveredTx) Rollback(context.Context) error                 { return nil }

// checkKeep checks --state.
func (c *config) checkKeep(p *Pipeline) error {
	switch c.keep {
	case KeepInSink:
		return nil
	case KeepInMemory, KeepNowhere:
	default:
		return usagef("--state is %s, %s or %s, not %q", KeepInSink, KeepInMemory, KeepNowhere, c.keep)
	}
	switch {
	case c.command == "status" || c.command == "redo":
		return usagef("%s is about the state in the sink: leave out --state", c.command)
	case c.keep == KeepNowhere && p.Mode == Stream && (c.to == "" || c.follow):
		return &UsageError{fmt.Errorf("--state %s: %w", KeepNowhere, errNotFollowed)}
	}
	return nil
}
