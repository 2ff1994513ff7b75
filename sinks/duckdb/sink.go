// Package duckdb loads pipelines into a DuckDB file.
//
// The rows of a commit unit stream into one INSERT … SELECT over Arrow's C interface, and become visible together with the
// unit's state in that statement's transaction. A DuckDB file is open in one process at a time; within it, commits are
// admitted one by one, which is what makes fence and coverage checks exact.
package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/coverage"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
)

// Sink writes one table of a DuckDB file. Its methods are safe for concurrent use once Prepare has returned, and it allows
// any number of open commit units.
type Sink struct {
	path   string
	memory string    // how much DuckDB may use; empty leaves it to DuckDB
	db     *database // nil before Prepare while the file does not exist

	// Set by Prepare, under db.commit.
	table *target
	epoch uint64
	rows  *converter

	commits uint64 // counts what this sink committed; under db.commit
}

var _ runtime.StatelessSink = (*Sink)(nil)

// open opens the file at path, or makes it, or opens an in-memory database.
func open(ctx context.Context, path string) (*Sink, error) {
	s := &Sink{path: path}
	return s, s.connect(ctx)
}

// connect opens the file, or makes it, unless it is open.
func (s *Sink) connect(ctx context.Context) error {
	if s.db != nil {
		return nil
	}
	db, err := openDatabase(ctx, s.path)
	if err != nil {
		return err
	}
	if s.memory != "" {
		if err := db.limitMemory(ctx, s.memory); err != nil {
			db.release()
			return classify(err, "set --duckdb-memory", s.memory)
		}
	}
	s.db = db
	return nil
}

// Close closes the file if no other sink of the process has it open. Units that are still open are lost.
func (s *Sink) Close() error {
	if s.db != nil {
		s.db.release()
	}
	return nil
}

// Prepare is runtime.Sink's. Tables, comparison and fence are one transaction.
func (s *Sink) Prepare(ctx context.Context, t *runtime.Table) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	s.db.commit.Lock()
	defer s.db.commit.Unlock()
	table, err := newTarget(t, s.db.catalog)
	if err != nil {
		return classify(err, "prepare table", t.Name)
	}
	script, err := ddl.Create(table.ddl())
	if err != nil {
		return classify(err, "prepare table", t.Name)
	}
	var epoch uint64
	err = transact(ctx, s.db.admin, func() error {
		if err := table.checkState(ctx, s.db.admin); err != nil {
			return err
		}
		if err := s.db.admin.exec(ctx, script); err != nil {
			return err
		}
		crash.Point(crash.DuringDDL)
		if err := table.compare(ctx, s.db.admin); err != nil {
			return err
		}
		if t.Stateless {
			return nil
		}
		if err := table.checkAlone(ctx, s.db.admin); err != nil {
			return err
		}
		if epoch, err = table.take(ctx, s.db.admin, holderName()); err != nil {
			return err
		}
		crash.Point(crash.DuringFenceTakeover)
		return table.compact(ctx, s.db.admin)
	})
	if err != nil {
		return classify(err, "prepare table", t.Name)
	}
	s.table, s.epoch, s.rows = table, epoch, newConverter(t.Schema)
	return nil
}

// holderName names this process in the fence.
func holderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}

// transact runs do between BEGIN and COMMIT on c, or ROLLBACK if it fails.
func transact(ctx context.Context, c *conn, do func() error) error {
	if err := c.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	err := do()
	if err == nil {
		err = commitOn(ctx, c)
	}
	if err != nil {
		// After a failed COMMIT there is no transaction left, and that this then fails says nothing new.
		_ = c.exec(context.WithoutCancel(ctx), "ROLLBACK")
	}
	return err
}

// commitOn ends c's transaction. It is not interrupted: a commit that was begun has an outcome worth waiting for.
func commitOn(ctx context.Context, c *conn) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return commitError(c.exec(context.WithoutCancel(ctx), "COMMIT"))
}

// State is runtime.Sink's.
func (s *Sink) State(ctx context.Context, t *runtime.Table) (runtime.State, error) {
	if s.db == nil {
		return runtime.State{Missing: "file " + s.path}, nil
	}
	if t.Stateless {
		return runtime.State{}, nil
	}
	s.db.commit.Lock()
	defer s.db.commit.Unlock()
	state, err := s.state(ctx, t)
	if err != nil {
		return runtime.State{}, classify(err, "read state", "table "+t.Name)
	}
	return state, nil
}

// HasRows is runtime.StatelessSink's.
func (s *Sink) HasRows(ctx context.Context, t *runtime.Table) (bool, error) {
	if s.db == nil {
		return false, nil
	}
	s.db.commit.Lock()
	defer s.db.commit.Unlock()
	has, err := s.hasRows(ctx, t)
	return has, classify(err, "look for rows", "table "+t.Name)
}

func (s *Sink) hasRows(ctx context.Context, t *runtime.Table) (bool, error) {
	table, err := newTarget(t, s.db.catalog)
	if err != nil {
		return false, err
	}
	if found, err := table.exists(ctx, s.db.admin, table.name); err != nil || !found {
		return false, err
	}
	rows, err := s.db.admin.query(ctx, "SELECT 'yes' FROM "+table.rows+" LIMIT 1")
	return len(rows) > 0, err
}

func (s *Sink) state(ctx context.Context, t *runtime.Table) (state runtime.State, err error) {
	table, err := newTarget(t, s.db.catalog)
	if err != nil {
		return state, err
	}
	if ok, err := table.exists(ctx, s.db.admin, ddl.FenceTable); err != nil {
		return state, err
	} else if ok {
		if state.Fence, state.Holder, err = table.holder(ctx, s.db.admin); err != nil {
			return state, err
		}
	}
	if ok, err := table.exists(ctx, s.db.admin, ddl.StateTable); err != nil || !ok {
		return state, err
	}
	all, err := table.coverage(ctx, s.db.admin, "true")
	if err != nil {
		return state, err
	}
	for _, c := range all {
		state.Ranges = append(state.Ranges, c.Range)
	}
	state.Changed, err = table.changed(ctx, s.db.admin)
	return state, err
}

// Begin is runtime.Sink's.
func (s *Sink) Begin(ctx context.Context, u runtime.Unit) (runtime.Tx, error) {
	t, err := s.begin(ctx, u)
	if err != nil {
		return nil, classify(err, "begin unit", s.on())
	}
	return t, nil
}

func (s *Sink) begin(ctx context.Context, u runtime.Unit) (*tx, error) {
	if s.table == nil {
		return nil, errUnprepared
	}
	s.db.commit.Lock()
	defer s.db.commit.Unlock()
	if err := u.Check(s.table.Table); err != nil {
		return nil, err
	}
	if err := s.checkFence(ctx); err != nil {
		return nil, err
	}
	change, covered, err := s.admit(ctx, u)
	t := &tx{sink: s, table: s.table, convert: s.rows, unit: u, settle: s.commit, covered: covered, undone: change}
	if err != nil || covered {
		return t, err
	}
	script := []string{"BEGIN"}
	if u.Replace {
		script = append(script, "DELETE FROM "+s.table.rows)
	}
	if u.Undo != nil {
		undo, err := s.takeOut(ctx, *u.Undo, change)
		if err != nil {
			return nil, err
		}
		script = append(script, undo...)
	}
	if err := t.open(ctx, strings.Join(script, "; ")); err != nil {
		return nil, err
	}
	if u.Undo != nil {
		crash.Point(crash.MidUndo)
	}
	return t, nil
}

var (
	errUnprepared = errors.New("the sink was not prepared")
	errNoBlock    = errors.New("the table has no block column")
)

// admit reads from the file whether u is to be committed, is covered already, or must not be committed, and what its undo changes.
// Under db.commit.
func (s *Sink) admit(ctx context.Context, u runtime.Unit) (undone coverage.Change, covered bool, err error) {
	if !u.Replace && u.Undo == nil {
		overlapping, err := s.table.overlapping(ctx, s.db.admin, u.Ranges)
		if err != nil {
			return undone, false, err
		}
		covered, err = coverage.Admit(u.Ranges, overlapping)
		return undone, covered, err
	}
	all, err := s.table.coverage(ctx, s.db.admin, "true")
	if err != nil {
		return undone, false, err
	}
	if u.Replace {
		return undone, coverage.Same(u.Ranges, all), nil
	}
	return coverage.Exchange(u.Ranges, all, u.Undo.Network, u.Undo.From, u.Undo.Hash)
}

// checkFence refuses if another sink prepared the table since. Under db.commit.
func (s *Sink) checkFence(ctx context.Context) error {
	if s.table.Stateless {
		return nil
	}
	epoch, holder, err := s.table.holder(ctx, s.db.admin)
	if err != nil || epoch == s.epoch {
		return err
	}
	return &runtime.Error{Class: runtime.Fenced, Op: "commit", On: "table " + s.table.Name,
		Err:  fmt.Errorf("%s took over as instance %d; this is instance %d", holder, epoch, s.epoch),
		Help: "let one loader run for this table"}
}

// on names the table in errors.
func (s *Sink) on() string {
	if s.table == nil {
		return s.path
	}
	return "table " + s.table.Name
}
