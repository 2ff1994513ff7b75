package runtime

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/ampgen/ampgen/runtime/planner"
	"github.com/ampgen/ampgen/runtime/telemetry"
)

// Options are one run of a pipeline.
type Options struct {
	// Pipeline, Source and Sink are needed. The caller closes the sink; it was not prepared for the run.
	Pipeline *Pipeline
	Source   Source
	Sink     Sink

	// From and To are the first and the last block to load of a stream's history. With Latest, and To nil, it is loaded up to
	// the server's last block when the run starts; with From nil, from its first. With Recent, and From nil, only the last so many
	// blocks are loaded. What the sink has already is not loaded again.
	From, To *uint64
	Latest   bool
	Recent   uint64
	// Follow goes on with the stream where the history ends, which then is the server's last block: To must be nil. A stream
	// without From, To, Latest and Recent is followed in any case, from what the sink has. A batch query has none of these: it runs
	// once.
	Follow bool
	// HistoryFirst begins to follow when the history is loaded. Otherwise both go on at the same time.
	HistoryFirst bool

	// Workers is the number of goroutines that load history, each with a query and a unit of its own; 0 means 1.
	Workers int
	// ChunkBlocks is the number of blocks that a worker queries and commits at once, and PartitionBlocks the number of those that it
	// takes on. 0 leaves it to the density of rows. A followed stream is committed as the server cuts it.
	ChunkBlocks, PartitionBlocks uint64
	// ReorgDepth is how many of the newest blocks may still leave the chain; 0 means 1,024. So many are loaded in one commit when a
	// run begins, if they are not there.
	ReorgDepth uint64
	// Labels has the paths of label files that are read from elsewhere than the compiled path, by label name.
	Labels map[string]string
	// Log is told what happens beside the rows; nil for nobody.
	Log *slog.Logger
	// Sleep waits before something is tried again: at most d, or until ctx ends, whose error it then returns. Nil waits a random
	// part of d, so that loaders which lost the same server do not all come back at the same moment.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Run runs a pipeline until there is nothing left to load, until ctx ends, or until a failure that waiting does not cure. What
// was committed stays, and another run goes on from there. The error has a class, or is ctx's.
func Run(ctx context.Context, o Options) error {
	if o.Pipeline == nil || o.Source == nil || o.Sink == nil {
		return &Error{Class: Permanent, Op: "run", Err: errors.New("pipeline, source or sink is missing")}
	}
	if (o.From != nil || o.Recent > 0) && o.To == nil && !o.Latest {
		return &Error{Class: Permanent, Op: "run", Err: errors.New("the blocks to load have a start and no end"), Help: "set To or Latest"}
	}
	if o.To != nil && o.Follow {
		return &Error{Class: Permanent, Op: "run", Err: errors.New("the stream goes on where the history ends, and To says where else"),
			Help: "set Latest instead of To"}
	}
	return newLoader(o, telemetry.NewMeter()).run(ctx)
}

// newLoader makes a loader of o that counts with meter. Main makes its own, and may leave out the source for what needs none.
func newLoader(o Options, meter *telemetry.Meter) *loader {
	p := *o.Pipeline
	p.Table.Pipeline = defaultPipeline(&p)
	l := &loader{pipeline: &p, source: o.Source, sink: o.Sink, meter: meter.Lane(""), log: o.Log, sleep: o.Sleep,
		labels: o.Labels, follows: o.Follow, workers: max(1, o.Workers), historyFirst: o.HistoryFirst,
		sizes: planner.Sizes{Partition: o.PartitionBlocks, Chunk: o.ChunkBlocks}, depth: o.ReorgDepth}
	if o.To != nil || o.Latest {
		l.bounds = &bounds{from: o.From, to: o.To, last: o.Recent}
	}
	if l.depth == 0 {
		l.depth = defaultReorgDepth
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.sleep == nil {
		l.sleep = sleepUpTo
	}
	return l
}

// sleepUpTo waits a random part of d.
func sleepUpTo(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(rand.N(d))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
