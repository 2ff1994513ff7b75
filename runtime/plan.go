package runtime

import (
	"context"
	"fmt"
	"strings"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/planner"
	"github.com/ampgen/ampgen/runtime/telemetry"
)

// The command plan, which writes nothing.

// Comparer is a Sink that can say what its Prepare would do.
type Comparer interface {
	// Compare lists what Prepare would create for t and what it would refuse t for, a line each. It writes nothing.
	Compare(ctx context.Context, t *Table) ([]string, error)
}

// plan shows what a run would load.
func (g *program) plan(ctx context.Context, l *loader) error {
	if err := l.checkQuery(ctx); err != nil {
		return err
	}
	if err := g.planTable(ctx, l); err != nil {
		return err
	}
	if g.pipeline.Mode != Stream {
		fmt.Fprintf(g.stdout, "run the query once and %s table %s, unless its result for the server's blocks is loaded\n",
			map[Mode]string{Replace: "replace", Append: "append to"}[g.pipeline.Mode], l.table().Name)
		return g.planSink(ctx, l, Estimate{Units: 1})
	}
	state, err := l.sink.State(ctx, l.table())
	if err != nil {
		return err
	}
	if l.bounds == nil {
		g.planStream(state)
		return g.planSink(ctx, l, Estimate{})
	}
	p, err := l.plan(ctx, state)
	if err != nil {
		return err
	}
	return g.planHistory(ctx, l, p)
}

// planTable shows what the table lacks.
func (g *program) planTable(ctx context.Context, l *loader) error {
	sink, ok := l.sink.Sink.(Comparer)
	if !ok {
		return nil
	}
	differences, err := sink.Compare(ctx, l.table())
	if err != nil {
		return err
	}
	for _, d := range differences {
		fmt.Fprintf(g.stdout, "table %s: %s\n", l.table().Name, d)
	}
	if len(differences) == 0 {
		fmt.Fprintf(g.stdout, "table %s is as it should be\n", l.table().Name)
	}
	return nil
}

// planHistory shows what is missing, in which pieces it would be loaded, and about how much it is.
func (g *program) planHistory(ctx context.Context, l *loader, p *plan) error {
	var missing uint64
	for _, gap := range p.Gaps {
		missing += gap.Blocks()
	}
	if p.Undo {
		fmt.Fprintf(g.stdout, "what is there from block %d on may have left the chain since: it would be undone and loaded again\n", p.From)
	}
	switch {
	case p.Head != nil:
		missing += p.Head.Blocks()
		fmt.Fprintf(g.stdout, "newest blocks, by one query: %s\n", p.Head)
	case p.Stream && p.Floor <= p.wanted.End:
		missing += p.wanted.End - p.Floor + 1
		fmt.Fprintf(g.stdout, "newest blocks, by the stream: %s\n", blockrange.Span{Start: p.Floor, End: p.wanted.End})
	}
	for _, gap := range p.Gaps {
		fmt.Fprintf(g.stdout, "gap %s: %s\n", gap, telemetry.Count(int64(gap.Blocks()), "block"))
	}
	parts := planner.New(p.Gaps, l.workers, l.sizes).Partitions()
	fmt.Fprintf(g.stdout, "blocks %s of %s: %s missing; %s for %s\n", p.wanted, p.network, telemetry.Number(int64(missing)),
		telemetry.Count(int64(len(parts)), "partition"), telemetry.Count(int64(l.workers), "worker"))
	if l.follows {
		fmt.Fprintln(g.stdout, "then follow the stream")
	}
	if missing == 0 {
		return nil
	}
	return g.planSize(ctx, l, p, missing)
}

// sampleBlocks is how many blocks of a place in the missing history are looked at for an estimate.
const sampleBlocks = 10

// planSink shows what the sink says of the load, if it says something.
func (g *program) planSink(ctx context.Context, l *loader, load Estimate) error {
	sink, ok := l.sink.Sink.(Explainer)
	if !ok {
		return nil
	}
	text, err := sink.Explain(ctx, l.table(), load)
	if err != nil {
		return err
	}
	if text != "" {
		fmt.Fprintln(g.stdout, strings.TrimRight(text, "\n"))
	}
	return nil
}

// planSize estimates rows, bytes and commits from a few blocks at the start, in the middle and at the end of what is missing.
func (g *program) planSize(ctx context.Context, l *loader, p *plan, missing uint64) error {
	var blocks uint64
	var rows, bytes int64
	for _, s := range samples(p) {
		err := l.query(ctx, l.blocksQuery(s), func(m Message) error {
			if m.Record != nil {
				rows += m.Record.NumRows()
				bytes += dataSize(m.Record)
			}
			return nil
		})
		if err != nil {
			return err
		}
		blocks += s.Blocks()
	}
	estimate := func(n int64) int64 { return int64(float64(n) / float64(blocks) * float64(missing)) }
	load := Estimate{Rows: estimate(rows), Bytes: estimate(bytes)}
	chunk := l.sizes.Chunk
	if chunk == 0 {
		chunk = uint64(max(1, planner.ChunkBytes*float64(missing)/float64(max(1, load.Bytes))))
	}
	for _, part := range planner.New(p.Gaps, l.workers, l.sizes).Partitions() {
		load.Units += int64((part.Blocks() + chunk - 1) / chunk)
	}
	if p.Head != nil {
		load.Units++
	}
	fmt.Fprintf(g.stdout, "about %s, %s of Arrow data and %s, judged by %s of them\n", telemetry.Count(load.Rows, "row"),
		telemetry.Bytes(load.Bytes), telemetry.Count(load.Units, "commit"), telemetry.Count(int64(blocks), "block"))
	return g.planSink(ctx, l, load)
}

// samples are a few blocks in up to three places of what is missing.
func samples(p *plan) []blockrange.Span {
	var all blockrange.Set
	if p.Floor <= p.wanted.End {
		all.Add(blockrange.Span{Start: p.Floor, End: p.wanted.End})
	}
	for _, gap := range p.Gaps {
		all.Add(gap)
	}
	spans := all.Spans()
	first, middle, last := spans[0], spans[len(spans)/2], spans[len(spans)-1]
	half := middle.Start + (middle.Blocks()-1)/2
	var chosen blockrange.Set
	chosen.Add(blockrange.Span{Start: first.Start, End: min(first.End, first.Start+sampleBlocks-1)})
	chosen.Add(blockrange.Span{Start: half, End: min(middle.End, half+sampleBlocks-1)})
	chosen.Add(blockrange.Span{Start: max(last.Start, last.End-min(sampleBlocks-1, last.End)), End: last.End})
	return chosen.Spans()
}

func (g *program) planStream(state State) {
	if len(state.Ranges) == 0 {
		fmt.Fprintln(g.stdout, "follow the stream from the start: the sink has nothing yet")
		return
	}
	for _, network := range networks(state.Ranges) {
		last := lastOf(network, state.Ranges)
		if last.Hash == "" {
			fmt.Fprintf(g.stdout, "cannot follow %s after block %d: its hash is unknown; load up to the tip with --to-block latest first\n", network, last.End)
			continue
		}
		fmt.Fprintf(g.stdout, "follow %s after block %d, %s\n", network, last.End, last.Hash)
	}
}
