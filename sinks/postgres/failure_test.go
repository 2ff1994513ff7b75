package postgres

import (
	"bytes"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// proxy stands between a sink and the server and cuts the connection at a COMMIT.
type proxy struct {
	listener net.Listener
	server   string
	cut      atomic.Int32 // what to do at the next COMMIT
}

const (
	passOn      = iota
	dropRequest // the COMMIT never reaches the server
	dropReply   // the server commits, its answer is lost
)

// proxied is a proxy for the database's server, and the database's URL through it.
func proxied(t *testing.T, database string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &proxy{listener: l, server: u.Host}
	go p.serve()
	u.Host = l.Addr().String()
	return p, u.String()
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			client.Close()
			continue
		}
		var swallow atomic.Bool // answers are lost from here on
		go func() {
			defer client.Close()
			defer server.Close()
			pipe(client, server, func(data []byte) bool {
				if !bytes.Contains(data, []byte("COMMIT\x00")) {
					return true
				}
				switch p.cut.Swap(passOn) {
				case dropRequest:
					return false
				case dropReply:
					swallow.Store(true)
				}
				return true
			})
		}()
		go func() {
			defer client.Close()
			defer server.Close()
			pipe(server, client, func([]byte) bool { return !swallow.Load() })
		}()
	}
}

// pipe copies until pass says no or a side is closed.
func pipe(from, to net.Conn, pass func(data []byte) bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil || !pass(buf[:n]) {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func TestLostCommitIsAmbiguousAndTheStateTells(t *testing.T) {
	for _, c := range []struct {
		name      string
		cut       int32
		committed bool
	}{{"request lost", dropRequest, false}, {"reply lost", dropReply, true}} {
		t.Run(c.name, func(t *testing.T) {
			database := pgtest.Database(t)
			p, through := proxied(t, database)
			table := transfers()
			s := prepared(t, through, table)
			p.cut.Store(c.cut)
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
