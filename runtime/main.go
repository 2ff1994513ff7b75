package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/runtime/resilience"
	"github.com/ampgen/ampgen/runtime/telemetry"
)

// The exit codes of a loader.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitDrift  = 3 // server, table or label file differ from what was compiled
	exitFenced = 4 // another instance took over
)

// Main is the whole of a loader binary: it reads the command line and the environment, runs p into d's sink, and returns the
// exit code. SIGINT and SIGTERM end a run quickly: what is not committed is rolled back. A second one ends the process at once.
func Main(p Pipeline, d Driver) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return (&program{
		pipeline: &p, driver: d,
		env: os.LookupEnv, stdout: os.Stdout, stderr: os.Stderr,
		terminal: term.IsTerminal(int(os.Stderr.Fd())), clock: resilience.Wall,
		dial: func(c *config) (Source, func(), error) {
			server, err := Dial(amp.Config{Server: c.server, Token: c.token, InsecureToken: c.insecureToken, CAFile: c.caFile,
				Memory: int64(c.memory), Streams: c.workers + 1})
			if err != nil {
				return nil, nil, err
			}
			return server, func() { server.Close() }, nil
		},
	}).run(ctx, os.Args[1:])
}

// program is a loader with its surroundings.
type program struct {
	pipeline       *Pipeline
	driver         Driver
	env            func(string) (string, bool)
	stdout, stderr io.Writer
	terminal       bool // stderr is one
	clock          resilience.Clock
	dial           func(*config) (Source, func(), error)
}

func (g *program) run(ctx context.Context, args []string) int {
	c, fs, err := parseConfig(g.pipeline, g.driver, args, g.env)
	if errors.Is(err, pflag.ErrHelp) {
		g.help(g.stdout, fs)
		return exitDone
	}
	if err == nil {
		g.pipeline.Table.Pipeline, g.pipeline.Table.Stateless = c.pipeline, c.keep != KeepInSink
		err = g.do(ctx, c)
	}
	return g.report(ctx, err)
}

// do runs the command.
func (g *program) do(ctx context.Context, c *config) error {
	if c.command == "ddl" {
		text, err := g.driver.DDL(&g.pipeline.Table)
		if err == nil {
			_, err = io.WriteString(g.stdout, text)
		}
		return err
	}
	b, err := c.bounds()
	if err != nil {
		return err
	}
	o := Options{Pipeline: g.pipeline, Follow: c.follow, HistoryFirst: c.historyFirst, Workers: c.workers, ChunkBlocks: c.chunkBlocks,
		PartitionBlocks: c.partitionBlocks, ReorgDepth: c.reorgDepth, Keep: c.keep, Labels: c.labels, RetryFor: c.retryFor,
		Timeout: c.timeout, Silence: c.silence, Clock: g.clock}
	if b != nil {
		o.From, o.To, o.Latest, o.Recent = b.from, b.to, b.to == nil, b.last
	}
	if c.command != "status" {
		if c.server == "" {
			return usagef("no server is named: use --server or AMP_SERVER")
		}
		source, hangUp, err := g.dial(c)
		if err != nil {
			return err
		}
		defer hangUp()
		o.Source = source
	}
	if c.command == "verify" {
		return g.verify(ctx, newLoader(o, telemetry.NewMeter()))
	}
	sink, err := g.driver.Open(ctx)
	if err != nil {
		return err
	}
	defer sink.Close()
	o.Sink = sink
	switch c.command {
	case "plan":
		return g.plan(ctx, newLoader(o, telemetry.NewMeter()))
	case "status":
		return g.status(ctx, newLoader(o, telemetry.NewMeter()), c.metrics)
	}
	return g.load(ctx, o, c)
}

// load is the run command.
func (g *program) load(ctx context.Context, o Options, c *config) error {
	meter := telemetry.NewMeter()
	view := telemetry.NewView(meter, telemetry.Options{
		Out: g.stderr, Live: g.terminal && c.logFormat == "auto", JSON: c.logFormat == "json", Name: g.pipeline.Table.Name})
	o.Log = view.Log()
	l := newLoader(o, meter)
	if c.metrics != "" {
		stop, at, err := telemetry.Serve(meter, c.metrics, map[string]string{"pipeline": l.table().Pipeline, "table": l.table().Name, "sink": g.driver.Name()})
		if err != nil {
			view.Stop()
			return usagef("--metrics-addr: %w", err)
		}
		defer stop()
		l.log.Info("serving metrics, /livez, /readyz and /progressz", "at", "http://"+at.String())
	}
	var err error
	if c.redo != nil {
		err = l.redo(ctx, *c.redo)
	} else {
		err = l.run(ctx)
	}
	view.Stop()
	if interrupted(ctx, err) && l.endless() {
		crash.Point(crash.DuringShutdown)
		err = nil // there is no other end to it
	}
	s := meter.Snapshot()
	switch {
	case s.Units > 0 || s.Undone > 0:
		g.summary(l, s)
	case err == nil && l.endless():
		fmt.Fprintf(g.stderr, "stopped before anything was loaded into %s\n", g.pipeline.Table.Name)
	case err == nil:
		fmt.Fprintf(g.stderr, "nothing was loaded into %s: it has what was asked for\n", g.pipeline.Table.Name)
	}
	if s.Units > 0 && err != nil && !interrupted(ctx, err) {
		fmt.Fprintln(g.stderr, "what was committed stays, and the next run goes on from there")
	}
	return err
}

// interrupted reports whether err is the consequence of ctx's end.
func interrupted(ctx context.Context, err error) bool { return err != nil && ctx.Err() != nil }

// report prints what went wrong and returns the exit code.
func (g *program) report(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	var usage *UsageError
	if errors.As(err, &usage) {
		fmt.Fprintf(g.stderr, "error: %v\nrun with --help for the flags\n", err)
		return exitUsage
	}
	if interrupted(ctx, err) {
		next := "another run loads the rest"
		if g.pipeline.Table.Stateless {
			next = "another run starts over, since the state was not kept in the sink"
		}
		fmt.Fprintf(g.stderr, "error: interrupted before the end; what was committed stays, and %s\n", next)
		return exitFailed
	}
	fmt.Fprintf(g.stderr, "error: %v\n", err)
	switch ClassOf(err) {
	case Drift:
		return exitDrift
	case Fenced:
		return exitFenced
	}
	return exitFailed
}

func (g *program) help(w io.Writer, fs *pflag.FlagSet) {
	name := snake(g.pipeline.Name) + "-" + g.driver.Name()
	fmt.Fprintf(w, "%s loads the query %s into table %s (%s).\n\nUsage: %s [command] [flags]\n\nCommands:\n",
		name, g.pipeline.Name, g.pipeline.Table.Name, g.driver.Name(), name)
	for _, c := range commands {
		fmt.Fprintf(w, "  %-8s %s\n", c.name, c.does)
	}
	fmt.Fprintf(w, "\nFlags (each also from the environment: --server is %s, and so on):\n%s", envName("server"), fs.FlagUsages())
	fmt.Fprintf(w, "\nExit codes: %d done, %d failed, %d usage, %d server, table or label differ from the compiled ones, %d another instance took over.\n",
		exitDone, exitFailed, exitUsage, exitDrift, exitFenced)
}

// summary says in a few lines what a run committed.
func (g *program) summary(l *loader, s telemetry.Snapshot) {
	took := s.Elapsed.Round(10 * time.Millisecond)
	if took > time.Minute {
		took = took.Round(time.Second)
	}
	fmt.Fprintf(g.stderr, "loaded %s into %s in %s (%s)\n", telemetry.Count(s.Rows, "row"), g.pipeline.Table.Name,
		took, telemetry.Rate(s.Rows, s.Elapsed))
	if s.Units > 0 {
		fmt.Fprintf(g.stderr, "  %s in %s, up to block %s; %s of Arrow data\n", telemetry.Count(int64(s.Blocks), "block"),
			telemetry.Count(s.Units, "commit"), telemetry.Number(int64(s.Last)), telemetry.Bytes(s.Bytes))
	}
	if s.Undone > 0 || s.Retries > 0 {
		fmt.Fprintf(g.stderr, "  %s, %s after failures\n", telemetry.Count(s.Undone, "undo"), telemetry.Count(s.Retries, "attempt"))
	}
	fmt.Fprintf(g.stderr, "  time: %s\n", s.Shares())
	if l.shaper.join != nil {
		for _, stats := range l.shaper.join.Stats() {
			what := "kept without a label"
			if stats.Dropped {
				what = "dropped"
			}
			fmt.Fprintf(g.stderr, "  label %s: %s of %s did not match and were %s\n", stats.Label,
				telemetry.Number(stats.Unmatched), telemetry.Count(stats.Rows, "row"), what)
		}
	}
}
