package store

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
)

// open opens an empty store.
func open(t testing.TB) *Store {
	t.Helper()
	s, err := Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// count runs a query of one BIGINT.
func count(t testing.TB, s *Store, query string) int64 {
	t.Helper()
	snapshot, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	return countIn(t, snapshot, query)
}

func countIn(t testing.TB, snapshot *Snapshot, query string) int64 {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	n := int64(-1)
	err := snapshot.Query(t.Context(), "SELECT ("+query+")::BIGINT", schema, 0, func(b arrow.RecordBatch) error {
		n = b.Column(0).(*array.Int64).Value(0)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// synthetic makes n blocks on top of each other.
func synthetic(g *synth.Generator, n int) []*synth.Block {
	out := []*synth.Block{g.First(0)}
	for len(out) < n {
		out = append(out, g.Next(out[len(out)-1].Block, 0))
	}
	return out
}

func TestAppendAndReplace(t *testing.T) {
	s, g := open(t), synth.New(1)
	blocks := synthetic(g, 6)
	if err := s.Append(t.Context(), blocks); err != nil {
		t.Fatal(err)
	}
	logs := 0
	for _, b := range blocks {
		logs += len(b.Logs)
	}
	if got := count(t, s, "SELECT count(*) FROM evm_rpc.logs"); got != int64(logs) {
		t.Errorf("%d logs, want %d", got, logs)
	}
	before, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	other := []*synth.Block{g.Next(blocks[3].Block, 1)}
	if err := s.Replace(t.Context(), 4, other); err != nil {
		t.Fatal(err)
	}
	if got := countIn(t, before, "SELECT max(block_num) FROM firehose.blocks"); got != 5 {
		t.Errorf("a snapshot from before the reorg ends at block %d, want 5", got)
	}
	if got := count(t, s, "SELECT count(*) FROM firehose.logs WHERE _block_num >= 4"); got != int64(len(other[0].Logs)) {
		t.Errorf("%d logs from block 4 on, want the %d of the replacement", got, len(other[0].Logs))
	}
	headers, err := s.Headers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(headers) != 5 || headers[4] != other[0].Block || headers[0] != blocks[0].Block {
		t.Errorf("headers are %+v", headers)
	}
}

func TestTablesHaveAmpsColumns(t *testing.T) {
	s, g := open(t), synth.New(1)
	if err := s.Append(t.Context(), synthetic(g, 2)); err != nil {
		t.Fatal(err)
	}
	snapshot, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	for _, table := range rpc.Tables {
		checkTable(t, snapshot, "evm_rpc."+table.Name, table.Schema)
	}
	for _, table := range firehose.Tables {
		checkTable(t, snapshot, "firehose."+table.Name, table.Schema)
	}
}

// checkTable reads a whole table with its Arrow schema and looks for nulls that the schema forbids.
func checkTable(t *testing.T, snapshot *Snapshot, name string, schema *arrow.Schema) {
	rows := 0
	err := snapshot.Query(context.Background(), "SELECT * FROM "+name, schema, 0, func(b arrow.RecordBatch) error {
		rows += int(b.NumRows())
		for i, f := range schema.Fields() {
			if !f.Nullable && b.Column(i).NullN() > 0 {
				t.Errorf("%s.%s has nulls", name, f.Name)
			}
		}
		return nil
	})
	if err != nil || rows == 0 {
		t.Errorf("%s: %d rows, %v", name, rows, err)
	}
}

// window is the folder with real mainnet data.
func window(t *testing.T) string {
	root := os.Getenv("AMPGEN_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	path := filepath.Join(root, "mainnet-window")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no real data: %v (set AMPGEN_DATA to the folder that holds it)", err)
	}
	return path
}

func TestLoadMainnetWindow(t *testing.T) {
	s := open(t)
	if err := s.Load(t.Context(), window(t)); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int64{
		"SELECT count(*) FROM evm_rpc.blocks":       23,
		"SELECT count(*) FROM evm_rpc.transactions": 4416,
		"SELECT count(*) FROM evm_rpc.logs":         9807,
		"SELECT count(*) FROM firehose.calls":       4416,
		"SELECT count(*) FROM evm_rpc.logs WHERE topic0 = unhex('ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef') AND topic3 IS NULL": 4798,
		"SELECT epoch_ns(timestamp) FROM evm_rpc.blocks WHERE block_num = 17686110":                                                                     1689269891000000000,
		"SELECT gas_used FROM evm_rpc.transactions WHERE block_num = 17686110 AND tx_index = 1":                                                         156433,
		"SELECT gas_used FROM firehose.transactions WHERE block_num = 17686110 AND tx_index = 1":                                                        97049,
		"SELECT len(access_list[2].storage_keys) FROM evm_rpc.transactions WHERE block_num = 17686110 AND tx_index = 8":                                 2,
	} {
		if got := count(t, s, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	snapshot, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	for _, table := range rpc.Tables {
		checkTable(t, snapshot, "evm_rpc."+table.Name, table.Schema)
	}
	headers, err := s.Headers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if h := headers[0]; h.Number != 17686110 || h.Hash.String() != "0x310a2806f56c3da6d1172b86d527f93ea9396d55ca614a79ebfe6d2b6a25625a" || h.Time != 1689269891 {
		t.Errorf("first header is %+v", h)
	}
}

func BenchmarkAppend(b *testing.B) {
	s, g := open(b), synth.New(1)
	blocks := synthetic(g, 400)
	logs := 0
	for _, block := range blocks {
		logs += len(block.Logs)
	}
	b.ResetTimer()
	for b.Loop() {
		if err := s.Append(b.Context(), blocks); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(logs*b.N)/b.Elapsed().Seconds(), "logs/s")
}
