package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/crash"
)

// The queries of history: for nothing but the server's ranges, for the newest blocks, and for a chunk.

// probe asks which blocks the server has, by a query for no rows. Whether the answer is progress is for the caller to say.
func (l *loader) probe(ctx context.Context) (Range, error) {
	var synced []Range
	err := l.ask(ctx, l.rangeQuery("FALSE"), func() {}, func(m Message) error {
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

// headAttempts is how often the newest blocks are asked for while the chain grows between question and answer. The answer's first
// message says that it did, so an attempt costs a round trip, and even a chain with four blocks a second leaves room for one.
const headAttempts = 50

// errMoved says that the server's last block is another one than was asked for.
var errMoved = errors.New("the tip has moved")

// loadHead loads the blocks of head, which ends with the server's last block, in one commit, and returns what is covered then. Only
// an answer of a server whose last block is that of the range proves the range. If the chain has grown, the range grows, too.
func (l *loader) loadHead(ctx context.Context, network string, head blockrange.Span) (Range, error) {
	for range headAttempts {
		var pin Range
		err := l.loadBlocks(ctx, network, head, func(synced Range) (Range, error) {
			if synced.End != head.End {
				head.End = synced.End
				return Range{}, errMoved
			}
			pin = provenBy(head, synced)
			return pin, nil
		}, func(u *openUnit) error { return u.commit(ctx) })
		switch {
		case err == nil:
			l.meter.Meter().Done(head.Blocks())
			return pin, nil
		case !errors.Is(err, errMoved):
			return Range{}, err
		case head.End < head.Start || l.bounds.to != nil:
			return Range{}, errReplan
		}
	}
	return Range{}, Errorf(Transient, "load the newest blocks", "network "+network,
		"the chain has grown between question and answer %d times in a row", headAttempts)
}

// provenBy is the range of blocks that ends with the server's last one.
func provenBy(s blockrange.Span, synced Range) Range {
	r := Range{Network: synced.Network, Start: s.Start, End: s.End, Hash: synced.Hash, Timestamp: synced.Timestamp}
	if s.Start == synced.Start {
		r.PrevHash = synced.PrevHash
	}
	return r
}

// chunkRange is the range that is covered when the blocks of a chunk are loaded. It is not proven, also if it ends with the server's
// last block, whose hash is known: nothing says that this is of the branch of what is committed beside it. The newest depth blocks
// that the server has may still leave the chain, and a range that has any of them is marked by a time.
func chunkRange(c blockrange.Span, synced Range, depth uint64) (Range, error) {
	if c.End > synced.End || c.Start < synced.Start {
		return Range{}, Errorf(Transient, "load blocks "+c.String(), "network "+synced.Network,
			"the server has blocks %d to %d only", synced.Start, synced.End)
	}
	r := Range{Network: synced.Network, Start: c.Start, End: c.End}
	if synced.End-c.End < depth {
		r.Timestamp = max(1, synced.Timestamp)
	}
	return r, nil
}

// loadBlocks asks for the rows of the blocks of s, and commits them when all have come. Covers says from what the server has which
// range is covered then.
func (l *loader) loadBlocks(ctx context.Context, network string, s blockrange.Span, covers func(synced Range) (Range, error),
	commit func(*openUnit) error) error {
	var unit *openUnit
	defer func() { unit.rollback(ctx) }()
	return l.query(ctx, l.blocksQuery(s), func(m Message) error {
		if unit == nil {
			synced, err := oneNetwork(m.Ranges)
			if err != nil {
				return err
			}
			if synced.Network != network {
				return Errorf(Protocol, "read rows", "network "+network, "the server answered for network %s", synced.Network)
			}
			r, err := covers(synced)
			if err != nil {
				return err
			}
			unit = l.newUnit(Unit{Ranges: []Range{r}})
		}
		if err := unit.write(ctx, m.Record); err != nil || !m.Complete {
			return err
		}
		crash.Point(crash.DuringGapCommit)
		err := commit(unit)
		if err == nil {
			unit = nil
		}
		return err
	})
}

// blocksQuery is the query for the rows of the blocks of s.
func (l *loader) blocksQuery(s blockrange.Span) string {
	block := quoteIdentifier(l.table().Block)
	return l.rangeQuery(fmt.Sprintf("%s >= %d AND %s <= %d", block, s.Start, block, s.End))
}

// rangeQuery wraps a filter around the query, whose text is not touched: it may end in a comment, hence the line break.
func (l *loader) rangeQuery(filter string) string {
	return "SELECT * FROM (\n" + l.pipeline.RangeSQL + "\n) AS \"ampgen_range\" WHERE " + filter
}

func quoteIdentifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
