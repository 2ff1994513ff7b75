package runtime

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/spf13/pflag"

	"github.com/ampgen/ampgen/runtime/coverage"
)

// The fakes obey the contracts of Source and Sink in memory.

var querySchema = arrow.NewSchema([]arrow.Field{
	{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
	{Name: "log_index", Type: arrow.PrimitiveTypes.Uint32},
	{Name: "token", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

func testPipeline() Pipeline {
	sql := "select block_num, log_index, token from eth.logs"
	return Pipeline{Name: "TokenLogs", SQL: sql, RangeSQL: sql, Mode: Stream, Query: querySchema,
		Table: Table{Name: "token_logs", Schema: querySchema, Block: "block_num", Key: []string{"block_num", "log_index"}}}
}

// fakeNow is the time of the fake surroundings.
var fakeNow = time.Unix(1700000000, 0)

// hashOf is the hash of a block on a branch of the fake chain.
func hashOf(branch string, n uint64) string {
	return "0x" + strings.Repeat(branch, 44) + fmt.Sprintf("%020d", n)
}

// onBranch is the range of blocks on a branch; its parent is on the same one.
func onBranch(branch string, start, end uint64) Range {
	r := Range{Network: "mainnet", Start: start, End: end, Hash: hashOf(branch, end)}
	if start > 0 {
		r.PrevHash = hashOf(branch, start-1)
	}
	return r
}

// rowsOf are the rows of blocks on branch a: block n has n%3 of them.
func rowsOf(start, end uint64) arrow.RecordBatch { return rowsOn("a", start, end) }

// rowsOn are the rows of blocks on a branch.
func rowsOn(branch string, start, end uint64) arrow.RecordBatch {
	token := "t"
	if branch != "a" {
		token += branch
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, querySchema)
	defer b.Release()
	for n := start; n <= end; n++ {
		for i := range n % 3 {
			b.Field(0).(*array.Uint64Builder).Append(n)
			b.Field(1).(*array.Uint32Builder).Append(uint32(i))
			b.Field(2).(*array.StringBuilder).Append(token + strconv.FormatUint(n%4, 10))
		}
	}
	return b.NewRecordBatch()
}

// fakeSource serves a chain: the blocks of synced, those from forked on of branch b and the others of branch a. A followed stream
// plays a script instead, if there is one.
type fakeSource struct {
	schema   *arrow.Schema
	unsynced bool    // the queried tables have no blocks
	fail     []error // what the next openings of a followed stream answer with; nil: they succeed
	events   []any   // of each followed stream in turn: Message, error, or a func that is called
	live     bool    // followed streams play no script

	// opened is called by Open for a query of history with its filter, such as "10-19", "none" or "" for the whole query, and answer
	// changes what comes of it; both may be nil.
	opened func(filter string)
	answer func(filter string, events []any) []any

	mu          sync.Mutex
	changed     chan struct{} // closed when the chain changes
	synced      Range
	forked      uint64
	streamsOnly bool // the query plans as a stream only
	hung        int  // so many of the followed streams were opened before they were forgotten: they are silent for ever
	streams     int  // how many were opened

	queries  []string // the filters of the queries that were run
	requests []Request
}

// become changes the chain: it has blocks up to end, and those from fork on are of branch b.
func (s *fakeSource) become(end, fork uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forked, s.synced = fork, s.rangeOf(s.synced.Start, end, fork)
	if s.changed != nil {
		close(s.changed)
	}
	s.changed = make(chan struct{})
}

// hang makes the followed streams silent that are open.
func (s *fakeSource) hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hung = s.streams
}

// noFork is the fork point of a chain that has none.
const noFork = 1 << 40

func branchOf(n, fork uint64) string {
	if n >= fork {
		return "b"
	}
	return "a"
}

func (s *fakeSource) rangeOf(start, end, fork uint64) Range {
	r := onBranch(branchOf(end, fork), start, end)
	if start > 0 {
		r.PrevHash = hashOf(branchOf(start-1, fork), start-1)
	}
	return r
}

func (s *fakeSource) Schema(_ context.Context, _ string, follow bool) (*arrow.Schema, error) {
	if s.streamsOnly && !follow {
		return nil, Errorf(Permanent, "plan query", "", "block_num() exists in streams only")
	}
	return s.schema, nil
}

var filter = regexp.MustCompile(`\) AS "ampgen_range" WHERE (?:FALSE|"block_num" >= (\d+) AND "block_num" <= (\d+))$`)

func (s *fakeSource) Open(_ context.Context, req Request) (SourceStream, error) {
	if req.Follow {
		return s.follow(req)
	}
	s.mu.Lock()
	name, from, to, opened := "", s.synced.Start, s.synced.End, s.opened
	s.mu.Unlock()
	if m := filter.FindStringSubmatch(req.SQL); m != nil && m[1] == "" {
		name, from, to = "none", 1, 0
	} else if m != nil {
		from, _ = strconv.ParseUint(m[1], 10, 64)
		to, _ = strconv.ParseUint(m[2], 10, 64)
		name = m[1] + "-" + m[2]
	}
	if opened != nil {
		opened(name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.queries = append(s.requests, req), append(s.queries, name)
	if s.unsynced {
		return &fakeStream{schema: s.schema, events: []any{Message{Record: rowsOf(1, 0), Complete: true}, io.EOF}}, nil
	}
	ranges := []Range{s.synced}
	events := []any{Message{Record: rowsOf(1, 0), Ranges: ranges}}
	to = min(to, s.synced.End)
	for n := from; n <= to && from <= to; n++ {
		events = append(events, Message{Record: rowsOn(branchOf(n, s.forked), n, n), Ranges: ranges})
	}
	events = append(events, Message{Record: rowsOf(1, 0), Ranges: ranges, Complete: true})
	if s.answer != nil {
		events = s.answer(name, events)
	}
	return &fakeStream{schema: s.schema, events: append(events, io.EOF)}, nil
}

func (s *fakeSource) follow(req Request) (SourceStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, req)
	if len(s.fail) > 0 {
		err := s.fail[0]
		s.fail = s.fail[1:]
		if err != nil {
			return nil, err
		}
	}
	stream := &fakeStream{schema: s.schema, source: s, next: s.synced.Start, number: s.streams}
	s.streams++
	for _, c := range req.Cursor {
		stream.next, stream.fork = c.Number+1, noFork
		if c.Hash == hashOf("b", c.Number) {
			stream.fork = s.forked
		}
	}
	return stream, nil
}

type fakeStream struct {
	schema *arrow.Schema
	events []any
	source *fakeSource // set for followed streams

	// Of a live one: the next block, and the chain as the client has it.
	next, fork uint64
	number     int
}

func (s *fakeStream) Schema() *arrow.Schema { return s.schema }
func (s *fakeStream) Close() error          { return nil }

func (s *fakeStream) Next(ctx context.Context) (Message, error) {
	for {
		events := &s.events
		if s.source != nil && !s.source.live {
			events = &s.source.events
		}
		if ctx.Err() != nil {
			return Message{}, ctx.Err()
		}
		if len(*events) == 0 && s.source != nil && s.source.live {
			s.advance(ctx)
			continue
		}
		if len(*events) == 0 {
			<-ctx.Done()
			continue
		}
		event := (*events)[0]
		*events = (*events)[1:]
		switch event := event.(type) {
		case Message:
			return event, nil
		case error:
			return Message{}, event
		case func():
			event()
		}
	}
}

// advance makes the next microbatch, of at most ten blocks, or waits for the chain to change.
func (s *fakeStream) advance(ctx context.Context) {
	source := s.source
	source.mu.Lock()
	if s.fork != source.forked {
		s.next, s.fork = min(s.next, source.forked, s.fork), source.forked
	}
	end, changed := source.synced.End, source.changed
	if s.number < source.hung {
		end = 0
	}
	if s.next <= end {
		r := source.rangeOf(s.next, min(end, s.next+9), s.fork)
		s.events = []any{Message{Record: rowsOf(1, 0), Ranges: []Range{r}}}
		for n := r.Start; n <= r.End; n++ {
			s.events = append(s.events, Message{Record: rowsOn(branchOf(n, s.fork), n, n), Ranges: []Range{r}})
		}
		s.events = append(s.events, Message{Record: rowsOf(1, 0), Ranges: []Range{r}, Complete: true})
		s.next = r.End + 1
		changed = closed
	}
	source.mu.Unlock()
	select {
	case <-changed:
	case <-ctx.Done():
	}
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// fakeSink keeps rows as text. Several may share a store, as loaders share a database.
type fakeSink struct {
	store *fakeStore
	epoch uint64
	// lose makes commits answer with an Ambiguous error: "applied" or "dropped" says what became of them.
	lose string
	// stateless is Table.Stateless: the store then keeps rows only.
	stateless bool
	// fail has errors that the next calls of an operation answer with: begin, commit, undo, state.
	fail map[string][]error
}

type fakeStore struct {
	mu        sync.Mutex
	prepared  int
	epoch     uint64
	ranges    []Range
	rows      []string
	commits   []string // what each commit covered, and undid first; and "undo" with the block that was undone from
	rollbacks int
}

func (s *fakeSink) Prepare(_ context.Context, t *Table) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.prepared++
	if s.stateless = t.Stateless; s.stateless {
		return nil
	}
	s.store.epoch++
	s.epoch = s.store.epoch
	return nil
}

func (s *fakeSink) HasRows(context.Context, *Table) (bool, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return len(s.store.rows) > 0, nil
}

func (s *fakeSink) State(_ context.Context, t *Table) (State, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if t.Stateless {
		return State{}, nil
	}
	if err := s.failure("state"); err != nil {
		return State{}, err
	}
	return State{Ranges: slices.Clone(s.store.ranges), Changed: fakeNow.Add(-65 * time.Second), Fence: s.store.epoch, Holder: "host:1"}, nil
}

func (s *fakeSink) Begin(_ context.Context, u Unit) (Tx, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if err := s.failure("begin"); err != nil {
		return nil, err
	}
	return &fakeTx{sink: s, unit: u}, nil
}

// Undo can fail before or, with an Ambiguous error, after it was done.
func (s *fakeSink) Undo(_ context.Context, u Undo) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	err := s.failure("undo")
	if err != nil && ClassOf(err) != Ambiguous {
		return err
	}
	if s.epoch != s.store.epoch {
		return Errorf(Fenced, "undo", "", "another instance took over")
	}
	s.store.undo(u)
	s.store.commits = append(s.store.commits, fmt.Sprint("undo ", u.From))
	return err
}

func (s *fakeStore) undo(u Undo) {
	s.rows = slices.DeleteFunc(s.rows, func(row string) bool {
		block, _ := strconv.ParseUint(strings.Fields(row)[0], 10, 64)
		return block >= u.From
	})
	var kept []Range
	for _, r := range s.ranges {
		if r.Start >= u.From {
			continue
		}
		if r.End >= u.From || r.End == u.From-1 && r.Hash == "" {
			r.End, r.Hash, r.Timestamp = u.From-1, u.Hash, 0
		}
		kept = append(kept, r)
	}
	s.ranges = kept
}

// failure is called with the store locked.
func (s *fakeSink) failure(operation string) error {
	if len(s.fail[operation]) == 0 {
		return nil
	}
	err := s.fail[operation][0]
	s.fail[operation] = s.fail[operation][1:]
	return err
}

func (s *fakeSink) Close() error { return nil }

type fakeTx struct {
	sink *fakeSink
	unit Unit
	rows []string
	done bool
}

func (t *fakeTx) Write(ctx context.Context, rows arrow.RecordBatch) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i := range int(rows.NumRows()) {
		var cells []string
		for _, c := range rows.Columns() {
			cells = append(cells, c.ValueStr(i))
		}
		t.rows = append(t.rows, strings.Join(cells, " "))
	}
	return nil
}

func (t *fakeTx) Commit(context.Context) error {
	store := t.sink.store
	store.mu.Lock()
	defer store.mu.Unlock()
	if t.sink.epoch != store.epoch {
		return Errorf(Fenced, "commit", "", "another instance took over")
	}
	if err := t.sink.failure("commit"); err != nil {
		return err
	}
	t.done = true
	if t.sink.lose != "dropped" {
		if t.unit.Replace {
			store.ranges, store.rows = nil, nil
		}
		commit := fmt.Sprint(t.unit.Ranges)
		covered, err := store.admit(t.unit)
		if u := t.unit.Undo; u != nil && !covered {
			store.undo(*u)
			commit += fmt.Sprint(" undoing ", u.From)
			covered, err = store.admit(t.unit)
		}
		if covered || err != nil {
			return err
		}
		if !t.sink.stateless {
			store.ranges = append(store.ranges, t.unit.Ranges...)
		}
		store.rows = append(store.rows, t.rows...)
		store.commits = append(store.commits, commit)
	}
	if t.sink.lose != "" {
		return Errorf(Ambiguous, "commit", "", "the connection was lost")
	}
	return nil
}

func (t *fakeTx) Rollback(context.Context) error {
	t.sink.store.mu.Lock()
	defer t.sink.store.mu.Unlock()
	if !t.done {
		t.sink.store.rollbacks++
	}
	return nil
}

// admit applies the rules of real sinks.
func (s *fakeStore) admit(u Unit) (bool, error) {
	var over []coverage.Row
	for _, r := range s.ranges {
		if r.Start <= u.Ranges[0].End && r.End >= u.Ranges[0].Start {
			over = append(over, coverage.Row{Range: r})
		}
	}
	slices.SortFunc(over, func(a, b coverage.Row) int { return cmp.Compare(a.Start, b.Start) })
	return coverage.Admit(u.Ranges, over)
}

type fakeDriver struct{ sink *fakeSink }

func (d fakeDriver) Name() string                       { return "fake" }
func (d fakeDriver) Flags(fs *pflag.FlagSet)            { fs.String("fake-path", "", "a `file`") }
func (d fakeDriver) DDL(t *Table) (string, error)       { return "CREATE TABLE " + t.Name + ";\n", nil }
func (d fakeDriver) Open(context.Context) (Sink, error) { return d.sink, nil }

// rig is a loader with fake surroundings.
type rig struct {
	pipeline       Pipeline
	source         *fakeSource
	sink           *fakeSink
	env            map[string]string
	clock          fakeClock
	stdout, stderr bytes.Buffer
}

func newRig() *rig {
	source := &fakeSource{schema: querySchema, synced: onBranch("a", 0, 99), forked: noFork, changed: make(chan struct{})}
	return &rig{pipeline: testPipeline(), source: source, sink: &fakeSink{store: &fakeStore{}},
		env: map[string]string{"AMP_SERVER": "grpc://fake", "AMP_WORKERS": "1", "AMP_REORG_DEPTH": "10"}}
}

// fakeClock is a clock whose waits are over at once. Nothing takes too long.
type fakeClock struct {
	mu    sync.Mutex
	waits []time.Duration
	slept time.Duration // their sum
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fakeNow.Add(c.slept)
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits, c.slept = append(c.waits, d), c.slept+d
	return ctx.Err()
}

func (c *fakeClock) Timeout(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

func (c *fakeClock) Jitter(d time.Duration) time.Duration { return d }

// run runs the loader with the arguments and returns its exit code.
func (r *rig) run(ctx context.Context, args string) int {
	return r.runWith(ctx, fakeDriver{r.sink}, args)
}

func (r *rig) runWith(ctx context.Context, d Driver, args string) int {
	r.stdout.Reset()
	r.stderr.Reset()
	p := r.pipeline
	return (&program{pipeline: &p, driver: d, stdout: &r.stdout, stderr: &r.stderr,
		env:   func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
		dial:  func(*config) (Source, func(), error) { return r.source, func() {}, nil },
		clock: &r.clock,
	}).run(ctx, strings.Fields(args))
}

// expect runs the loader and checks the exit code.
func (r *rig) expect(t *testing.T, code int, args string) {
	t.Helper()
	if got := r.run(t.Context(), args); got != code {
		t.Fatalf("%q: exit code %d, want %d\n%s%s", args, got, code, r.stdout.String(), r.stderr.String())
	}
}

// checkRows checks that the sink has the rows of its own coverage and no others.
func (r *rig) checkRows(t *testing.T) {
	t.Helper()
	var want []string
	for _, s := range r.sink.store.ranges {
		branch := "a"
		if s.Hash != "" {
			branch = s.Hash[2:3]
		}
		tx := &fakeTx{}
		for n := s.Start; n <= s.End; n++ {
			if r.source.live { // it ends with the server's chain
				tx.Write(t.Context(), rowsOn(branchOf(n, r.source.forked), n, n))
			} else {
				tx.Write(t.Context(), rowsOn(branch, n, n))
			}
		}
		want = append(want, tx.rows...)
	}
	got := slices.Clone(r.sink.store.rows)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the sink has %d rows, its coverage has %d", len(got), len(want))
	}
}
