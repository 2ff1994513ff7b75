package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
)

// tx is one open commit unit: a connection with a transaction, and the INSERT that its records stream into.
type tx struct {
	sink    *Sink
	table   *target
	convert *converter
	unit    runtime.Unit
	stage   string                           // the table in memory that the rows wait in, for a redo
	settle  func(context.Context, *tx) error // commits, once all rows are there
	covered bool                             // nothing is to be written
	undone  coverage.Change                  // what the unit's undo changed, in its transaction
	ended   bool
	since   uint64 // sink.commits when the transaction began
	redos   uint64 // db.redos then

	conn   *conn // nil if covered
	view   string
	drop   func() // frees the view's stream
	rows   chan arrow.RecordBatch
	ctx    context.Context // of the INSERT; cancelled to end it
	cancel context.CancelFunc
	insert chan error // yields the INSERT's outcome; nil while none runs
	failed error      // why the unit can no longer be committed

	encoded time.Duration
}

var _ runtime.Tx = (*tx)(nil)

// open makes what the unit's rows will be read through, and then runs script. Under db.commit.
func (t *tx) open(ctx context.Context, script string) (err error) {
	if t.conn, err = t.sink.db.connect(); err != nil {
		return err
	}
	t.since, t.redos = t.sink.commits, t.sink.db.redos
	t.view, t.drop, t.rows = fmt.Sprintf("rows_%d", t.sink.db.views.Add(1)), func() {}, make(chan arrow.RecordBatch)
	t.ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := t.prepare(ctx, script); err != nil {
		t.end()
		return err
	}
	return nil
}

func (t *tx) prepare(ctx context.Context, script string) (err error) {
	// The view is made in the connection's default database, and before the transaction, which may write to one database only.
	if err := t.conn.exec(ctx, "USE "+rowsCatalog); err != nil {
		return err
	}
	if t.drop, err = arrowView(t.conn, t.view, newReader(t.ctx, t.convert.schema, t.rows)); err != nil {
		t.drop = func() {}
		return err
	}
	return t.conn.exec(ctx, script)
}

// Write hands rows to the running INSERT, and returns once it has taken them. After an error the unit cannot be committed.
func (t *tx) Write(ctx context.Context, rows arrow.RecordBatch) error {
	if t.ended {
		return t.fail(errEnded, "write rows")
	}
	if t.failed == nil && !t.covered && rows.NumRows() > 0 {
		t.failed = t.write(ctx, rows)
	}
	return t.fail(t.failed, "write rows")
}

func (t *tx) write(ctx context.Context, rows arrow.RecordBatch) error {
	if err := t.checkSchema(rows.Schema()); err != nil {
		return err
	}
	began := time.Now()
	converted, err := t.convert.convert(rows)
	t.encoded += time.Since(began)
	if err != nil {
		return err
	}
	if t.insert == nil {
		t.startInsert()
	}
	select {
	case t.rows <- converted: // the reader releases it
		crash.Point(crash.MidEncode)
		return nil
	case err = <-t.insert:
		t.insert = nil
	case <-ctx.Done():
		err = ctx.Err()
	}
	converted.Release()
	return err
}

// Encoded is how long rows of the unit were converted so far.
func (t *tx) Encoded() time.Duration { return t.encoded }

var errEnded = errors.New("the unit was committed or rolled back")

func (t *tx) fail(err error, op string) error { return classify(err, op, t.sink.on()) }

func (t *tx) checkSchema(s *arrow.Schema) error {
	want := t.table.Schema
	if s == want {
		return nil
	}
	if s.NumFields() != want.NumFields() {
		return fmt.Errorf("the rows have %d columns and the table has %d", s.NumFields(), want.NumFields())
	}
	for i, f := range want.Fields() {
		if got := s.Field(i); got.Name != f.Name || !arrow.TypeEqual(got.Type, f.Type) {
			return fmt.Errorf("column %d of the rows is %q %s and should be %q %s", i+1, got.Name, got.Type, f.Name, f.Type)
		}
	}
	return nil
}

func (t *tx) startInsert() {
	t.insert = make(chan error, 1)
	statement := t.statement()
	go func() { t.insert <- t.conn.exec(t.ctx, statement) }()
}

// statement casts every column to its type in the table, so that what does not fit is an error of the cast.
func (t *tx) statement() string {
	columns, values := t.table.columns()
	from := rowsCatalog + ".main." + t.view
	if t.stage != "" {
		return fmt.Sprintf("INSERT INTO %s SELECT %s FROM %s", t.stage, values, from)
	}
	return fmt.Sprintf("INSERT INTO %s (%s, %s) SELECT %s, %s FROM %s", t.table.rows, columns, ddl.Quote(ddl.BatchColumn), values, literal(t.unit.ID()), from)
}

// columns are the names of the table's own columns, and the same cast to their types.
func (t *target) columns() (names, values string) {
	for i, f := range t.Schema.Fields() {
		typ, _ := ddl.ColumnType(f) // the table has it
		if i > 0 {
			names, values = names+", ", values+", "
		}
		names += ddl.Quote(f.Name)
		values += "CAST(" + ddl.Quote(f.Name) + " AS " + typ + ")"
	}
	return names, values
}

// Commit is runtime.Tx's. Whatever it returns, the unit has ended.
func (t *tx) Commit(ctx context.Context) error {
	if t.ended {
		return t.fail(errEnded, "commit unit")
	}
	defer t.end()
	if t.covered {
		return nil
	}
	if err := t.finishRows(ctx); err != nil {
		return t.fail(err, "write rows")
	}
	crash.Point(crash.AfterRowsBeforeState)
	return t.fail(t.settle(ctx, t), "commit unit")
}

// finishRows tells the INSERT that all rows are there, and waits for its end.
func (t *tx) finishRows(ctx context.Context) error {
	if t.failed != nil || t.insert == nil {
		return t.failed
	}
	close(t.rows)
	crash.Point(crash.CopySentNoReply)
	select {
	case err := <-t.insert:
		t.insert = nil
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commit checks once more, against all that was committed meanwhile, and commits t's rows with their state.
func (s *Sink) commit(ctx context.Context, t *tx) error {
	s.db.commit.Lock()
	defer s.db.commit.Unlock()
	if err := s.checkFence(ctx); err != nil {
		return err
	}
	change, covered, err := s.admit(ctx, t.unit)
	if err != nil || covered {
		return err
	}
	// t's undo did not see what was committed since it began: other units, which are in the coverage, or rows that were loaded again.
	if u := t.unit.Undo; u != nil && (!slices.Equal(change.Undone(u.From), t.undone.Undone(u.From)) || t.redos != s.db.redos) {
		return runtime.Errorf(runtime.Transient, "replace a branch", s.on(), "blocks of it were committed meanwhile")
	}
	if !t.unit.Replace && t.unit.Undo == nil && s.commits%coverage.CompactEvery == coverage.CompactEvery-1 {
		// It is a commit of its own, since t sees the state as it was when it began, and other units were committed since. It may
		// touch what an undo of t has changed, so such a unit leaves it to the next time.
		if err := transact(ctx, s.db.admin, func() error { return s.table.compact(ctx, s.db.admin) }); err != nil {
			return err
		}
	}
	script := s.table.change(coverage.Change{Add: coverage.RowsOf(t.unit.Ranges)})
	if s.table.History {
		script = append(script, s.table.nameReplacement(t.unit)...)
	}
	if t.unit.Replace {
		if t.since != s.commits { // t does not see those rows, and so would not replace them
			return runtime.Errorf(runtime.Transient, "replace rows", s.on(), "other units were committed meanwhile")
		}
		script = slices.Insert(script, 0, s.table.forget()...)
	}
	if len(script) > 0 {
		if err := t.conn.exec(ctx, strings.Join(script, "; ")); err != nil {
			return err
		}
	}
	crash.Point(crash.StateSentNoReply)
	if err := commitOn(ctx, t.conn); err != nil {
		return err
	}
	s.commits++
	return nil
}

// Rollback is runtime.Tx's.
func (t *tx) Rollback(context.Context) error {
	t.end()
	return nil
}

// end releases what t holds. A transaction that is still open is rolled back, and so it is when its connection closes.
func (t *tx) end() {
	if t.ended {
		return
	}
	t.ended = true
	if t.conn == nil {
		return
	}
	t.cancel()
	if t.insert != nil {
		<-t.insert
	}
	_ = t.conn.exec(context.Background(), "ROLLBACK")                    // fails if there is no transaction
	_ = t.conn.exec(context.Background(), "DROP VIEW IF EXISTS "+t.view) // in memory, and gone with the process
	if t.stage != "" {
		_ = t.conn.exec(context.Background(), "DROP TABLE IF EXISTS "+t.stage) // as well
	}
	t.drop()
	t.conn.close()
}
