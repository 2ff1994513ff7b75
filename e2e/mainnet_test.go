package e2e

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/ampgen/ampgen/ampgen/ampdev"
)

// The blocks of the real data.
const firstReal, lastReal = "17686110", "17686132"

// realData is the folder with recorded mainnet blocks, which is not part of the repository.
func realData(t *testing.T) string {
	t.Helper()
	root := os.Getenv("AMPGEN_DATA")
	if root == "" {
		root = filepath.Join(repository, "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(root, "mainnet-window")); err != nil {
		t.Skipf("no real data: %v (set AMPGEN_DATA to the folder that holds mainnet-window)", err)
	}
	return root
}

// labelledTransfers are the expected rows, which were computed by other programs.
func labelledTransfers(t *testing.T, root string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(root, "mainnet-window", "erc20_transfers_labeled.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	found := len(transferColumns) // the column that says whether there is a label
	var rows [][]string
	for _, r := range records[1:] {
		row := r[:found]
		for i, c := range transferColumns {
			labelled := r[found] == "true"
			switch {
			case c.kind == moment:
				at, err := time.Parse(time.RFC3339Nano, row[i])
				if err != nil {
					t.Fatal(err)
				}
				row[i] = strconv.FormatInt(at.UnixNano(), 10)
			case row[i] == "" && !(c.kind == text && labelled):
				row[i] = null
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// TestMainnet loads real blocks with real labels by the loaders of the example corpus.
func TestMainnet(t *testing.T) {
	root := realData(t)
	want := labelledTransfers(t, root)
	if len(want) != 4798 {
		t.Fatalf("%d expected rows, want 4,798", len(want))
	}
	server := startServer(t, ampdev.Config{Data: filepath.Join(root, "mainnet-window")})
	labels := "tokens=" + filepath.Join(root, "eth_mainnet_token_metadata.csv")
	for _, s := range systems {
		t.Run(s.name, func(t *testing.T) {
			target := s.empty(t)
			args := []string{"--server", server.url, s.location, target, "--label", labels,
				"--from-block", firstReal, "--to-block", lastReal, "--reorg-depth", "8", "--chunk-blocks", "8"}
			loader := program(t, "erc20_transfers-"+s.name)
			_, said := command(t, t.TempDir(), loader, args...)
			contains(t, said, "loaded 4,798 rows into erc20_transfers", "  23 blocks in ", " commits, up to block 17,686,132", // idle workers halve chunks
				"label tokens: 1,480 of 4,798 rows did not match")
			before := s.contents(t, target, "erc20_transfers")

			_, said = command(t, t.TempDir(), loader, args...)
			contains(t, said, "nothing was loaded into erc20_transfers")
			checkUnchanged(t, before, s.contents(t, target, "erc20_transfers"))

			got := s.rows(t, s.open(t, target), "erc20_transfers", transferColumns)
			checkRows(t, transferColumns, got, want)
		})
	}
}
