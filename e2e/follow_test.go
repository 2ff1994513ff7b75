package e2e

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
)

// The loaders of this file follow a stream with the labels of the example corpus.
const followSeed = 11

// followed is a chain that grows, and the database that a loader follows it into.
type followed struct {
	*server
	system system
	target string
	db     *sql.DB
	loader string
}

func newFollowed(t *testing.T, s system, blocks int) *followed {
	t.Helper()
	f := &followed{server: startServer(t, ampdev.Config{Seed: followSeed, Blocks: blocks, MicrobatchBlocks: 4}), system: s, target: s.empty(t)}
	f.db = s.open(t, f.target)
	f.loader = program(t, "erc20_transfers-"+s.name)
	return f
}

// followable are the systems that can be read while a loader writes.
var followable = []system{postgreSQL, inSnowflake}

// start starts a loader that follows the chain, in the repository's root, to which the compiled label path is relative.
func (f *followed) start(t *testing.T) *process {
	t.Helper()
	return start(t, repository, f.loader, "--server", f.server.url, f.system.location, f.target)
}

// mine adds blocks to the chain.
func (f *followed) mine(t *testing.T, n int) {
	t.Helper()
	if err := f.Mine(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

// last is the last committed block, and false while there is none.
func (f *followed) last() (uint64, bool) {
	rows, err := queryText(f.db, "SELECT CAST(max(end_block) AS varchar) FROM amp_stream_state")
	if err != nil || rows[0][0] == null {
		return 0, false // the loader makes the table
	}
	n, err := strconv.ParseUint(rows[0][0], 10, 64)
	return n, err == nil
}

// awaitTip waits until the loader has committed the last block of the chain.
func (f *followed) awaitTip(t *testing.T, p *process) {
	t.Helper()
	tip := f.Tip().Number
	p.await(t, fmt.Sprintf("block %d in the database", tip), func() (bool, string) {
		last, ok := f.last()
		return ok && last == tip, fmt.Sprintf("last block %d (%t)", last, ok)
	})
}

// awaitGrowth lets the chain grow on its own until the loader has committed some of the new blocks. It goes on growing.
func (f *followed) awaitGrowth(t *testing.T, p *process) {
	t.Helper()
	f.SetMining(5 * time.Millisecond)
	enough := f.Tip().Number + 5
	p.await(t, "some blocks more", func() (bool, string) {
		last, _ := f.last()
		return last > enough, fmt.Sprintf("last block %d", last)
	})
}

// check compares the database with the chain up to the last committed block. No loader runs, or there is nothing to load.
func (f *followed) check(t *testing.T) (rows int) {
	t.Helper()
	state := f.system.query(t, f.db, "SELECT CAST(max(end_block) AS varchar), CAST(sum(end_block - start_block + 1) AS varchar) FROM amp_stream_state")
	last, err := strconv.Atoi(state[0][0])
	if err != nil {
		t.Fatalf("last block %q: %v", state[0][0], err)
	}
	if blocks := strconv.Itoa(last + 1); state[0][1] != blocks {
		t.Errorf("the state covers %s blocks; from 0 to %d there are %s", state[0][1], last, blocks)
	}
	want := transferRows(syntheticChain(followSeed, last+1))
	checkRows(t, unlabelled, f.system.rows(t, f.db, "erc20_transfers", unlabelled), want)
	return len(want)
}

// unlabelled are the columns of erc20_transfers that come from the server.
var unlabelled = transferColumns[:10]

// transferRows are the rows of the query of erc20_transfers on a chain.
func transferRows(chain []*synth.Block) [][]string {
	var rows [][]string
	for _, t := range transfers(chain) {
		rows = append(rows, []string{t.blockNum(), t.block.Hash.String(), t.timestamp(), t.txHash(), strconv.Itoa(int(t.log.TxIndex)),
			t.logIndex(), t.token(), t.sender(), t.recipient(), t.value()})
	}
	return rows
}

// TestFollow follows a growing chain, with a stop, a kill and a restart after each.
func TestFollow(t *testing.T) {
	for _, s := range followable {
		t.Run(s.name, func(t *testing.T) { testFollow(t, s) })
	}
}

func testFollow(t *testing.T, s system) {
	f := newFollowed(t, s, 10)
	p := f.start(t)
	f.awaitTip(t, p)
	f.check(t)
	for range 3 {
		f.mine(t, 2)
		f.awaitTip(t, p)
		f.check(t)
	}

	// SIGTERM in the middle of things is the regular end.
	f.awaitGrowth(t, p)
	p.signal(t, syscall.SIGTERM)
	p.expect(t, 0)
	f.SetMining(0)
	last, _ := f.last()
	contains(t, p.stderr.String(), "loaded ", fmt.Sprintf("up to block %d;", last))
	f.mine(t, 1)
	before := f.check(t)

	// The next run goes on where that one ended.
	p = f.start(t)
	f.awaitTip(t, p)
	after := f.check(t)
	if after <= before {
		t.Errorf("%d rows after the restart, %d before", after, before)
	}

	// So does the one after a kill.
	f.awaitGrowth(t, p)
	p.signal(t, syscall.SIGKILL)
	p.expect(t, -1)
	f.SetMining(0)
	f.mine(t, 1)
	f.check(t)
	p = f.start(t)
	f.awaitTip(t, p)
	f.check(t)

	// While nothing happens, SIGINT ends it too.
	p.signal(t, syscall.SIGINT)
	p.expect(t, 0)
	contains(t, p.stderr.String(), fmt.Sprintf("up to block %d;", f.Tip().Number))
}

// TestSecondInstanceTakesOver starts a loader while another one follows the same pipeline.
func TestSecondInstanceTakesOver(t *testing.T) {
	for _, s := range followable {
		t.Run(s.name, func(t *testing.T) { testSecondInstanceTakesOver(t, s) })
	}
}

func testSecondInstanceTakesOver(t *testing.T, s system) {
	f := newFollowed(t, s, 5)
	first := f.start(t)
	f.awaitTip(t, first)

	second := f.start(t)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	holder := fmt.Sprintf("%s:%d", host, second.cmd.Process.Pid)
	second.await(t, "the second instance to take over", func() (bool, string) {
		rows, err := queryText(f.db, "SELECT holder FROM amp_stream_fence")
		return err == nil && rows[0][0] == holder, fmt.Sprint(rows, err)
	})
	f.mine(t, 1)
	first.expect(t, 4)
	contains(t, first.stderr.String(), holder)

	f.mine(t, 2)
	f.awaitTip(t, second)
	f.check(t)
	second.signal(t, syscall.SIGTERM)
	second.expect(t, 0)
}

// TestFollowIntoDuckDB follows into a file, which nobody else can read meanwhile: the loader's own words say how far it is.
func TestFollowIntoDuckDB(t *testing.T) {
	f := startServer(t, ampdev.Config{Seed: followSeed, Blocks: 10, MicrobatchBlocks: 4})
	target := filepath.Join(t.TempDir(), "follow.duckdb")
	loader := program(t, "erc20_transfers-duckdb")
	for range 2 {
		p := start(t, repository, loader, "--server", f.url, "--duckdb-path", target)
		p.await(t, "the stream to open", func() (bool, string) { return f.Status().Streams == 1, "no stream" })
		if err := f.Mine(t.Context(), 5); err != nil {
			t.Fatal(err)
		}
		p.signal(t, syscall.SIGTERM)
		p.expect(t, 0)
		await(t, "the stream to close", func() (bool, string) { return f.Status().Streams == 0, "it is open" })
	}
	command(t, repository, loader, "--server", f.url, "--duckdb-path", target, "--to-block", "latest")
	checkRows(t, unlabelled, duckDB.rows(t, duckDB.open(t, target), "erc20_transfers", unlabelled), transferRows(syntheticChain(followSeed, 20)))
}
