package labels

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// realData is the folder of recorded mainnet data, which is not part of the repository.
func realData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("AMPGEN_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the folder of recorded mainnet data is not there (%s); set AMPGEN_DATA to it", dir)
	}
	return dir
}

// TestRealLabels joins 7,961 real token labels to 4,798 real transfers and compares with a join that was computed elsewhere.
func TestRealLabels(t *testing.T) {
	dir := realData(t)
	file, err := os.Open(filepath.Join(dir, "mainnet-window", "erc20_transfers_labeled.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	expected, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	address := &arrow.FixedSizeBinaryType{ByteWidth: 20}
	spec := Spec{Name: "tokens", Key: "token_address", KeyType: address, On: "token_address", Join: Left,
		Header: []string{"token_address", "symbol", "name", "decimals"},
		Columns: []Column{{CSV: "symbol", Field: nullable("symbol", arrow.BinaryTypes.String)}, {CSV: "name", Field: nullable("name", arrow.BinaryTypes.String)},
			{CSV: "decimals", Field: nullable("decimals", arrow.PrimitiveTypes.Int64)}}}
	table, err := Load(spec, filepath.Join(dir, "eth_mainnet_token_metadata.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if table.Rows() != 7961 {
		t.Errorf("%d labels", table.Rows())
	}
	tokens := array.NewFixedSizeBinaryBuilder(memory.DefaultAllocator, address)
	for _, row := range expected[1:] {
		token, err := hex.DecodeString(row[6][2:])
		if err != nil {
			t.Fatal(err)
		}
		tokens.Append(token)
	}
	column := tokens.NewArray()
	record := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "token_address", Type: address}}, nil), []arrow.Array{column}, int64(column.Len()))
	j, err := NewJoiner(record.Schema(), []*Table{table})
	if err != nil {
		t.Fatal(err)
	}
	columns, n, err := j.Join(record)
	if err != nil || n != 4798 {
		t.Fatalf("%d rows, %v", n, err)
	}
	symbol, name, decimals := text(columns[1]), text(columns[2]), text(columns[3])
	for i, row := range expected[1:] {
		want := [3]string{row[10], row[11], row[12]}
		if row[13] == "false" {
			want = [3]string{"null", "null", "null"}
		}
		if got := [3]string{symbol[i], name[i], decimals[i]}; got != want {
			t.Errorf("row %d, token %s: %q, want %q", i, row[6], got, want)
		}
	}
}
