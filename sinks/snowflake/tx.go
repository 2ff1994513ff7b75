package snowflake

import (
	"context"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
)

// rows is a method of loading: rows on their way into the table.
type rows interface {
	// write takes rows, of which it retains what it keeps.
	write(ctx context.Context, rows arrow.RecordBatch) error
	// full asks for a load before more rows are written.
	full() bool
	// ready does what comes before the transaction.
	ready(ctx context.Context) error
	// load puts all rows that were written into the table, inside of c's transaction. It may be called again for more rows.
	load(ctx context.Context, c *session) error
	// encoded is how long rows were encoded so far.
	encoded() time.Duration
	// discard drops what is on its way and removes what is left behind. The rows are over then.
	discard(ctx context.Context)
}

// newRows makes the rows of the sink's method, tagged with batch. below is the folder of the stage for them.
func (s *Sink) newRows(ctx context.Context, t *target, below, batch string) (rows, error) {
	if s.config.Method == MethodInsert {
		return s.insert(t, batch)
	}
	return s.stage(ctx, t, below, batch)
}

// tx is an open unit. It has a session from when its transaction begins, which is in Commit unless the rows are full before.
type tx struct {
	sink *Sink
	unit runtime.Unit
	rows rows // nil when the unit is over

	session *session // of the open transaction
	covered bool     // the unit is committed already: its rows are not wanted
	failed  error    // the first error of Write: the unit can no longer be committed
}

// Begin is runtime.Sink's. It asks the server nothing.
func (s *Sink) Begin(ctx context.Context, u runtime.Unit) (runtime.Tx, error) {
	const op = "begin a unit"
	if err := s.prepared(); err != nil {
		return nil, err
	}
	if err := u.Check(s.table.Table); err != nil {
		return nil, classify(op, s.table.on(), err)
	}
	t := &tx{sink: s, unit: u}
	var err error
	if t.rows, err = s.newRows(t.tagged(ctx), s.table, s.table.folder, u.ID()); err != nil {
		return nil, classify(op, s.table.on(), err)
	}
	return t, nil
}

// tagged marks the unit's statements for people who look into the account's history of queries.
func (t *tx) tagged(ctx context.Context) context.Context {
	return tagged(ctx, t.sink.table, t.unit.Ranges)
}

func tagged(ctx context.Context, t *target, ranges []runtime.Range) context.Context {
	tag := "ampgen pipeline=" + t.Pipeline
	for _, r := range ranges {
		tag += " range=" + r.String()
	}
	const longest = 2000
	return sf.WithQueryTag(ctx, tag[:min(len(tag), longest)])
}

// Write is runtime.Tx's.
func (t *tx) Write(ctx context.Context, rows arrow.RecordBatch) error {
	on := t.sink.table.on()
	switch {
	case t.rows == nil:
		return runtime.Errorf(runtime.Permanent, "write rows", on, "the unit is over")
	case t.failed != nil:
		return t.failed
	case t.covered || rows.NumRows() == 0:
		return nil
	}
	t.failed = classify("write rows", on, t.write(t.tagged(ctx), rows))
	return t.failed
}

func (t *tx) write(ctx context.Context, rows arrow.RecordBatch) error {
	if err := checkSchema(t.sink.table.Schema, rows.Schema()); err != nil {
		return err
	}
	if err := t.rows.write(ctx, rows); err != nil {
		return err
	}
	crash.Point(crash.MidEncode)
	if !t.rows.full() {
		return nil
	}
	if err := t.open(ctx); err != nil || t.covered {
		return err
	}
	return t.rows.load(ctx, t.session)
}

// checkSchema refuses rows that are not the table's.
func checkSchema(want, have *arrow.Schema) error {
	if want == have {
		return nil
	}
	if want.NumFields() != have.NumFields() {
		return runtime.Errorf(runtime.Permanent, "write rows", "", "the rows have %d columns, and the table has %d", have.NumFields(), want.NumFields())
	}
	for i, w := range want.Fields() {
		if h := have.Field(i); h.Name != w.Name || !arrow.TypeEqual(h.Type, w.Type) {
			return runtime.Errorf(runtime.Permanent, "write rows", "", "column %d of the rows is %q of type %s, and should be %q of type %s", i, h.Name, h.Type, w.Name, w.Type)
		}
	}
	return nil
}

// Encoded is how long rows of the unit were encoded so far.
func (t *tx) Encoded() time.Duration {
	if t.rows == nil {
		return 0
	}
	return t.rows.encoded()
}

// Commit is runtime.Tx's. From the update of the fence to the end of the transaction, units of the pipeline take turns.
func (t *tx) Commit(ctx context.Context) error {
	const op = "commit"
	on := t.sink.table.on()
	if t.rows == nil {
		return runtime.Errorf(runtime.Permanent, op, on, "the unit is over")
	}
	ctx = t.tagged(ctx)
	defer t.end(ctx)
	if t.failed != nil {
		return t.failed
	}
	if err := t.settle(ctx); err != nil {
		return classify(op, on, err)
	}
	if t.covered {
		return nil
	}
	c := t.session
	t.session = nil
	defer c.release()
	return c.commit(ctx, op, on)
}

// settle makes everything ready for COMMIT, or finds that another commit made the unit superfluous.
func (t *tx) settle(ctx context.Context) error {
	if err := t.rows.ready(ctx); err != nil {
		return err
	}
	if err := t.open(ctx); err != nil || t.covered {
		return err
	}
	if err := t.rows.load(ctx, t.session); err != nil {
		return err
	}
	crash.Point(crash.AfterRowsBeforeState)
	table, c := t.sink.table, t.session
	if !t.removes() {
		if err := t.sink.table.holdFence(ctx, t.session, t.sink.epoch); err != nil {
			return err
		}
		if err := t.admit(ctx); err != nil || t.covered {
			return err
		}
	}
	if table.History {
		if err := table.nameReplacement(ctx, c, t.unit); err != nil {
			return err
		}
	}
	err := sent(crash.StateSentNoReply, func() error { return table.change(ctx, c, coverage.Change{Add: coverage.RowsOf(t.unit.Ranges)}) })
	if err != nil {
		return err
	}
	return t.sink.compactSometimes(ctx, c)
}

// removes reports whether the unit removes rows, and so holds the fence from the beginning of its transaction.
func (t *tx) removes() bool { return t.unit.Replace || t.unit.Undo != nil }

// open begins the transaction, if it has not begun, and removes what the unit removes.
func (t *tx) open(ctx context.Context) error {
	if t.session != nil {
		return nil
	}
	c, err := t.sink.pool.session(ctx)
	if err != nil {
		return err
	}
	t.session = c
	if err := c.begin(ctx); err != nil || !t.removes() {
		return err
	}
	if err := t.sink.table.holdFence(ctx, t.session, t.sink.epoch); err != nil {
		return err
	}
	if t.unit.Replace {
		return t.replace(ctx)
	}
	return t.exchange(ctx, *t.unit.Undo)
}

// admit finds out whether the unit is covered, or may not be committed.
func (t *tx) admit(ctx context.Context) error {
	overlapping, err := t.sink.table.overlapping(ctx, t.session, t.unit.Ranges)
	if err != nil {
		return err
	}
	t.covered, err = coverage.Admit(t.unit.Ranges, overlapping)
	return err
}

// replace deletes what there is, rows and coverage.
func (t *tx) replace(ctx context.Context) error {
	table, c := t.sink.table, t.session
	before, err := table.coverage(ctx, c)
	if err != nil {
		return err
	}
	if t.covered = coverage.Same(t.unit.Ranges, before); t.covered {
		return nil
	}
	if err := table.change(ctx, c, coverage.Change{Remove: before}); err != nil {
		return err
	}
	_, err = c.exec(ctx, "DELETE FROM "+table.rows)
	return err
}

// exchange takes out what the unit undoes, unless the unit is covered.
func (t *tx) exchange(ctx context.Context, u runtime.Undo) error {
	table, c := t.sink.table, t.session
	all, err := table.coverage(ctx, c)
	if err != nil {
		return err
	}
	change, covered, err := coverage.Exchange(t.unit.Ranges, all, u.Network, u.From, u.Hash)
	if t.covered = covered; err != nil || covered {
		return err
	}
	return table.takeOut(ctx, c, u, change)
}

// Rollback is runtime.Tx's. It ends the unit also when ctx is cancelled already.
func (t *tx) Rollback(ctx context.Context) error {
	t.end(t.tagged(ctx))
	return nil
}

// end drops the transaction if it is still open, and what is left of the rows.
func (t *tx) end(ctx context.Context) {
	if t.session != nil {
		t.session.rollback(ctx)
		t.session.release()
		t.session = nil
	}
	if t.rows != nil {
		t.rows.discard(ctx)
		t.rows = nil
	}
}
