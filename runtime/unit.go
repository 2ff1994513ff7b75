package runtime

import (
	"context"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/runtime/telemetry"
)

// grace is how long a commit may still take after the run was asked to stop.
const grace = 10 * time.Second

// openUnit is a commit unit in progress. The sink's transaction begins with the first rows, so that an idle stream holds none.
type openUnit struct {
	loader *loader
	unit   Unit
	span   *blockrange.Span // what the rows' blocks must lie in; nil when they are not tied to the unit's ranges
	tx     *guardedTx
	bytes  int64 // of Arrow data, when it is committed
}

// newUnit starts a unit of ranges.
func (l *loader) newUnit(unit Unit) *openUnit {
	u := &openUnit{loader: l, unit: unit}
	if len(unit.Ranges) == 1 && l.table().Block != "" {
		u.span = &blockrange.Span{Start: unit.Ranges[0].Start, End: unit.Ranges[0].End}
	}
	return u
}

func (u *openUnit) begin(ctx context.Context) error {
	if u.tx != nil {
		return nil
	}
	var err error
	u.tx, err = u.loader.sink.Begin(ctx, u.unit)
	return err
}

// write checks rows, joins the labels and gives the result to the sink.
func (u *openUnit) write(ctx context.Context, rows arrow.RecordBatch) error {
	if rows == nil || rows.NumRows() == 0 {
		return nil
	}
	meter := u.loader.meter
	defer meter.Enter(telemetry.Other)
	shaped, err := u.loader.shaper.shape(rows, u.span, meter)
	if err != nil {
		return err
	}
	defer shaped.Release()
	if shaped.NumRows() == 0 {
		return nil
	}
	meter.Enter(telemetry.Sink)
	if err := u.begin(ctx); err != nil {
		return err
	}
	encoded := u.tx.Encoded()
	if err := u.tx.Write(ctx, shaped); err != nil {
		return err
	}
	meter.Encoded(u.tx.Encoded() - encoded)
	meter.Wrote(shaped.NumRows(), dataSize(shaped))
	return nil
}

// commit makes the unit visible. It is not cut short when ctx ends, but gets some time to finish.
func (u *openUnit) commit(ctx context.Context) error {
	meter := u.loader.meter
	defer meter.Enter(telemetry.Other)
	meter.Enter(telemetry.Sink)
	ctx, cancel := withGrace(ctx, grace)
	defer cancel()
	if err := u.begin(ctx); err != nil {
		return err
	}
	err := u.tx.Commit(ctx)
	if err != nil && ClassOf(err) == Ambiguous {
		err = u.resolve(ctx, err)
	}
	if err != nil {
		return err
	}
	crash.Point(crash.AfterCommitBeforeAck)
	u.tx = nil
	if undo := u.unit.Undo; undo != nil {
		meter.Undone(max(undo.From, 1) - 1)
	}
	var blocks uint64
	for _, r := range u.unit.Ranges {
		blocks += r.Blocks()
	}
	last := u.unit.Ranges[len(u.unit.Ranges)-1]
	if last.Hash == "" {
		last.Timestamp = 0
	}
	u.bytes = meter.Committed(blocks, last.End, last.Timestamp)
	return nil
}

// undo makes the sink undo. It is not cut short when ctx ends, but gets some time to finish.
func (l *loader) undo(ctx context.Context, u Undo) error {
	l.meter.Enter(telemetry.Sink)
	defer l.meter.Enter(telemetry.Other)
	ctx, cancel := withGrace(ctx, grace)
	defer cancel()
	err := l.sink.Undo(ctx, u)
	if err == nil {
		l.meter.Undone(max(u.From, 1) - 1)
	} else if ClassOf(err) == Ambiguous && l.table().Stateless {
		return errUnknown(err)
	}
	return err
}

// resolve finds out by the sink's state whether a commit whose reply was lost took place.
func (u *openUnit) resolve(ctx context.Context, lost error) error {
	if u.loader.table().Stateless {
		return errUnknown(lost)
	}
	u.loader.log.Warn("nobody knows whether the commit took place; reading the state", "range", u.unit.Ranges[0].String(), "error", lost)
	state, err := u.loader.sink.State(ctx, u.loader.table())
	if err != nil {
		return &Error{Class: Ambiguous, Op: "find out whether the commit took place", Err: lost,
			Help: "the state could not be read either (" + err.Error() + "); run again: what was committed is not loaded twice"}
	}
	for _, r := range u.unit.Ranges {
		if !slices.ContainsFunc(state.Ranges, func(s Range) bool { return u.committedAs(s, r) }) {
			return &Error{Class: Transient, Op: "commit", On: "range " + r.String(), Err: lost,
				Help: "the sink does not have it; run again"}
		}
	}
	return nil
}

// committedAs reports whether a range read back from the sink shows that r of the unit is committed. It is r, or r merged with
// neighbours: the unit was not covered before, or it would have committed nothing. What the unit undoes may be around r too; but r
// is the end of everything once that is done.
func (u *openUnit) committedAs(stored, r Range) bool {
	if stored.Network != r.Network || stored.Start > r.Start || stored.End < r.End {
		return false
	}
	return stored.End == r.End && stored.Hash == r.Hash || stored.End > r.End && u.unit.Undo == nil
}

// sameStored reports whether a range is the one read back from a state table, which keeps no parent hash of some sources and
// no time.
func sameStored(r, stored Range) bool {
	return r.Network == stored.Network && r.Start == stored.Start && r.End == stored.End && r.StoredHash() == stored.StoredHash()
}

// rollback drops the unit, if it is not committed. It also runs when ctx has ended.
func (u *openUnit) rollback(ctx context.Context) {
	if u == nil {
		return
	}
	u.loader.meter.Dropped()
	if u.tx == nil {
		return
	}
	ctx, cancel := withGrace(ctx, grace)
	defer cancel()
	crash.Point(crash.DuringRollback)
	if err := u.tx.Rollback(ctx); err != nil {
		u.loader.log.Warn("rolling back failed; the sink drops the unit when the connection ends", "error", err)
	}
	u.tx = nil
}

// withGrace returns a context that ends some time after ctx does.
func withGrace(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-late.Done():
		}
	})
	return late, func() { stop(); cancel() }
}
