package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkGenerate100 is a whole run over a project of a hundred queries with labels and two sinks each, into an empty folder.
func BenchmarkGenerate100(b *testing.B) {
	query, err := os.ReadFile("../../../queries/erc20_transfers.sql")
	if err != nil {
		b.Fatal(err)
	}
	labels, err := os.ReadFile("../../../queries/labels/tokens.csv")
	if err != nil {
		b.Fatal(err)
	}
	b.Chdir(b.TempDir())
	files := map[string][]byte{"go.mod": []byte("module example.com/chain\n"), "queries/labels/tokens.csv": labels}
	for i := range 100 {
		named := strings.NewReplacer("Erc20Transfers", fmt.Sprintf("Transfers%d", i), "table=erc20_transfers", fmt.Sprintf("table=transfers%d", i))
		files[fmt.Sprintf("queries/transfers%d.sql", i)] = []byte(named.Replace(string(query)))
	}
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	run := 0
	for b.Loop() {
		var stderr bytes.Buffer
		if code := Main([]string{"--out", fmt.Sprintf("generated%d", run)}, io.Discard, &stderr); code != exitOK {
			b.Fatalf("exit code %d: %s", code, &stderr)
		}
		run++
	}
}
