package runtime

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/labels"
)

// latest as a bound is the last block that the server has.
const latest = "latest"

// defaultWorkers is how many workers load history, if the user does not say.
const defaultWorkers = 4

// config is what a loader's command line and environment say.
type config struct {
	command string

	server, tokenFile, caFile string
	insecureToken             bool
	token                     string // read from tokenFile or the environment

	from, to                     string
	recent                       uint64
	follow, historyFirst         bool
	workers                      int
	chunkBlocks, partitionBlocks uint64
	reorgDepth                   uint64
	again                        string           // what --range says
	redo                         *blockrange.Span // the blocks of the redo command; nil for others

	memory                     byteSize
	retryFor, timeout, silence time.Duration

	keep      Keep
	labels    map[string]string // path by label name, where it differs from the compiled one
	pipeline  string
	logFormat string
	metrics   string // the address
}

// The commands, in the order of the help text.
var commands = []struct{ name, does string }{
	{"run", "load what is missing (the default)"},
	{"plan", "show what a run would load; write nothing"},
	{"redo", "load the blocks of --range again, also while a loader goes on"},
	{"status", "show what the sink has: coverage, gaps, last block and commit, who writes"},
	{"ddl", "print the statements that create the table"},
	{"verify", "compare the compiled columns with the server's"},
}

// UsageError is a mistake on the command line or in the environment. A loader ends with exit code 2 for it.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

func usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// flagSet makes the flags that fill c. Every flag can be given by the environment too.
func (c *config) flagSet(p *Pipeline, d Driver) *pflag.FlagSet {
	fs := pflag.NewFlagSet(p.Name, pflag.ContinueOnError)
	fs.SortFlags = false
	fs.Usage = func() {}
	fs.StringVar(&c.server, "server", "", "the Amp server's `URL`: grpc://host:1602 (plaintext) or https://host (TLS)")
	fs.StringVar(&c.tokenFile, "token-file", "", "a `file` with the server's token (or the token itself in AMP_AUTH_TOKEN)")
	fs.BoolVar(&c.insecureToken, "insecure-token", false, "send the token over plaintext to another machine")
	fs.StringVar(&c.caFile, "ca-file", "", "a PEM `file` of the certificate authorities to trust, instead of the system's")
	if p.Mode == Stream {
		fs.StringVar(&c.from, "from-block", "", "load from this `block` on (default: the server's first)")
		fs.StringVar(&c.to, "to-block", "", "load up to this `block`, or \"latest\"; without any bound the stream is followed without end")
		fs.Uint64Var(&c.recent, "blocks", 0, "load this `many` of the most recent blocks, instead of --from-block")
		fs.BoolVar(&c.follow, "follow", false, "load history up to the server's last block, and follow the stream from there")
		fs.BoolVar(&c.historyFirst, "history-first", false, "with --follow: begin to follow when history is loaded, not while it is")
		fs.IntVar(&c.workers, "workers", defaultWorkers, "load history with this `many` queries at once")
		fs.Uint64Var(&c.chunkBlocks, "chunk-blocks", 0, "query and commit this `many` blocks of history at once (default: as rows are dense)")
		fs.Uint64Var(&c.partitionBlocks, "partition-blocks", 0, "give a worker this `many` blocks of history at a time (default: an equal share)")
		fs.Uint64Var(&c.reorgDepth, "reorg-depth", defaultReorgDepth, "how `many` of the newest blocks may still leave the chain")
	}
	if p.Mode == Stream {
		fs.StringVar(&c.again, "range", "", "for redo: the `blocks` to load again, first-last")
	}
	if len(p.Labels) > 0 {
		var compiled []string
		for _, l := range p.Labels {
			compiled = append(compiled, l.Name+"="+l.Path)
		}
		fs.StringToStringVar(&c.labels, "label", nil,
			"read a label from another CSV, as `name=path`; may repeat (compiled: "+strings.Join(compiled, ", ")+")")
	}
	fs.StringVar(&c.pipeline, "pipeline", defaultPipeline(p), "the `name` under which the sink keeps the state: one per loader of a table")
	fs.StringVar((*string)(&c.keep), "state", string(KeepInSink), "keep which blocks are loaded in the `place` sink (exactly once, whatever happens), memory (the next "+
		"process starts over: for tables that are made anew) or none (for bounded loads into an empty table)")
	fs.StringVar(&c.logFormat, "log-format", "auto", "auto (a live line on a terminal, else text), text or json")
	fs.StringVar(&c.metrics, "metrics-addr", "", "serve Prometheus metrics, /livez, /readyz and /progressz at this `host:port`; for status: ask the loader there")
	fs.Var(&c.memory, "memory", "hold at most this `much` of rows on their way, of all workers together; label files and DuckDB come on top")
	fs.DurationVar(&c.retryFor, "retry-for", defaultRetryFor, "give up after failing for this `long` while nothing gets through; what follows the stream never does")
	fs.DurationVar(&c.timeout, "timeout", defaultTimeout, "try again, with twice the time, when a call of server or sink takes this `long`")
	if p.Mode == Stream {
		fs.DurationVar(&c.silence, "silence", defaultSilence, "look whether the chain goes on without the stream when that is silent for this `long`")
	}
	d.Flags(fs)
	return fs
}

func defaultPipeline(p *Pipeline) string {
	if p.Table.Pipeline != "" {
		return p.Table.Pipeline
	}
	return snake(p.Name)
}

// snake turns Erc20Transfers into erc20_transfers.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) && runes[i-1] != '_' {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// envName is the environment variable of a flag: AMP_TO_BLOCK for --to-block.
func envName(flag string) string {
	return "AMP_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// parseConfig reads the command line, and for what it leaves open the environment. Its errors are *UsageErrors or
// pflag.ErrHelp.
func parseConfig(p *Pipeline, d Driver, args []string, env func(string) (string, bool)) (*config, *pflag.FlagSet, error) {
	c := &config{memory: amp.DefaultMemory}
	fs := c.flagSet(p, d)
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return c, fs, err
		}
		return c, fs, &UsageError{err}
	}
	var failed error
	fs.VisitAll(func(f *pflag.Flag) {
		if value, ok := env(envName(f.Name)); ok && !f.Changed && value != "" {
			if err := fs.Set(f.Name, value); err != nil {
				failed = usagef("environment variable %s: %w", envName(f.Name), err)
			}
		}
	})
	if failed != nil {
		return c, fs, failed
	}
	if err := c.setCommand(fs.Args()); err != nil {
		return c, fs, err
	}
	if err := c.check(p); err != nil {
		return c, fs, err
	}
	return c, fs, c.readToken(env)
}

func (c *config) setCommand(args []string) error {
	c.command = "run"
	if len(args) == 0 {
		return nil
	}
	if len(args) > 1 {
		return usagef("unexpected argument %q", args[1])
	}
	for _, known := range commands {
		if known.name == args[0] {
			c.command = args[0]
			return nil
		}
	}
	return usagef("unknown command %q", args[0])
}

func (c *config) check(p *Pipeline) error {
	if c.pipeline == "" {
		return usagef("--pipeline is empty")
	}
	if c.retryFor <= 0 || c.timeout <= 0 || p.Mode == Stream && c.silence <= 0 {
		return usagef("--retry-for, --timeout and --silence are more than 0")
	}
	switch c.logFormat {
	case "auto", "text", "json":
	default:
		return usagef("--log-format is auto, text or json, not %q", c.logFormat)
	}
	for name := range c.labels {
		if !slices.ContainsFunc(p.Labels, func(l labels.Spec) bool { return l.Name == name }) {
			return usagef("--label %s: the query has no label of that name", name)
		}
	}
	if c.command == "redo" || c.again != "" {
		if err := c.checkRedo(p); err != nil {
			return err
		}
	} else if p.Mode == Stream {
		if err := c.checkHistory(); err != nil {
			return err
		}
	}
	return c.checkKeep(p)
}

// checkRedo reads the blocks of the redo command.
func (c *config) checkRedo(p *Pipeline) error {
	switch {
	case p.Mode != Stream:
		return usagef("redo is for streams: a batch query is simply run again")
	case c.command != "redo":
		return usagef("--range is for the redo command")
	case c.from != "" || c.to != "" || c.recent > 0 || c.follow:
		return usagef("redo takes --range and no other bounds")
	case c.again == "":
		return usagef("redo needs --range first-last")
	}
	first, last, many := strings.Cut(c.again, "-")
	if !many {
		last = first
	}
	start, err := strconv.ParseUint(first, 10, 64)
	end, err2 := strconv.ParseUint(last, 10, 64)
	if err != nil || err2 != nil || start > end {
		return usagef("--range %q is not first-last, two block numbers", c.again)
	}
	c.redo = &blockrange.Span{Start: start, End: end}
	return nil
}

// checkHistory checks the flags that say what is loaded of a stream, and completes them.
func (c *config) checkHistory() error {
	bounded := c.from != "" || c.to != "" || c.recent > 0
	switch {
	case c.from != "" && c.recent > 0:
		return usagef("--from-block and --blocks both say where to begin: use one")
	case c.from != "" && c.to == "" && !c.follow:
		return usagef("--from-block needs --to-block, a block number or %q, or --follow", latest)
	case c.follow && c.to != "" && c.to != latest:
		return usagef("--follow goes on from the server's last block: use --to-block %s, or leave it out", latest)
	case c.historyFirst && !c.follow:
		return usagef("--history-first needs --follow")
	case c.workers < 1:
		return usagef("--workers is at least 1")
	case c.reorgDepth < 1:
		return usagef("--reorg-depth is at least 1")
	}
	if c.to == "" && (bounded || c.follow) {
		c.to = latest
	}
	_, err := c.bounds()
	return err
}

// bounds is the range that a run is to cover; nil for an endless or a batch run.
type bounds struct {
	from *uint64 // nil: the server's first block
	to   *uint64 // nil: the server's last block
	last uint64  // without from: only so many of the last blocks; 0: all
}

func (c *config) bounds() (*bounds, error) {
	if c.to == "" {
		return nil, nil
	}
	b := &bounds{last: c.recent}
	var err error
	if c.from != "" {
		if b.from, err = blockNumber("--from-block", c.from); err != nil {
			return nil, err
		}
	}
	if c.to != latest {
		if b.to, err = blockNumber("--to-block", c.to); err != nil {
			return nil, err
		}
	}
	if b.from != nil && b.to != nil && *b.from > *b.to {
		return nil, usagef("--from-block %d is after --to-block %d", *b.from, *b.to)
	}
	return b, nil
}

func blockNumber(flag, text string) (*uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil, usagef("%s %q is not a block number", flag, text)
	}
	return &n, nil
}

// readToken reads the token from its file or the environment.
func (c *config) readToken(env func(string) (string, bool)) error {
	if c.tokenFile == "" {
		c.token, _ = env("AMP_AUTH_TOKEN")
		return nil
	}
	text, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return usagef("--token-file: %w", err)
	}
	c.token = string(bytes.TrimSpace(text))
	if c.token == "" || strings.ContainsAny(c.token, "\r\n") {
		return usagef("--token-file: %s does not hold one token", c.tokenFile)
	}
	return nil
}
