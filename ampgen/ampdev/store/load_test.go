package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/ampgen/ampdev/duck"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
)

// fingerprint is a number that changes with any value of a table, whatever the order of the rows.
func fingerprint(t *testing.T, s *Store, table string) int64 {
	return count(t, s, "SELECT bit_xor(hash(t) >> 1)::BIGINT + count(*) FROM "+table+" t")
}

func export(t *testing.T, s *Store, query, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.writer.Exec(t.Context(), "COPY ("+query+") TO "+duck.Text(path)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
}

func TestLoadParquetInBothLayouts(t *testing.T) {
	s := open(t)
	if err := s.Append(t.Context(), synthetic(synth.New(3), 5)); err != nil {
		t.Fatal(err)
	}
	for _, layout := range []string{"evm_rpc", "firehose"} {
		folder := t.TempDir()
		export(t, s, "SELECT * FROM "+layout+".blocks", filepath.Join(folder, "blocks.parquet"))
		export(t, s, "SELECT * FROM "+layout+".transactions", filepath.Join(folder, "transactions.parquet"))
		for part := range 2 { // a table may be a folder
			export(t, s, fmt.Sprintf("SELECT * FROM %s.logs WHERE block_num %% 2 = %d", layout, part),
				filepath.Join(folder, "logs", fmt.Sprintf("part-%d.parquet", part)))
		}
		loaded := open(t)
		if err := loaded.Load(t.Context(), folder); err != nil {
			t.Fatalf("%s: %v", layout, err)
		}
		for _, table := range []string{"blocks", "logs", "transactions"} {
			if name := layout + "." + table; fingerprint(t, loaded, name) != fingerprint(t, s, name) {
				t.Errorf("%s has other rows after it was loaded", name)
			}
		}
		for _, other := range []string{"evm_rpc.transactions", "firehose.transactions"} {
			for _, column := range []string{"gas_used", "status", "tx_index", `"from"`} {
				sum := "SELECT sum(hash(" + column + ", tx_hash) % 1000000007)::BIGINT FROM " + other
				if got, want := count(t, loaded, sum), count(t, s, sum); got != want {
					t.Errorf("loaded from %s, %s of %s differs", layout, column, other)
				}
			}
		}
	}
}

func TestLoadFaults(t *testing.T) {
	for name, tt := range map[string]struct{ file, content, want string }{
		"nothing":        {"readme.txt", "", "no blocks.jsonl"},
		"missing column": {"blocks.jsonl", `{"block_num":1,"hash":"0x00"}`, "there is no column timestamp"},
		"not JSON":       {"blocks.jsonl", `block_num,hash`, "load blocks from"},
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, tt.file), []byte(tt.content+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := open(t).Load(t.Context(), folder); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
