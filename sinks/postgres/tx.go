package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/runtime/pgcopy"
)

// rollbackTimeout is how long the server has to answer before the connection is closed instead.
const rollbackTimeout = 5 * time.Second

// tx is an open unit: a transaction on a connection of its own, with a COPY running in it from the first rows on.
type tx struct {
	sink *Sink
	unit runtime.Unit
	conn *pgxpool.Conn // nil when the unit is over

	covered bool           // the unit is committed already: its rows are discarded
	before  []coverage.Row // what a replacing unit replaces
	copy    *copyIn
	failed  error // the first error of Write: the unit can no longer be committed
}

// Begin is runtime.Sink's. It waits for a free connection. The rows that the unit replaces, be it all or those of a branch, are
// deleted at once, in the transaction: until the commit, readers go on seeing them and wait for nothing.
func (s *Sink) Begin(ctx context.Context, u runtime.Unit) (runtime.Tx, error) {
	if err := s.prepared(); err != nil {
		return nil, err
	}
	if err := u.Check(s.table.Table); err != nil {
		return nil, classify("begin a unit", s.table.on(), err)
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, classify("begin a unit", s.table.on(), err)
	}
	t := &tx{sink: s, unit: u, conn: conn}
	if err := t.begin(ctx); err != nil {
		t.end(ctx)
		return nil, classify("begin a unit", s.table.on(), err)
	}
	return t, nil
}

func (t *tx) begin(ctx context.Context) error {
	conn, table := t.conn.Conn(), t.sink.table
	err := begin(ctx, conn)
	if err != nil {
		return err
	}
	// What is undone must not change before the unit ends, so that the other units of the pipeline wait with their commits.
	if err := table.checkFence(ctx, conn, t.sink.epoch, t.unit.Undo != nil); err != nil {
		return err
	}
	if t.unit.Undo != nil {
		return t.exchange(ctx, *t.unit.Undo)
	}
	if !t.unit.Replace {
		t.covered, err = t.admit(ctx)
		return err
	}
	if t.before, err = table.coverage(ctx, conn); err != nil {
		return err
	}
	if t.covered = coverage.Same(t.unit.Ranges, t.before); t.covered {
		return nil
	}
	_, err = conn.Exec(ctx, "DELETE FROM "+table.rows)
	return err
}

// exchange takes out what u undoes, unless the unit is covered.
func (t *tx) exchange(ctx context.Context, u runtime.Undo) error {
	conn, table := t.conn.Conn(), t.sink.table
	all, err := table.coverage(ctx, conn)
	if err != nil {
		return err
	}
	change, covered, err := coverage.Exchange(t.unit.Ranges, all, u.Network, u.From, u.Hash)
	if t.covered = covered; err != nil || covered {
		return err
	}
	return table.takeOut(ctx, conn, u, change)
}

func (t *tx) admit(ctx context.Context) (covered bool, err error) {
	overlapping, err := t.sink.table.overlapping(ctx, t.conn.Conn(), t.unit.Ranges)
	if err != nil {
		return false, err
	}
	return coverage.Admit(t.unit.Ranges, overlapping)
}

// Write is runtime.Tx's. The rows are encoded when it returns; nothing is retained.
func (t *tx) Write(ctx context.Context, rows arrow.RecordBatch) error {
	switch {
	case t.conn == nil:
		return runtime.Errorf(runtime.Permanent, "write rows", t.sink.table.on(), "the unit is over")
	case t.failed != nil:
		return t.failed
	case t.covered || rows.NumRows() == 0:
		return nil
	}
	if t.copy == nil {
		tail := pgcopy.Tail{Fields: 1}
		var err error
		if tail.Bytes, err = pgcopy.AppendText(nil, t.unit.ID()); err != nil {
			return classify("write rows", t.sink.table.on(), err)
		}
		t.copy = startCopy(ctx, t.conn.Conn().PgConn(), t.sink.table.copySQL, t.sink.newEncoder(), tail)
	}
	if err := t.copy.write(ctx, rows); err != nil {
		t.failed = classify("write rows", t.sink.table.on(), err)
	}
	return t.failed
}

// Encoded is how long rows of the unit were encoded so far.
func (t *tx) Encoded() time.Duration {
	if t.copy == nil {
		return 0
	}
	return t.copy.encoded
}

// Commit is runtime.Tx's. From the check of the fence to the end of the transaction, units of the pipeline take turns.
func (t *tx) Commit(ctx context.Context) error {
	on := t.sink.table.on()
	if t.conn == nil {
		return runtime.Errorf(runtime.Permanent, "commit", on, "the unit is over")
	}
	defer t.end(ctx) // does nothing more to a transaction that is committed
	if t.failed != nil {
		return t.failed
	}
	if err := t.settle(ctx); err != nil {
		return classify("commit", on, err)
	}
	if t.covered {
		return nil
	}
	if err := commit(ctx, t.conn.Conn(), "commit", on); err != nil {
		return err
	}
	t.conn.Release()
	t.conn = nil
	return nil
}

// settle makes everything ready for COMMIT, or finds that another commit made the unit superfluous.
func (t *tx) settle(ctx context.Context) error {
	if t.copy != nil {
		if err := t.copy.finish(ctx); err != nil {
			return err
		}
		t.copy = nil
	}
	crash.Point(crash.AfterRowsBeforeState)
	conn, table := t.conn.Conn(), t.sink.table
	if err := table.checkFence(ctx, conn, t.sink.epoch, true); err != nil || t.covered {
		return err
	}
	batch := &pgx.Batch{}
	if t.unit.Replace {
		now, err := table.coverage(ctx, conn)
		if err != nil {
			return err
		}
		if !slices.Equal(now, t.before) {
			return runtime.Errorf(runtime.Transient, "commit", table.on(), "another unit was committed while this one was loaded to replace all rows")
		}
		table.forget(batch)
	} else {
		var err error
		if t.covered, err = t.admit(ctx); err != nil || t.covered {
			return err
		}
	}
	table.change(batch, coverage.Change{Add: coverage.RowsOf(t.unit.Ranges)})
	if table.History {
		table.nameReplacement(batch, t.unit)
	}
	reply := conn.SendBatch(ctx, batch)
	crash.Point(crash.StateSentNoReply)
	if err := reply.Close(); err != nil {
		return err
	}
	return t.sink.compactSometimes(ctx, conn)
}

// Rollback is runtime.Tx's. It ends the unit also when ctx is cancelled already.
func (t *tx) Rollback(ctx context.Context) error {
	t.end(ctx)
	return nil
}

// end drops the transaction if it is still open and gives the connection back.
func (t *tx) end(ctx context.Context) {
	if t.conn == nil {
		return
	}
	if t.copy != nil {
		t.copy.abandon(ctx)
		t.copy = nil
	}
	rollback(ctx, t.conn.Conn())
	t.conn.Release()
	t.conn = nil
}
