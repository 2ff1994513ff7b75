package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
	"github.com/ampgen/ampgen/runtime/telemetry"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// ownFiles are what a user writes: queries, the label file apart, and the directive for go generate.
var ownFiles = map[string]string{
	"generate.go": "// Package pipelines loads what we watch.\npackage pipelines\n\n//go:generate go tool ampgen\n",
	"queries/watched.sql": `-- Transfers of the tokens that we watch.
-- name: WatchedTransfers :stream
-- @sink postgres table=watched.transfers
-- @sink duckdb table=transfers
-- @label tokens csv=labels/tokens.csv key=address on=token join=inner prefix=token_
-- @key block_num, log_index
SELECT block_num, timestamp, tx_hash, log_index, address AS token,
       evm_decode_log(topic1, topic2, topic3, data,
           'Transfer(address indexed from, address indexed to, uint256 value)')['value'] AS "Value" -- in the smallest unit
FROM eth_rpc.logs
WHERE topic0 = evm_topic('Transfer(address indexed from, address indexed to, uint256 value)') AND topic3 IS NULL;

-- How many transfers each token had.
-- name: TransfersPerToken :batch
-- @sink duckdb table=transfers_per_token
SELECT address AS token, count(*) AS transfers
FROM eth_rpc.logs
WHERE topic0 = evm_topic('Transfer(address indexed from, address indexed to, uint256 value)') AND topic3 IS NULL
GROUP BY address;
`,
}

// watchedColumns are those of WatchedTransfers.
var watchedColumns = []column{
	{"block_num", number}, {"timestamp", moment}, {"tx_hash", binary}, {"log_index", number}, {"token", binary}, {`"Value"`, number},
	{"token_symbol", text}, {"token_decimals", number}, {"token_listed", text},
}

// watch picks tokens of the chain for the label file. Addresses come in every spelling, symbols are as odd as real ones.
func watch(chain []*synth.Block) (csv string, labels map[string][]string) {
	symbols := []string{"WETH", "NONE", "00", "🌿", "a, \"b\"", "trailing ", "INF"}
	labels = map[string][]string{}
	csv = "address,symbol,decimals,listed\n"
	for _, t := range transfers(chain) {
		i := len(labels)
		if i == len(symbols) {
			break
		}
		if labels[t.token()] != nil {
			continue
		}
		spelling := []string{t.token(), strings.TrimPrefix(t.token(), "0x"), "0x" + strings.ToUpper(t.token()[2:])}[i%3]
		decimals, listed := strconv.Itoa(i*3), strconv.FormatBool(i%2 == 0)
		labels[t.token()] = []string{symbols[i], decimals, listed}
		if i == 4 {
			decimals = "" // not known
			labels[t.token()][1] = null
		}
		csv += fmt.Sprintf("%s,\"%s\",%s,%s\n", spelling, strings.ReplaceAll(symbols[i], `"`, `""`), decimals, listed)
	}
	return csv, labels
}

// watchedRows are the rows that WatchedTransfers has on a chain.
func watchedRows(chain []*synth.Block, labels map[string][]string) [][]string {
	var rows [][]string
	for _, t := range transfers(chain) {
		if label := labels[t.token()]; label != nil {
			row := []string{t.blockNum(), t.timestamp(), t.txHash(), t.logIndex(), t.token(), t.value()}
			rows = append(rows, append(row, label...))
		}
	}
	return rows
}

// perToken are the rows that TransfersPerToken has on a chain.
func perToken(chain []*synth.Block) [][]string {
	counts := map[string]int{}
	for _, t := range transfers(chain) {
		counts[t.token()]++
	}
	var rows [][]string
	for token, n := range counts {
		rows = append(rows, []string{token, strconv.Itoa(n)})
	}
	slices.SortFunc(rows, slices.Compare)
	return rows
}

// ownModule makes the module of a user who has this repository as a dependency.
func ownModule(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ownGo(t, dir, "mod", "init", "example.com/pipelines")
	ownGo(t, dir, "mod", "edit", "-replace", module+"="+repository) // instead of a published version
	return dir
}

// ownGo runs the go command as that user does, but without a network: the module cache, which has all that this repository
// needs, is the proxy.
func ownGo(t *testing.T, dir string, args ...string) {
	t.Helper()
	env := []string{"GOFLAGS=-mod=mod", "GOPROXY=file://" + moduleCache(t) + "/cache/download", "GOSUMDB=off"}
	if _, err := goCommand(dir, env, args...); err != nil {
		t.Fatal(err)
	}
}

func moduleCache(t *testing.T) string {
	t.Helper()
	return filepath.ToSlash(strings.TrimSpace(goTool(t, repository, "env", "GOMODCACHE")))
}

// TestOwnRepository does what a user does in a repository of their own, from go mod init to rows in two databases.
func TestOwnRepository(t *testing.T) {
	const seed, blocks = 7, 40
	chain := syntheticChain(seed, blocks)
	csv, labels := watch(chain)
	ownFiles["queries/labels/tokens.csv"] = csv
	server := startServer(t, ampdev.Config{Seed: seed, Blocks: blocks})

	dir := ownModule(t, ownFiles)
	ownGo(t, dir, "get", "-tool", module+"/ampgen")
	ownGo(t, dir, "generate", "./...")
	ownGo(t, dir, "mod", "tidy")
	ownGo(t, dir, "build", "-o", "bin/", "./generated/...")
	ownGo(t, dir, "test", "./...")
	bin := func(name string) string { return filepath.Join(dir, "bin", name) }

	for _, test := range []struct {
		system              system
		target, flag, table string
	}{
		{duckDB, filepath.Join(dir, "chain.duckdb"), "--duckdb-path", "transfers"},
		{postgreSQL, pgtest.Database(t), "--postgres-url", "watched.transfers"},
	} {
		t.Run(test.system.name, func(t *testing.T) {
			loader := bin("watched_transfers-" + test.system.name)
			args := []string{"--server", server.url, test.flag, test.target, "--from-block", "3", "--to-block", "latest"}
			want := watchedRows(chain[3:], labels)
			_, said := command(t, dir, loader, args...)
			contains(t, said, fmt.Sprintf("loaded %s into %s", telemetry.Count(int64(len(want)), "row"), test.table), "37 blocks in 1 commit, up to block 39")
			before := test.system.contents(t, test.target, test.table)

			_, said = command(t, dir, loader, args...)
			contains(t, said, "nothing was loaded into "+test.table)
			checkUnchanged(t, before, test.system.contents(t, test.target, test.table))

			db := test.system.open(t, test.target)
			defer db.Close()
			checkRows(t, watchedColumns, test.system.rows(t, db, test.table, watchedColumns), want)
		})
	}

	t.Run("batch", func(t *testing.T) {
		target := filepath.Join(dir, "batch.duckdb")
		for _, result := range []string{fmt.Sprintf("loaded %s into transfers_per_token", telemetry.Count(int64(len(perToken(chain))), "row")), "nothing was loaded"} {
			_, said := command(t, dir, bin("transfers_per_token-duckdb"), "--server", server.url, "--duckdb-path", target)
			contains(t, said, result)
		}
		got := duckDB.query(t, duckDB.open(t, target), "SELECT '0x' || lower(hex(token)), transfers::varchar FROM transfers_per_token ORDER BY token")
		checkRows(t, []column{{"token", binary}, {"transfers", number}}, got, perToken(chain))
	})
}
