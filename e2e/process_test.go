package e2e

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ampgen/ampgen/ampgen/ampdev"
)

// patience is how long anything may take that a test waits for, on a slow machine under load.
const patience = time.Minute

// server is a running development server.
type server struct {
	*ampdev.Server
	url string
}

// startServer starts a server, and stops it when the test ends.
func startServer(t testing.TB, config ampdev.Config) *server {
	t.Helper()
	s, err := ampdev.New(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return &server{s, "grpc://" + listener.Addr().String()}
}

// output collects what a process prints while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a running program.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr output
	exited         chan struct{}
}

// start starts a program in a folder, which is killed if it still runs when the test ends.
func start(t testing.TB, dir, path string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(path, args...), exited: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = environment()
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		p.cmd.Wait() // the state says how it ended
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill() // an error means that it is gone
		<-p.exited
	})
	return p
}

// signal sends a signal to a process that runs.
func (p *process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

// wait waits for the end of the process and returns its exit code, -1 for a signal.
func (p *process) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("%s still runs after %s:\n%s%s", p.cmd, patience, &p.stdout, &p.stderr)
		return 0
	}
}

// expect waits for the end of the process, which must have the exit code.
func (p *process) expect(t testing.TB, code int) {
	t.Helper()
	if got := p.wait(t); got != code {
		t.Fatalf("%s: exit code %d, want %d\n%s%s", p.cmd, got, code, &p.stdout, &p.stderr)
	}
}

// command runs a program to its end, which must have exit code 0, and returns what it printed.
func command(t testing.TB, dir, path string, args ...string) (stdout, stderr string) {
	t.Helper()
	p := start(t, dir, path, args...)
	p.expect(t, 0)
	return p.stdout.String(), p.stderr.String()
}

// await polls until a condition holds. While it does not, it says how things are, for the failure.
func await(t testing.TB, what string, holds func() (bool, string)) {
	t.Helper()
	awaitOr(t, what, nil, holds)
}

// await polls until something holds that the process brings about while it runs.
func (p *process) await(t testing.TB, what string, holds func() (bool, string)) {
	t.Helper()
	awaitOr(t, what, p, holds)
}

func awaitOr(t testing.TB, what string, p *process, holds func() (bool, string)) {
	t.Helper()
	var exited <-chan struct{}
	said := ""
	if p != nil {
		exited = p.exited
	}
	for deadline := time.Now().Add(patience); ; {
		ok, state := holds()
		if ok {
			return
		}
		if p != nil {
			said = p.stderr.String()
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s; now: %s\n%s", patience, what, state, said)
		}
		select {
		case <-exited:
			t.Fatalf("%s ended with exit code %d before %s; now: %s\n%s", p.cmd, p.cmd.ProcessState.ExitCode(), what, state, said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// contains fails the test if a text lacks one of the parts.
func contains(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}
