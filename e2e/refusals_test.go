package e2e

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/ampgen/ampgen/ampgen/ampdev"
)

// TestRefusals runs a loader as it should not be run. It says what is wrong and what to do, ends with the exit code for that, and
// writes no rows.
func TestRefusals(t *testing.T) {
	server := startServer(t, ampdev.Config{Seed: 3, Blocks: 10})
	dir := t.TempDir()
	target := filepath.Join(dir, "chain.duckdb")
	label := filepath.Join(dir, "tokens.csv")
	if err := os.WriteFile(label, []byte("token_address,symbol\n0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2,WETH\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	bounded := []string{"--server", server.url, "--duckdb-path", target, "--to-block", "5"}
	for _, test := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"no server", nil, 2, []string{"error: no server is named: use --server or AMP_SERVER", "run with --help for the flags"}},
		{"unknown flag", []string{"--frobnicate"}, 2, []string{"unknown flag: --frobnicate"}},
		{"unknown command", []string{"lod"}, 2, []string{`unknown command "lod"`}},
		{"bounds the wrong way round", append(bounded, "--from-block", "6"), 2, []string{"--from-block 6 is after --to-block 5"}},
		{"no target", []string{"--server", server.url, "--to-block", "5"}, 2, []string{"use --duckdb-path or AMP_DUCKDB_PATH", "run with --help for the flags"}},
		{"beyond the tip", append(bounded, "--to-block", "10"), 1, []string{"the server has the blocks up to 9", "use --to-block 9, or --to-block latest"}},
		{"nobody listens", append(bounded, "--server", "grpc://"+closedAddress(t)), 1, []string{"connection refused", "check that the server runs at that address"}},
		{"no label file", append(bounded, "--label", "tokens=missing.csv"), 1, []string{"missing.csv: no such file", "--label tokens=path"}},
		{"another label file", append(bounded, "--label", "tokens="+label), 3,
			[]string{`tokens.csv: line 1: the columns are ["token_address" "symbol"], compiled were ["token_address" "symbol" "name" "decimals"]`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, repository, program(t, "erc20_transfers-duckdb"), test.args...)
			p.expect(t, test.code)
			contains(t, p.stderr.String(), test.says...)
		})
	}

	t.Run("status", func(t *testing.T) {
		said, _ := command(t, repository, program(t, "erc20_transfers-duckdb"), "status", "--duckdb-path", target)
		contains(t, said, "table erc20_transfers, pipeline erc20_transfers", "nothing is loaded yet")
	})
	t.Run("the file is in use", func(t *testing.T) {
		first := start(t, repository, program(t, "erc20_transfers-duckdb"), "--server", server.url, "--duckdb-path", target)
		first.await(t, "the stream to open", func() (bool, string) { return server.Status().Streams == 1, "no stream" })
		second := start(t, repository, program(t, "erc20_transfers-duckdb"), bounded...)
		second.expect(t, 1)
		contains(t, second.stderr.String(), target, "a DuckDB file can be open in one process at a time")
	})
}

// closedAddress is an address at which nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
