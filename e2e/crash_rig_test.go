package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
	"github.com/ampgen/ampgen/e2e/branches"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/crash"
)

// crashRig is a chain, and a place that loaders load it into.
type crashRig struct {
	*crashes
	chain  *branches.Chain
	system system
	target string
	loader string
}

func newCrashRig(t *testing.T, s system, total *crashes) *crashRig {
	t.Helper()
	dir, err := crashLoaders()
	if err != nil {
		t.Fatal(err)
	}
	r := &crashRig{crashes: total, system: s, target: s.empty(t), loader: filepath.Join(dir, "erc20_transfers-"+s.name)}
	r.chain, err = branches.Serve(t.Context(), ampdev.Config{Seed: 5, FirstBlock: firstBlock, Blocks: 8, MicrobatchBlocks: 2})
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
			blocks, err := r.chain.Branch(firstBlock, hash)
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
	args = append([]string{"AMPGEN_CRASH=" + crashAt, r.loader, "--server", r.chain.URL, r.system.location, r.target}, args...)
	if crashAt == "" {
		args = args[1:]
	}
	return start(t, repository, "env", args...)
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

// settle runs loaders without a crash until one gets to the tip.
func (r *crashRig) settle(t *testing.T, args ...string) {
	t.Helper()
	await(t, "a loader to get to the tip", func() (bool, string) {
		p := r.start(t, "", args...)
		p.await(t, "the loader to follow", func() (bool, string) { return r.chain.Status().Streams > 0, "no stream" })
		work := 200 * time.Millisecond // it need not be done then
		if r.system.name == inSnowflake.name {
			work = time.Second // its commits are some round trips each
		}
		time.Sleep(work)
		p.signal(t, syscall.SIGTERM)
		p.expect(t, 0)
		problem := r.atTip(t)
		return problem == "", problem + "\n" + p.stderr.String()
	})
}

func (r *crashRig) checkTip(t *testing.T) {
	t.Helper()
	if problem := r.atTip(t); problem != "" {
		t.Error(problem)
	}
}

// atTip checks the database and says what it lacks to be the whole chain.
func (r *crashRig) atTip(t *testing.T) string {
	t.Helper()
	next := uint64(firstBlock)
	for _, b := range r.check(t) {
		if now, _ := r.chain.Block(b.Number); b != now || b.Number != next {
			return fmt.Sprintf("the database has block %d (%s) where the chain has block %d (%s)", b.Number, b.Hash, next, now.Hash)
		}
		next++
	}
	if tip := r.chain.Tip().Number; next != tip+1 {
		return fmt.Sprintf("the database has the blocks before %d, and the tip is %d", next, tip)
	}
	return ""
}

// database opens what the loaders left, while none runs. DuckDB's file is copied, so that nobody but a loader recovers it.
func (r *crashRig) database(t *testing.T) *sql.DB {
	t.Helper()
	if r.system.name != duckDB.name {
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
	if r.system.name != duckDB.name {
		return r.system.open(t, target)
	}
	db, err := sql.Open(r.system.driver, target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// check compares the table with the state, and returns the blocks that both have.
func (r *crashRig) check(t *testing.T) []chain.Block {
	t.Helper()
	db := r.database(t)
	defer db.Close()
	options := &sql.TxOptions{}
	if r.system.name == postgreSQL.name {
		options.Isolation = sql.LevelRepeatableRead // a loader may be running
	}
	tx, err := db.BeginTx(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if !r.has(t, tx, "erc20_transfers") {
		return nil
	}
	// Each statement of Snowflake sees what is committed by then, and what the loader sent before it was killed may still be on its way.
	state := r.state(t, tx)
	got := r.system.rows(t, tx, "erc20_transfers", unlabelled)
	for now := r.state(t, tx); !slices.Equal(state, now); now = r.state(t, tx) {
		state, got = now, r.system.rows(t, tx, "erc20_transfers", unlabelled)
	}
	blocks, err := r.chain.Covered(state, firstBlock, func(number uint64) string {
		n := strconv.FormatUint(number, 10)
		if i := slices.IndexFunc(got, func(row []string) bool { return row[0] == n }); i >= 0 {
			return got[i][1] // block_hash
		}
		return ""
	})
	if err != nil {
		t.Fatal(err)
	}
	var contents []*synth.Block
	for _, b := range blocks {
		contents = append(contents, r.chain.Contents(b))
	}
	checkRows(t, unlabelled, got, transferRows(contents))
	return blocks
}

func (r *crashRig) has(t *testing.T, tx *sql.Tx, table string) bool {
	t.Helper()
	return r.system.query(t, tx, "SELECT CAST(count(*) AS varchar) FROM information_schema.tables WHERE lower(table_name) = '"+table+"'")[0][0] != "0"
}

// state reads the committed ranges, without those that are before the chain's first block.
func (r *crashRig) state(t *testing.T, tx *sql.Tx) []blockrange.Range {
	t.Helper()
	if !r.has(t, tx, "amp_stream_state") {
		return nil // in Snowflake a loader makes one table after the other
	}
	var ranges []blockrange.Range
	for _, row := range r.system.query(t, tx, `SELECT network, CAST(start_block AS varchar), CAST(end_block AS varchar), end_hash
			FROM amp_stream_state AS t WHERE connection_name = 'erc20_transfers' AND start_block >= `+strconv.Itoa(firstBlock)+" ORDER BY t.start_block") {
		start, err1 := strconv.ParseUint(row[1], 10, 64)
		end, err2 := strconv.ParseUint(row[2], 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("state %q", row)
		}
		ranges = append(ranges, blockrange.FromStored(row[0], start, end, row[3], ""))
	}
	return ranges
}
