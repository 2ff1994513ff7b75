package postgres

import (
	"context"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
	"github.com/ampgen/ampgen/sinks/sinktest/tcpproxy"
)

// proxied is a proxy for the database's server, and the database's URL through it.
func proxied(t *testing.T, database string) (*tcpproxy.Proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	p := tcpproxy.Start(t, u.Host)
	u.Host = p.Addr()
	return p, u.String()
}

// commitText is how COMMIT is sent.
const commitText = "COMMIT\x00"

func TestLostCommitIsAmbiguousAndTheStateTells(t *testing.T) {
	for _, c := range []struct {
		name      string
		fault     tcpproxy.Fault
		committed bool
	}{{"request lost", tcpproxy.LoseRequest, false}, {"reply lost", tcpproxy.LoseReply, true}} {
		t.Run(c.name, func(t *testing.T) {
			database := pgtest.Database(t)
			p, through := proxied(t, database)
			table := transfers()
			s := prepared(t, through, table)
			p.Arm(c.fault, tcpproxy.Place{Text: commitText, Nth: 1})
			r := span(0, 9, "h9")
			err := load(t, s, r)
			if runtime.ClassOf(err) != runtime.Ambiguous || err == nil {
				t.Fatalf("got %v", err)
			}
			state, err := s.State(t.Context(), table) // on a new connection
			if err != nil {
				t.Fatal(err)
			}
			if committed := len(state.Ranges) == 1; committed != c.committed {
				t.Errorf("the state says committed: %v, want %v", committed, c.committed)
			}
			if err := load(t, s, r); err != nil { // either way, doing it again is right
				t.Fatal(err)
			}
			if got := column[int](t, database, "SELECT 1 FROM transfers"); len(got) != 10 {
				t.Errorf("%d rows, want 10", len(got))
			}
		})
	}
}

// The outcome of an undo is unknown as well when the reply to its COMMIT is lost. Doing it again is right either way.
func TestLostCommitOfUndo(t *testing.T) {
	for _, fault := range []tcpproxy.Fault{tcpproxy.LoseRequest, tcpproxy.LoseReply} {
		database := pgtest.Database(t)
		p, through := proxied(t, database)
		s := prepared(t, through, transfers())
		if err := load(t, s, span(0, 9, "h9")); err != nil {
			t.Fatal(err)
		}
		p.Arm(fault, tcpproxy.Place{Text: commitText, Nth: 1})
		undo := runtime.Undo{Network: "eth", From: 5, Hash: "h4"}
		if err := s.Undo(t.Context(), undo); runtime.ClassOf(err) != runtime.Ambiguous || err == nil {
			t.Fatalf("got %v", err)
		}
		if err := s.Undo(t.Context(), undo); err != nil {
			t.Fatal(err)
		}
		if got := column[int](t, database, "SELECT 1 FROM transfers"); len(got) != 5 {
			t.Errorf("%d rows, want 5", len(got))
		}
	}
}

// A connection that ends anywhere in the COPY is a Transient error, and leaves nothing.
func TestCopyCutAfterSomeBytes(t *testing.T) {
	database := pgtest.Database(t)
	p, through := proxied(t, database)
	s := prepared(t, through, transfers())
	for _, after := range []int{0, 1, 18, 19, 500, 70_000, 1_000_000} {
		struck := p.Arm(tcpproxy.LoseRequest, tcpproxy.Place{Text: "FROM STDIN", Nth: 1, After: after})
		tx, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{span(0, 29_999, "h")}})
		if err != nil {
			t.Fatal(err)
		}
		for from := uint64(0); err == nil && from < 30_000; from += 10_000 {
			err = tx.Write(t.Context(), transferRows(from, from+9_999))
		}
		if err == nil {
			err = tx.Commit(t.Context())
		}
		if runtime.ClassOf(err) != runtime.Transient || err == nil {
			t.Errorf("after %d bytes: got %v", after, err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-struck
		if got := column[int](t, database, "SELECT 1 FROM transfers LIMIT 1"); len(got) != 0 {
			t.Errorf("after %d bytes: rows are visible", after)
		}
	}
	if err := load(t, s, span(0, 9, "h9")); err != nil {
		t.Errorf("the sink cannot be used afterwards: %v", err)
	}
}

// A server that is silent does not hold the loader beyond its context.
func TestHalfOpenConnection(t *testing.T) {
	for _, c := range []struct {
		name string
		at   tcpproxy.Place
		want runtime.Class
	}{
		{"during COPY", tcpproxy.Place{Text: "FROM STDIN", Nth: 1, After: 100_000}, runtime.Transient},
		{"at COMMIT", tcpproxy.Place{Text: commitText, Nth: 1}, runtime.Ambiguous},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			database := pgtest.Database(t)
			p, through := proxied(t, database)
			s := prepared(t, through, transfers())
			struck := p.Arm(tcpproxy.HalfOpen, c.at)
			r := span(0, 9_999, "h")
			tx, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{r}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-struck
				cancel()
			}()
			if err = tx.Write(ctx, transferRows(0, 9_999)); err == nil {
				err = tx.Commit(ctx)
			}
			if err == nil || runtime.ClassOf(err) != c.want {
				t.Errorf("got %v of class %v, want %v", err, runtime.ClassOf(err), c.want)
			}
			if err := tx.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
			p.Reset() // the server learns that the other side is gone
			if err := load(t, s, r); err != nil {
				t.Errorf("the sink cannot be used afterwards: %v", err)
			}
		})
	}
}

// The server finds out within minutes that a loader's machine is gone, and only while that matters.
func TestServerAsksAfterSilentLoaders(t *testing.T) {
	conn := connect(t, pgtest.Database(t))
	before := setting(t, conn)
	if err := begin(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	if got := setting(t, conn); got != "30 10" {
		t.Errorf("in a transaction, idle time and interval are %s", got)
	}
	if err := commit(t.Context(), conn, "commit", "nothing"); err != nil {
		t.Fatal(err)
	}
	if got := setting(t, conn); got != before {
		t.Errorf("after a transaction, idle time and interval are %s, before they were %s", got, before)
	}
}

func setting(t *testing.T, conn *pgx.Conn) (keepalives string) {
	t.Helper()
	err := conn.QueryRow(t.Context(), "SELECT current_setting('tcp_keepalives_idle') || ' ' || current_setting('tcp_keepalives_interval')").Scan(&keepalives)
	if err != nil {
		t.Fatal(err)
	}
	return keepalives
}

func TestLostConnectionInTheMiddleIsTransient(t *testing.T) {
	database := pgtest.Database(t)
	s := prepared(t, database, transfers())
	r := span(0, 99999, "h")
	tx, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{r}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Write(t.Context(), transferRows(0, 9999)); err != nil {
		t.Fatal(err)
	}
	// The backend is there, inside its transaction, whether or not the COPY has reached it.
	if got := column[bool](t, database, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'ampgen' AND backend_xmin IS NOT NULL OR application_name = 'ampgen' AND state <> 'idle'"); len(got) == 0 {
		t.Fatal("no backend to terminate")
	}
	for from := uint64(10000); err == nil && from < 100000; from += 10000 {
		err = tx.Write(t.Context(), transferRows(from, from+9999))
	}
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if runtime.ClassOf(err) != runtime.Transient || err == nil {
		t.Errorf("got %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := load(t, s, span(0, 9, "h9")); err != nil {
		t.Errorf("the sink cannot be used afterwards: %v", err)
	}
}

func TestTableThatIsGoneIsDrift(t *testing.T) {
	database := pgtest.Database(t)
	s := prepared(t, database, transfers())
	execute(t, database, "ALTER TABLE transfers DROP COLUMN value")
	if err := load(t, s, span(0, 9, "h9")); runtime.ClassOf(err) != runtime.Drift || err == nil {
		t.Errorf("column dropped: %v", err)
	}
	execute(t, database, "DROP TABLE transfers")
	if err := load(t, s, span(0, 9, "h9")); runtime.ClassOf(err) != runtime.Drift || err == nil {
		t.Errorf("table dropped: %v", err)
	}
}

// A unit waits for a free connection as long as its context allows.
func TestMoreUnitsThanConnectionsWait(t *testing.T) {
	config := Config{URL: pgtest.Database(t), Connections: 1}
	s, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Prepare(t.Context(), transfers()); err != nil {
		t.Fatal(err)
	}
	first, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{span(0, 9, "h9")}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		second, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{span(10, 19, "h19")}})
		if err == nil {
			err = second.Commit(t.Context())
		}
		done <- err
	}()
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	url := pgtest.Database(t)
	s := openSink(t, url, transfers().Schema)
	if err := s.Prepare(t.Context(), transfers()); err != nil {
		t.Fatal(err)
	}
	for _, commit := range []bool{true, false} {
		tx, err := s.Begin(t.Context(), runtime.Unit{Ranges: []runtime.Range{span(0, 9999, "h")}})
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Write(t.Context(), transferRows(0, 9999)); err != nil {
			t.Fatal(err)
		}
		if commit {
			err = tx.Commit(t.Context())
		} else {
			err = tx.Rollback(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	goleak.VerifyNone(t, ignore)
}
