package runtime

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ampgen/ampgen/runtime/planner"
	"github.com/ampgen/ampgen/runtime/resilience"
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
	// Keep says where it is kept which blocks are loaded; empty means KeepInSink.
	Keep Keep
	// Labels has the paths of label files that are read from elsewhere than the compiled path, by label name.
	Labels map[string]string
	// Log is told what happens beside the rows; nil for nobody.
	Log *slog.Logger

	// RetryFor is how long something is tried again while nothing gets through, before a run that has an end gives up; 0 means five
	// minutes. What follows the stream never gives up.
	RetryFor time.Duration
	// Timeout is how long one call of source or sink may take before it is given up, and tried again with twice the time; 0 means five
	// minutes. Preparing the sink, and waiting for the next message of a followed stream, is not limited.
	Timeout time.Duration
	// Silence is after how long without a message it is looked whether the chain goes on without the followed stream; 0 means a
	// minute. Where messages usually come less often, it is three times the longest pause of late, and at most ten times
	// as long as this.
	Silence time.Duration
	// Clock is what the run waits by; nil means the machine's.
	Clock resilience.Clock
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
	switch o.Keep {
	case "", KeepInSink, KeepInMemory, KeepNowhere:
	default:
		return Errorf(Permanent, "run", "", "Keep is %q, which is no place to keep the state", o.Keep)
	}
	return newLoader(o, telemetry.NewMeter()).run(ctx)
}

// newLoader makes a loader of o that counts with meter. Main makes its own, and may leave out source or sink for what needs none.
func newLoader(o Options, meter *telemetry.Meter) *loader {
	p := *o.Pipeline
	p.Table.Pipeline = defaultPipeline(&p)
	o.fillIn()
	p.Table.Stateless = o.Keep != KeepInSink
	l := &loader{pipeline: &p, meter: meter.Lane(""), log: o.Log, clock: o.Clock, retryFor: o.RetryFor, silence: o.Silence,
		labels: o.Labels, keep: o.Keep, follows: o.Follow, workers: max(1, o.Workers), historyFirst: o.HistoryFirst,
		sizes: planner.Sizes{Partition: o.PartitionBlocks, Chunk: o.ChunkBlocks}, depth: o.ReorgDepth}
	l.source = &guardedSource{o.Source, resilience.NewGate("server", o.Clock, o.Log, o.Timeout)}
	l.sink = &guardedSink{o.Sink, resilience.NewGate("sink", o.Clock, o.Log, o.Timeout)}
	meter.Gates(l.source.gate, l.sink.gate)
	if o.To != nil || o.Latest {
		l.bounds = &bounds{from: o.From, to: o.To, last: o.Recent}
	}
	return l
}

// fillIn sets what the caller left open.
func (o *Options) fillIn() {
	o.ReorgDepth = cmp.Or(o.ReorgDepth, defaultReorgDepth)
	o.Keep = cmp.Or(o.Keep, KeepInSink)
	o.RetryFor = cmp.Or(o.RetryFor, defaultRetryFor)
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.Silence = cmp.Or(o.Silence, defaultSilence)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = resilience.Wall
	}
}
