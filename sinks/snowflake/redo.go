package snowflake

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

// redoFolder is where the stage has the files of redos, which the sweep of a loader that starts leaves alone.
const redoFolder = "redo/"

// redo is an open unit that loads committed blocks again. Its rows are tagged with the id of the committed range that has the
// blocks, which is looked up before and checked in the commit: first the fence's row, then the table, as in the loader's commits.
type redo struct {
	sink        *Sink
	table       *target
	blocks, tip runtime.Range
	holder      coverage.Row
	rows        rows // nil when the unit is over
	failed      error
}

// Redo is runtime.Redoer's.
func (s *Sink) Redo(ctx context.Context, table *runtime.Table, blocks, tip runtime.Range) (runtime.Tx, error) {
	const op = "begin to load again"
	t, err := s.newTarget(table)
	if err != nil {
		return nil, err
	}
	r := &redo{sink: s, table: t, blocks: blocks, tip: tip}
	ctx = r.tagged(ctx)
	if err := s.pool.use(ctx, func(c *session) error { return r.begin(ctx, c) }); err != nil {
		return nil, classify(op, t.on(), err)
	}
	if r.rows, err = s.newRows(ctx, t, redoFolder+t.folder, r.holder.Batch); err != nil {
		return nil, classify(op, t.on(), err)
	}
	return r, nil
}

func (r *redo) tagged(ctx context.Context) context.Context {
	return tagged(ctx, r.table, []runtime.Range{r.blocks})
}

func (r *redo) begin(ctx context.Context, c *session) (err error) {
	t := r.table
	if t.Block == "" {
		return errors.New("the table has no block column")
	}
	there, err := t.find(ctx, c)
	if err != nil {
		return err
	}
	if !there.has(t.name.Object) || !there.has(ddl.StateTable) || !there.has(ddl.FenceTable) {
		return errors.New("the table, its state or its fence does not exist")
	}
	if err := t.compare(ctx, c, there[t.name.Object]); err != nil {
		return err
	}
	if err := t.ensureFence(ctx, c); err != nil { // which is what takes turns
		return err
	}
	r.holder, err = r.find(ctx, c)
	return err
}

// find finds the committed range that has the blocks, if they may be loaded again.
func (r *redo) find(ctx context.Context, c *session) (coverage.Row, error) {
	committed, err := r.table.reaching(ctx, c, r.blocks.Network, 0)
	if err != nil {
		return coverage.Row{}, err
	}
	return coverage.Redo(committed, r.blocks, r.tip)
}

// Write is runtime.Tx's.
func (r *redo) Write(ctx context.Context, rows arrow.RecordBatch) error {
	switch {
	case r.rows == nil:
		return runtime.Errorf(runtime.Permanent, "write rows", r.table.on(), "the unit is over")
	case r.failed != nil:
		return r.failed
	case rows.NumRows() == 0:
		return nil
	}
	err := checkSchema(r.table.Schema, rows.Schema())
	if err == nil {
		err = r.rows.write(r.tagged(ctx), rows)
		crash.Point(crash.MidEncode)
	}
	r.failed = classify("write rows", r.table.on(), err)
	return r.failed
}

// Commit is runtime.Tx's. The loader's commits and undos wait from here to the end of the transaction.
func (r *redo) Commit(ctx context.Context) error {
	const op = "load again"
	if r.rows == nil {
		return runtime.Errorf(runtime.Permanent, op, r.table.on(), "the unit is over")
	}
	ctx = r.tagged(ctx)
	defer r.end(ctx)
	if r.failed != nil {
		return r.failed
	}
	if err := r.rows.ready(ctx); err != nil {
		return classify(op, r.table.on(), err)
	}
	return classify(op, r.table.on(), r.sink.pool.transact(ctx, op, r.table.on(), func(c *session) error { return r.exchange(ctx, c) }))
}

// exchange puts the rows in the place of those that are there.
func (r *redo) exchange(ctx context.Context, c *session) error {
	t := r.table
	if _, err := t.lockFence(ctx, c); err != nil {
		return err
	}
	holder, err := r.find(ctx, c)
	if err != nil {
		return err
	}
	if holder.Batch != r.holder.Batch {
		return runtime.Errorf(runtime.Transient, "load again", r.blocks.String(), "the committed ranges around it changed")
	}
	where, args, err := t.ownRows(ctx, c, r.blocks.Start, r.blocks.End, []coverage.Row{holder})
	if err != nil {
		return err
	}
	if t.History {
		where += " AND " + ddl.Quote(ddl.CurrentColumn)
	}
	if _, err := c.exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s", t.rows, where), args...); err != nil {
		return err
	}
	err = r.rows.load(ctx, c)
	crash.Point(crash.MidRedo)
	return err
}

// Rollback is runtime.Tx's.
func (r *redo) Rollback(ctx context.Context) error {
	r.end(r.tagged(ctx))
	return nil
}

func (r *redo) end(ctx context.Context) {
	if r.rows != nil {
		r.rows.discard(ctx)
		r.rows = nil
	}
}
