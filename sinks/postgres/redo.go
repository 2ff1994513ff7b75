package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/runtime/pgcopy"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
)

var _ runtime.Redoer = (*Sink)(nil)

// redoTable is where the rows of a redo wait for its commit: a temporary table of its connection.
const redoTable = "pg_temp._amp_redo"

// redo is an open unit that loads committed blocks again. Its rows are copied aside, so that the loader of the table waits for
// the exchange only, and is waited for in the same order as its own commits: first the fence's row, then the table's.
type redo struct {
	sink   *Sink
	table  *target
	blocks runtime.Range
	tip    runtime.Range
	conn   *pgxpool.Conn // nil when the unit is over
	copy   *copyIn
}

// Redo is runtime.Redoer's. It needs the privilege to create temporary tables.
func (s *Sink) Redo(ctx context.Context, t *runtime.Table, blocks, tip runtime.Range) (runtime.Tx, error) {
	table := newTarget(t)
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, classify("begin to load again", table.on(), err)
	}
	r := &redo{sink: s, table: table, blocks: blocks, tip: tip, conn: conn}
	if err := r.begin(ctx); err != nil {
		r.end(ctx)
		return nil, classify("begin to load again", table.on(), err)
	}
	return r, nil
}

func (r *redo) begin(ctx context.Context) error {
	conn, t := r.conn.Conn(), r.table
	if t.Block == "" {
		return errors.New("the table has no block column")
	}
	if err := begin(ctx, conn); err != nil {
		return err
	}
	if err := t.compare(ctx, conn); err != nil {
		return err
	}
	if err := run(ctx, conn, fmt.Sprintf("CREATE TEMPORARY TABLE _amp_redo ON COMMIT DROP AS SELECT %s FROM %s WITH NO DATA", t.columnNames(), t.rows)); err != nil {
		return err
	}
	statement := fmt.Sprintf("COPY %s (%s) FROM STDIN (FORMAT binary)", redoTable, t.columnNames())
	r.copy = startCopy(ctx, conn.PgConn(), statement, r.sink.newEncoder(), pgcopy.Tail{})
	return nil
}

// Write is runtime.Tx's.
func (r *redo) Write(ctx context.Context, rows arrow.RecordBatch) error {
	if r.conn == nil || r.copy == nil {
		return runtime.Errorf(runtime.Permanent, "write rows", r.table.on(), "the unit is over")
	}
	return classify("write rows", r.table.on(), r.copy.write(ctx, rows))
}

// Commit is runtime.Tx's. The loader's commits and undos wait from here to the end of the transaction.
func (r *redo) Commit(ctx context.Context) error {
	const op = "load again"
	if r.conn == nil {
		return runtime.Errorf(runtime.Permanent, op, r.table.on(), "the unit is over")
	}
	defer r.end(ctx)
	if err := r.exchange(ctx); err != nil {
		return classify(op, r.table.on(), err)
	}
	return commit(ctx, r.conn.Conn(), op, r.table.on())
}

// exchange puts the rows in the place of those that are there.
func (r *redo) exchange(ctx context.Context) error {
	if err := r.copy.finish(ctx); err != nil {
		return err
	}
	r.copy = nil
	conn, t := r.conn.Conn(), r.table
	if _, err := t.readFence(ctx, conn, true); err != nil {
		return err
	}
	committed, err := t.reaching(ctx, conn, r.blocks.Network, 0)
	if err != nil {
		return err
	}
	holder, err := coverage.Redo(committed, r.blocks, r.tip)
	if err != nil {
		return err
	}
	where, args, err := t.ownRows(ctx, conn, r.blocks.Start, r.blocks.End, []coverage.Row{holder})
	if err != nil {
		return err
	}
	if t.History {
		where += " AND " + ddl.Quote(ddl.CurrentColumn)
	}
	batch := &pgx.Batch{}
	batch.Queue(fmt.Sprintf("DELETE FROM %s WHERE %s", t.rows, where), args...)
	batch.Queue(fmt.Sprintf("INSERT INTO %s (%[2]s, %[3]s) SELECT %[2]s, $1 FROM %[4]s", t.rows, t.columnNames(), ddl.Quote(ddl.BatchColumn), redoTable), holder.Batch)
	err = conn.SendBatch(ctx, batch).Close()
	crash.Point(crash.MidRedo)
	return err
}

// Rollback is runtime.Tx's.
func (r *redo) Rollback(ctx context.Context) error {
	r.end(ctx)
	return nil
}

func (r *redo) end(ctx context.Context) {
	if r.conn == nil {
		return
	}
	if r.copy != nil {
		r.copy.abandon(ctx)
		r.copy = nil
	}
	rollback(ctx, r.conn.Conn())
	r.conn.Release()
	r.conn = nil
}
