package snowtest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/ampgen/ampgen/sinks/snowflake/snowtest"
)

// A request that the driver repeats has its effect once, whatever was lost: it carries the id of the first.
func TestRepeatedRequests(t *testing.T) {
	for name, c := range map[string]struct {
		fault snowtest.Fault
		want  string // of the rows: 1 where the driver gave up
	}{
		"request lost":            {snowtest.Fault{LoseQuery: true}, "2"},
		"reply lost":              {snowtest.Fault{LoseReply: true}, "2"},
		"too many requests":       {snowtest.Fault{Status: http.StatusTooManyRequests}, "2"},
		"unavailable":             {snowtest.Fault{Status: http.StatusServiceUnavailable}, "2"},
		"session expired":         {snowtest.Fault{Expire: true}, "2"},
		"only the one after this": {snowtest.Fault{Nth: 2, Fail: &snowtest.Error{Code: "000603", State: "XX000", Message: "down"}}, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := snowtest.Start(t)
			db := open(t, srv)
			exec(t, db, `CREATE TABLE t (a INT)`, `INSERT INTO t VALUES (1)`)
			c.fault.Match = "INSERT"
			srv.Add(c.fault)
			exec(t, db, `INSERT INTO t VALUES (2)`)
			same(t, rows(t, db, `SELECT COUNT(*) FROM t`), []string{c.want})
			inserts := 0
			for _, s := range srv.Statements() {
				if s.SQL == `INSERT INTO t VALUES (2)` {
					inserts++
				}
			}
			if inserts != 1 {
				t.Errorf("the insert ran %d times", inserts)
			}
		})
	}
}

// With a short request timeout the driver gives up at the first loss. What is in the database then, only the database knows.
func TestLostForGood(t *testing.T) {
	for name, c := range map[string]struct {
		fault snowtest.Fault
		want  []string
	}{
		"commit not received": {snowtest.Fault{LoseQuery: true}, []string{"0"}},
		"commit not answered": {snowtest.Fault{LoseReply: true}, []string{"1"}},
		"server down":         {snowtest.Fault{Status: http.StatusServiceUnavailable}, []string{"0"}},
	} {
		t.Run(name, func(t *testing.T) {
			srv := snowtest.Start(t)
			impatient := open(t, srv, func(cfg *sf.Config) { cfg.RequestTimeout = time.Second })
			exec(t, impatient, `CREATE TABLE t (a INT)`)
			c.fault.Match, c.fault.Tries = "COMMIT", -1
			srv.Add(c.fault)
			x, err := impatient.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := x.Exec(`INSERT INTO t VALUES (1)`); err != nil {
				t.Fatal(err)
			}
			if err := x.Commit(); err == nil {
				t.Error("the commit succeeded")
			}
			same(t, rows(t, open(t, srv), `SELECT COUNT(*) FROM t`), c.want)
		})
	}
}

func TestFailAndDo(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a INT)`, `CREATE STAGE st`)
	put(t, db, numbers(t, "1.parquet", `[{"A": 1}]`), "@st")
	put(t, db, numbers(t, "2.parquet", `[{"A": 2}]`), "@st")
	srv.Add(
		snowtest.Fault{Match: "COPY INTO", Fail: &snowtest.Error{Code: "000625", State: "57014", Message: "locked"}},
		snowtest.Fault{Match: "COPY INTO", Nth: 2, Do: func() {
			if err := os.Remove(filepath.Join(srv.StageDir("ST"), "2.parquet")); err != nil {
				t.Error(err)
			}
		}},
		snowtest.Fault{Match: "COPY INTO", Nth: 3, Do: func() {
			if _, err := srv.SQL(`CREATE OR REPLACE TABLE t (b INT)`); err != nil {
				t.Error(err)
			}
		}},
	)
	copyBoth := `COPY INTO t FROM @st FILES=('1.parquet', '2.parquet')` + copyOptions
	for _, want := range []int{625, 91016, 91016} {
		if _, err := query_(t.Context(), db, copyBoth); number(err) != want {
			t.Errorf("got %v, want number %d", err, want)
		}
	}
	if _, err := query_(t.Context(), db, `COPY INTO t FROM @st`+copyOptions); number(err) != 100000 {
		t.Errorf("a table without any of the file's columns: got %v", err)
	}
}

// The answer to a PUT that is lost is asked for again, and the file is there once.
func TestPutRepeated(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE STAGE st`)
	srv.Add(snowtest.Fault{Match: "PUT", LoseReply: true})
	path := numbers(t, "1.parquet", `[{"A": 1}]`)
	put(t, db, path, "@st/p")
	if got := rows(t, db, `LIST @st`); len(got) != 1 {
		t.Errorf("the stage has %q", got)
	}
	got := rows(t, db, `PUT 'file://`+path+`' @st/p AUTO_COMPRESS=FALSE`)
	if len(got) != 1 || !strings.Contains(got[0], "|SKIPPED|") {
		t.Errorf("PUT of a file that is there answered %q", got)
	}
}

// A statement that is held runs when it is let go, and meanwhile its session is busy.
func TestHold(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv)
	exec(t, db, `CREATE TABLE t (a INT)`)
	hold, reached := make(chan struct{}), make(chan struct{})
	srv.Add(snowtest.Fault{Match: "INSERT", Hold: hold, Reached: reached})
	done := make(chan error)
	go func() {
		_, err := db.ExecContext(t.Context(), `INSERT INTO t VALUES (1)`)
		done <- err
	}()
	<-reached
	same(t, rows(t, db, `SELECT COUNT(*) FROM t`), []string{"0"})
	close(hold)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	same(t, rows(t, db, `SELECT COUNT(*) FROM t`), []string{"1"})
}

func TestStatementsHaveTags(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv, param("QUERY_TAG", "all"))
	exec(t, db, `CREATE TABLE t (a INT, b INT)`)
	if _, err := db.ExecContext(sf.WithQueryTag(t.Context(), "one"), `INSERT INTO t VALUES (?, ?)`, 1, 2); err != nil {
		t.Fatal(err)
	}
	log := srv.Statements()
	if len(log) != 2 || log[0].Tag != "all" || log[1].Tag != "one" || log[1].Values != 2 || log[1].Err != nil {
		t.Errorf("the log is %+v", log)
	}
}

func TestServerGoesAway(t *testing.T) {
	srv := snowtest.Start(t)
	db := open(t, srv, func(cfg *sf.Config) { cfg.RequestTimeout, cfg.ServerSessionKeepAlive = time.Second, true })
	exec(t, db, `CREATE TABLE t (a INT)`)
	held := make(chan struct{})
	srv.Add(snowtest.Fault{Match: "INSERT", Hold: make(chan struct{}), Reached: held})
	done := make(chan error)
	go func() {
		_, err := db.ExecContext(t.Context(), `INSERT INTO t VALUES (1)`)
		done <- err
	}()
	<-held
	srv.Close()
	if err := <-done; err == nil {
		t.Error("a statement succeeded on a server that is gone")
	}
}
