package ampdev

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// mainnetWindow is the folder with real data.
func mainnetWindow(t *testing.T) string {
	t.Helper()
	root := os.Getenv("AMPGEN_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(root, "mainnet-window")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no real data: %v (set AMPGEN_DATA to the folder that holds it)", err)
	}
	return path
}

// erc20 is the query whose rows on the real data were computed independently.
const erc20 = `
select t.block_num, t.block_hash, t.timestamp, t.tx_hash, t.tx_index, t.log_index, t.token_address,
    t.dec['from'] as from_address, t.dec['to'] as to_address, t.dec['value'] as value
from (
    select l.block_num, l.block_hash, l.timestamp, l.tx_hash, l.tx_index, l.log_index, l.address as token_address,
        evm_decode_log(l.topic1, l.topic2, l.topic3, l.data,
            'Transfer(address indexed from, address indexed to, uint256 value)') as dec
    from eth_rpc.logs l
    where l.topic0 = evm_topic('Transfer(address indexed from, address indexed to, uint256 value)') and l.topic3 is null
) t`

// cell writes a value as the expected file does.
func cell(column arrow.Array, i int) string {
	if column.IsNull(i) {
		return ""
	}
	switch c := column.(type) {
	case *array.FixedSizeBinary:
		return "0x" + hex.EncodeToString(c.Value(i))
	case *array.Timestamp:
		return time.Unix(0, int64(c.Value(i))).UTC().Format(time.RFC3339Nano)
	}
	return column.ValueStr(i)
}

// lines are the rows of a microbatch, joined by commas.
func (m microbatch) lines() []string {
	var out []string
	for _, b := range m.batches {
		for i := range int(b.rows) {
			var cells []string
			for _, column := range b.batch.Columns() {
				cells = append(cells, cell(column, i))
			}
			out = append(out, strings.Join(cells, ","))
		}
	}
	return out
}

// expectedTransfers are the expected rows, without the labels.
func expectedTransfers(t *testing.T, folder string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, "erc20_transfers_labeled.csv.gz"))
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
	var out []string
	for _, r := range records[1:] {
		out = append(out, strings.Join(r[:10], ","))
	}
	return out
}

func TestERC20TransfersOfMainnet(t *testing.T) {
	folder := mainnetWindow(t)
	_, c := startServer(t, Config{Data: folder, MicrobatchBlocks: 10})
	want := expectedTransfers(t, folder)
	if len(want) != 4798 {
		t.Fatalf("%d expected rows", len(want))
	}
	a := c.open(call{sql: erc20, stream: true})
	var got []string
	for _, end := range []uint64{17686119, 17686129, 17686132} {
		m := a.microbatch()
		if m.blocks()[1] != end {
			t.Errorf("microbatch %v, want its end at %d", m.blocks(), end)
		}
		checkSorted(t, m)
		got = append(got, m.lines()...)
	}
	sameRows(t, "stream", got, want)
	sameRows(t, "batch", c.all(erc20+" order by 1, 6").lines(), want)
	// As a backfill asks for it: a derived table with a filter on blocks.
	part := c.all(fmt.Sprintf("select * from (%s) q where q.block_num between 17686120 and 17686129", erc20)).lines()
	var middle []string
	for _, row := range want {
		if row >= "17686120" && row < "17686130" {
			middle = append(middle, row)
		}
	}
	sameRows(t, "partition", part, middle)
	firehose := c.all(strings.ReplaceAll(erc20, "eth_rpc", "eth_firehose")).lines()
	sameRows(t, "firehose", firehose, want)
}

func sameRows(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d rows, want %d", what, len(got), len(want))
		return
	}
	count := map[string]int{}
	for i := range got {
		count[got[i]]++
		count[want[i]]--
	}
	for row, n := range count {
		if n != 0 {
			t.Errorf("%s: %d too many of %s", what, n, row)
			return
		}
	}
}
