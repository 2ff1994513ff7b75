package snowtest_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

func TestTransactionIsSeenWhenCommitted(t *testing.T) {
	db := open(t, snowtest.Start(t))
	exec(t, db, `CREATE TABLE t (a INT)`, `INSERT INTO t VALUES (1), (2), (3)`)
	mine, other := conn(t, db), conn(t, db)
	exec(t, mine, `BEGIN`, `INSERT INTO t VALUES (4)`, `DELETE FROM t WHERE a = 1`, `UPDATE t SET a = 20 WHERE a = 2`, `UPDATE t SET a = a + 1 WHERE a = 20`)
	all := `SELECT a FROM t ORDER BY a`
	same(t, rows(t, mine, all), []string{"3", "4", "21"})
	same(t, rows(t, other, all), []string{"1", "2", "3"})
	exec(t, mine, `ROLLBACK`)
	same(t, rows(t, mine, all), []string{"1", "2", "3"})
	exec(t, mine, `BEGIN`, `INSERT INTO t VALUES (4)`, `DELETE FROM t WHERE a = 4`, `DELETE FROM t WHERE a = 1`, `INSERT INTO t VALUES (5)`, `COMMIT`)
	same(t, rows(t, other, all), []string{"2", "3", "5"})
}

func TestFailedStatementLeavesTheTransaction(t *testing.T) {
	db := open(t, snowtest.Start(t))
	exec(t, db, `CREATE TABLE t (a NUMBER(3,0) NOT NULL)`)
	c := conn(t, db)
	exec(t, c, `BEGIN`, `INSERT INTO t VALUES (1)`)
	for sql, want := range map[string]int{
		`INSERT INTO t VALUES (2), (1000)`:       100039,
		`INSERT INTO t VALUES (2), (NULL)`:       100072,
		`INSERT INTO t VALUES ('x')`:             100038,
		`INSERT INTO nowhere VALUES (2)`:         2003,
		`UPDATE t SET a = a * 1000`:              100039,
		`SELEKT`:                                 1003,
		`INSERT INTO t (a, a) VALUES (1, 2)`:     2025,
		`INSERT INTO t VALUES (1, 2)`:            2057,
		`INSERT INTO t VALUES (TO_BINARY('00'))`: 2023,
	} {
		if _, err := c.ExecContext(t.Context(), sql); number(err) != want {
			t.Errorf("%s failed with %v, want number %d", sql, err, want)
		}
	}
	exec(t, c, `INSERT INTO t VALUES (3)`, `COMMIT`)
	same(t, rows(t, db, `SELECT a FROM t ORDER BY a`), []string{"1", "3"})
}

func TestDefinitionCommits(t *testing.T) {
	db := open(t, snowtest.Start(t))
	exec(t, db, `CREATE TABLE t (a INT)`)
	c := conn(t, db)
	for i, definition := range []string{`CREATE TABLE IF NOT EXISTS t (a INT)`, `CREATE STAGE IF NOT EXISTS st`, `ALTER TABLE t ADD COLUMN IF NOT EXISTS b INT`} {
		exec(t, c, `BEGIN`, `INSERT INTO t (a) VALUES (1)`, definition, `ROLLBACK`)
		if got := rows(t, db, `SELECT a FROM t`); len(got) != i+1 {
			t.Errorf("%s left %d rows of %d", definition, len(got), i+1)
		}
	}
	exec(t, c, `BEGIN`, `INSERT INTO t (a) VALUES (1)`)
	if _, err := c.ExecContext(t.Context(), `CREATE TABLE t (a INT)`); number(err) != 2002 {
		t.Error(err)
	}
	exec(t, c, `ROLLBACK`)
	same(t, rows(t, db, `SELECT COUNT(*) FROM t`), []string{"4"})
}

func TestEndOfSessionRollsBack(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a INT)`, `INSERT INTO t VALUES (1)`)
	gone := open(t, srv)
	gone.SetMaxOpenConns(1)
	exec(t, gone, `BEGIN`, `UPDATE t SET a = 2`)
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `UPDATE t SET a = a + 10`)
	same(t, rows(t, db, `SELECT a FROM t`), []string{"11"})
}

func TestUpdatesTakeTurns(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a INT)`, `INSERT INTO t VALUES (1)`)
	first, second := conn(t, db), conn(t, db)
	exec(t, first, `BEGIN`, `UPDATE t SET a = a + 1`)
	done := make(chan error)
	go func() {
		_, err := second.ExecContext(t.Context(), `UPDATE t SET a = a * 10`)
		done <- err
	}()
	srv.AwaitWaiters(1)
	// Who only adds rows waits for nobody, and is in nobody's way.
	third := conn(t, db)
	exec(t, third, `BEGIN`, `INSERT INTO t VALUES (100)`)
	exec(t, first, `COMMIT`)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	exec(t, third, `COMMIT`)
	same(t, rows(t, db, `SELECT a FROM t ORDER BY a`), []string{"20", "100"})
}

func TestLockTimeout(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a INT)`, `INSERT INTO t VALUES (1)`)
	holder := conn(t, db)
	exec(t, holder, `BEGIN`, `DELETE FROM t WHERE a = 5`)
	impatient := open(t, srv, param("LOCK_TIMEOUT", "0"))
	if _, err := impatient.ExecContext(t.Context(), `UPDATE t SET a = 2`); number(err) != 625 {
		t.Errorf("got %v, want number 625", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := db.ExecContext(ctx, `UPDATE t SET a = 2`)
		done <- err
	}()
	srv.AwaitWaiters(1)
	cancel()
	if err := <-done; err == nil {
		t.Error("a cancelled statement succeeded")
	}
	exec(t, holder, `COMMIT`, `UPDATE t SET a = a + 1`)
	same(t, rows(t, db, `SELECT a FROM t`), []string{"2"})
}

func TestTooManyWaiters(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a INT)`, `INSERT INTO t VALUES (0)`)
	holder := conn(t, db)
	exec(t, holder, `BEGIN`, `UPDATE t SET a = 1`)
	done := make(chan error)
	for range 21 {
		go func() {
			_, err := db.ExecContext(t.Context(), `UPDATE t SET a = a + 1`)
			done <- err
		}()
	}
	if err := <-done; number(err) != 625 {
		t.Errorf("the first to end got %v, want number 625", err)
	}
	exec(t, holder, `COMMIT`)
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	same(t, rows(t, db, `SELECT a FROM t`), []string{"21"})
}

func TestDeadlock(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a INT)`, `CREATE TABLE u (a INT)`, `INSERT INTO t VALUES (1)`, `INSERT INTO u VALUES (1)`)
	first, second := conn(t, db), conn(t, db)
	exec(t, first, `BEGIN`, `UPDATE t SET a = 2`)
	exec(t, second, `BEGIN`, `UPDATE u SET a = 2`)
	done := make(chan error)
	go func() {
		_, err := first.ExecContext(t.Context(), `UPDATE u SET a = a + 1`)
		done <- err
	}()
	srv.AwaitWaiters(1)
	if _, err := second.ExecContext(t.Context(), `UPDATE t SET a = 5`); number(err) != 100000 {
		t.Errorf("the statement that closes the circle got %v", err)
	}
	exec(t, second, `COMMIT`)
	if err := <-done; err != nil {
		t.Error(err)
	}
	exec(t, first, `COMMIT`)
	same(t, rows(t, db, `SELECT t.a, u.a FROM t, u`), []string{"2|3"})
}

// Units that count themselves at one row and add others: whatever order they commit or roll back in, both agree at any time.
func TestConcurrentUnits(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE TABLE fence (n INT)`, `INSERT INTO fence VALUES (0)`, `CREATE TABLE t (w INT, i INT)`)
	const workers, units = 4, 15
	done := make(chan error)
	for w := range workers {
		go func() { done <- work(t.Context(), db, w, units) }()
	}
	for left := workers; left > 0; {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			left--
		default:
			same(t, rows(t, db, `SELECT COUNT(*) FROM fence WHERE n * 2 = (SELECT COUNT(*) FROM t)`), []string{"1"})
		}
	}
	same(t, rows(t, db, `SELECT n, (SELECT COUNT(*) FROM t), (SELECT COUNT(DISTINCT i) FROM t WHERE w = 0) FROM fence`), []string{"40|80|10"})
}

// work commits units of two rows, and rolls back every third.
func work(ctx context.Context, db *sql.DB, w, units int) error {
	for i := range units {
		x, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		for _, s := range []string{`INSERT INTO t VALUES (?, ?)`, `UPDATE fence SET n = n + 1 WHERE ? <> ?`, `INSERT INTO t VALUES (?, ?)`} {
			if _, err := x.ExecContext(ctx, s, w, i+100); err != nil {
				return err
			}
		}
		end := x.Commit
		if i%3 == 0 {
			end = x.Rollback
		}
		if err := end(); err != nil {
			return err
		}
	}
	return nil
}

func TestIdleTransactionInTheWayIsRolledBack(t *testing.T) {
	srv := snowtest.Start(t)
	srv.IdleLimit = time.Nanosecond
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a INT)`, `INSERT INTO t VALUES (1)`)
	idle := conn(t, db)
	exec(t, idle, `BEGIN`, `UPDATE t SET a = 5`)
	exec(t, db, `UPDATE t SET a = a + 1`)
	same(t, rows(t, db, `SELECT a FROM t`), []string{"2"})
	if _, err := idle.ExecContext(t.Context(), `COMMIT`); number(err) != 100000 {
		t.Errorf("the commit of what was rolled back got %v", err)
	}
}

func TestNoWarehouseNoRows(t *testing.T) {
	db := open(t, snowtest.Start(t), func(cfg *sf.Config) { cfg.Warehouse = "" })
	exec(t, db, `CREATE TABLE t (a INT)`)
	if _, err := db.ExecContext(t.Context(), `INSERT INTO t VALUES (1)`); number(err) != 606 {
		t.Errorf("got %v, want number 606", err)
	}
}
