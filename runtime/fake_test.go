package runtime

import (
	"bytes"
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

// fakeSource serves the blocks of synced, and plays scripts to those who follow.
type fakeSource struct {
	schema   *arrow.Schema
	synced   Range
	grow     uint64  // blocks that the chain grows by with each query for rows
	unsynced bool    // the queried tables have no blocks
	cut      bool    // answers end before they are complete
	opened   func()  // called by Open, if set
	fail     []error // what the next openings of a followed stream answer with; nil: they succeed
	events   []any   // of each followed stream in turn: Message, error, or a func that is called

	mu       sync.Mutex
	queries  []string // the filters of the queries that were run, "" for the whole query
	requests []Request
}

func (s *fakeSource) Schema(context.Context, string, bool) (*arrow.Schema, error) {
	return s.schema, nil
}

var filter = regexp.MustCompile(`\) AS "ampgen_range" WHERE (?:FALSE|"block_num" >= (\d+) AND "block_num" <= (\d+))$`)

func (s *fakeSource) Open(_ context.Context, req Request) (SourceStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, req)
	if s.opened != nil {
		s.opened()
	}
	if req.Follow && len(s.fail) > 0 {
		err := s.fail[0]
		s.fail = s.fail[1:]
		if err != nil {
			return nil, err
		}
	}
	if req.Follow {
		return &fakeStream{schema: s.schema, source: s}, nil
	}
	if s.unsynced {
		return &fakeStream{schema: s.schema, events: []any{Message{Record: rowsOf(1, 0), Complete: true}, io.EOF}}, nil
	}
	events := []any{Message{Record: rowsOf(1, 0), Ranges: []Range{s.synced}}}
	from, to := s.synced.Start, s.synced.End
	if m := filter.FindStringSubmatch(req.SQL); m != nil && m[1] == "" {
		s.queries = append(s.queries, "none")
		from, to = 1, 0
	} else if m != nil {
		from, _ = strconv.ParseUint(m[1], 10, 64)
		to, _ = strconv.ParseUint(m[2], 10, 64)
		s.queries = append(s.queries, m[1]+"-"+m[2])
	} else {
		s.queries = append(s.queries, "")
	}
	for n := from; n <= to && from <= to; n += 2 {
		events = append(events, Message{Record: rowsOf(n, min(n+1, to)), Ranges: []Range{s.synced}})
	}
	if !s.cut {
		events = append(events, Message{Record: rowsOf(1, 0), Ranges: []Range{s.synced}, Complete: true})
	}
	if from <= to && s.grow > 0 {
		s.synced = onBranch("a", s.synced.Start, s.synced.End+s.grow)
		s.grow--
	}
	return &fakeStream{schema: s.schema, events: append(events, io.EOF)}, nil
}

type fakeStream struct {
	schema *arrow.Schema
	events []any
	source *fakeSource // set for followed streams, which play the source's script
}

func (s *fakeStream) Schema() *arrow.Schema { return s.schema }
func (s *fakeStream) Close() error          { return nil }

func (s *fakeStream) Next(ctx context.Context) (Message, error) {
	for {
		events := &s.events
		if s.source != nil {
			events = &s.source.events
		}
		if ctx.Err() != nil {
			return Message{}, ctx.Err()
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

// fakeSink keeps rows as text. Several may share a store, as loaders share a database.
type fakeSink struct {
	store *fakeStore
	epoch uint64
	// lose makes commits answer with an Ambiguous error: "applied" or "dropped" says what became of them.
	lose string
	// fail has errors that the next calls of an operation answer with: begin, commit, undo, state.
	fail map[string][]error
}

type fakeStore struct {
	mu        sync.Mutex
	prepared  int
	epoch     uint64
	ranges    []Range
	rows      []string
	commits   []string // what each commit covered, and "undo" with the block that was undone from
	rollbacks int
}

func (s *fakeSink) Prepare(context.Context, *Table) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.prepared++
	s.store.epoch++
	s.epoch = s.store.epoch
	return nil
}

func (s *fakeSink) State(context.Context, *Table) (State, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if err := s.failure("state"); err != nil {
		return State{}, err
	}
	return State{Ranges: slices.Clone(s.store.ranges), Changed: fakeNow.Add(-65 * time.Second), Fence: s.store.epoch, Holder: "host:1"}, nil
}

func (s *fakeSink) Begin(_ context.Context, u Unit) (Tx, error) {
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
	s.commits = append(s.commits, fmt.Sprint("undo ", u.From))
}

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
		store.ranges = append(store.ranges, t.unit.Ranges...)
		store.rows = append(store.rows, t.rows...)
		store.commits = append(store.commits, fmt.Sprint(t.unit.Ranges))
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
	waits          []time.Duration // what the loader slept
	stdout, stderr bytes.Buffer
}

func newRig() *rig {
	return &rig{pipeline: testPipeline(), source: &fakeSource{schema: querySchema, synced: onBranch("a", 0, 99)},
		sink: &fakeSink{store: &fakeStore{}}, env: map[string]string{"AMP_SERVER": "grpc://fake"}}
}

// run runs the loader with the arguments and returns its exit code.
func (r *rig) run(ctx context.Context, args string) int {
	r.stdout.Reset()
	r.stderr.Reset()
	p := r.pipeline
	return (&program{pipeline: &p, driver: fakeDriver{r.sink}, stdout: &r.stdout, stderr: &r.stderr,
		env:  func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
		dial: func(*config) (Source, func(), error) { return r.source, func() {}, nil },
		now:  func() time.Time { return fakeNow },
		sleep: func(ctx context.Context, d time.Duration) error {
			r.waits = append(r.waits, d)
			return ctx.Err()
		},
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
		tx.Write(t.Context(), rowsOn(branch, s.Start, s.End))
		want = append(want, tx.rows...)
	}
	got := slices.Clone(r.sink.store.rows)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the sink has %d rows, its coverage has %d", len(got), len(want))
	}
}
