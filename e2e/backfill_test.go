package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/sinks/postgres/pgtest"
)

// TestHistoryByWorkers loads history by several workers while the stream follows, into each system; stops, and starts again.
func TestHistoryByWorkers(t *testing.T) {
	for _, test := range []struct {
		system system
		flag   string
		target string
	}{
		{duckDB, "--duckdb-path", filepath.Join(t.TempDir(), "history.duckdb")},
		{postgreSQL, "--postgres-url", pgtest.Database(t)},
	} {
		t.Run(test.system.name, func(t *testing.T) {
			s := startServer(t, ampdev.Config{Seed: followSeed, Blocks: 60, MicrobatchBlocks: 4, Latency: 20 * time.Millisecond})
			args := []string{"--server", s.url, test.flag, test.target, "--workers", "4", "--chunk-blocks", "3", "--reorg-depth", "5"}
			loader := program(t, "erc20_transfers-"+test.system.name)

			// A part of it, whose end is not the tip, and a block that is missing between others.
			command(t, repository, loader, append(args, "--from-block", "10", "--to-block", "20")...)
			command(t, repository, loader, append(args, "--from-block", "22", "--to-block", "30")...)
			stdout, _ := command(t, repository, loader, append([]string{"plan"}, append(args, "--to-block", "latest")...)...)
			contains(t, stdout, "table erc20_transfers is as it should be", "newest blocks, by one query: 55-59",
				"gap 0-9: 10 blocks", "gap 21: 1 block\n", "gap 31-54: 24 blocks", "blocks 0-59 of mainnet: 40 missing", "about ")

			p := start(t, repository, loader, append(args, "--follow", "--metrics-addr", "127.0.0.1:0")...)
			await(t, "history and stream", func() (bool, string) {
				figures, ok := progress(t, p)
				return ok && figures.Done == 40 && figures.Done == figures.Wanted, fmt.Sprintf("%+v\n%s", figures, &p.stderr)
			})
			if err := s.Mine(t.Context(), 5); err != nil {
				t.Fatal(err)
			}
			await(t, "the new blocks", func() (bool, string) {
				figures, ok := progress(t, p)
				return ok && figures.Last != nil && *figures.Last == 64, fmt.Sprintf("%+v\n%s", figures, &p.stderr)
			})
			p.signal(t, syscall.SIGTERM)
			p.expect(t, 0)

			// A bounded run has the rest: nothing.
			_, stderr := command(t, repository, loader, append(args, "--to-block", "latest")...)
			contains(t, stderr, "nothing was loaded into erc20_transfers: it has what was asked for")
			checkRows(t, unlabelled, test.system.rows(t, test.system.open(t, test.target), "erc20_transfers", unlabelled),
				transferRows(syntheticChain(followSeed, 65)))
		})
	}
}

// TestLookingMakesNoFile: plan and status of a DuckDB file that does not exist say so, and do not make it.
func TestLookingMakesNoFile(t *testing.T) {
	s := startServer(t, ampdev.Config{Seed: followSeed, Blocks: 20})
	loader, file := program(t, "erc20_transfers-duckdb"), filepath.Join(t.TempDir(), "none.duckdb")
	stdout, _ := command(t, repository, loader, "status", "--duckdb-path", file)
	contains(t, stdout, "nothing is loaded yet", "file "+file+" does not exist; a run makes it")
	stdout, _ = command(t, repository, loader, "plan", "--server", s.url, "--duckdb-path", file, "--to-block", "latest")
	contains(t, stdout, "table erc20_transfers: does not exist; a run creates it and what belongs to it:\n", "CREATE TABLE", "blocks 0-19 of mainnet: 20 missing")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("there is a file: %v", err)
	}
	p := start(t, repository, loader, "status")
	p.expect(t, 2)
	contains(t, p.stderr.String(), "--duckdb-path")
}

// figures are what a loader says at /progressz.
type figures struct {
	Done   uint64  `json:"history_blocks_done"`
	Wanted uint64  `json:"history_blocks_wanted"`
	Last   *uint64 `json:"last_block"`
}

var servedAt = regexp.MustCompile(`at=(http://\S+)`)

// progress asks a loader how far it is; false while it does not serve yet.
func progress(t testing.TB, p *process) (f figures, ok bool) {
	t.Helper()
	at := servedAt.FindStringSubmatch(p.stderr.String())
	if at == nil {
		return f, false
	}
	answer, err := http.Get(at[1] + "/progressz")
	if err != nil {
		return f, false
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		t.Fatalf("progress %q: %v", text, err)
	}
	return f, true
}

// BenchmarkWorkers loads the same history with more and more workers from a server that takes its time to answer each query. The
// metric x is the rate as a ratio to that of one worker.
func BenchmarkWorkers(b *testing.B) {
	s := startServer(b, ampdev.Config{Seed: 5, Blocks: 640, Latency: 100 * time.Millisecond})
	connection, err := amp.Dial(amp.Config{Server: s.url})
	if err != nil {
		b.Fatal(err)
	}
	defer connection.Close()
	const sql = "select block_num, log_index, address from eth_rpc.logs where log_index < 10"
	schema, err := connection.Schema(b.Context(), sql, false)
	if err != nil {
		b.Fatal(err)
	}
	pipeline := &runtime.Pipeline{Name: "Bench", SQL: sql, RangeSQL: sql, Mode: runtime.Stream, Query: schema,
		Table: runtime.Table{Name: "bench", Schema: arrow.NewSchema(schema.Fields(), nil), Block: "block_num"}}
	last := uint64(638) // below the tip, so that no chunk comes before the others
	var one float64
	for _, workers := range []int{1, 2, 4, 8, 16} {
		b.Run(strconv.Itoa(workers), func(b *testing.B) {
			rows := 0
			for b.Loop() {
				sink := &collector{}
				err := runtime.Run(b.Context(), runtime.Options{Pipeline: pipeline, Source: client{connection}, Sink: sink,
					To: &last, Workers: workers, ChunkBlocks: 5, ReorgDepth: 1})
				if err != nil {
					b.Fatal(err)
				}
				rows += len(sink.rows)
			}
			rate := float64(rows) / b.Elapsed().Seconds()
			if workers == 1 {
				one = rate
			}
			b.ReportMetric(rate, "rows/s")
			b.ReportMetric(rate/one, "x")
			b.ReportMetric(0, "ns/op")
		})
	}
}
