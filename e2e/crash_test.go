package e2e

import (
	"fmt"
	"math/rand/v2"
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

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/crash"
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
	// No older make has written DuckDB files, and a commit there has no reply to wait for.
	"duckdb":   {crash.DuringStateMigration, crash.CommitSentNoReply, crash.AfterUploadBeforeCopy},
	"postgres": {crash.AfterUploadBeforeCopy},
}

// The points that a loader comes to when it loads history, when it loads blocks again, and when it loads history and follows the
// stream.
var (
	ofHistory = []crash.Name{crash.AfterReceive, crash.AfterValidate, crash.MidEncode, crash.AfterUploadBeforeCopy, crash.CopySentNoReply, crash.AfterRowsBeforeState,
		crash.StateSentNoReply, crash.CommitSentNoReply, crash.AfterCommitBeforeAck, crash.DuringGapCommit}
	ofRedo = []crash.Name{crash.MidEncode, crash.CopySentNoReply, crash.CommitSentNoReply, crash.MidRedo}
	ofBoth = append([]crash.Name{crash.MidUndo, crash.UndoBeforeReplacement, crash.DuringHandover}, ofHistory...)
)

// firstBlock is the chain's first. The state of a loader that has run for long has blocks before it.
const firstBlock = 5000

// crashes counts over all tests.
type crashes struct {
	points sync.Map // names of those that killed a loader
	kills  atomic.Int64
}

func TestCrashPoints(t *testing.T) {
	var total crashes
	t.Run("sinks", func(t *testing.T) {
		for _, s := range []system{duckDB, postgreSQL, inSnowflake} {
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
					sweep := func(how string, run func(*crashRig, *testing.T, crash.Name, []int)) {
						t.Run(how+"/"+string(p.Name), func(t *testing.T) {
							t.Parallel()
							run(newCrashRig(t, s, &total), t, p.Name, kills)
						})
					}
					if !slices.Contains([]crash.Name{crash.DuringGapCommit, crash.DuringHandover, crash.MidRedo}, p.Name) {
						sweep("stream", (*crashRig).sweepStream)
					}
					if slices.Contains(ofHistory, p.Name) {
						sweep("history", (*crashRig).sweepHistory)
					}
					if slices.Contains(ofBoth, p.Name) {
						sweep("joined", (*crashRig).sweepJoined)
					}
					if slices.Contains(ofRedo, p.Name) {
						sweep("redo", (*crashRig).sweepRedo)
					}
				}
			})
		}
	})
	covered := 0
	total.points.Range(func(any, any) bool { covered++; return true })
	t.Logf("%d of %d crash points covered, %d kills survived", covered, len(crash.Points), total.kills.Load())
}

// TestKillsAtRandom kills loaders at moments that nobody chose, with and without history to load.
func TestKillsAtRandom(t *testing.T) {
	for _, s := range []system{duckDB, postgreSQL} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			r := newCrashRig(t, s, &crashes{})
			args := []string{"--follow", "--reorg-depth", "6", "--chunk-blocks", "2"}
			var given []string
			for range 12 {
				// A loader without bounds refuses what one with them may leave on top: blocks that were loaded by number.
				if random.IntN(2) == 0 {
					given = args
				}
				p := r.start(t, "", given...)
				for end := time.Now().Add(time.Duration(random.IntN(400)) * time.Millisecond); time.Now().Before(end); {
					time.Sleep(10 * time.Millisecond)
					var err error
					if depth := 1 + random.IntN(5); random.IntN(4) == 0 {
						err = r.chain.Reorg(t.Context(), depth, depth+1)
					} else {
						err = r.chain.Mine(t.Context(), 1)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				p.signal(t, syscall.SIGKILL)
				p.expect(t, -1)
				r.check(t)
			}
			r.settle(t, args...)
		})
	}
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

func (r *crashRig) sweepStream(t *testing.T, point crash.Name, kills []int) {
	switch point {
	case crash.DuringStateMigration:
		r.olderState(t)
	case crash.DuringCompaction:
		r.longState(t)
	}
	for _, n := range kills {
		p := r.start(t, fmt.Sprintf("%s:%d", point, n))
		asked := false
		r.killed(t, p, point, func(step int) error {
			switch {
			case point == crash.DuringShutdown && !asked:
				asked = true // once: a second signal ends a loader at once
				p.signal(t, syscall.SIGTERM)
				return nil
			case point == crash.UndoBeforeReplacement:
				return r.forkUnseen(t, step)
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
	switch point {
	case crash.DuringStateMigration:
		r.checkOlderState(t)
	case crash.DuringCompaction:
		r.checkLongState(t)
	}
}

// sweepHistory loads history by workers: on what others left, with a gap at the head and one of a block, and in other partitions after
// each kill.
func (r *crashRig) sweepHistory(t *testing.T, point crash.Name, kills []int) {
	if err := r.chain.Mine(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	for _, left := range [][2]int{{2, 4}, {6, 6}} {
		r.start(t, "", "--from-block", strconv.Itoa(firstBlock+left[0]), "--to-block", strconv.Itoa(firstBlock+left[1]), "--chunk-blocks", "3", "--reorg-depth", "2").expect(t, 0)
	}
	args := []string{"--to-block", "latest", "--reorg-depth", "2", "--chunk-blocks", "1"}
	for i, n := range kills {
		p := r.start(t, fmt.Sprintf("%s:%d", point, n), append(args, "--partition-blocks", strconv.Itoa(7-2*i))...)
		r.killed(t, p, point, func(int) error { return nil })
		r.check(t)
	}
	r.start(t, "", args...).expect(t, 0)
	r.checkTip(t)
}

// sweepJoined loads history and the stream at the same time, while what is still close to the tip is reorganised.
func (r *crashRig) sweepJoined(t *testing.T, point crash.Name, kills []int) {
	if err := r.chain.Mine(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
	args := []string{"--follow", "--reorg-depth", "4", "--chunk-blocks", "1"}
	for _, n := range kills {
		p := r.start(t, fmt.Sprintf("%s:%d", point, n), args...)
		r.killed(t, p, point, func(step int) error {
			switch {
			case point == crash.UndoBeforeReplacement:
				return r.forkUnseen(t, step)
			case step%3 == 2:
				return r.chain.Reorg(t.Context(), 1+step%4, 2+step%4)
			}
			return r.chain.Mine(t.Context(), 2)
		})
		r.check(t)
	}
	r.settle(t, args...)
}

// forkUnseen mines, and now and then replaces the last block while the loader is not connected. The range that shows the fork begins
// with the block of the cursor then, and may come from a server that does not know where the fork is. So the whole range of that
// block is undone, in a commit of its own, and the stream is opened before it.
func (r *crashRig) forkUnseen(t *testing.T, step int) error {
	if step%5 < 4 {
		return r.chain.Mine(t.Context(), 2)
	}
	r.chain.DropConnections()
	return r.chain.Reorg(t.Context(), 1, 2)
}

// sweepRedo loads blocks again that are loaded.
func (r *crashRig) sweepRedo(t *testing.T, point crash.Name, kills []int) {
	r.settle(t)
	args := []string{"redo", "--range", fmt.Sprintf("%d-%d", firstBlock+1, r.chain.Tip().Number-1), "--chunk-blocks", "1"}
	for _, n := range kills {
		r.killed(t, r.start(t, fmt.Sprintf("%s:%d", point, n), args...), point, func(int) error { return nil })
		r.checkTip(t)
	}
	r.start(t, "", args...).expect(t, 0)
	r.checkTip(t)
}

// olderState makes the state table as loaders before this one did, with somebody else's state in it.
func (r *crashRig) olderState(t *testing.T) {
	t.Helper()
	r.write(t,
		`CREATE TABLE amp_stream_state (connection_name TEXT NOT NULL, table_name TEXT NOT NULL, network TEXT NOT NULL, batch_id TEXT NOT NULL,
			start_block BIGINT NOT NULL, end_block BIGINT NOT NULL, end_hash TEXT, start_parent_hash TEXT,
			processed_at TIMESTAMPTZ NOT NULL DEFAULT now(), PRIMARY KEY (connection_name, table_name, network, batch_id))`,
		`INSERT INTO amp_stream_state (connection_name, table_name, network, batch_id, start_block, end_block, end_hash, start_parent_hash)
			VALUES ('default', 'blocks', 'blocks', '0123456789abcdef', 0, 1000, 'ff', NULL)`)
}

// write runs statements in the dialect of the first two systems, which the third one nearly has.
func (r *crashRig) write(t *testing.T, statements ...string) {
	t.Helper()
	dialect := strings.NewReplacer()
	if r.system.name == inSnowflake.name {
		dialect = strings.NewReplacer("TIMESTAMPTZ", "TIMESTAMP_NTZ", "now()", "CURRENT_TIMESTAMP()")
	}
	db := r.openToWrite(t, r.target)
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), dialect.Replace(statement)); err != nil {
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

// older is how many blocks the long state has before the chain's first. They had no transfers.
const older = blockrange.KeepBoundaries + 100

// longState makes a state of one-block commits that is due to be compacted.
func (r *crashRig) longState(t *testing.T) {
	t.Helper()
	p := r.start(t, "") // makes the tables
	p.await(t, "the loader to follow", func() (bool, string) { return r.chain.Status().Streams > 0, "no stream" })
	p.signal(t, syscall.SIGKILL)
	p.expect(t, -1)
	hash := func(n int) string { return fmt.Sprintf("0x%064x", n) }
	var values []string
	for n := firstBlock - older; n < firstBlock; n++ {
		b := blockrange.Range{Network: "mainnet", Start: uint64(n), End: uint64(n), Hash: hash(n), PrevHash: hash(n - 1)}
		if n == firstBlock-1 {
			b.Hash = r.chain.First().Parent.String()
		}
		values = append(values, fmt.Sprintf("('erc20_transfers', 'erc20_transfers', 'mainnet', '%s', %d, %d, '%s', '%s')", b.ID(), n, n, b.Hash, b.PrevHash))
	}
	r.write(t, `INSERT INTO amp_stream_state
		(connection_name, table_name, network, batch_id, start_block, end_block, end_hash, start_parent_hash) VALUES `+strings.Join(values, ", "))
}

func (r *crashRig) checkLongState(t *testing.T) {
	t.Helper()
	db := r.database(t)
	defer db.Close()
	got := r.system.query(t, db, fmt.Sprintf(`SELECT CAST(sum(end_block - start_block + 1) AS varchar), CAST(sum(coalesce(units, 1)) AS varchar),
		CASE WHEN count(*) < %d THEN 'compact' ELSE 'long' END FROM amp_stream_state WHERE start_block < %[2]d`, older, firstBlock))
	if want := []string{strconv.Itoa(older), strconv.Itoa(older), "compact"}; !slices.Equal(got[0], want) {
		t.Errorf("the state of the blocks before %d has blocks, units and length %q, want %q", firstBlock, got[0], want)
	}
}
