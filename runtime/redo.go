package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/fault"
	"github.com/ampgen/ampgen/runtime/telemetry"
)

// A redo replaces the rows of blocks that are loaded by what the server has of them now. The loader of the pipeline may go on
// meanwhile, in this process or another one: a redo takes no fence, and leaves the coverage as it is.

// redoBlocks is how many blocks a redo replaces in one commit, if the user does not say.
const redoBlocks = 1000

// Redo loads the blocks from o.From to o.To, which the sink has, once more. Each commit replaces the rows of one committed range
// or of a part of it, at most o.ChunkBlocks of it. Latest, Follow and what else concerns other runs means nothing.
func Redo(ctx context.Context, o Options) error {
	if o.Pipeline == nil || o.Source == nil || o.Sink == nil || o.From == nil || o.To == nil {
		return &Error{Class: Permanent, Op: "load again", Err: errors.New("pipeline, source, sink or the first or last block is missing")}
	}
	return newLoader(o, telemetry.NewMeter()).redo(ctx, blockrange.Span{Start: *o.From, End: *o.To})
}

// redo loads the blocks of s again. What changes meanwhile beneath it is waited for some time.
func (l *loader) redo(ctx context.Context, s blockrange.Span) (err error) {
	redoer, ok := l.sink.Sink.(Redoer)
	switch {
	case !ok:
		return &Error{Class: Permanent, Op: "load again", On: "table " + l.table().Name, Err: errors.New("the sink cannot replace the rows of some blocks only")}
	case l.pipeline.RangeSQL == "":
		return &Error{Class: Permanent, Op: "load again", On: "query " + l.pipeline.Name, Err: errors.New(l.pipeline.NoRange)}
	case s.Start > s.End:
		return Errorf(Permanent, "load again", "", "the first wanted block is %d and the last %d", s.Start, s.End)
	}
	if l.shaper, err = newShaper(ctx, l.pipeline, l.labels); err != nil {
		return err
	}
	if err := l.checkServer(ctx, false); err != nil {
		return err
	}
	state, err := l.sink.State(ctx, l.table())
	if err != nil {
		return err
	}
	network, ok := coveredBy(state.Ranges, s)
	if !ok {
		return &Error{Class: Permanent, Op: "load again", On: "table " + l.table().Name, Err: fmt.Errorf("not all of the blocks %s are loaded", s),
			Help: "the status command shows what is; the run command loads what is missing"}
	}
	l.meter.Meter().Want(s.Blocks())
	again := l.retrier(false)
	for next := s.Start; ; {
		c, err := l.redoChunk(ctx, redoer, network, blockrange.Span{Start: next, End: s.End})
		switch {
		case err == nil:
			l.meter.Meter().Done(c.Blocks())
			again.Progress()
			if c.End == s.End {
				return nil
			}
			next = c.End + 1
		case ctx.Err() != nil || !fault.Passes(err):
			return err
		default:
			if err := again.wait(ctx, err, "load blocks again"); err != nil {
				return err
			}
		}
	}
}

// redoChunk loads the first blocks of s again, as far as they are in one committed range, and says which they were.
func (l *loader) redoChunk(ctx context.Context, redoer Redoer, network string, s blockrange.Span) (blockrange.Span, error) {
	state, err := l.sink.State(ctx, l.table())
	if err != nil {
		return s, err
	}
	c := blockrange.Span{Start: s.Start, End: s.End}
	holder, ok := rangeOf(network, c.Start, state.Ranges)
	if !ok {
		return s, Errorf(Transient, "load again", "network "+network, "block %d is not loaded at the moment", c.Start)
	}
	size := l.sizes.Chunk
	if size == 0 {
		size = redoBlocks
	}
	c = blockrange.Partition([]blockrange.Span{{Start: c.Start, End: min(c.End, holder.End)}}, size)[0]
	var u *openUnit
	defer func() { u.rollback(ctx) }()
	return c, l.query(ctx, l.blocksQuery(c), func(m Message) error {
		if u == nil {
			synced, err := oneNetwork(m.Ranges)
			if err != nil {
				return err
			}
			if _, err := chunkRange(c, synced, l.depth); err != nil {
				return err
			}
			u = l.newUnit(Unit{Ranges: []Range{{Network: network, Start: c.Start, End: c.End}}})
			if u.tx, err = l.sink.redo(ctx, redoer, l.table(), u.unit.Ranges[0], synced); err != nil {
				return err
			}
		}
		if err := u.write(ctx, m.Record); err != nil || !m.Complete {
			return err
		}
		return u.exchange(ctx)
	})
}

// exchange commits a redo. If the reply is lost, it is simply done again.
func (u *openUnit) exchange(ctx context.Context) error {
	meter := u.loader.meter
	defer meter.Enter(telemetry.Other)
	meter.Enter(telemetry.Sink)
	ctx, cancel := withGrace(ctx, grace)
	defer cancel()
	if err := u.tx.Commit(ctx); err != nil {
		return err
	}
	u.tx = nil
	r := u.unit.Ranges[0]
	meter.Committed(r.Blocks(), r.End, 0)
	return nil
}

// rangeOf is the committed range of a network that has a block.
func rangeOf(network string, block uint64, ranges []Range) (Range, bool) {
	for _, r := range ranges {
		if r.Network == network && r.Start <= block && block <= r.End {
			return r, true
		}
	}
	return Range{}, false
}
