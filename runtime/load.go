package runtime

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/runtime/planner"
	"github.com/ampgen/ampgen/runtime/resilience"
	"github.com/ampgen/ampgen/runtime/telemetry"
)

// loader moves the rows of one pipeline from a source to a sink.
type loader struct {
	pipeline *Pipeline
	source   *guardedSource
	sink     *guardedSink
	shaper   *shaper
	meter    *telemetry.Lane
	log      *slog.Logger
	clock    resilience.Clock
	retryFor time.Duration     // how long something is tried again while nothing gets through
	silence  time.Duration     // after which it is looked whether the stream is stalled
	labels   map[string]string // paths of labels, where they differ from the compiled ones
	bounds   *bounds           // nil for an endless or a batch run
	follows  bool              // beside the bounds
	prepared bool
	keep     Keep

	// Of a run with bounds.
	workers      int
	historyFirst bool
	sizes        planner.Sizes
	depth        uint64  // how many of the newest blocks may leave the chain
	first        *uint64 // the first wanted block; nil before it is known
	seam         *seam   // while history is loaded; nil in other runs
}

func (l *loader) table() *Table { return &l.pipeline.Table }

// endless reports whether only a stop ends the run.
func (l *loader) endless() bool { return l.pipeline.Mode == Stream && (l.bounds == nil || l.follows) }

// run is one run: what is missing within the bounds, and then the endless stream. A batch query runs once. Nothing is written
// before the server's columns were compared with the compiled ones.
func (l *loader) run(ctx context.Context) (err error) {
	if l.shaper, err = newShaper(ctx, l.pipeline, l.labels); err != nil {
		return err
	}
	if err := l.checkQuery(ctx); err != nil {
		return err
	}
	if err := l.keepState(ctx); err != nil {
		return err
	}
	if l.pipeline.Mode != Stream {
		return l.batch(ctx)
	}
	if l.bounds != nil {
		return l.history(ctx)
	}
	crash.Point(crash.DuringHandover)
	return l.follow(ctx)
}

// prepare prepares the sink, once. It is called when there is something to load, so that a run without work writes nothing and
// takes the fence from nobody.
func (l *loader) prepare(ctx context.Context) error {
	if l.prepared {
		return nil
	}
	l.meter.Enter(telemetry.Sink)
	defer l.meter.Enter(telemetry.Other)
	if err := l.sink.Prepare(ctx, l.table()); err != nil {
		return err
	}
	l.prepared = true
	return nil
}

// checkQuery refuses a query that the run cannot load: one that is to be cut into block ranges and cannot, which the server would
// say less plainly, or one whose columns are not the compiled ones.
func (l *loader) checkQuery(ctx context.Context) error {
	if l.bounds != nil && l.pipeline.RangeSQL == "" {
		return &Error{Class: Permanent, Op: "cut the query into block ranges", On: "query " + l.pipeline.Name,
			Err: errors.New(l.pipeline.NoRange), Help: "run it without bounds: the stream then loads the history, too"}
	}
	return l.checkServer(ctx, l.endless())
}

// checkServer compares the compiled columns with those that the server announces for the query.
func (l *loader) checkServer(ctx context.Context, follow bool) error {
	l.meter.Enter(telemetry.Server)
	defer l.meter.Enter(telemetry.Other)
	schema, err := l.source.Schema(ctx, l.pipeline.SQL, follow)
	if err != nil {
		return err
	}
	if differences := amp.Differences(l.pipeline.Query, schema); len(differences) > 0 {
		return &Error{Class: Drift, Op: "compare the server's columns with the compiled ones", On: "query " + l.pipeline.Name,
			Err:  errors.New("\n  " + strings.Join(differences, "\n  ") + "\n"),
			Help: "generate the loader again, or ask why the server's dataset changed"}
	}
	return nil
}

// open runs a query and checks its columns.
func (l *loader) open(ctx context.Context, req Request) (SourceStream, error) {
	l.meter.Enter(telemetry.Server)
	defer l.meter.Enter(telemetry.Other)
	stream, err := l.source.Open(ctx, req)
	if err != nil {
		return nil, err
	}
	if differences := amp.Differences(l.pipeline.Query, stream.Schema()); len(differences) > 0 {
		stream.Close()
		return nil, Errorf(Drift, "open query", "query "+l.pipeline.Name,
			"the server's columns are not the compiled ones: %s", strings.Join(differences, "; "))
	}
	return stream, nil
}

// next is the stream's next message.
func (l *loader) next(ctx context.Context, stream SourceStream) (Message, error) {
	l.meter.Enter(telemetry.Server)
	defer l.meter.Enter(telemetry.Other)
	m, err := stream.Next(ctx)
	crash.Point(crash.AfterReceive)
	return m, err
}

// query runs a query that ends, and gives its messages to take until the server says that it is complete. The ranges are those
// that the server has of the queried tables, which are the same in all messages; a query over tables that are not synced is an
// error.
func (l *loader) query(ctx context.Context, sql string, take func(Message) error) error {
	return l.ask(ctx, sql, l.meter.Heard, take)
}

// ask is query, with what is done as soon as a message comes.
func (l *loader) ask(ctx context.Context, sql string, heard func(), take func(Message) error) error {
	const op = "read rows"
	stream, err := l.open(ctx, Request{SQL: sql, Of: l.pipeline.SQL})
	if err != nil {
		return err
	}
	defer stream.Close()
	var synced []Range
	for {
		m, err := l.next(ctx, stream)
		if errors.Is(err, io.EOF) {
			return Errorf(Transient, op, "query "+l.pipeline.Name, "the answer ended before the server said that it is complete")
		}
		if err != nil {
			return err
		}
		heard()
		switch {
		case len(m.Ranges) == 0 && m.Complete:
			return &Error{Class: Transient, Op: op, On: "query " + l.pipeline.Name, Err: errNoBlocks, Help: "run again when it has synced them"}
		case len(m.Ranges) == 0 && (m.Record == nil || m.Record.NumRows() == 0):
			continue
		case synced == nil && len(m.Ranges) > 0:
			synced = m.Ranges
		case !sameRanges(synced, m.Ranges):
			return Errorf(Protocol, op, "query "+l.pipeline.Name, "the ranges changed within one answer, from %v to %v", synced, m.Ranges)
		}
		crash.Point(crash.AfterValidate)
		if err := take(m); err != nil || m.Complete {
			return err
		}
	}
}

// errNoBlocks says that the queried tables are empty.
var errNoBlocks = errors.New("the server has no blocks of the queried tables yet")

func sameRanges(a, b []Range) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Same(b[i]) {
			return false
		}
	}
	return true
}
