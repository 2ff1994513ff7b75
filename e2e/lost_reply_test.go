package e2e

import (
	"fmt"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/ampgen/ampgen/sinks/sinktest/tcpproxy"
)

// TestLostCommits breaks the connection to PostgreSQL at one COMMIT after the other of a loader that follows a chain with
// reorganisations: once before the server has seen it, and once when the server has committed and nobody hears of it. The loader
// finds out by itself what became of the commit, be it of the tables, of a unit or of an undo, and goes on.
func TestLostCommits(t *testing.T) {
	for name, fault := range map[string]tcpproxy.Fault{"request": tcpproxy.LoseRequest, "reply": tcpproxy.LoseReply} {
		for nth := 1; nth <= 8; nth++ {
			t.Run(fmt.Sprintf("%s/%d", name, nth), func(t *testing.T) { testLostCommit(t, fault, nth) })
		}
	}
}

func testLostCommit(t *testing.T, fault tcpproxy.Fault, nth int) {
	r := newCrashRig(t, postgreSQL, &crashes{})
	direct, err := url.Parse(r.target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := tcpproxy.Start(t, direct.Host)
	struck := proxy.Arm(fault, tcpproxy.Place{Text: "COMMIT\x00", Nth: nth})
	p := start(t, repository, r.loader, "--server", r.chain.URL, "--postgres-url", "postgres://postgres@"+proxy.Addr()+direct.Path)
	for step := 0; ; step++ {
		select {
		case <-struck:
		case <-p.exited:
			t.Fatalf("the loader ended before the fault struck: %s\n%s", p.cmd.ProcessState, &p.stderr)
		case <-time.After(20 * time.Millisecond):
			if r.chain.Status().Streams == 0 {
				continue
			}
			if step%3 == 2 {
				err = r.chain.Reorg(t.Context(), 1+step%4, 2+step%4)
			} else {
				err = r.chain.Mine(t.Context(), 1)
			}
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		break
	}
	p.await(t, "the loader to get to the tip", func() (bool, string) {
		problem := r.atTip(t)
		return problem == "", problem
	})
	p.signal(t, syscall.SIGTERM)
	p.expect(t, 0)
	r.checkTip(t)
}
