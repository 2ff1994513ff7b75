package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/e2e/branches"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// scene is a chain, a database, and a loader that is there most of the time.
type scene struct {
	chain    *branches.Chain
	weather  *weather
	postgres *pgtest.Server
	url      string // of the database
	db       *sql.DB
	watcher  *branches.Watcher
	loader   string // the program
	labels   string

	kills   int
	largest int64        // of the loaders' resident sizes, in bytes
	changes atomic.Int64 // of the state, as the reader saw them
	last    atomic.Pointer[blockrange.Range]
}

// loaderMemory is the ceiling of each loader's memory.
const loaderMemory = 256 << 20

// measure notes how much memory a loader has had, where the system says so. It is called while the loader runs: what is said of a process
// that has ended includes what this one had when it started it.
func (s *scene) measure(p *process) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)) // it may have ended
	for line := range strings.Lines(string(status)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			s.largest = max(s.largest, kilobytes<<10)
		}
	}
}

// recent is how many of the newest blocks the reader looks at; at the end it looks at all.
const recent = 200

func newScene(ctx context.Context, o options, loader string) (s *scene, err error) {
	s = &scene{loader: loader, labels: filepath.Join("queries", "labels", "tokens.csv")}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.postgres, err = pgtest.Start(ctx); err != nil {
		return s, err
	}
	name, err := s.postgres.CreateDatabase(ctx)
	if err != nil {
		return s, err
	}
	s.url = s.postgres.URL(name)
	if s.db, err = sql.Open("pgx", s.url); err != nil {
		return s, err
	}
	config := ampdev.Config{Seed: o.seed, MicrobatchBlocks: 5, Data: o.data}
	if o.data == "" {
		config.Blocks = 50
	}
	if s.chain, err = branches.Serve(ctx, config); err != nil {
		return s, err
	}
	s.chain.SetBatchRows(300)
	s.weather = &weather{chain: s.chain, random: rand.New(rand.NewPCG(o.seed, 2))}
	s.watcher = branches.NewWatcher(s.chain, s.db)
	say("blocks %d to %d at %s, database %s", s.chain.First().Number, s.chain.Tip().Number, s.chain.URL, s.url)
	return s, nil
}

func (s *scene) close() {
	if s.chain != nil {
		_ = s.chain.Close() // what it served is not needed any more
	}
	if s.db != nil {
		_ = s.db.Close()
	}
	if s.postgres != nil {
		s.postgres.Stop()
	}
}

// watch looks at the database until ctx ends, and says what is committed.
func (s *scene) watch(ctx context.Context) error {
	for ; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		ranges, err := s.watcher.Look(ctx, recent)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return fmt.Errorf("a reader of the database sees: %w", err)
		}
		if len(ranges) == 0 {
			continue
		}
		last := ranges[len(ranges)-1]
		if before := s.last.Swap(&last); before == nil || *before != last {
			s.changes.Add(1)
			say("commit: blocks %d to %d (%.10s…)", last.Start, last.End, last.Hash)
		}
	}
	return nil
}

// committed describes what the reader saw last.
func (s *scene) committed() string {
	if last := s.last.Load(); last != nil {
		return fmt.Sprintf("block %d is", last.End)
	}
	return "nothing is"
}

// process is a running loader.
type process struct {
	cmd    *exec.Cmd
	said   bytes.Buffer // complete when exited is closed
	exited chan struct{}
}

// start starts a loader: one that follows from what is committed, or one that looks for gaps in history first.
func (s *scene) start(history bool) (*process, error) {
	args := []string{"--server", s.chain.URL, "--postgres-url", s.url, "--label", "tokens=" + s.labels}
	if history {
		args = append(args, "--follow", "--reorg-depth", fmt.Sprint(deepest+1))
	}
	args = append(args, "--memory", fmt.Sprintf("%dB", loaderMemory))
	p := &process{cmd: exec.Command(s.loader, args...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // the state says how it ended
	}()
	return p, nil
}

// kill ends the process without warning.
func (p *process) kill() error {
	_ = p.cmd.Process.Kill() // an error means that it is gone
	<-p.exited
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		return fmt.Errorf("the loader ended by itself: %s\n%s", p.cmd.ProcessState, &p.said)
	}
	return nil
}

// reachTip lets a loader go to the tip of a chain that stands still, and stops it.
func (s *scene) reachTip(ctx context.Context) error {
	const patience = 2 * time.Minute
	p, err := s.start(true)
	if err != nil {
		return err
	}
	defer func() { _ = p.kill() }() // on an error
	tip := s.chain.Tip()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ranges, err := s.watcher.Look(ctx, recent)
		if err != nil {
			return fmt.Errorf("a reader of the database sees: %w", err)
		}
		if n := len(ranges); n > 0 && ranges[n-1].Hash == tip.Hash.String() && whole(ranges, s.chain.First().Number) {
			break
		}
		select {
		case <-p.exited:
			return fmt.Errorf("the loader ended by itself: %s\n%s", p.cmd.ProcessState, &p.said)
		default:
		}
		if time.Now().After(end) {
			return fmt.Errorf("after %s the state is %v, and the tip is block %d (%s)", patience, ranges, tip.Number, tip.Hash)
		}
	}
	if _, err := s.watcher.Look(ctx, 0); err != nil {
		return fmt.Errorf("a reader of the database sees: %w", err)
	}
	s.measure(p)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-p.exited
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the loader ended with code %d\n%s", code, &p.said)
	}
	return nil
}

// whole reports whether ranges have no gap from a block on.
func whole(ranges []blockrange.Range, next uint64) bool {
	for _, r := range ranges {
		if r.Start != next {
			return false
		}
		next = r.End + 1
	}
	return true
}

// run runs a command to its end.
func run(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}
