package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/ampgen/ampgen/sinks/sinktest/tcpproxy"
)

// What goes wrong between loader, server and database, and what its user sees of it. In each test the loader follows a chain that
// grows and is reorganised, and has exactly the rows of the chain in the end.

// behind starts a loader of the rig that reaches server and database through proxies.
func (r *crashRig) behind(t *testing.T, args ...string) (p *process, server, database *tcpproxy.Proxy) {
	t.Helper()
	chain, err := url.Parse(r.chain.URL)
	if err != nil {
		t.Fatal(err)
	}
	direct, err := url.Parse(r.target)
	if err != nil {
		t.Fatal(err)
	}
	server, database = tcpproxy.Start(t, chain.Host), tcpproxy.Start(t, direct.Host)
	args = append([]string{"--server", "grpc://" + server.Addr(), "--postgres-url", "postgres://postgres@" + database.Addr() + direct.Path}, args...)
	return start(t, repository, r.loader, args...), server, database
}

// weather changes the chain until something has happened, while the loader runs.
func (r *crashRig) weather(t *testing.T, p *process, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for step := 0; !happened(); step++ {
		select {
		case <-p.exited:
			t.Fatalf("the loader ended before %s: %s\n%s", what, p.cmd.ProcessState, &p.stderr)
		case <-deadline:
			t.Fatalf("after %s it is not so that %s\n%s", patience, what, &p.stderr)
		case <-time.After(20 * time.Millisecond):
		}
		var err error
		if step%3 == 2 {
			err = r.chain.Reorg(t.Context(), 1+step%4, 2+step%4)
		} else {
			err = r.chain.Mine(t.Context(), 1)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// comesThrough waits until the loader is at the tip, stops it, and checks every row.
func (r *crashRig) comesThrough(t *testing.T, p *process) {
	t.Helper()
	r.awaitTip(t, p)
	p.signal(t, syscall.SIGTERM)
	p.expect(t, 0)
	r.checkTip(t)
}

// awaitTip waits until the database has the chain.
func (r *crashRig) awaitTip(t *testing.T, p *process) {
	t.Helper()
	p.await(t, "the loader to get to the tip", func() (bool, string) {
		problem := r.atTip(t)
		return problem == "", problem
	})
}

func closed(c <-chan struct{}) func() bool {
	return func() bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
}

// TestBrokenConnections breaks the connection to the server or to the database, once the loader has begun.
func TestBrokenConnections(t *testing.T) {
	commit := tcpproxy.Place{Text: "COMMIT\x00", Nth: 2}
	for _, c := range []struct {
		name     string
		database bool
		fault    tcpproxy.Fault
		at       tcpproxy.Place
		says     string
	}{
		{"server/cut after some bytes", false, tcpproxy.LoseRequest, tcpproxy.Place{After: 5000, FromServer: true}, "trying again"},
		{"server/reset after some bytes", false, tcpproxy.Reset, tcpproxy.Place{After: 20_000, FromServer: true}, "code = Unavailable"},
		{"server/reset request", false, tcpproxy.Reset, tcpproxy.Place{After: 1}, "code = Unavailable"},
		{"database/reset at COMMIT", true, tcpproxy.Reset, commit, "trying again"},
		{"database/dropped reply to COMMIT", true, tcpproxy.LoseReply, commit, "nobody knows whether the commit took place"},
		{"database/cut within a COPY", true, tcpproxy.LoseRequest, tcpproxy.Place{Text: "PGCOPY", Nth: 2, After: 3000}, "trying again"},
		{"database/cut within an answer", true, tcpproxy.LoseRequest, tcpproxy.Place{After: 10, FromServer: true}, "trying again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCrashRig(t, postgreSQL, &crashes{})
			p, server, database := r.behind(t)
			r.awaitTip(t, p)
			proxy := server
			if c.database {
				proxy = database
			}
			r.weather(t, p, "the fault has struck", closed(proxy.Arm(c.fault, c.at)))
			r.comesThrough(t, p)
			contains(t, p.stderr.String(), c.says)
		})
	}
}

// TestSlowConnections: a slow line makes a slow loader and nothing else.
func TestSlowConnections(t *testing.T) {
	r := newCrashRig(t, postgreSQL, &crashes{})
	p, server, database := r.behind(t)
	r.awaitTip(t, p)
	server.Slow(10*time.Millisecond, 1<<20)
	database.Slow(5*time.Millisecond, 1<<20)
	for range 3 {
		r.weather(t, p, "the chain has changed", once())
	}
	r.comesThrough(t, p)
	if strings.Contains(p.stderr.String(), "level=WARN msg=failed") {
		t.Errorf("something failed:\n%s", &p.stderr)
	}
}

func once() func() bool {
	n := 0
	return func() bool { n++; return n > 3 }
}

// TestHalfOpenConnections: nobody says that the connection is gone. The loader gives up waiting, and does it again.
func TestHalfOpenConnections(t *testing.T) {
	for name, at := range map[string]tcpproxy.Place{
		"at COMMIT": {Text: "COMMIT\x00", Nth: 2}, "within a COPY": {Text: "PGCOPY", Nth: 2, After: 100},
		"reading the state": {Text: "hash", Nth: 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := newCrashRig(t, postgreSQL, &crashes{})
			p, _, database := r.behind(t, "--timeout", "2s")
			r.awaitTip(t, p)
			r.weather(t, p, "the fault has struck", closed(database.Arm(tcpproxy.HalfOpen, at)))
			p.await(t, "the loader to give up waiting", func() (bool, string) {
				return strings.Contains(p.stderr.String(), "there was no answer within 2s (--timeout)"), ""
			})
			database.Reset() // as the server's keep-alive does, in the end: what that connection has locked is free then
			r.comesThrough(t, p)
		})
	}
}

// TestStalledStream: the server forgets the stream, and the connection stands.
func TestStalledStream(t *testing.T) {
	r := newCrashRig(t, postgreSQL, &crashes{})
	p, _, _ := r.behind(t, "--silence", "1s")
	r.awaitTip(t, p)
	r.chain.Hang()
	if err := r.chain.Mine(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	r.comesThrough(t, p)
	contains(t, p.stderr.String(), "while the server has blocks up to", "it is opened again")
}

// TestServerThatStopsAnswering: neither streams nor questions are answered for a while.
func TestServerThatStopsAnswering(t *testing.T) {
	r := newCrashRig(t, postgreSQL, &crashes{})
	p, _, _ := r.behind(t, "--silence", "1s")
	r.awaitTip(t, p)
	r.chain.Stall()
	if err := r.chain.Mine(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	p.await(t, "the loader to notice", func() (bool, string) {
		return strings.Contains(p.stderr.String(), "the server does not answer at all"), ""
	})
	r.chain.Resume()
	r.comesThrough(t, p)
}

// TestFailuresOfTheServer: what the codes of the server mean to a loader that follows.
func TestFailuresOfTheServer(t *testing.T) {
	for code, c := range map[codes.Code]struct {
		exit int // 0: it goes on
		says []string
	}{
		codes.Unavailable:       {0, []string{"trying again", "check that the server runs"}},
		codes.ResourceExhausted: {0, []string{"overloaded; asking less often", "interval=250ms"}},
		codes.DeadlineExceeded:  {0, []string{"overloaded; asking less often"}},
		codes.Aborted:           {0, []string{"trying again"}},
		codes.Internal:          {0, []string{"trying again"}}, // the query has worked
		codes.InvalidArgument:   {1, []string{"error: read rows on server", "mend the query"}},
		codes.Unauthenticated:   {1, []string{"AMP_AUTH_TOKEN"}},
		codes.PermissionDenied:  {1, []string{"ask for one that does"}},
		codes.NotFound:          {1, []string{"check the dataset"}},
	} {
		t.Run(code.String(), func(t *testing.T) {
			r := newCrashRig(t, postgreSQL, &crashes{})
			p, _, _ := r.behind(t)
			r.awaitTip(t, p)
			r.chain.Fail(code, "as the test wants it", 1)
			if err := r.chain.Mine(t.Context(), 2); err != nil {
				t.Fatal(err)
			}
			if c.exit == 0 {
				r.comesThrough(t, p)
			} else {
				p.expect(t, c.exit)
				contains(t, p.stderr.String(), "what was committed stays")
				r.settle(t)
			}
			contains(t, p.stderr.String(), append(c.says, fmt.Sprintf("code = %s", code))...)
		})
	}
}
