package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ampgen/ampgen/runtime/chain"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/runtime/fault"
)

// A followed stream is endless: each microbatch becomes one commit. Connections to the server end, by its will or by failures;
// each new one starts from the state that the sink has then, so that nothing is remembered here that could differ from it.

// follow loads the stream from what is committed on, until ctx ends or a failure that waiting does not cure.
func (l *loader) follow(ctx context.Context) error {
	h := l.hand("stream")
	defer h.meter.Close()
	return h.stream(ctx, destination{})
}

// destination is where a stream is left that is not to be followed for ever.
type destination struct {
	confirmed bool    // when it continues what is committed; nothing is loaded
	block     *uint64 // when this block is committed
}

// errArrived ends a connection at the destination.
var errArrived = errors.New("the destination is reached")

// stream loads the stream over one connection after the other, up to a destination. If that is to see whether it continues what is
// committed, an undo on the way is errReplan.
func (l *loader) stream(ctx context.Context, d destination) error {
	r := l.retrier(d == destination{})
	undone := false
	watch := newSilence(l.clock, l.silence)
	for {
		c := &connection{loader: l, destination: d, watch: watch}
		again, err := c.run(ctx)
		undone = undone || c.undone
		switch {
		case errors.Is(err, errArrived) && d.confirmed && undone:
			return errReplan
		case errors.Is(err, errArrived):
			return nil
		case err != nil && (ctx.Err() != nil || !fault.Passes(err)):
			return err
		}
		if c.progressed {
			r.Progress()
		}
		if again {
			continue
		}
		if err == nil {
			err = errEnded
		}
		if err := r.wait(ctx, err, "follow the stream"); err != nil {
			return err
		}
	}
}

// errEnded says that the server ended a stream that has no end.
var errEnded = Errorf(Transient, "follow the stream", "", "the server ended it")

// connection is one opened stream.
type connection struct {
	loader     *loader
	watch      *silence
	tracker    *chain.Tracker
	unit       *openUnit // the unfinished microbatch
	progressed bool      // something was committed or undone
	undone     bool      // something was undone, or may be
	replaced   *Undo     // what the next unit undoes; nil: nothing

	destination destination
}

// errAgain ends a connection in order to open the next one at once.
var errAgain = errors.New("open the stream again")

// run opens the stream and loads it until it ends. It reports whether to open it again without a wait.
func (c *connection) run(ctx context.Context) (again bool, err error) {
	l := c.loader
	if err := l.prepare(ctx); err != nil {
		return false, err
	}
	state, err := l.sink.State(ctx, l.table())
	if err != nil {
		return false, err
	}
	if err := l.seam.continues(state.Ranges); err != nil {
		return false, err
	}
	committed := state.Ranges
	if c.destination.confirmed {
		committed = upToProven(committed)
	}
	if c.tracker, err = chain.New(committed); err != nil {
		if l.bounds != nil {
			return false, errReplan // an undo went down to history that is not proven
		}
		var e *Error
		if errors.As(err, &e) {
			e.Help = "load up to the tip with --to-block latest first"
		}
		return false, err
	}
	if l.first != nil {
		c.tracker.Loading(*l.first)
	}
	cursor := map[string]Cursor{}
	for _, r := range c.tracker.Boundaries() {
		cursor[r.Network] = Cursor{Number: r.End, Hash: r.Hash}
	}
	l.log.Info("following the stream", "after", fmt.Sprint(c.tracker.Boundaries()))
	stream, err := l.open(ctx, Request{SQL: l.pipeline.SQL, Follow: true, Cursor: cursor})
	if err != nil {
		return false, err
	}
	defer stream.Close()
	defer func() { c.unit.rollback(ctx) }()
	c.watch.opened(c.tracker.Boundaries())
	for {
		m, err := l.listen(ctx, stream, c.watch)
		if err == nil {
			err = c.take(ctx, m)
		}
		switch {
		case errors.Is(err, io.EOF):
			return false, nil
		case errors.Is(err, errAgain):
			return true, nil
		case err != nil:
			return false, err
		}
	}
}

// upToProven is the committed ranges without those above the last proven one of their network.
func upToProven(committed []Range) []Range {
	last := map[string]uint64{}
	for _, r := range committed {
		if r.Hash != "" {
			last[r.Network] = max(last[r.Network], r.End)
		}
	}
	return slices.DeleteFunc(slices.Clone(committed), func(r Range) bool { return r.End > last[r.Network] })
}

// take does what a message asks for. io.EOF ends the connection.
func (c *connection) take(ctx context.Context, m Message) error {
	var rows int64
	if m.Record != nil {
		rows = m.Record.NumRows()
	}
	action, err := c.tracker.Step(m.Ranges, m.Complete, rows)
	if err != nil {
		return err
	}
	crash.Point(crash.AfterValidate)
	if c.destination.confirmed && (action.Kind == chain.Write || action.Kind == chain.Commit) {
		return errArrived
	}
	switch action.Kind {
	case chain.NoData:
		c.loader.log.Info("the server has no blocks of the queried tables yet")
	case chain.Reopen:
		c.loader.log.Info("the chain changed within an unfinished microbatch; reading it again", "range", fmt.Sprint(m.Ranges))
		return io.EOF
	case chain.Undo:
		return c.undo(ctx, action.Fork, m)
	case chain.Write, chain.Commit:
		return c.store(ctx, m, action.Kind == chain.Commit)
	}
	return nil
}

// store writes a message's rows to the open unit, and commits it if the message completes it.
func (c *connection) store(ctx context.Context, m Message, complete bool) error {
	if c.unit == nil {
		c.unit = c.loader.newUnit(Unit{Ranges: m.Ranges, Undo: c.replaced})
	}
	if err := c.unit.write(ctx, m.Record); err != nil || !complete {
		return err
	}
	if err := c.unit.commit(ctx); err != nil {
		return err
	}
	c.unit, c.replaced, c.progressed = nil, nil, true
	if to := c.destination.block; to != nil && m.Ranges[0].End >= *to {
		return errArrived
	}
	return nil
}

// undo has what left the chain undone. If m, which showed the fork, begins what replaces it, the unit of m does both, so that no
// reader ever sees the table without either branch. Otherwise the undo is a commit of its own, and the connection is over.
func (c *connection) undo(ctx context.Context, f chain.Fork, m Message) error {
	l := c.loader
	c.unit.rollback(ctx) // before anything waits for workers, whose commits may wait for it
	c.unit = nil
	l.log.Warn("the chain was reorganised; undoing", "network", f.Network, "from", f.From, "hash_before", f.Hash,
		"committed", f.Committed.String(), "incoming", f.Incoming.String(), "perhaps_deeper", f.Deeper)
	l.seam.sink(ctx, f.From)
	u := Undo{Network: f.Network, From: f.From, Hash: f.Hash}
	if f.Deeper || c.destination.confirmed {
		c.undone = true // it may be, even if an error says otherwise
		if err := l.undo(ctx, u); err != nil {
			return err
		}
		crash.Point(crash.UndoBeforeReplacement)
		c.progressed = true
		if f.Deeper {
			return errAgain
		}
		return errArrived
	}
	state, err := l.sink.State(ctx, l.table())
	if err != nil {
		return err
	}
	rows := coverage.RowsOf(state.Ranges)
	rows = coverage.Undo(rows, u.Network, u.From, u.Hash).Apply(rows)
	c.tracker, c.replaced = chain.Resume(coverage.RangesOf(rows), f), &u
	return c.take(ctx, m)
}
