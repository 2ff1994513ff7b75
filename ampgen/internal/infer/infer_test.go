package infer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/ampgen/internal/catalog"
	"github.com/ampgen/ampgen/ampgen/internal/coerce"
	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// What a statement contains anywhere is what range partitioning looks at.
func TestFlags(t *testing.T) {
	tests := []struct {
		sql, flags string
		stream     bool
	}{
		{sql: "select hash from eth_rpc.blocks", flags: ""},
		{sql: "select hash from eth_rpc.blocks order by hash", flags: "ordered"},
		{sql: "select hash from (select hash from eth_rpc.blocks limit 5)", flags: "limited"},
		{sql: "select count(*) as n from eth_rpc.blocks", flags: "aggregated"},
		{sql: "select distinct hash from eth_rpc.blocks", flags: "aggregated"},
		{sql: "select hash from eth_rpc.blocks union select hash from eth_rpc.blocks", flags: "aggregated"},
		{sql: "select hash from eth_rpc.blocks union all select hash from eth_rpc.blocks", flags: ""},
		{sql: "select rank() over (order by block_num) as n from eth_rpc.blocks", flags: "windowed"},
		{sql: "select a.hash from eth_rpc.blocks a, eth_rpc.blocks b", flags: "joined"},
		{sql: "select block_num() as n from eth_rpc.blocks", flags: "block_num()", stream: true},
	}
	for _, tt := range tests {
		var diags diag.List
		res := inferText(tt.sql, Options{Stream: tt.stream}, &diags)
		if res == nil {
			t.Fatalf("%s: %v", tt.sql, diags.Sorted())
		}
		var flags []string
		for name, set := range map[string]bool{"aggregated": res.Aggregated, "windowed": res.Windowed, "ordered": res.Ordered,
			"limited": res.Limited, "joined": res.Joined, "block_num()": res.BlockNumCall} {
			if set {
				flags = append(flags, name)
			}
		}
		if got := strings.Join(flags, " "); got != tt.flags {
			t.Errorf("%s: flags %q, want %q", tt.sql, got, tt.flags)
		}
	}
}

func TestTablesAndNetworks(t *testing.T) {
	var diags diag.List
	cat := catalog.New(map[string]catalog.Entry{
		"eth_rpc": {Kind: catalog.EVMRPC, Network: "mainnet"},
		"base":    {Kind: catalog.Firehose, Network: "base-mainnet"},
	}, ".", &diags)
	text := "select a.hash from eth_rpc.blocks a join base.blocks b on a.block_num = b.block_num join eth_rpc.blocks c on true cross join other_rpc.logs"
	file := source.New("q.sql", text)
	res := Query(sql.Parse(file, 0, len(text), &diags), cat, Options{}, &diags)
	if res == nil {
		t.Fatal(diags.Sorted())
	}
	var tables []string
	for _, u := range res.Tables {
		tables = append(tables, u.Dataset+"."+u.Table+" "+u.Network+" "+u.Span.Position().String())
	}
	want := []string{"eth_rpc.blocks mainnet q.sql:1:20", "base.blocks base-mainnet q.sql:1:42", "other_rpc.logs  q.sql:1:126"}
	if diff := cmp.Diff(want, tables); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"base-mainnet", "mainnet"}, res.Networks); diff != "" {
		t.Error(diff)
	}
}

// @col states what inference cannot know, and nothing else.
func TestOverrides(t *testing.T) {
	text := "select block_num, topic0, lib.decode(data) as decoded from eth_rpc.logs"
	run := func(overrides map[string]Override) (*Result, string) {
		var diags diag.List
		res := inferText(text, Options{Overrides: overrides}, &diags)
		var out strings.Builder
		_ = diags.WriteText(&out) // a strings.Builder does not fail
		return res, out.String()
	}
	_, faults := run(nil)
	want := `q.sql:1:27: error: the type of column "decoded" cannot be inferred [AMP036]
  note: the catalog does not say what this returns
  help: map the dataset in ampgen.yaml, state the type with "-- @col decoded type=…", or run "ampgen describe" against a server
`
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Error(diff)
	}
	res, faults := run(map[string]Override{"decoded": {Type: arrow.BinaryTypes.String}, "topic0": {NotNull: true}})
	if res == nil {
		t.Fatal(faults)
	}
	var got []string
	for _, c := range res.Columns {
		got = append(got, column3(c.Name, coerce.Format(c.Type), c.Nullable))
	}
	if diff := cmp.Diff([]string{"block_num UInt64 not null", "topic0 FixedSizeBinary(32) not null", "decoded Utf8"}, got); diff != "" {
		t.Error(diff)
	}
	_, faults = run(map[string]Override{"decoded": {Type: arrow.BinaryTypes.String}, "topic0": {Type: arrow.BinaryTypes.String}, "topic9": {NotNull: true}})
	for _, want := range []string{`@col states a type for "topic0", whose type is known`, `@col names "topic9", which is no output column`, "help: did you mean topic0?"} {
		if !strings.Contains(faults, want) {
			t.Errorf("no %q in\n%s", want, faults)
		}
	}
}

func TestDerivedDatasets(t *testing.T) {
	root := t.TempDir()
	manifest := `{"kind": "manifest", "tables": {"transfers": {"network": "mainnet", "schema": {"arrow": {"fields": [
		{"name": "block_num", "type": "UInt64", "nullable": true}, {"name": "amount", "type": "Utf8", "nullable": true}]}}}},
		"functions": {"short": {"inputTypes": ["Utf8"], "outputType": "Utf8"}}}`
	static := `{"kind": "static", "tables": {"names": {"path": "n.csv", "schema": {"arrow": {"fields": [{"name": "name", "type": "Utf8", "nullable": true}]}}}}}`
	for name, text := range map[string]string{"m.json": manifest, "s.json": static} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var diags diag.List
	cat := catalog.New(map[string]catalog.Entry{"usdc": {Manifest: "m.json"}, "labels": {Manifest: "s.json"}}, root, &diags)
	run := func(text string, stream bool) string {
		var diags diag.List
		file := source.New("q.sql", text)
		res := Query(sql.Parse(file, 0, len(text), &diags), cat, Options{Stream: stream}, &diags)
		var out strings.Builder
		_ = diags.WriteText(&out) // a strings.Builder does not fail
		if res != nil {
			for i, c := range res.Columns {
				out.WriteString(column3(c.Name, coerce.Format(c.Type), c.Nullable))
				if i == res.Block {
					out.WriteString(" BLOCK")
				}
				out.WriteString("\n")
			}
		}
		return out.String()
	}
	for _, tt := range []struct {
		sql    string
		stream bool
		want   string
	}{
		{"select * from usdc.transfers", true, "_block_num UInt64 not null BLOCK\nblock_num UInt64\namount Utf8\n"},
		{"select usdc.short(amount) as s, _block_num from usdc.transfers", true, "s Utf8\n_block_num UInt64 not null BLOCK\n"},
		{"select block_num from usdc.transfers", true, "q.sql:1:8: error: no output column provably holds the row's block number [AMP032]\n" +
			"  note: without one, rows cannot be removed when the chain reorganises\n  help: add _block_num to the select list\n"},
		{"select usdc.short(block_num) as s from usdc.transfers", false, "q.sql:1:19: error: short takes Utf8 here, not UInt64 [AMP024]\n  help: write arrow_cast(…, 'Utf8')\n"},
		{"select usdc.long(amount) as s from usdc.transfers", false, "q.sql:1:13: error: dataset usdc has no function \"long\" [AMP023]\n"},
		{"select t._block_num, n.name from usdc.transfers t join labels.names n on n.name = t.amount", true,
			"q.sql:1:8: error: a stream cannot select _block_num from a join [AMP031]\n" +
				"  note: each joined table has one, and * includes them\n  help: name the columns, and write block_num() as block_num for the row's block\n" +
				"q.sql:1:56: error: a stream cannot read static datasets [AMP031]\n" +
				"  note: the server follows a table called blocks, which they do not have\n  help: make the query a :batch\n"},
		{"select * from labels.names", false, "name Utf8\n"},
	} {
		if diff := cmp.Diff(tt.want, run(tt.sql, tt.stream)); diff != "" {
			t.Errorf("%s\n%s", tt.sql, diff)
		}
	}
}

// Inference never panics, and answers or reports for whatever parses.
func FuzzQuery(f *testing.F) {
	data, err := os.ReadFile("testdata/corpus.sql")
	if err != nil {
		f.Fatal(err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		f.Add(line, strings.Contains(line, "join"))
	}
	f.Fuzz(func(t *testing.T, text string, stream bool) {
		var diags diag.List
		res := inferText(text, Options{Stream: stream}, &diags)
		if (res == nil) != (diags.Len() > 0) {
			t.Fatalf("result %v with %d diagnostics", res, diags.Len())
		}
		for _, d := range diags.Sorted() {
			if d.Span.Start < 0 || d.Span.End > len(text) || d.Span.Start > d.Span.End {
				t.Fatalf("span outside the text: %+v", d)
			}
		}
	})
}

// Conditions that programs write are long: the work for them grows with their length, not with its square, and they are compared
// whole all the same.
func TestLongChains(t *testing.T) {
	chain := func(last string) string { return strings.Repeat("log_index = 1 or ", 20_000) + last }
	var diags diag.List
	if res := inferText("select block_num from eth_rpc.logs where "+chain("tx_index = 1"), Options{Stream: true}, &diags); res == nil {
		t.Fatal(diags.Sorted())
	}
	grouped := func(selected, key string) string {
		return "select " + selected + " as x, count(*) as n from eth_rpc.logs group by " + key
	}
	if res := inferText(grouped(chain("tx_index = 1"), chain("tx_index = 1")), Options{}, &diags); res == nil {
		t.Fatal(diags.Sorted())
	}
	if res := inferText(grouped(chain("tx_index = 1"), chain("tx_index = 2")), Options{}, &diags); res != nil {
		t.Error("columns outside the group's key are accepted")
	}
}
