package snowflake

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"fmt"
	"strings"
	"sync"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/crash"
)

// goodbye is how long a server has to answer to what ends a transaction or a session, before nobody waits any more. The driver may take
// longer: where a server answers nothing at all, it tries for some minutes to cancel the statement.
const goodbye = 10 * time.Second

// pool is the sessions of one configuration. A connection of database/sql is one session of Snowflake.
type pool struct {
	db      *sql.DB
	leaving sync.WaitGroup // sessions that are being closed in the background
}

// openPool opens a pool and logs in once, to know that the configuration is right.
func openPool(ctx context.Context, config sf.Config, connections int) (*pool, error) {
	p := &pool{db: sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, config))}
	p.db.SetMaxOpenConns(connections)
	p.db.SetMaxIdleConns(connections)
	p.db.SetConnMaxLifetime(connectionAge)
	p.db.SetConnMaxIdleTime(connectionIdle)
	if err := p.db.PingContext(ctx); err != nil {
		p.close()
		return nil, &driverError{err}
	}
	return p, nil
}

// close closes all sessions, and does not wait long for a server that does not answer.
func (p *pool) close() {
	p.leave(func() { _ = p.db.Close() }) // the server ends sessions on its own as well
	gone := make(chan struct{})
	go func() {
		p.leaving.Wait()
		close(gone)
	}()
	late := time.NewTimer(goodbye)
	defer late.Stop()
	select {
	case <-gone:
	case <-late.C:
	}
}

func (p *pool) leave(do func()) { p.leaving.Go(do) }

// session is one session, used by one goroutine.
type session struct {
	pool   *pool
	conn   *sql.Conn
	broken bool // it must not be used again
}

// session waits for a free session.
func (p *pool) session(ctx context.Context) (*session, error) {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, &driverError{err}
	}
	return &session{pool: p, conn: conn}, nil
}

// release gives the session back. One that is broken is closed instead, which rolls back what is open in it; that happens in the
// background, since it asks a server that may not answer.
func (c *session) release() {
	if !c.broken {
		_ = c.conn.Close() // only returns it to the pool
		return
	}
	c.pool.leave(func() {
		_ = c.conn.Raw(func(any) error { return sqldriver.ErrBadConn }) // makes database/sql close it
		_ = c.conn.Close()
	})
}

// use runs do in a session.
func (p *pool) use(ctx context.Context, do func(c *session) error) error {
	c, err := p.session(ctx)
	if err != nil {
		return err
	}
	defer c.release()
	return do(c)
}

func (c *session) failed(err error) error {
	c.broken = c.broken || lostSession(err)
	return &driverError{err}
}

// exec runs a statement that answers with no rows, and returns how many rows it changed, if it is of a kind that says so.
func (c *session) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := c.conn.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, c.failed(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, nil // DDL and the like
	}
	return n, nil
}

// query runs a statement and calls row for every row of its answer.
func (c *session) query(ctx context.Context, row func(scan func(...any) error) error, statement string, args ...any) error {
	rows, err := c.conn.QueryContext(ctx, statement, args...)
	if err != nil {
		return c.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return c.failed(err)
	}
	return nil
}

// value is the answer of one row of one column.
func value[T any](ctx context.Context, c *session, statement string, args ...any) (v T, err error) {
	n := 0
	err = c.query(ctx, func(scan func(...any) error) error {
		n++
		return scan(&v)
	}, statement, args...)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows instead of 1 in the answer to %s", n, statement)
	}
	return v, err
}

// count is value of a SELECT COUNT(*).
func (c *session) count(ctx context.Context, statement string, args ...any) (int64, error) {
	return value[int64](ctx, c, statement, args...)
}

// table runs a statement whose answer has columns that are found by name, in lower case, as those of COPY and LIST are.
func (c *session) table(ctx context.Context, row func(map[string]string) error, statement string) error {
	rows, err := c.conn.QueryContext(ctx, statement)
	if err != nil {
		return c.failed(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return c.failed(err)
	}
	cells, named := make([]sql.NullString, len(names)), make(map[string]string, len(names))
	targets := make([]any, len(cells))
	for i := range cells {
		targets[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return c.failed(err)
		}
		for i, name := range names {
			named[strings.ToLower(name)] = cells[i].String
		}
		if err := row(named); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return c.failed(err)
	}
	return nil
}

// sent runs do, which awaits an answer, and comes to a crash point meanwhile.
func sent(point crash.Name, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	crash.Point(point)
	return <-done
}

func (c *session) begin(ctx context.Context) error {
	_, err := c.exec(ctx, "BEGIN")
	return err
}

// commit ends a transaction. Its error is a *runtime.Error. Whatever the server answered, it may have committed before: the
// driver sends a request again whose answer was lost.
func (c *session) commit(ctx context.Context, op, on string) error {
	err := sent(crash.CommitSentNoReply, func() error {
		_, err := c.conn.ExecContext(ctx, "COMMIT")
		return err
	})
	if err != nil {
		c.broken = true
		return &runtime.Error{Class: runtime.Ambiguous, Op: op, On: on, Err: err, Help: "the answer to COMMIT was lost: the state tells whether it took place"}
	}
	return nil
}

// rollback drops a transaction, also when ctx is over. A session in which that fails is closed, which drops it as well.
func (c *session) rollback(ctx context.Context) {
	if c.broken {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if _, err := c.exec(ctx, "ROLLBACK"); err != nil {
		c.broken = true
	}
}

// transact runs do in a transaction of its own, for an operation on something. An error of COMMIT itself is classified already.
func (p *pool) transact(ctx context.Context, op, on string, do func(c *session) error) error {
	return p.use(ctx, func(c *session) error {
		if err := c.begin(ctx); err != nil {
			c.rollback(ctx)
			return err
		}
		if err := do(c); err != nil {
			c.rollback(ctx)
			return err
		}
		return c.commit(ctx, op, on)
	})
}
