package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ampgen/ampgen/runtime/chain"
)

// A followed stream is endless: each microbatch becomes one commit. When the server ends the stream it is opened again where
// the last commit ended.

// The wait before a stream that ended is opened again: it doubles from the first to the last while nothing is committed.
const firstWait, lastWait = time.Second, 30 * time.Second

// follow loads the stream from the last committed block on, until ctx ends.
func (l *loader) follow(ctx context.Context) error {
	if err := l.prepare(ctx); err != nil {
		return err
	}
	state, err := l.sink.State(ctx, l.table())
	if err != nil {
		return err
	}
	tracker, err := chain.New(state.Ranges)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			e.Help = "load up to the tip with --to-block latest first"
		}
		return err
	}
	wait := firstWait
	for {
		again, err := l.followOnce(ctx, tracker, &wait)
		if err != nil {
			return err
		}
		if !again {
			l.log.Info("the stream ended; opening it again", "wait", wait)
			if err := sleep(ctx, wait); err != nil {
				return err
			}
			wait = min(2*wait, lastWait)
		}
		tracker.Reconnect()
	}
}

// followOnce opens the stream and loads it until it ends. It reports whether to open it again at once, and resets wait with
// each commit.
func (l *loader) followOnce(ctx context.Context, tracker *chain.Tracker, wait *time.Duration) (again bool, err error) {
	cursor := map[string]Cursor{}
	for _, r := range tracker.Boundaries() {
		cursor[r.Network] = Cursor{Number: r.End, Hash: r.Hash}
	}
	l.log.Info("following the stream", "after", fmt.Sprint(tracker.Boundaries()))
	stream, err := l.open(ctx, Request{SQL: l.pipeline.SQL, Follow: true, Cursor: cursor})
	if err != nil {
		return false, err
	}
	defer stream.Close()
	var unit *openUnit
	defer func() { unit.rollback(ctx) }()
	for {
		m, err := l.next(ctx, stream)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		var rows int64
		if m.Record != nil {
			rows = m.Record.NumRows()
		}
		action, err := tracker.Step(m.Ranges, m.Complete, rows)
		if err != nil {
			return false, err
		}
		switch action.Kind {
		case chain.Ignore:
		case chain.NoData:
			l.log.Info("the server has no blocks of the queried tables yet")
		case chain.Reopen:
			l.log.Info("the chain changed within an unfinished microbatch; reading it again", "range", fmt.Sprint(m.Ranges))
			return true, nil
		case chain.Undo:
			return false, reorged(action.Forks)
		case chain.Write, chain.Commit:
			if unit == nil {
				unit = l.newUnit(Unit{Ranges: m.Ranges})
			}
			if err := unit.write(ctx, m.Record); err != nil {
				return false, err
			}
			if action.Kind == chain.Commit {
				if err := unit.commit(ctx); err != nil {
					return false, err
				}
				unit, *wait = nil, firstWait
			}
		}
	}
}

// reorged refuses a reorganisation of committed blocks.
func reorged(forks []chain.Fork) error {
	f := forks[0]
	from := fmt.Sprintf("block %d", f.From)
	if f.Deeper {
		from += " or an earlier block"
	}
	return &Error{Class: Reorged, Op: "follow the stream", On: "network " + f.Network,
		Err: fmt.Errorf("the chain was reorganised from %s on: committed is %s with the parent %s, the server now has %s with the parent %s",
			from, f.Committed, orUnknown(f.Committed.PrevHash), f.Incoming, orUnknown(f.Incoming.PrevHash)),
		Help: "nothing of the new branch was stored; undoing committed blocks is not built yet: remove the rows and the state from that block on, or load into a new table"}
}

func orUnknown(hash string) string {
	if hash == "" {
		return "unknown"
	}
	return hash
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
