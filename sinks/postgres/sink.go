package postgres

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/runtime/pgcopy"
	"github.com/ampgen/ampgen/sinks/postgres/ddl"
)

// Sink is one table in a PostgreSQL database with its state. Units of different ranges may be open at once, each on its own
// connection; their commits take turns. It is safe for concurrent use after Prepare.
type Sink struct {
	pool       *pgxpool.Pool
	newEncoder func() pgcopy.Encoder
	holder     string

	table   *target // after Prepare
	epoch   int64   // of the fence, taken by Prepare
	commits atomic.Int64
}

var _ runtime.StatelessSink = (*Sink)(nil)

var errUnprepared = errors.New("the sink was not prepared")

// Prepare is runtime.Sink's. Where everything exists it needs no privilege to create.
func (s *Sink) Prepare(ctx context.Context, t *runtime.Table) error {
	target := newTarget(t)
	if _, err := ddl.Create(ddlTable(t)); err != nil {
		return &runtime.Error{Class: runtime.Permanent, Op: "prepare", On: target.on(), Err: err}
	}
	var epoch int64
	err := s.transact(ctx, "prepare", target.on(), func(conn *pgx.Conn) (err error) {
		if err := target.create(ctx, conn); err != nil {
			return err
		}
		if t.Stateless {
			return nil
		}
		if err := target.checkAlone(ctx, conn); err != nil {
			return err
		}
		epoch, err = target.takeFence(ctx, conn, s.holder)
		crash.Point(crash.DuringFenceTakeover)
		if err != nil {
			return err
		}
		return target.compact(ctx, conn)
	})
	if err != nil {
		return classify("prepare", target.on(), err)
	}
	s.table, s.epoch = target, epoch
	return nil
}

// create creates what does not exist, and compares the table if it does.
func (t *target) create(ctx context.Context, conn *pgx.Conn) error {
	// Loaders that start together would else create the same things together, which PostgreSQL answers with an error.
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('ampgen prepare ' || $1, 0))", t.state); err != nil {
		return err
	}
	table := ddlTable(t.Table)
	schema, _, _ := ddl.SplitName(t.Name)
	if schema != "" {
		found, err := queryValue[bool](ctx, conn, "SELECT to_regnamespace($1) IS NOT NULL", ddl.Quote(schema))
		if err != nil {
			return err
		}
		if !found {
			if err := run(ctx, conn, ddl.CreateSchema(schema)); err != nil {
				return err
			}
		}
	}
	found, err := exists(ctx, conn, t.rows)
	if err != nil {
		return err
	}
	if err := t.checkState(ctx, conn, found); err != nil {
		return err
	}
	if found {
		err = t.compare(ctx, conn)
	} else {
		var statement string
		if statement, err = ddl.CreateTable(table); err == nil {
			err = run(ctx, conn, statement)
		}
	}
	crash.Point(crash.DuringDDL)
	if err != nil {
		return err
	}
	return t.createBeside(ctx, conn, table)
}

// createBeside creates the index, the views and the state, where they do not exist.
func (t *target) createBeside(ctx context.Context, conn *pgx.Conn, table ddl.Table) error {
	if index := ddl.CreateBlockIndex(table); index != "" {
		found, err := t.hasBlockIndex(ctx, conn)
		if err != nil {
			return err
		}
		if !found {
			if err := run(ctx, conn, index); err != nil {
				return err
			}
		}
	}
	if t.History {
		found, err := exists(ctx, conn, ddl.QuoteName(t.Name+"_current"))
		if err != nil {
			return err
		}
		if !found {
			if err := run(ctx, conn, ddl.CreateHistory(table)); err != nil {
				return err
			}
		}
	}
	if t.Stateless {
		return nil
	}
	complete, err := queryValue[bool](ctx, conn, `SELECT to_regclass($2) IS NOT NULL AND EXISTS (
		SELECT FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'units')`, t.state, t.fence)
	if err != nil || complete {
		return err
	}
	err = run(ctx, conn, ddl.CreateState(table))
	crash.Point(crash.DuringStateMigration)
	return err
}

// run executes statements without parameters.
func run(ctx context.Context, conn *pgx.Conn, statements string) error {
	_, err := conn.PgConn().Exec(ctx, statements).ReadAll()
	return err
}

// State is runtime.Sink's.
func (s *Sink) State(ctx context.Context, t *runtime.Table) (runtime.State, error) {
	if t.Stateless {
		return runtime.State{}, nil
	}
	target := newTarget(t)
	var state runtime.State
	err := s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		found, err := exists(ctx, c, target.state)
		if err != nil || !found {
			return err
		}
		all, err := target.coverage(ctx, c)
		if err != nil {
			return err
		}
		for _, r := range all {
			state.Ranges = append(state.Ranges, r.Range)
		}
		if state.Changed, err = target.changed(ctx, c); err != nil {
			return err
		}
		if found, err = exists(ctx, c, target.fence); err != nil || !found {
			return err
		}
		fence, err := target.readFence(ctx, c, false)
		state.Fence, state.Holder = uint64(fence.Epoch), fence.Holder
		return err
	})
	if err != nil {
		return runtime.State{}, classify("read the state", target.on(), err)
	}
	return state, nil
}

// HasRows is runtime.StatelessSink's.
func (s *Sink) HasRows(ctx context.Context, t *runtime.Table) (has bool, err error) {
	target := newTarget(t)
	err = s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		found, err := exists(ctx, c, target.rows)
		if err == nil && found {
			has, err = queryValue[bool](ctx, c, "SELECT EXISTS (SELECT FROM "+target.rows+")")
		}
		return err
	})
	return has, classify("look for rows", target.on(), err)
}

// Close is runtime.Sink's. Open units are to be rolled back before.
func (s *Sink) Close() error {
	s.pool.Close()
	return nil
}

// transact runs do in a transaction of its own, for an operation on something. An error of COMMIT itself is classified already.
func (s *Sink) transact(ctx context.Context, op, on string, do func(conn *pgx.Conn) error) error {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	if err := begin(ctx, c.Conn()); err != nil {
		return err
	}
	if err := do(c.Conn()); err != nil {
		rollback(ctx, c.Conn())
		return err
	}
	return commit(ctx, c.Conn(), op, on)
}

// begin starts a transaction in which every statement sees what is committed by then, whatever the role's default is: the
// checks of a commit rely on it. While it is open the server asks after a silent client: the locks of a loader whose machine is
// gone would else be held for as long as TCP's defaults say, which is hours, and the next loader would wait for them.
func begin(ctx context.Context, conn *pgx.Conn) error {
	return run(ctx, conn, `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
		SET LOCAL tcp_keepalives_idle = 30; SET LOCAL tcp_keepalives_interval = 10`)
}

// commit ends a transaction. Its error is a *runtime.Error.
func commit(ctx context.Context, conn *pgx.Conn, op, on string) error {
	reply := conn.PgConn().Exec(ctx, "COMMIT")
	crash.Point(crash.CommitSentNoReply)
	results, err := reply.ReadAll()
	if err != nil {
		return classifyCommit(op, on, err)
	}
	// A transaction that has failed is rolled back by COMMIT, without an error.
	if tag := results[0].CommandTag.String(); tag != "COMMIT" {
		return runtime.Errorf(runtime.Permanent, op, on, "the server answered %s to COMMIT", tag)
	}
	return nil
}

// rollback drops a transaction. A connection on which that fails is closed, which drops it as well.
func rollback(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = conn.Close(ctx) // it is broken already
	}
}

func (s *Sink) prepared() error {
	if s.table == nil {
		return &runtime.Error{Class: runtime.Permanent, Op: "use the sink", Err: errUnprepared, Help: "call Prepare first"}
	}
	return nil
}
