package label

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
)

// faults renders diagnostics as the user sees them.
func faults(t testing.TB, diags *diag.List) string {
	t.Helper()
	var b strings.Builder
	if err := diags.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func read(t testing.TB, text string, opts Options) (*Table, string) {
	t.Helper()
	var diags diag.List
	table := Read(source.New("t.csv", text), opts, &diags)
	return table, faults(t, &diags)
}

func TestInference(t *testing.T) {
	tests := []struct {
		cells string // of one column, beside a column that keeps rows from being empty
		want  string
	}{
		{"true FALSE True", "bool"},
		{"true 1", "utf8"},
		{"0 18 -5 9223372036854775807", "int64"},
		{"0 18446744073709551615", "uint64"},
		{"-1 18446744073709551615", "decimal(38, 0)"},
		{"18446744073709551616", "decimal(38, 0)"},
		{strings.Repeat("9", 39), "decimal256(76, 0)"},
		{strings.Repeat("9", 77), "utf8"},
		{"1.5 2 0.125", "decimal(38, 3)"},
		{strings.Repeat("9", 37) + " 0.25", "decimal256(76, 2)"},
		{"00", "utf8"},
		{"007 8", "utf8"},
		{"+1 2", "utf8"},
		{"-0 1", "utf8"},
		{"-0.0 1", "utf8"},
		{"1. 2", "utf8"},
		{".5", "utf8"},
		{"1e3", "utf8"},
		{"NONE 1", "utf8"},
		{"INF", "utf8"},
		{"NaN", "utf8"},
		{"0x00ff 0xABcd", "fixed_size_binary[2]"},
		{"0x00 0x0000", "utf8"},
		{"0x", "utf8"},
		{"0x123", "utf8"},
		{"0xzz", "utf8"},
		{"00ff", "utf8"},
		{"0X00ff", "utf8"},
		{"2024-01-02T03:04:05Z 2024-01-02T03:04:05.123456+02:00", "timestamp[us, tz=UTC]"},
		{"2024-01-02T03:04:05.1234567Z", "utf8"},
		{"2024-01-02", "utf8"},
		{"dead Cafe", "utf8"},
		{"_ _", "utf8"}, // empty cells only
		{"_ 5", "int64, nullable"},
		{"_ text", "utf8"},
		{"_ 0x00", "fixed_size_binary[1], nullable"},
	}
	for _, test := range tests {
		var b strings.Builder
		b.WriteString("v,row\n")
		for i, cell := range strings.Fields(test.cells) {
			fmt.Fprintf(&b, "%s,r%d\n", strings.TrimPrefix(cell, "_"), i)
		}
		table, msg := read(t, b.String(), Options{})
		if table == nil || msg != "" {
			t.Errorf("%s: %s", test.cells, msg)
			continue
		}
		got := table.Columns[0].Type.String()
		if table.Columns[0].Nullable {
			got += ", nullable"
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.cells, got, test.want)
		}
	}
}

func TestRead(t *testing.T) {
	table, msg := read(t, "\ufeffaddress,name\r\n0x01,\"a, \"\"b\"\"\nc\"\r\n0x02, NONE \r\n", Options{Key: "address"})
	if msg != "" {
		t.Fatal(msg)
	}
	if table.Rows != 2 || len(table.Columns) != 2 || table.Column("name") != &table.Columns[1] || table.Column("symbol") != nil {
		t.Errorf("%+v", table)
	}
	if p := table.Columns[0].Span; p.Text() != "address" {
		t.Errorf("the first column's name is at %q", p.Text())
	}
}

func TestFaults(t *testing.T) {
	fixed := func(n int) arrow.DataType { return &arrow.FixedSizeBinaryType{ByteWidth: n} }
	annotation := source.New("q.sql", "-- @label tokens csv=t.csv key=adress type.decimals=int8")
	types := func(name string, typ arrow.DataType) Options {
		return Options{Types: map[string]Override{name: {Type: typ, Span: annotation.Span(39, 47)}}}
	}
	tests := []struct {
		name, text string
		opts       Options
		want       string
	}{
		{"empty", "", Options{}, `t.csv:1:1: error: the file is empty [AMP050]
  help: begin it with a header row: the names of its columns
`},
		{"only a header", "a,b\n", Options{}, `t.csv:1:1: error: the file has a header and no rows [AMP050]
  note: the types of the columns are read from the rows
`},
		{"not UTF-8", "a\n\u00e9\xff\n", Options{}, `t.csv:2:2: error: the file is not UTF-8 [AMP002]
  help: save it as UTF-8: iconv -f WINDOWS-1252 -t UTF-8 in.csv > out.csv
`},
		{"duplicate and empty header", "a,b,a,\n1,2,3,4\n", Options{}, `t.csv:1:5: error: column "a" occurs twice in the header, as column 1 and 3 [AMP051]
  help: rename or remove one of them
t.csv:1:7: error: column 4 has no name [AMP051]
  help: name every column in the header
`},
		{"ragged", "a,b\n1,2\n3\n\n4,5,6\n", Options{}, `t.csv:3:1: error: expected 2 fields, found 1 [AMP050]
  help: give every row a cell per column; put a cell that contains a comma in quotes
t.csv:5:1: error: expected 2 fields, found 3 [AMP050]
  help: give every row a cell per column; put a cell that contains a comma in quotes
`},
		{"bare quote", "a,b\n1,2\n⌘,x\"y\n", Options{}, `t.csv:3:4: error: a quote within a cell that does not begin with one [AMP050]
  help: put the cell in quotes and double the quotes within it: "an ""odd"" name"
`},
		{"text after a quote", "a,b\n1,\"x\"y\n", Options{}, `t.csv:2:5: error: a quoted cell is not closed, or goes on after its closing quote [AMP050]
  help: double the quotes within a quoted cell: "an ""odd"" name"
`},
		{"unclosed quote", "a,b\n1,2\n1,\"x\n1,2\n", Options{}, `t.csv:3:1: error: a cell of this row begins with a quote that nothing closes [AMP050]
  help: close the quote, and double the quotes within the cell
`},
		{"no key", "address,b\n0x01,2\n", Options{Key: "adress", KeySpan: annotation.Span(31, 37)},
			`q.sql:1:32: error: key "adress" is not a column of t.csv [AMP052]
  note: its columns are address, b
  help: did you mean address?
`},
		{"empty key", "address,b\n0x01,2\n,3\n", Options{Key: "address"}, `t.csv:3:1: error: the key column "address" is empty in this row [AMP052]
  help: give the row a key, or remove it
`},
		{"duplicate key", "b,address\nx,0x00AB\nx,0x00ac\nx,0x00ab\n", Options{Key: "address"},
			`t.csv:4:3: error: key "0x00ab" is on line 2 and on line 4 [AMP054]
  help: remove one of the lines, or choose with dup=first, dup=last or dup=fanout in the @label annotation
`},
		{"duplicate key of another spelling", "address\n0x00AB\n00ab\n", Options{Key: "address", Types: types("address", fixed(2)).Types},
			`t.csv:3:1: error: key "00ab" is on line 2 and on line 3 [AMP054]
  help: remove one of the lines, or choose with dup=first, dup=last or dup=fanout in the @label annotation
`},
		{"text keys differ by case", "k\nab\nAB\n", Options{Key: "k"}, ""},
		{"duplicates allowed", "k\nab\nab\n", Options{Key: "k", AllowDuplicates: true}, ""},
		{"override misfits", "v\n1\n200\nx\n1.5\n", types("v", arrow.PrimitiveTypes.Int8), `t.csv:3:1: error: column "v": 200 does not fit int8 [AMP055]
t.csv:4:1: error: column "v": "x" is not an integer [AMP055]
t.csv:5:1: error: column "v": "1.5" is not an integer [AMP055]
`},
		{"override of hex", "v\n0x01\n0x0102\nxyz\n", types("v", fixed(1)), `t.csv:3:1: error: column "v": "0x0102" has 4 hex digits; fixed_size_binary[1] has 2 [AMP055]
t.csv:4:1: error: column "v": "xyz" is not hex [AMP055]
`},
		{"override of decimal", "v\n0.25\n12.5\n-0.5\n1.255\n", types("v", &arrow.Decimal128Type{Precision: 3, Scale: 2}), `t.csv:3:1: error: column "v": 12.5 does not fit decimal(3, 2) [AMP055]
t.csv:5:1: error: column "v": 1.255 does not fit decimal(3, 2) [AMP055]
`},
		{"override of timestamp", "v\n2024-01-02T03:04:05Z\n2024-01-02T03:04:05.5Z\nnow\n", types("v", arrow.FixedWidthTypes.Timestamp_s),
			`t.csv:3:1: error: column "v": 2024-01-02T03:04:05.5Z is finer than timestamp[s, tz=UTC] [AMP055]
t.csv:4:1: error: column "v": "now" is not a timestamp of the form 2006-01-02T15:04:05Z [AMP055]
`},
		{"override to text", "v\n1\n2\n", types("v", arrow.BinaryTypes.String), ""},
		{"override of no column", "decimal\n1\n", types("decimals", arrow.PrimitiveTypes.Int8), `q.sql:1:40: error: type given for "decimals" is not a column of t.csv [AMP040]
  note: its columns are decimal
  help: did you mean decimal?
`},
		{"override to an unknown type", "v\n1\n", types("v", arrow.PrimitiveTypes.Float64), `q.sql:1:40: error: column "v": a label cannot have the type float64 [AMP040]
  help: use boolean, an integer, a decimal, fixed-size binary, a timestamp or text
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, got := read(t, test.text, test.opts)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOpenUnreadable(t *testing.T) {
	var diags diag.List
	if Open(filepath.Join(t.TempDir(), "none.csv"), "labels/none.csv", Options{}, &diags) != nil {
		t.Error("a table of no file")
	}
	want := "labels/none.csv: error: read labels/none.csv: no such file or directory [AMP001]\n"
	if got := faults(t, &diags); got != want {
		t.Errorf("got %s", got)
	}
}

// realTokens is real token metadata, beside the repository where it is present.
func realTokens(t testing.TB) string {
	dir := os.Getenv("AMPGEN_DATA")
	if dir == "" {
		dir = "../../../../shared/data"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("there is no real data at %s: set AMPGEN_DATA to its folder", dir)
	}
	return filepath.Join(dir, "eth_mainnet_token_metadata.csv")
}

func TestRealTokens(t *testing.T) {
	var diags diag.List
	table := Open(realTokens(t), "tokens.csv", Options{Key: "token_address"}, &diags)
	if diags.Len() > 0 {
		t.Fatal(faults(t, &diags))
	}
	var got []string
	for _, c := range table.Columns {
		got = append(got, fmt.Sprintf("%s %s %v", c.Name, c.Type, c.Nullable))
	}
	want := []string{"token_address fixed_size_binary[20] false", "symbol utf8 false", "name utf8 false", "decimals int64 false"}
	if diff := cmp.Diff(want, got); diff != "" || table.Rows != 7961 {
		t.Errorf("%d rows\n%s", table.Rows, diff)
	}
}

func BenchmarkRealTokens(b *testing.B) {
	file, err := source.Read(realTokens(b), "tokens.csv")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file.Text)))
	for b.Loop() {
		var diags diag.List
		Read(file, Options{Key: "token_address"}, &diags)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("a,b\n1,\"x\ny\"\n", "a")
	f.Add("\ufeffa\n\xff\n", "b")
	f.Add("k,v\n0x00,true\n0x00,\"\n", "k")
	f.Fuzz(func(t *testing.T, text, key string) {
		var diags diag.List
		table := Read(source.New("t.csv", text), Options{Key: key}, &diags)
		for _, d := range diags.Sorted() {
			if d.Span.Valid() && (d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(text)) {
				t.Errorf("span %d to %d in %d bytes: %s", d.Span.Start, d.Span.End, len(text), d.Message)
			}
		}
		if table == nil && diags.Len() == 0 {
			t.Error("no table and no fault")
		}
		if table != nil {
			for _, c := range table.Columns {
				if c.Type == nil || c.Name == "" {
					t.Errorf("column %+v", c)
				}
			}
		}
	})
}
