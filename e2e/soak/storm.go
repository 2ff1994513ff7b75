package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"

	erc20transfers "github.com/ampgen/ampgen/generated/erc20_transfers"
	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/runtime/resilience"
	"github.com/ampgen/ampgen/sinks/postgres"
	"github.com/ampgen/ampgen/sinks/sinktest/tcpproxy"
)

// storm is what happens to the connections of one loader in this process.
type storm struct {
	scene            *scene
	random           *rand.Rand
	server, database *tcpproxy.Proxy
	faults           map[string]int
	failures         atomic.Int64 // that the loader tried again after
}

const (
	stormWorkers = 2
	// afterStorm is how long the loader has to get to the tip when nothing goes wrong any more, and what it leaves behind to go.
	afterStorm = 2 * time.Minute
)

// storm runs one loader through random faults, and looks at what it leaves.
func (s *scene) storm(ctx context.Context, o options) error {
	w := &storm{scene: s, random: rand.New(rand.NewPCG(o.seed, 3)), faults: map[string]int{}}
	var err error
	if w.server, err = proxyTo(s.chain.URL); err != nil {
		return err
	}
	defer w.server.Close()
	if w.database, err = proxyTo(s.url); err != nil {
		return err
	}
	defer w.database.Close()
	s.db.SetMaxIdleConns(0) // the reader's connections are not the loader's
	before, files := goleak.IgnoreCurrent(), openFiles()
	if err := w.run(ctx, o.storm); err != nil {
		return fmt.Errorf("%w\nthe faults were %v", err, w.faults)
	}
	w.server.Reset()
	w.database.Reset()
	if err := goleak.Find(before); err != nil {
		return fmt.Errorf("the loader left goroutines behind: %w", err)
	}
	if err := w.nothingLeft(ctx, files); err != nil {
		return err
	}
	total := 0
	for _, n := range w.faults {
		total += n
	}
	say("the storm is over: %d faults (%v), %d attempts after failures; no goroutine, connection or file is left",
		total, w.faults, w.failures.Load())
	return nil
}

func proxyTo(address string) (*tcpproxy.Proxy, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return tcpproxy.New(u.Host)
}

// run runs the loader, while the chain changes and things go wrong, and then until it is at the tip.
func (w *storm) run(ctx context.Context, duration time.Duration) (err error) {
	loading, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- w.load(loading) }()
	stopLoader := func() error {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			return fmt.Errorf("the loader ended with: %w", err)
		}
		return nil
	}
	failed, stop := w.scene.change(ctx)
	for w.scene.chain.Status().Streams == 0 { // what fails before a loader has begun ends it, by intention
		select {
		case err = <-ended:
			return errors.Join(fmt.Errorf("the loader ended by itself: %w", err), stop())
		case <-time.After(20 * time.Millisecond):
		}
	}
	for end := time.Now().Add(duration); time.Now().Before(end) && err == nil; {
		w.strike(ctx)
		select {
		case err = <-ended:
			return errors.Join(fmt.Errorf("the loader ended by itself: %w", err), stop())
		case err = <-failed:
		case <-time.After(time.Duration(100+w.random.IntN(900)) * time.Millisecond):
			w.clear()
		}
	}
	if err = errors.Join(err, stop()); err != nil {
		return errors.Join(err, stopLoader())
	}
	say("the chain stands still; the loader goes to the tip, block %d", w.scene.chain.Tip().Number)
	return errors.Join(w.reachTip(ctx), stopLoader())
}

// load runs the loader until ctx ends.
func (w *storm) load(ctx context.Context) error {
	source, err := runtime.Dial(amp.Config{Server: "grpc://" + w.server.Addr(), Memory: loaderMemory, Streams: stormWorkers + 1})
	if err != nil {
		return err
	}
	defer source.Close()
	through, err := url.Parse(w.scene.url)
	if err != nil {
		return err
	}
	through.Host = w.database.Addr()
	sink, err := postgres.Open(ctx, postgres.Config{URL: through.String(), NewEncoder: erc20transfers.NewPostgresEncoder})
	if err != nil {
		return err
	}
	defer sink.Close()
	p := erc20transfers.Pipeline()
	p.Table = erc20transfers.PostgresTable()
	return runtime.Run(ctx, runtime.Options{Pipeline: &p, Source: source, Sink: sink, Latest: true, Follow: true, Workers: stormWorkers,
		ReorgDepth: deepest + 1, Labels: map[string]string{"tokens": w.scene.labels}, Timeout: 2 * time.Second, Silence: time.Second,
		Log: slog.New(retries{w}), Clock: hurried{resilience.Wall}})
}

// hurried is a clock by which the loader waits a tenth of the time before it tries again, so that more can happen to it.
type hurried struct{ resilience.Clock }

func (h hurried) Sleep(ctx context.Context, d time.Duration) error { return h.Clock.Sleep(ctx, d/10) }

// retries counts what the loader says that it tries again.
type retries struct{ *storm }

func (retries) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (r retries) WithAttrs([]slog.Attr) slog.Handler             { return r }
func (r retries) WithGroup(string) slog.Handler                  { return r }
func (r retries) Handle(_ context.Context, record slog.Record) error {
	if strings.Contains(record.Message, "trying again") {
		r.failures.Add(1)
	}
	return nil
}

// passing are status codes of failures that pass.
var passing = []codes.Code{codes.Unavailable, codes.ResourceExhausted, codes.Aborted, codes.Internal}

// strike makes something go wrong.
func (w *storm) strike(ctx context.Context) {
	commit := tcpproxy.Place{Text: "COMMIT\x00", Nth: 1}
	within := tcpproxy.Place{Text: "PGCOPY", Nth: 1, After: w.random.IntN(20_000)}
	answer := tcpproxy.Place{After: w.random.IntN(50_000), FromServer: true}
	strikes := []struct {
		name string
		do   func()
	}{
		{"database: COMMIT lost", func() { w.database.Arm(tcpproxy.LoseRequest, commit) }},
		{"database: reset at COMMIT", func() { w.database.Arm(tcpproxy.Reset, commit) }},
		{"database: reply to COMMIT lost", func() { w.database.Arm(tcpproxy.LoseReply, commit) }},
		{"database: half-open at COMMIT", func() { w.database.Arm(tcpproxy.HalfOpen, commit) }},
		{"database: cut within COPY", func() { w.database.Arm(tcpproxy.LoseRequest, within) }},
		{"database: half-open within COPY", func() { w.database.Arm(tcpproxy.HalfOpen, within) }},
		{"database: all connections reset", w.database.Reset},
		{"database: slow", func() { w.database.Slow(20*time.Millisecond, 1<<20) }},
		{"database: sessions ended", func() {
			_, _ = w.scene.db.ExecContext(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ampgen'") // or none was there
		}},
		{"server: cut within an answer", func() { w.server.Arm(tcpproxy.LoseRequest, answer) }},
		{"server: reset within an answer", func() { w.server.Arm(tcpproxy.Reset, answer) }},
		{"server: half-open within an answer", func() { w.server.Arm(tcpproxy.HalfOpen, answer) }},
		{"server: all connections reset", w.server.Reset},
		{"server: slow", func() { w.server.Slow(20*time.Millisecond, 1<<20) }},
		{"server: failure", func() { w.scene.chain.Fail(passing[w.random.IntN(len(passing))], "a storm", w.random.IntN(4)) }},
		{"server: stalled", w.scene.chain.Stall},
		{"server: streams forgotten", w.scene.chain.Hang},
	}
	s := strikes[w.random.IntN(len(strikes))]
	w.faults[s.name]++
	say("%s", s.name)
	s.do()
}

// clear ends what does not end by itself. Half-open connections are found out by keep-alives in the end, which here is soon.
func (w *storm) clear() {
	w.server.Slow(0, 0)
	w.database.Slow(0, 0)
	w.scene.chain.Resume()
	if w.random.IntN(3) == 0 {
		w.server.Reset()
		w.database.Reset()
	}
}

// reachTip waits until everything is loaded. Connections that are half-open still are ended first, and no fault is left to strike.
func (w *storm) reachTip(ctx context.Context) error {
	w.clear()
	w.server.Disarm()
	w.database.Disarm()
	w.server.Reset()
	w.database.Reset()
	s := w.scene
	tip := s.chain.Tip()
	for end := time.Now().Add(afterStorm); ; time.Sleep(20 * time.Millisecond) {
		ranges, err := s.watcher.Look(ctx, recent)
		if err != nil {
			return fmt.Errorf("a reader of the database sees: %w", err)
		}
		if n := len(ranges); n > 0 && ranges[n-1].Hash == tip.Hash.String() && whole(ranges, s.chain.First().Number) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s after the storm the state is %v, and the tip is block %d (%s)", afterStorm, ranges, tip.Number, tip.Hash)
		}
	}
}

// nothingLeft waits until the loader's sessions are gone from the database, and no more files are open than there were.
func (w *storm) nothingLeft(ctx context.Context, files int) error {
	for end := time.Now().Add(afterStorm); ; time.Sleep(20 * time.Millisecond) {
		var sessions int
		err := w.scene.db.QueryRowContext(ctx, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ampgen'").Scan(&sessions)
		if err != nil {
			return err
		}
		now := openFiles()
		if sessions == 0 && now <= files {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the loader left %d sessions in the database, and %d files are open where there were %d", sessions, now, files)
		}
	}
}

// openFiles is how many files and connections the process has open; 0 where the system does not say.
func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
