package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/runtime/fault"
	"github.com/ampgen/ampgen/runtime/internal/crew"
	"github.com/ampgen/ampgen/runtime/planner"
)

// History is what is wanted and not covered, up to the server's last block. Most of it is loaded by block numbers: workers cut it
// into chunks, and each chunk is one query of its blocks and one commit. The server says no hashes for such ranges, so they are
// not proven. What makes them sound is the pin: the newest blocks are loaded first, by one query whose answer names the hash of
// the server's last block, and are therefore proven. From there the stream goes on, and shows every reorganisation since.
// ARCHITECTURE.md says why no order of events leaves a hole or a double.

// defaultReorgDepth is how many of the newest blocks may still leave the chain, if the caller does not say. It is what a followed
// stream keeps apart, too.
const defaultReorgDepth = blockrange.KeepBoundaries

// errReplan ends what is going on since the ground has moved: what is missing is to be worked out again.
var errReplan = errors.New("plan again")

// history loads the wanted history, and follows the stream if that is asked for too.
func (l *loader) history(ctx context.Context) error {
	defer l.meter.Meter().Want(0)
	r := l.retrier(l.follows)
	for {
		before := l.meter.Meter().Snapshot().Units
		err := l.historyOnce(ctx)
		if l.meter.Meter().Snapshot().Units > before {
			r.Progress()
		}
		var missing *missingError
		switch {
		case errors.Is(err, errReplan):
			l.log.Info("the chain or the state changed; planning again")
		case err == nil || ctx.Err() != nil || !fault.Passes(err) || errors.As(err, &missing) || l.forgets():
			return err
		}
		if err := r.wait(ctx, err, "load history"); err != nil {
			return err
		}
	}
}

// historyOnce works out what is missing and loads it.
func (l *loader) historyOnce(ctx context.Context) error {
	l.seam = nil
	state, err := l.sink.State(ctx, l.table())
	if err != nil {
		return err
	}
	plan, err := l.plan(ctx, state)
	if err != nil {
		return err
	}
	if plan.done() && !l.follows {
		l.log.Info("nothing to do: all blocks are loaded", "network", plan.network, "blocks", plan.wanted)
		return nil
	}
	if err := l.prepare(ctx); err != nil {
		return err
	}
	// Whoever had the fence before may have committed since.
	if state, err = l.sink.State(ctx, l.table()); err != nil {
		return err
	}
	l.divide(plan, state)
	l.first = &plan.wanted.Start
	l.meter.Meter().Want(plan.byNumber())
	if err := l.secure(ctx, plan); err != nil {
		return err
	}
	return l.fill(ctx, plan)
}

// secure makes the state one that history can be loaded below and a stream can continue: what is there is still of the chain, what may
// not be left as it is goes, and the newest blocks are proven. What is proven is checked before anything of it goes: it is what tells
// a fork.
func (l *loader) secure(ctx context.Context, p *plan) error {
	unconfirmed, err := p.unconfirmed()
	if err != nil {
		return err
	}
	if unconfirmed {
		if err := l.stream(ctx, destination{confirmed: true}); err != nil {
			return err
		}
	}
	if p.Undo {
		l.log.Warn("blocks are loaded again: they may have left the chain since, and nothing would tell", "network", p.network, "from", p.From)
		if err := l.undo(ctx, Undo{Network: p.network, From: p.From, Hash: p.Hash}); err != nil {
			return err
		}
		return errReplan // what is on top now is to be checked as well
	}
	if p.Head == nil {
		return nil
	}
	pin, err := l.loadHead(ctx, p.network, *p.Head)
	if err != nil {
		return err
	}
	l.log.Info("loaded the newest blocks: history ends here, and the stream begins", "network", p.network, "range", pin.String())
	return nil
}

// fill loads the gaps, and the stream: for as long as it follows, or up to the last wanted block.
func (l *loader) fill(ctx context.Context, p *plan) error {
	s := newSeam(p.Floor)
	l.seam = s
	load := func(ctx context.Context) error { return l.loadGaps(ctx, p, s) }
	stream := func(ctx context.Context) error {
		if !l.follows {
			if !p.Stream || p.Floor > p.wanted.End {
				return nil
			}
			return l.stream(ctx, destination{block: &p.wanted.End})
		}
		crash.Point(crash.DuringHandover)
		return l.follow(ctx)
	}
	if l.follows && !l.historyFirst {
		return crew.Together(ctx, load, stream)
	}
	if err := load(ctx); err != nil {
		return err
	}
	return stream(ctx)
}

// plan is what a run with history is to do.
type plan struct {
	network string
	synced  Range           // what the server has; zero if it was not asked
	wanted  blockrange.Span // with the bounds filled in
	proven  Range           // the proven range with the greatest end; zero if there is none
	planner.Division
}

// plan works out what is missing. If the sink has it all, the server is not asked.
func (l *loader) plan(ctx context.Context, state State) (*plan, error) {
	b := l.bounds
	if b.from != nil && b.to != nil {
		wanted := blockrange.Span{Start: *b.from, End: *b.to}
		if network, ok := coveredBy(state.Ranges, wanted); ok {
			return &plan{network: network, wanted: wanted}, nil
		}
	}
	synced, err := l.probe(ctx)
	if err != nil {
		return nil, err
	}
	l.meter.Heard()
	p := &plan{network: synced.Network, synced: synced, wanted: b.within(synced)}
	if err := within(p.wanted, synced); err != nil {
		return nil, err
	}
	l.divide(p, state)
	return p, nil
}

// divide works out what is missing in state.
func (l *loader) divide(p *plan, state State) {
	var committed []Range
	p.proven = Range{}
	for _, r := range state.Ranges {
		if r.Network != p.network {
			continue
		}
		committed = append(committed, r)
		if r.Hash != "" && (p.proven.Hash == "" || r.End > p.proven.End) {
			p.proven = r
		}
	}
	p.Division = planner.Divide(p.wanted, p.synced.End, committed, l.depth)
	if l.bounds.to != nil && p.Stream && p.Floor <= p.wanted.End {
		// A stream may bring more than is wanted.
		p.Gaps = append(p.Gaps, blockrange.Span{Start: p.Floor, End: p.wanted.End})
		p.Stream, p.Floor = false, p.wanted.End+1
	}
}

// byNumber is how many blocks are to be loaded by block numbers, the newest included.
func (p *plan) byNumber() uint64 {
	var n uint64
	for _, g := range p.Gaps {
		n += g.Blocks()
	}
	if p.Head != nil {
		n += p.Head.Blocks()
	}
	return n
}

// done reports whether nothing is missing, and what is there is as the server has it, as far as that can be told.
func (p *plan) done() bool {
	forked := p.proven.Hash != "" && p.proven.End == p.synced.End && p.proven.Hash != p.synced.Hash
	return len(p.Gaps) == 0 && p.Head == nil && !p.Undo && !forked && (!p.Stream || p.Floor > p.wanted.End)
}

// unconfirmed reports whether it is to be checked that the last proven block is still of the chain, also if there are blocks above it
// that are not proven: those that are going to be loaded beside them would hide it for good. The stream from there on tells.
// Where it is going to be read anyway, it need not be read twice; and it is silent while the server has no blocks after that one.
func (p *plan) unconfirmed() (bool, error) {
	last := p.proven
	switch {
	case last.Hash == "" || p.Stream && !p.Undo:
		return false, nil
	case last.End == p.synced.End:
		return last.Hash != p.synced.Hash, nil
	case last.End > p.synced.End && p.Undo:
		return false, Errorf(Transient, "check what is committed", "network "+p.network,
			"the server has the blocks up to %d, and %s is committed: it is behind, or the chain is being reorganised", p.synced.End, last)
	}
	return last.End < p.synced.End, nil
}

// within fills in what the bounds leave open.
func (b *bounds) within(synced Range) blockrange.Span {
	wanted := blockrange.Span{Start: synced.Start, End: synced.End}
	if b.to != nil {
		wanted.End = *b.to
	}
	switch {
	case b.from != nil:
		wanted.Start = *b.from
	case b.last > 0 && wanted.End >= b.last:
		wanted.Start = max(wanted.Start, wanted.End-b.last+1)
	}
	return wanted
}

// coveredBy finds the network of which all wanted blocks are among ranges.
func coveredBy(ranges []Range, wanted blockrange.Span) (string, bool) {
	for _, r := range ranges {
		if blockrange.Cover(r.Network, ranges).Contains(wanted) {
			return r.Network, true
		}
	}
	return "", false
}

// within checks that the server has the wanted blocks.
func within(wanted blockrange.Span, synced Range) error {
	on := "network " + synced.Network
	switch {
	case wanted.End > synced.End:
		return &Error{Class: Permanent, Op: "load blocks " + wanted.String(), On: on,
			Err:  fmt.Errorf("the server has the blocks up to %d", synced.End),
			Help: fmt.Sprintf("use --to-block %d, or --to-block latest", synced.End)}
	case wanted.Start < synced.Start:
		return &Error{Class: Permanent, Op: "load blocks " + wanted.String(), On: on,
			Err:  fmt.Errorf("the server has the blocks from %d on", synced.Start),
			Help: fmt.Sprintf("use --from-block %d", synced.Start)}
	case wanted.Start > wanted.End:
		return &Error{Class: Permanent, Op: "load blocks", On: on,
			Err: fmt.Errorf("the first wanted block is %d and the last %d", wanted.Start, wanted.End)}
	}
	return nil
}
