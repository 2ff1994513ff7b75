package catalog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
)

func TestParseRef(t *testing.T) {
	hash := strings.Repeat("0af1", 16)
	good := map[string]Ref{
		"eth_rpc":               {Name: "eth_rpc"},
		"_/anvil_rpc@0.0.0":     {Namespace: "_", Name: "anvil_rpc", Revision: "0.0.0"},
		"edge/usdc@latest":      {Namespace: "edge", Name: "usdc", Revision: "latest"},
		"9x/usdc@dev":           {Namespace: "9x", Name: "usdc", Revision: "dev"},
		"usdc@" + hash:          {Name: "usdc", Revision: hash},
		"a/b@1.2.3-rc.1+build5": {Namespace: "a", Name: "b", Revision: "1.2.3-rc.1+build5"},
	}
	for text, want := range good {
		got, err := ParseRef(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%s: prints as %s", text, got)
		}
	}
	for _, text := range []string{"", "Eth", "9eth", "a/b/c", "/a", "a/", "a@", "a@1", "a@v1.0.0", "a@" + hash[1:], "a b", "A/b", "a@1.0.0@2.0.0"} {
		if got, err := ParseRef(text); err == nil {
			t.Errorf("%q: accepted as %+v", text, got)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	f.Add("_/anvil_rpc@0.0.0")
	f.Fuzz(func(t *testing.T, text string) {
		if ref, err := ParseRef(text); err == nil && ref.String() != text {
			t.Fatalf("%q prints as %q", text, ref)
		}
	})
}

func TestConventional(t *testing.T) {
	for name, want := range map[string]struct {
		kind   Kind
		chain  string
		tables string
	}{
		"eth_rpc":      {EVMRPC, "eth", "blocks transactions logs"},
		"eth_firehose": {Firehose, "eth", "blocks transactions calls logs"},
		"solana_rpc":   {EVMRPC, "solana", "blocks transactions logs"},
		"solana":       {Solana, "solana", "block_headers block_rewards transactions messages instructions"},
	} {
		d := Conventional(name)
		var tables []string
		for _, t := range d.Tables {
			tables = append(tables, t.Name)
		}
		if d.Kind != want.kind || d.Chain != want.chain || strings.Join(tables, " ") != want.tables {
			t.Errorf("%s: %s %s %v", name, d.Kind, d.Chain, tables)
		}
	}
	if d := Conventional("uniswap"); d != nil {
		t.Errorf("uniswap is %+v", d)
	}
}

func TestBuiltinTables(t *testing.T) {
	counts := map[Kind]map[string]int{
		EVMRPC:   {"blocks": 24, "transactions": 27, "logs": 13},
		Firehose: {"blocks": 24, "transactions": 25, "logs": 13, "calls": 21},
		Solana:   {"block_headers": 7, "block_rewards": 7, "transactions": 19, "messages": 7, "instructions": 8},
	}
	for kind, tables := range counts {
		for _, table := range builtin(kind) {
			if got := table.Schema.NumFields(); got != tables[table.Name] {
				t.Errorf("%s.%s has %d columns, want %d", kind, table.Name, got, tables[table.Name])
			}
			first := table.Schema.Field(0)
			if first.Name != "_block_num" || first.Type.ID() != arrow.UINT64 || first.Nullable {
				t.Errorf("%s.%s begins with %s", kind, table.Name, first)
			}
			for name := range table.Logical {
				if _, ok := table.Schema.FieldsByName(name); !ok {
					t.Errorf("%s.%s has no column %s", kind, table.Name, name)
				}
			}
		}
	}
}

// Every type that a schema can hold survives its encoding; the texts are arrow-rs's own.
func TestTypeEncoding(t *testing.T) {
	nestedInt := `{"name":"item","data_type":"Int64","nullable":true,"dict_id":0,"dict_is_ordered":false,"metadata":{}}`
	for _, text := range []string{
		`"Null"`, `"Boolean"`, `"UInt8"`, `"Int64"`, `"Float16"`, `"Float64"`, `"Utf8"`, `"Utf8View"`, `"LargeUtf8"`, `"Binary"`, `"BinaryView"`, `"Date32"`,
		`{"FixedSizeBinary":32}`, `{"Timestamp":["Nanosecond","+00:00"]}`, `{"Timestamp":["Second",null]}`, `{"Decimal128":[38,0]}`, `{"Decimal256":[76,-2]}`,
		`{"Time32":"Second"}`, `{"Time64":"Microsecond"}`, `{"Duration":"Nanosecond"}`, `{"Interval":"MonthDayNano"}`, `{"Interval":"YearMonth"}`,
		`{"List":` + nestedInt + `}`, `{"LargeList":` + nestedInt + `}`, `{"FixedSizeList":[` + nestedInt + `,3]}`, `{"Struct":[` + nestedInt + `]}`, `{"Struct":[]}`,
		`{"Map":[{"name":"entries","data_type":{"Struct":[{"name":"key","data_type":"Utf8","nullable":false,"dict_id":0,"dict_is_ordered":false,"metadata":{}},` +
			strings.Replace(nestedInt, "item", "value", 1) + `]},"nullable":false,"dict_id":0,"dict_is_ordered":false,"metadata":{}},false]}`,
		`{"Dictionary":["Int32","Utf8"]}`,
	} {
		dt, err := UnmarshalType([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := MarshalType(dt)
		if err != nil || string(got) != text {
			t.Errorf("%s: encoded again as %s, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		`"Int65"`:                          `unknown type "Int65"`,
		`"Decimal128(38, 0)"`:              `unknown type "Decimal128(38, 0)"`,
		`{"Decimal128":[39,0]}`:            "type Decimal128: the precision is 1 to 38 and the scale within it, found [39,0]",
		`{"Timestamp":["Fortnight",null]}`: `type Timestamp: unknown unit "Fortnight"`,
		`{"Timestamp":["Second"]}`:         "type Timestamp: expected 2 values, found 1",
		`{"Union":[]}`:                     "type Union: unknown type",
		`{}`:                               "expected a type name or an object with one key, found {}",
		``:                                 "expected a type name or an object with one key, found ",
		`{"List":{"name":"x"}}`:            `type List: field "x": expected a type name or an object with one key, found `,
		`{"FixedSizeBinary":-1}`:           "type FixedSizeBinary: expected a width, found -1",
		`{"Dictionary":["Utf8","Utf8"]}`:   "type Dictionary: a dictionary's keys are integers, not utf8",
		`{"FixedSizeList":[` + nestedInt + `,0]}`: "type FixedSizeList: expected a positive length, found 0",
	} {
		if _, err := UnmarshalType([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
}

func FuzzUnmarshalType(f *testing.F) {
	f.Add([]byte(`{"List":{"name":"item","data_type":{"Timestamp":["Second",null]},"nullable":true}}`))
	f.Add([]byte(`{"Map":[{"name":"entries","data_type":{"Struct":[]},"nullable":false},false]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dt, err := UnmarshalType(data)
		if err != nil {
			return
		}
		text, err := MarshalType(dt)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := UnmarshalType(text); err != nil || !arrow.TypeEqual(dt, again) {
			t.Fatalf("%s became %v, %v", dt, again, err)
		}
	})
}

const derivedManifest = `{
  "kind": "manifest",
  "dependencies": {"eth": "edge/eth@1.0.0"},
  "tables": {"transfers": {
    "input": {"sql": "select block_num from eth.logs"},
    "network": "mainnet",
    "schema": {"arrow": {"fields": [{"name": "block_num", "type": "UInt64", "nullable": false}]}}}},
  "functions": {"shorten": {"inputTypes": ["Utf8", {"FixedSizeBinary": 20}], "outputType": "Utf8", "source": {"source": "", "filename": "s.js"}}}
}`

func TestManifests(t *testing.T) {
	d, err := ParseManifest([]byte(derivedManifest))
	if err != nil {
		t.Fatal(err)
	}
	if d.Network != "mainnet" || d.Table("transfers").Schema.String() == "" {
		t.Errorf("dataset %+v", d)
	}
	fields := d.Table("transfers").Schema.Fields()
	if len(fields) != 2 || fields[0].Name != "_block_num" || fields[0].Nullable || fields[1].Name != "block_num" {
		t.Errorf("fields %v", fields)
	}
	if f := d.Function("shorten"); f == nil || len(f.Inputs) != 2 || f.Output.ID() != arrow.STRING {
		t.Errorf("function %+v", f)
	}

	d, err = ParseManifest([]byte(`{"kind": "evm-rpc", "network": "base", "tables": {"stale": {}}}`))
	if err != nil || d.Network != "base" || d.Table("stale") != nil || d.Table("logs") != evmLogs {
		t.Errorf("a raw manifest must give the built-in tables: %+v, %v", d, err)
	}

	d, err = ParseManifest([]byte(`{"kind": "static", "tables": {"names": {"path": "names.csv", "format": "csv",
		"schema": {"arrow": {"fields": [{"name": "name", "type": "Utf8", "nullable": true}]}}}}}`))
	if err != nil || d.Streamable() || d.Table("names").Schema.NumFields() != 1 {
		t.Errorf("a static table has no _block_num: %+v, %v", d, err)
	}

	for text, want := range map[string]string{
		`{}`:                                    `"kind" is missing`,
		`{"kind":"parquet"}`:                    `unknown kind "parquet"`,
		`{"kind":"manifest","tables":{"t":{}}}`: `table "t": "schema" is missing`,
		`{"kind":"manifest","tables":{"t":{"schema":{}}}}`:                                                                                         `table "t": "schema" has no arrow.fields`,
		`{"kind":"manifest","tables":{"t":{"schema":{"arrow":{"fields":[{"name":"a","type":"Text","nullable":true}]}}}}}`:                          `table "t": column "a": unknown type "Text"`,
		`{"kind":"manifest","functions":{"f":{"inputTypes":["Utf8"]}}}`:                                                                            `function "f": output: expected a type name or an object with one key, found `,
		`{"kind":"manifest","tables":{"t":{"network":"a","schema":{"arrow":{"fields":[]}}},"u":{"network":"b","schema":{"arrow":{"fields":[]}}}}}`: `table "u": its tables are of several networks: a and b`,
	} {
		_, err := ParseManifest([]byte(text))
		if err == nil || strings.TrimPrefix(err.Error(), `table "u": `) != strings.TrimPrefix(want, `table "u": `) {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestCatalog(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "m.json"), []byte(derivedManifest), 0o644); err != nil {
		t.Fatal(err)
	}
	var diags diag.List
	c := New(map[string]Entry{
		"chain":           {Kind: Firehose, Network: "base"},
		"edge/usdc@1.0.0": {Manifest: "m.json"},
		"usdc":            {Manifest: "m.json", Network: "sepolia"},
		"eth_rpc":         {Kind: Firehose, Network: "mainnet"},
		"Bad":             {Kind: EVMRPC, File: "ampgen.yaml"},
		"kindless":        {File: "ampgen.yaml"},
		"missing":         {Manifest: "no.json"},
		"mismatch":        {Manifest: "m.json", Kind: Static},
	}, root, &diags)

	var got []string
	for _, d := range diags.Sorted() {
		got = append(got, d.File+": "+d.Message)
	}
	want := []string{
		`ampgen.yaml: dataset "Bad": a dataset name is lower-case letters, digits and underscores, and begins with no digit`,
		`ampgen.yaml: dataset "kindless" has neither kind nor manifest`,
		`m.json: bad manifest: its kind is "manifest", not "static" as mapped`,
		`no.json: cannot read the manifest no.json: no such file or directory`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for text, network := range map[string]string{
		"edge/usdc@1.0.0": "mainnet", // the exact entry
		"edge/usdc":       "sepolia", // the entry by name
		"x/usdc@2.0.0":    "sepolia",
		"eth_rpc":         "mainnet", // an entry goes before the convention
		"_/chain@latest":  "base",
	} {
		ref, err := ParseRef(text)
		if err != nil {
			t.Fatal(err)
		}
		if d := c.Dataset(ref); d == nil || d.Network != network {
			t.Errorf("%s: %+v", text, d)
		}
	}
	if d := c.Dataset(Ref{Name: "nothing"}); d != nil {
		t.Errorf("unknown dataset found: %+v", d)
	}
	if diff := cmp.Diff([]string{"chain", "edge/usdc@1.0.0", "eth_rpc", "usdc"}, c.Names()); diff != "" {
		t.Error(diff)
	}
}

func TestLock(t *testing.T) {
	lock := &Lock{Query: "Blocks", SQLSHA256: HashSQL("select 1"), Fields: []arrow.Field{req("n", u64), opt("hash", bytes32)}}
	data, err := lock.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "version": 1,
  "query": "Blocks",
  "sql_sha256": "822ae07d4783158bc1912bb623e5107cc9002d519e1143a9c200ed6ee18b6d0f",
  "fields": [
    {
      "name": "n",
      "type": "UInt64",
      "nullable": false
    },
    {
      "name": "hash",
      "type": {
        "FixedSizeBinary": 32
      },
      "nullable": true
    }
  ]
}
`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
	again, err := ParseLock(data)
	if err != nil || again.Query != lock.Query || len(again.Fields) != 2 || !again.Fields[1].Equal(lock.Fields[1]) {
		t.Errorf("decoded %+v, %v", again, err)
	}
	for text, want := range map[string]string{
		`{"version":2,"query":"q","sql_sha256":"","fields":[]}`: "its version is 2, this program reads 1",
		`{"version":1,"extra":1}`:                               `json: unknown field "extra"`,
	} {
		if _, err := ParseLock([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}
