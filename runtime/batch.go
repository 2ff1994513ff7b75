package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/ampgen/ampgen/runtime/fault"
)

// errUnchanged ends the reading of a batch query whose tables have not changed since it was last loaded.
var errUnchanged = errors.New("unchanged")

// batch loads a batch query's result, and tries again what may pass: each attempt reads the state, so that a result that was
// committed is not loaded twice.
func (l *loader) batch(ctx context.Context) error {
	r := l.retrier(false)
	for {
		err := l.batchOnce(ctx)
		if err == nil || ctx.Err() != nil || !fault.Passes(err) || l.forgets() {
			return err
		}
		if err := r.wait(ctx, err, "load the query's result"); err != nil {
			return err
		}
	}
}

// batchOnce runs a batch query once, in one commit. The ranges of the queried tables stand for its result: if the sink has the
// result for just these, there is nothing to do.
func (l *loader) batchOnce(ctx context.Context) error {
	state, err := l.sink.State(ctx, l.table())
	if err != nil {
		return err
	}
	var unit *openUnit
	defer func() { unit.rollback(ctx) }()
	err = l.query(ctx, l.pipeline.SQL, func(m Message) error {
		if unit == nil {
			if len(m.Ranges) == 0 {
				return Errorf(Protocol, "read rows", "query "+l.pipeline.Name, "rows came without a block range")
			}
			if sameStoredRanges(m.Ranges, state.Ranges) {
				l.log.Info("nothing to do: the queried tables have not changed", "ranges", fmt.Sprint(m.Ranges))
				return errUnchanged
			}
			if l.pipeline.Mode == Append && len(state.Ranges) > 0 {
				return appendedTwice(m.Ranges, state.Ranges)
			}
			if err := l.prepare(ctx); err != nil {
				return err
			}
			unit = l.newUnit(Unit{Ranges: m.Ranges, Replace: l.pipeline.Mode == Replace})
		}
		if err := unit.write(ctx, m.Record); err != nil || !m.Complete {
			return err
		}
		err := unit.commit(ctx)
		if err == nil {
			unit = nil
		}
		return err
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// appendedTwice refuses to append the result over blocks whose result the table has.
func appendedTwice(ranges, stored []Range) error {
	return &Error{Class: Permanent, Op: "append the query's result", Err: fmt.Errorf(
		"the table has the result for %v already, and the result for %v includes those blocks again", stored, ranges),
		Help: "use another table, or another --pipeline name if the rows are to be added all the same"}
}

// sameStoredRanges compares ranges with those read back from the sink, in any order.
func sameStoredRanges(ranges, stored []Range) bool {
	for _, r := range ranges {
		found := false
		for _, s := range stored {
			found = found || sameStored(r, s)
		}
		if !found {
			return false
		}
	}
	return len(ranges) == len(stored)
}
