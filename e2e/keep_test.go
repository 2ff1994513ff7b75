package e2e

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
	"github.com/ampgen/ampgen/e2e/branches"
)

// TestStateInMemory follows a chain through reorganisations and lost connections without a state in the database, history included.
func TestStateInMemory(t *testing.T) {
	for _, s := range []system{postgreSQL, inSnowflake} {
		t.Run(s.name, func(t *testing.T) { testStateInMemory(t, s) })
	}
}

func testStateInMemory(t *testing.T, s system) {
	chain, err := branches.Serve(t.Context(), ampdev.Config{Seed: 8, Blocks: 30, MicrobatchBlocks: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := chain.Close(); err != nil {
			t.Error(err)
		}
	})
	target := s.empty(t)
	db := s.open(t, target)
	p := start(t, repository, program(t, "erc20_transfers-"+s.name), "--server", chain.URL, s.location, target,
		"--state", "memory", "--follow", "--reorg-depth", "8", "--chunk-blocks", "4")
	check := func() {
		t.Helper()
		want := canonical(t, chain)
		last := want[len(want)-1][1]
		p.await(t, "the rows of the chain", func() (bool, string) {
			hashes, err := queryText(db, "SELECT "+fmt.Sprintf(s.write[binary], "t.block_hash")+" FROM erc20_transfers AS t"+byPosition)
			return len(hashes) == len(want) && hashes[len(hashes)-1][0] == last, fmt.Sprint(len(hashes), " rows, want ", len(want), ": ", err)
		})
		checkRows(t, unlabelled, s.rows(t, db, "erc20_transfers", unlabelled), want)
	}
	check()
	for _, depth := range []int{1, 4, 7, 2} {
		chain.DropConnections()
		if err := chain.Reorg(t.Context(), depth, depth+1); err != nil {
			t.Fatal(err)
		}
		check()
	}
	p.signal(t, syscall.SIGTERM)
	p.expect(t, 0)
	contains(t, p.stderr.String(), "the next one starts over")
	for _, row := range s.query(t, db, "SELECT table_name FROM information_schema.tables WHERE lower(table_name) IN ('amp_stream_state', 'amp_stream_fence')") {
		t.Errorf("there is a table %s", row[0])
	}
}

// canonical are the rows of erc20_transfers for the chain as it is.
func canonical(t *testing.T, c *branches.Chain) [][]string {
	t.Helper()
	headers, err := c.Branch(0, c.Tip().Hash.String())
	if err != nil {
		t.Fatal(err)
	}
	var blocks []*synth.Block
	for _, b := range headers {
		blocks = append(blocks, c.Contents(b))
	}
	return transferRows(blocks)
}

// TestNoState loads history without any state, and once more into the same table, whose key refuses it.
func TestNoState(t *testing.T) {
	server := startServer(t, ampdev.Config{Seed: 8, Blocks: 30})
	target := filepath.Join(t.TempDir(), "none.duckdb")
	args := []string{"--server", server.url, "--duckdb-path", target, "--state", "none", "--to-block", "latest", "--reorg-depth", "8", "--chunk-blocks", "4"}
	loader := program(t, "erc20_transfers-duckdb")
	command(t, repository, loader, args...)
	check := func() {
		t.Helper()
		db := duckDB.open(t, target)
		defer db.Close()
		checkRows(t, unlabelled, duckDB.rows(t, db, "erc20_transfers", unlabelled), transferRows(syntheticChain(8, 30)))
	}
	check()
	again := start(t, repository, loader, args...)
	again.expect(t, 1)
	contains(t, again.stderr.String(), "the table has rows already", "the table's key refuses it")
	check()

	endless := start(t, repository, loader, "--server", server.url, "--duckdb-path", target, "--state", "none")
	endless.expect(t, 2)
	contains(t, endless.stderr.String(), "nothing would tell after an interruption where to go on")
}
