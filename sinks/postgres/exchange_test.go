package postgres

import (
	"testing"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
	"github.com/ampgen/ampgen/sinks/sinktest/tcpproxy"
)

// replacing is a unit whose range takes the place of a branch from its start on.
func replacing(r runtime.Range) runtime.Unit {
	return runtime.Unit{Ranges: []runtime.Range{r}, Undo: &runtime.Undo{Network: r.Network, From: r.Start, Hash: "h4"}}
}

// replace commits u with a row per block.
func replace(t *testing.T, s *Sink, u runtime.Unit) error {
	t.Helper()
	tx, err := s.Begin(t.Context(), u)
	if err != nil {
		return err
	}
	defer tx.Rollback(t.Context())
	if err := tx.Write(t.Context(), transferRows(u.Ranges[0].Start, u.Ranges[0].End)); err != nil {
		return err
	}
	return tx.Commit(t.Context())
}

// TestLostCommitOfReplacement: when the reply to the COMMIT of a unit that replaces a branch is lost, the one branch is there or the
// other, the state says which, and doing it again is right either way.
func TestLostCommitOfReplacement(t *testing.T) {
	old, next := span(0, 9, "h9"), span(5, 11, "x11")
	for _, c := range []struct {
		fault tcpproxy.Fault
		last  runtime.Range
		rows  int
	}{{tcpproxy.LoseRequest, old, 10}, {tcpproxy.LoseReply, next, 12}} {
		database := pgtest.Database(t)
		p, through := proxied(t, database)
		table := transfers()
		s := prepared(t, through, table)
		if err := load(t, s, old); err != nil {
			t.Fatal(err)
		}
		p.Arm(c.fault, tcpproxy.Place{Text: commitText, Nth: 1})
		if err := replace(t, s, replacing(next)); runtime.ClassOf(err) != runtime.Ambiguous || err == nil {
			t.Fatalf("got %v", err)
		}
		state, err := s.State(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		if last := state.Ranges[len(state.Ranges)-1]; last != c.last {
			t.Errorf("the state ends with %v, want %v", last, c.last)
		}
		if got := column[int](t, database, "SELECT 1 FROM transfers"); len(got) != c.rows {
			t.Errorf("%d rows, want %d", len(got), c.rows)
		}
		if err := replace(t, s, replacing(next)); err != nil {
			t.Fatal(err)
		}
		if got := column[int](t, database, "SELECT 1 FROM transfers"); len(got) != 12 {
			t.Errorf("%d rows, want 12", len(got))
		}
	}
}

// TestTakeoverWaitsForTheReplacement: an instance that starts while another one replaces a branch takes over when that is done. Nothing
// waits in a circle, also if the first has no other connection.
func TestTakeoverWaitsForTheReplacement(t *testing.T) {
	database := pgtest.Database(t)
	s, err := Open(t.Context(), Config{URL: database, Connections: 1, NewEncoder: openSink(t, database, transfers().Schema).newEncoder})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Prepare(t.Context(), transfers()); err != nil {
		t.Fatal(err)
	}
	if err := load(t, s, span(0, 9, "h9")); err != nil {
		t.Fatal(err)
	}
	tx, err := s.Begin(t.Context(), replacing(span(5, 11, "x11")))
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	second := openSink(t, database, transfers().Schema)
	defer second.Close()
	took := make(chan error, 1)
	go func() { took <- second.Prepare(t.Context(), transfers()) }()
	if err := tx.Write(t.Context(), transferRows(5, 11)); err != nil {
		t.Fatal(err)
	}
	watch := connect(t, database)
	for waits := false; !waits; {
		select {
		case err := <-took:
			t.Fatalf("the second instance took over in the middle: %v", err)
		default:
		}
		if err := watch.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE NOT granted)").Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-took; err != nil {
		t.Fatal(err)
	}
	if err := load(t, s, span(12, 12, "x12")); runtime.ClassOf(err) != runtime.Fenced || err == nil {
		t.Errorf("the first instance's next commit: %v", err)
	}
	if err := load(t, second, span(12, 12, "x12")); err != nil {
		t.Fatal(err)
	}
	if got := column[int](t, database, "SELECT 1 FROM transfers"); len(got) != 13 {
		t.Errorf("%d rows, want 13", len(got))
	}
}
