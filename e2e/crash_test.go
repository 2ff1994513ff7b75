package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
	"github.com/ampgen/ampgen/e2e/branches"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// The loaders of this file kill themselves at the crash points, one after the other, while the chain grows and reorganises. What
// each leaves behind must be a whole number of commits, and the one after the last kill must get to the tip.

// crashLoaders builds the loaders that have the crash points, once.
var crashLoaders = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(binaries, "crash")
	_, err := goCommand(repository, []string{"GOFLAGS=-tags=crashpoints"}, "build", "-o", dir+string(filepath.Separator), "./generated/erc20_transfers/cmd/...")
	return dir, err
})

// absent are the points that a sink does not have.
var absent = map[string][]crash.Name{
	"duckdb": {crash.DuringStateMigration}, // one script makes and migrates all tables: its point is during-ddl
}

// ofHistory are the points that a loader comes to when it loads history, and inHistoryOnly those of nothing else.
var (
	ofHistory = []crash.Name{crash.AfterReceive, crash.AfterValidate, crash.MidEncode, crash.CopySentNoReply, crash.AfterRowsBeforeState,
		crash.StateSentNoReply, crash.AfterCommitBeforeAck, crash.DuringGapCommit, crash.DuringHandover}
	inHistoryOnly = []crash.Name{crash.DuringGapCommit, crash.DuringHandover}
)

// crashes counts over all tests.
type crashes struct {
	points sync.Map // names of those that killed a loader
	kills  atomic.Int64
}

func TestCrashPoints(t *testing.T) {
	var total crashes
	t.Run("sinks", func(t *testing.T) {
		for _, s := range []system{duckDB, postgreSQL} {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				for _, p := range crash.Points {
					if slices.Contains(absent[s.name], p.Name) {
						continue
					}
					kills := []int{1, 2, 5}
					if p.Once {
						kills = []int{1, 1, 1}
					}
					if !slices.Contains(inHistoryOnly, p.Name) {
						t.Run("stream/"+string(p.Name), func(t *testing.T) { newCrashRig(t, s, &total).sweepStream(t, p.Name, kills) })
					}
					if slices.Contains(ofHistory, p.Name) {
						t.Run("history/"+string(p.Name), func(t *testing.T) { newCrashRig(t, s, &total).sweepHistory(t, p.Name, kills) })
					}
				}
			})
		}
	})
	covered := 0
	total.points.Range(func(any, any) bool { covered++; return true })
	t.Logf("%d of %d crash points covered, %d kills survived", covered, len(crash.Points), total.kills.Load())
}

// TestOrdinaryLoadersHaveNoCrashPoints looks into a loader as users build it.
func TestOrdinaryLoadersHaveNoCrashPoints(t *testing.T) {
	program, err := os.ReadFile(program(t, "erc20_transfers-postgres"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"AMPGEN_CRASH", string(crash.UndoBeforeReplacement)} {
		if strings.Contains(string(program), text) {
			t.Errorf("%q is in the program", text)
		}
	}
}

// crashRig is a chain, and a place that loaders load it into.
type crashRig struct {
	*crashes
	chain  *branches.Chain
	system system
	target string // a file or a URL
	loader string
}

func newCrashRig(t *testing.T, s system, total *crashes) *crashRig {
	t.Helper()
	dir, err := crashLoaders()
	if err != nil {
		t.Fatal(err)
	}
	r := &crashRig{crashes: total, system: s, loader: filepath.Join(dir, "erc20_transfers-"+s.name)}
	r.target = filepath.Join(t.TempDir(), "crash.duckdb")
	if s.name == postgreSQL.name {
		r.target = pgtest.Database(t)
	}
	r.chain, err = branches.Serve(t.Context(), ampdev.Config{Seed: 5, Blocks: 8, MicrobatchBlocks: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.chain.Close(); err != nil {
			t.Error(err)
		}
	})
	r.chain.SetBatchRows(100)
	if s.name == postgreSQL.name {
		r.watch(t)
	}
	return r
}

// watch looks at the table all the time until the test ends.
func (r *crashRig) watch(t *testing.T) {
	w := branches.NewWatcher(r.chain, r.system.open(t, r.target))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if _, err := w.Look(ctx, 0); err != nil && ctx.Err() == nil {
				t.Errorf("a reader of the database sees: %v", err)
				return
			}
			time.Sleep(5 * time.Millisecond) // leave the machine to the others
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		if w.Looks == 0 {
			t.Error("the reader of the database never saw anything")
		}
		for hash, n := range w.Rows {
			blocks, err := r.chain.Branch(0, hash)
			if err != nil {
				t.Fatal(err)
			}
			last := r.chain.Contents(blocks[len(blocks)-1])
			if want := len(transfers([]*synth.Block{last})); n != want {
				t.Errorf("the reader saw %d rows of block %d (%s), which has %d", n, last.Number, hash, want)
			}
		}
	})
}

// start starts a loader, which is killed at the crash point if there is one.
func (r *crashRig) start(t *testing.T, crashAt string, args ...string) *process {
	t.Helper()
	args = append([]string{"AMPGEN_CRASH=" + crashAt, r.loader, "--server", r.chain.URL, r.system.flag(), r.target}, args...)
	if crashAt == "" {
		args = args[1:]
	}
	return start(t, repository, "env", args...)
}

// flag names the database on a loader's command line.
func (s system) flag() string {
	if s.name == postgreSQL.name {
		return "--postgres-url"
	}
	return "--duckdb-path"
}

// killed waits for a loader to be killed. Meanwhile something happens to the chain, over and over again.
func (r *crashRig) killed(t *testing.T, p *process, point crash.Name, weather func(step int) error) {
	t.Helper()
	deadline := time.After(patience)
	for step := 0; ; step++ {
		select {
		case <-p.exited:
			status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != syscall.SIGKILL {
				t.Fatalf("the loader never came to %s: %s\n%s", point, p.cmd.ProcessState, &p.stderr)
			}
			r.points.Store(point, true)
			r.kills.Add(1)
			return
		case <-deadline:
			t.Fatalf("the loader has not come to %s after %s:\n%s", point, patience, &p.stderr)
		case <-time.After(20 * time.Millisecond):
		}
		if r.chain.Status().Streams == 0 {
			continue
		}
		if err := weather(step); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *crashRig) sweepStream(t *testing.T, point crash.Name, kills []int) {
	if point == crash.DuringStateMigration || point == crash.DuringDDL {
		r.olderState(t)
	}
	for _, n := range kills {
		p := r.start(t, fmt.Sprintf("%s:%d", point, n))
		r.killed(t, p, point, func(step int) error {
			switch {
			case point == crash.DuringShutdown:
				p.signal(t, syscall.SIGTERM)
			case point == crash.DuringRollback && step%3 == 0:
				r.chain.Fail(codes.Unavailable, "the server is gone", step%7)
			case step%3 == 2:
				depth := 1 + step%4
				return r.chain.Reorg(t.Context(), depth, depth+1)
			}
			return r.chain.Mine(t.Context(), 1)
		})
		r.check(t)
	}
	r.settle(t)
	if point == crash.DuringStateMigration || point == crash.DuringDDL {
		r.checkOlderState(t)
	}
}

func (r *crashRig) sweepHistory(t *testing.T, point crash.Name, kills []int) {
	if err := r.chain.Mine(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	args := []string{"--to-block", "latest", "--chunk-blocks", "1"}
	if point == crash.DuringHandover {
		args = append(args, "--follow")
	}
	for _, n := range kills {
		p := r.start(t, fmt.Sprintf("%s:%d", point, n), args...)
		r.killed(t, p, point, func(int) error { return nil })
		r.check(t)
	}
	if point == crash.DuringHandover {
		r.settle(t)
		return
	}
	r.start(t, "", args...).expect(t, 0)
	r.checkTip(t)
}

// settle runs loaders without a crash until one gets to the tip.
func (r *crashRig) settle(t *testing.T) {
	t.Helper()
	await(t, "a loader to get to the tip", func() (bool, string) {
		p := r.start(t, "")
		await(t, "the loader to follow", func() (bool, string) { return r.chain.Status().Streams > 0, p.stderr.String() })
		time.Sleep(200 * time.Millisecond) // let it work; it need not be done
		p.signal(t, syscall.SIGTERM)
		p.expect(t, 0)
		covered := r.check(t)
		return covered.Hash == r.chain.Tip().Hash.String(), fmt.Sprintf("the database has block %d\n%s", covered.Last, &p.stderr)
	})
	r.checkTip(t)
}

func (r *crashRig) checkTip(t *testing.T) {
	t.Helper()
	if covered := r.check(t); covered.First != 0 || covered.Hash != r.chain.Tip().Hash.String() {
		t.Errorf("the database has the blocks %d to %d (%s), the tip is %d (%s)", covered.First, covered.Last, covered.Hash,
			r.chain.Tip().Number, r.chain.Tip().Hash)
	}
}

// database opens what the loaders left, while none runs. DuckDB's file is copied, so that nobody but a loader recovers it.
func (r *crashRig) database(t *testing.T) *sql.DB {
	t.Helper()
	if r.system.name == postgreSQL.name {
		return r.system.open(t, r.target)
	}
	copied := filepath.Join(t.TempDir(), "copy.duckdb")
	for _, suffix := range []string{"", ".wal"} {
		data, err := os.ReadFile(r.target + suffix)
		if os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = os.WriteFile(copied+suffix, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return r.openToWrite(t, copied)
}

func (r *crashRig) openToWrite(t *testing.T, target string) *sql.DB {
	t.Helper()
	db, err := sql.Open(r.system.driver, target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// check compares what is committed with the branch of the chain that it is of.
func (r *crashRig) check(t *testing.T) branches.Coverage {
	t.Helper()
	db := r.database(t)
	defer db.Close()
	if n := r.system.query(t, db, "SELECT CAST(count(*) AS varchar) FROM information_schema.tables WHERE table_name = 'erc20_transfers'"); n[0][0] == "0" {
		return branches.Coverage{Empty: true}
	}
	var ranges []blockrange.Range
	for _, row := range r.system.query(t, db, `SELECT network, CAST(start_block AS varchar), CAST(end_block AS varchar), end_hash
			FROM amp_stream_state AS t WHERE connection_name = 'erc20_transfers' ORDER BY t.start_block`) {
		start, err1 := strconv.ParseUint(row[1], 10, 64)
		end, err2 := strconv.ParseUint(row[2], 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("state %q", row)
		}
		ranges = append(ranges, blockrange.FromStored(row[0], start, end, row[3], ""))
	}
	covered, err := branches.Join(ranges)
	if err != nil {
		t.Error(err)
	}
	want := transferRows(r.contents(t, covered, ranges))
	checkRows(t, unlabelled, r.system.rows(t, db, "erc20_transfers", unlabelled), want)
	return covered
}

// contents are the covered blocks. Where the state has no hashes, as in history that is not loaded up to the tip, they are those
// of the chain, which has not been reorganised then.
func (r *crashRig) contents(t *testing.T, covered branches.Coverage, ranges []blockrange.Range) []*synth.Block {
	t.Helper()
	if covered.Empty {
		return nil
	}
	hash := covered.Hash
	if ranges[len(ranges)-1].Hash == "" {
		b, ok := r.chain.Block(covered.Last)
		if !ok {
			t.Fatalf("the state ends with block %d, which the chain does not have", covered.Last)
		}
		hash = b.Hash.String()
	}
	blocks, err := r.chain.Branch(covered.First, hash)
	if err != nil {
		t.Fatal(err)
	}
	if last := blocks[len(blocks)-1].Number; last != covered.Last {
		t.Errorf("the state ends with block %d and the hash of block %d", covered.Last, last)
	}
	var out []*synth.Block
	for _, b := range blocks {
		out = append(out, r.chain.Contents(b))
	}
	return out
}

// olderState makes the state table as loaders before this one did, with somebody else's state in it.
func (r *crashRig) olderState(t *testing.T) {
	t.Helper()
	db := r.openToWrite(t, r.target)
	defer db.Close()
	for _, statement := range []string{
		`CREATE TABLE amp_stream_state (connection_name TEXT NOT NULL, table_name TEXT NOT NULL, network TEXT NOT NULL, batch_id TEXT NOT NULL,
			start_block BIGINT NOT NULL, end_block BIGINT NOT NULL, end_hash TEXT, start_parent_hash TEXT,
			processed_at TIMESTAMPTZ NOT NULL DEFAULT now(), PRIMARY KEY (connection_name, table_name, network, batch_id))`,
		`INSERT INTO amp_stream_state (connection_name, table_name, network, batch_id, start_block, end_block, end_hash, start_parent_hash)
			VALUES ('default', 'blocks', 'blocks', '0123456789abcdef', 0, 1000, 'ff', NULL)`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *crashRig) checkOlderState(t *testing.T) {
	t.Helper()
	db := r.database(t)
	defer db.Close()
	rows := r.system.query(t, db, `SELECT batch_id, CAST(start_block AS varchar), CAST(end_block AS varchar), end_hash
		FROM amp_stream_state WHERE connection_name = 'default'`)
	if len(rows) != 1 || !slices.Equal(rows[0], []string{"0123456789abcdef", "0", "1000", "ff"}) {
		t.Errorf("somebody else's state is %q now", rows)
	}
}
