package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/crash"
)

// A bounded run loads history: what is wanted and not covered is cut into chunks, and each chunk is one query of its blocks and
// one commit.

// bounded loads the blocks within the bounds that the sink does not have.
func (l *loader) bounded(ctx context.Context) error {
	state, err := l.sink.State(ctx, l.table())
	if err != nil {
		return err
	}
	plan, err := l.plan(ctx, state)
	if err != nil {
		return err
	}
	if plan.chunks == nil {
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
	plan.subtract(state, l.chunk)
	l.log.Info("loading", "network", plan.network, "blocks", plan.wanted, "gaps", len(plan.gaps), "units", len(plan.chunks))
	synced := plan.synced
	for chunks := plan.chunks; len(chunks) > 0; {
		for _, c := range chunks {
			l.meter.Want(c.Blocks())
		}
		for _, c := range chunks {
			if synced, err = l.loadChunk(ctx, plan.network, c); err != nil {
				return err
			}
		}
		// The chain grows during the load. Up to "latest" is done when the last query ended at the tip of its own moment: only
		// then is the hash of the last block known.
		end := chunks[len(chunks)-1].End
		chunks = nil
		if l.bounds.to == nil && synced.End > end {
			chunks = blockrange.Partition([]blockrange.Span{{Start: end + 1, End: synced.End}}, l.chunk)
		}
	}
	return nil
}

// plan is what a bounded run is to do.
type plan struct {
	network string
	synced  Range           // what the server has; zero if it was not asked
	wanted  blockrange.Span // with the bounds filled in
	gaps    []blockrange.Span
	chunks  []blockrange.Span
}

// plan works out what is missing. If the sink has it all, the server is not asked.
func (l *loader) plan(ctx context.Context, state State) (*plan, error) {
	b := l.bounds
	if l.pipeline.RangeSQL == "" {
		return nil, &Error{Class: Permanent, Op: "cut the query into block ranges", On: "query " + l.pipeline.Name,
			Err: errors.New(l.pipeline.NoRange), Help: "run it without --from-block and --to-block"}
	}
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
	p := &plan{network: synced.Network, synced: synced, wanted: blockrange.Span{Start: synced.Start, End: synced.End}}
	if b.from != nil {
		p.wanted.Start = *b.from
	}
	if b.to != nil {
		p.wanted.End = *b.to
	}
	if err := within(p.wanted, synced); err != nil {
		return nil, err
	}
	p.subtract(state, l.chunk)
	return p, nil
}

// subtract leaves what is wanted and not in state, cut into chunks of at most size blocks.
func (p *plan) subtract(state State, size uint64) {
	p.gaps = blockrange.Cover(p.network, state.Ranges).Gaps(p.wanted)
	p.chunks = blockrange.Partition(p.gaps, size)
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

// probe asks which blocks the server has, by a query for no rows.
func (l *loader) probe(ctx context.Context) (Range, error) {
	var synced []Range
	err := l.query(ctx, l.rangeQuery("FALSE"), func(m Message) error {
		if len(m.Ranges) > 0 {
			synced = m.Ranges
		}
		return nil
	})
	if err != nil {
		return Range{}, err
	}
	return oneNetwork(synced)
}

func oneNetwork(synced []Range) (Range, error) {
	if len(synced) != 1 {
		return Range{}, Errorf(Protocol, "read rows", "", "a query of one network was answered with the ranges of %d: %v", len(synced), synced)
	}
	return synced[0], nil
}

// loadChunk loads the rows of the blocks of c in one commit and returns what the server had when it answered.
func (l *loader) loadChunk(ctx context.Context, network string, c blockrange.Span) (Range, error) {
	var unit *openUnit
	defer func() { unit.rollback(ctx) }()
	block := quoteIdentifier(l.table().Block)
	sql := l.rangeQuery(fmt.Sprintf("%s >= %d AND %s <= %d", block, c.Start, block, c.End))
	var synced Range
	err := l.query(ctx, sql, func(m Message) error {
		if unit == nil {
			var err error
			if synced, err = oneNetwork(m.Ranges); err != nil {
				return err
			}
			if synced.Network != network {
				return Errorf(Protocol, "read rows", "network "+network, "the server answered for network %s", synced.Network)
			}
			if err := within(c, synced); err != nil {
				return err
			}
			unit = l.newUnit(Unit{Ranges: []Range{chunkRange(c, synced)}})
		}
		if err := unit.write(ctx, m.Record); err != nil || !m.Complete {
			return err
		}
		crash.Point(crash.DuringGapCommit)
		err := unit.commit(ctx)
		if err == nil {
			unit = nil
		}
		return err
	})
	return synced, err
}

// chunkRange is the range that is covered when the blocks of c are loaded. The server says the hash of its last block only, so
// the hashes of a chunk that ends before it are unknown.
func chunkRange(c blockrange.Span, synced Range) Range {
	r := Range{Network: synced.Network, Start: c.Start, End: c.End}
	if c.End == synced.End {
		r.Hash, r.Timestamp = synced.Hash, synced.Timestamp
		if c.Start == synced.Start {
			r.PrevHash = synced.PrevHash
		}
	}
	return r
}

// rangeQuery wraps a filter around the query, whose text is not touched: it may end in a comment, hence the line break.
func (l *loader) rangeQuery(filter string) string {
	return "SELECT * FROM (\n" + l.pipeline.RangeSQL + "\n) AS \"ampgen_range\" WHERE " + filter
}

func quoteIdentifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
