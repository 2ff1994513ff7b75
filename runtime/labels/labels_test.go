package labels

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/runtime/fault"
)

var address = &arrow.FixedSizeBinaryType{ByteWidth: 2}

func nullable(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

// tokens is a label keyed by a two-byte address, with one text column.
func tokens(join Join, duplicates Duplicates) Spec {
	return Spec{Name: "tokens", Path: "tokens.csv", Key: "address", KeyType: address, On: "token", Join: join, Duplicates: duplicates,
		Header: []string{"address", "symbol"}, Columns: []Column{{CSV: "symbol", Field: nullable("symbol", arrow.BinaryTypes.String)}}}
}

func write(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels.csv")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t testing.TB, spec Spec, content string) *Table {
	t.Helper()
	table, err := Load(spec, write(t, content))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// text is a column as text, with null for null.
func text(a arrow.Array) []string {
	out := make([]string, a.Len())
	for i := range out {
		out[i] = "null"
		if a.IsValid(i) {
			out[i] = a.ValueStr(i)
		}
	}
	return out
}

// rows makes a record of one column from JSON.
func rows(t testing.TB, column string, typ arrow.DataType, json string) arrow.RecordBatch {
	t.Helper()
	a, _, err := array.FromJSON(memory.DefaultAllocator, typ, strings.NewReader(json))
	if err != nil {
		t.Fatal(err)
	}
	return array.NewRecordBatch(arrow.NewSchema([]arrow.Field{nullable(column, typ)}, nil), []arrow.Array{a}, int64(a.Len()))
}

// joined joins tables to a record and returns each row as text.
func joined(t testing.TB, record arrow.RecordBatch, tables ...*Table) ([]string, []Stats) {
	t.Helper()
	j, err := NewJoiner(record.Schema(), tables)
	if err != nil {
		t.Fatal(err)
	}
	columns, n, err := j.Join(record)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, n)
	for _, c := range columns {
		if int64(c.Len()) != n {
			t.Fatalf("a column has %d rows, not %d", c.Len(), n)
		}
		for i, cell := range text(c) {
			out[i] = strings.TrimPrefix(out[i]+" "+cell, " ")
		}
	}
	return out, j.Stats()
}

func TestCellsSurviveUnchanged(t *testing.T) {
	cells := []string{"⌘", "a, b", `say "hi"`, "NONE", "INF", "00", "+1", "1e5", "null", "USDC ", " USDC", "", "two\nlines", "🚀🚀"}
	var file strings.Builder
	file.WriteString("\ufeffaddress,symbol\n") // a byte-order mark, as Excel writes it
	for i, c := range cells {
		fmt.Fprintf(&file, "0x00%02x,\"%s\"\r\n", i, strings.ReplaceAll(c, `"`, `""`))
	}
	table := load(t, tokens(Left, DuplicateError), file.String())
	if diff := cmp.Diff(cells, text(table.columns[0])); diff != "" {
		t.Error(diff)
	}
}

func TestCellTypes(t *testing.T) {
	tests := []struct {
		typ  arrow.DataType
		good map[string]string // cell to its value as text
		bad  []string
	}{
		{arrow.FixedWidthTypes.Boolean, map[string]string{"true": "true", "FALSE": "false", "": "null"}, []string{"1", "yes", " true"}},
		{arrow.PrimitiveTypes.Int64, map[string]string{"-9223372036854775808": "-9223372036854775808", "18": "18", "": "null"},
			[]string{"9223372036854775808", "1.0", "abc", " 1", "1_000", "0x10"}},
		{arrow.PrimitiveTypes.Uint64, map[string]string{"18446744073709551615": "18446744073709551615"}, []string{"-1", "18446744073709551616"}},
		{arrow.PrimitiveTypes.Uint8, map[string]string{"255": "255"}, []string{"256"}},
		{&arrow.Decimal128Type{Precision: 5, Scale: 2}, map[string]string{"999.99": "999.99", "-0.5": "-0.5", "1": "1", ".5": "0.5", "1.500": "1.5"},
			[]string{"1000", "1.234", "1e2", "--1", "-", ".", "1.2.3", "+1", "١"}},
		{&arrow.Decimal256Type{Precision: 76}, map[string]string{strings.Repeat("9", 76): strings.Repeat("9", 76)}, []string{strings.Repeat("9", 77), "0.5"}},
		{address, map[string]string{"0xAbCd": "q80=", "abCD": "q80=", "0Xabcd": "q80="}, []string{"0xabc", "0xabcdef", "0x", "xyzw", "0x0xabcd"}},
		{arrow.FixedWidthTypes.Timestamp_us, map[string]string{"2024-01-02T03:04:05.000006Z": "2024-01-02T03:04:05.000006Z", "2024-01-02T03:04:05+01:00": "2024-01-02T02:04:05Z"},
			[]string{"2024-01-02", "2024-01-02T03:04:05.0000001Z", "2024-02-30T00:00:00Z", "1704164645"}},
		{arrow.FixedWidthTypes.Timestamp_ns, map[string]string{"2024-01-02T03:04:05.000000006Z": "2024-01-02T03:04:05.000000006Z"}, []string{"3000-01-01T00:00:00Z"}},
		{arrow.BinaryTypes.String, map[string]string{"": "", "x": "x"}, []string{"\xff\xfe"}},
		{arrow.BinaryTypes.StringView, map[string]string{"a text longer than twelve bytes": "a text longer than twelve bytes"}, nil},
	}
	for _, test := range tests {
		spec := tokens(Left, DuplicateError)
		spec.Columns[0].Field.Type = test.typ
		for cell, want := range test.good {
			table := load(t, spec, "address,symbol\n0x0001,\""+cell+"\"\n")
			if got := text(table.columns[0])[0]; got != want {
				t.Errorf("%s: %q is read as %s, want %s", test.typ, cell, got, want)
			}
		}
		for _, cell := range test.bad {
			_, err := Load(spec, write(t, "address,symbol\n0x0001,\""+cell+"\"\n"))
			if fault.ClassOf(err) != fault.Drift || err == nil || !strings.Contains(err.Error(), "line 2:8: column symbol: ") {
				t.Errorf("%s: %q is read with the error %v", test.typ, cell, err)
			}
		}
	}
}

func TestFilesThatDiffer(t *testing.T) {
	notNull := tokens(Inner, DuplicateError)
	notNull.Columns = []Column{{CSV: "symbol", Field: arrow.Field{Name: "symbol", Type: arrow.PrimitiveTypes.Int64}}}
	tests := []struct {
		name, content string
		spec          Spec
		want          string
	}{
		{"empty", "", tokens(Left, ""), "the file is empty"},
		{"a header only", "address,symbol\n", tokens(Left, ""), "the file has a header and no rows"},
		{"another header", "address,name\n", tokens(Left, ""), `line 1: the columns are ["address" "name"], compiled were ["address" "symbol"]`},
		{"another order", "symbol,address\n", tokens(Left, ""), `line 1: the columns are ["symbol" "address"]`},
		{"a column more", "address,symbol,name\n", tokens(Left, ""), `line 1: the columns are ["address" "symbol" "name"]`},
		{"ragged", "address,symbol\n0x0001,A\n0x0002\n", tokens(Left, ""), "record on line 3: wrong number of fields"},
		{"bad quotes", "address,symbol\n0x0001,A\"B\n", tokens(Left, ""), `parse error on line 2`},
		{"no key", "address,symbol\n0x0001,A\n,B\n", tokens(Left, ""), "line 3:1: column address: the cell is empty, and no cell was when the loader was generated"},
		{"no value", "address,symbol\n0x0001,\n", notNull, "line 2:8: column symbol: the cell is empty"},
		{"key of another width", "address,symbol\n0x000001,A\n", tokens(Left, ""), `line 2:1: column address: "0x000001" is not 2 bytes in hex`},
	}
	for _, test := range tests {
		path := write(t, test.content)
		_, err := Load(test.spec, path)
		if err == nil || fault.ClassOf(err) != fault.Drift || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	_, err := Load(tokens(Left, ""), "/nowhere/tokens.csv")
	if fault.ClassOf(err) != fault.Permanent || !strings.Contains(err.Error(), "--label tokens=path") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestJoins(t *testing.T) {
	const file = "address,symbol\n0x0001,one\n0x0002,two\n0X000A,ten\n"
	const duplicates = "address,symbol\n0x000a,first\n0x0001,one\n0x000A,second\n000a,third\n"
	const lookups = `["AAE=", null, "AAo=", "AAM=", "AAE="]` // 0x0001, null, 0x000a, 0x0003, 0x0001
	tests := []struct {
		name       string
		file       string
		join       Join
		duplicates Duplicates
		want       []string
		unmatched  int64
	}{
		{"left", file, Left, "", []string{"AAE= one", "null null", "AAo= ten", "AAM= null", "AAE= one"}, 2},
		{"inner", file, Inner, "", []string{"AAE= one", "AAo= ten", "AAE= one"}, 2},
		{"first", duplicates, Left, DuplicateFirst, []string{"AAE= one", "null null", "AAo= first", "AAM= null", "AAE= one"}, 2},
		{"last", duplicates, Inner, DuplicateLast, []string{"AAE= one", "AAo= third", "AAE= one"}, 2},
		{"fanout", duplicates, Left, DuplicateFanout,
			[]string{"AAE= one", "null null", "AAo= first", "AAo= second", "AAo= third", "AAM= null", "AAE= one"}, 2},
		{"fanout, inner", duplicates, Inner, DuplicateFanout, []string{"AAE= one", "AAo= first", "AAo= second", "AAo= third", "AAE= one"}, 2},
		{"nothing matches", "address,symbol\n0x00ff,other\n", Inner, "", []string{}, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, stats := joined(t, rows(t, "token", address, lookups), load(t, tokens(test.join, test.duplicates), test.file))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			want := []Stats{{Label: "tokens", Rows: 5, Unmatched: test.unmatched, Dropped: test.join == Inner}}
			if diff := cmp.Diff(want, stats); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDuplicateKeyNamesBothLines(t *testing.T) {
	table := load(t, tokens(Left, ""), "address,symbol\n0x00Ab,one\n0x0002,\"two\nlines\"\n00aB,again\n")
	_, err := NewJoiner(rows(t, "token", address, `[]`).Schema(), []*Table{table})
	if fault.ClassOf(err) != fault.Drift || !strings.Contains(err.Error(), "line 5: column address: the key AKs= was on line 2 already") {
		t.Errorf("got %v", err)
	}
}

func TestSeveralLabels(t *testing.T) {
	names := tokens(Inner, DuplicateFanout)
	names.Name, names.Columns = "names", []Column{{CSV: "symbol", Field: nullable("name", arrow.BinaryTypes.String)}}
	got, _ := joined(t, rows(t, "token", address, `["AAE=", "AAI=", "AAM=", "AAQ="]`),
		load(t, tokens(Left, DuplicateFanout), "address,symbol\n0x0001,a\n0x0002,b\n0x0001,c\n"),
		load(t, names, "address,symbol\n0x0001,x\n0x0003,z\n0x0001,y\n"))
	want := []string{"AAE= a x", "AAE= a y", "AAE= c x", "AAE= c y", "AAM= null z"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestKeysOfEveryType(t *testing.T) {
	tests := []struct {
		key  arrow.DataType
		file string // cells of the key
		on   arrow.DataType
		json string // looked up: found, not found
	}{
		{address, "0xABCD", address, `["q80=", "q84="]`},
		{address, "0xABCD", arrow.BinaryTypes.Binary, `["q80=", "q80A"]`},
		{address, "0xABCD", arrow.BinaryTypes.LargeBinary, `["q80=", "qw=="]`},
		{address, "0xABCD", arrow.BinaryTypes.String, `["0xabCD", "0xabC"]`},
		{address, "abcd", arrow.BinaryTypes.LargeString, `["ABCD", "0xabcdef"]`},
		{address, "abcd", arrow.BinaryTypes.String, `["0Xabcd", "not hex"]`},
		{arrow.BinaryTypes.String, "Usdc ", arrow.BinaryTypes.String, `["Usdc ", "usdc "]`},
		{arrow.BinaryTypes.String, "Usdc", arrow.BinaryTypes.StringView, `["Usdc", "Usdc "]`},
		{arrow.PrimitiveTypes.Int64, "42", arrow.PrimitiveTypes.Uint64, `[42, 18446744073709551574]`},
		{arrow.PrimitiveTypes.Int64, "-42", arrow.PrimitiveTypes.Int8, `[-42, 42]`},
		{arrow.PrimitiveTypes.Int64, "-42", arrow.PrimitiveTypes.Uint64, `[null, 18446744073709551574]`},
		{arrow.PrimitiveTypes.Uint64, "18446744073709551615", arrow.PrimitiveTypes.Uint64, `[18446744073709551615, 1]`},
		{arrow.PrimitiveTypes.Uint64, "18446744073709551615", arrow.PrimitiveTypes.Int64, `[null, -1]`},
		{arrow.PrimitiveTypes.Uint8, "7", arrow.PrimitiveTypes.Uint32, `[7, 263]`},
		{&arrow.Decimal128Type{Precision: 20, Scale: 2}, "1.5", &arrow.Decimal128Type{Precision: 20, Scale: 2}, `["1.50", "15"]`},
		{arrow.FixedWidthTypes.Timestamp_us, "2024-01-01T00:00:00Z", arrow.FixedWidthTypes.Timestamp_us, `["2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"]`},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s by %s", test.key, test.on), func(t *testing.T) {
			spec := tokens(Left, "")
			spec.KeyType = test.key
			got, _ := joined(t, rows(t, "token", test.on, test.json), load(t, spec, "address,symbol\n"+test.file+",found\n"))
			if strings.HasPrefix(test.json, "[null") {
				got[0] = "found" // only the second value is of interest
			}
			if !strings.HasSuffix(got[0], "found") || !strings.HasSuffix(got[1], " null") {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestKeysThatCannotMatch(t *testing.T) {
	for _, on := range []arrow.DataType{arrow.PrimitiveTypes.Int64, arrow.FixedWidthTypes.Timestamp_ns, &arrow.FixedSizeBinaryType{ByteWidth: 3}} {
		_, err := NewJoiner(rows(t, "token", on, `[]`).Schema(), []*Table{load(t, tokens(Left, ""), "address,symbol\n0x0001,one\n")})
		if err == nil || !strings.Contains(err.Error(), "a key of type fixed_size_binary[2] cannot be looked up by values of type "+on.String()) {
			t.Errorf("%s: %v", on, err)
		}
	}
	_, err := NewJoiner(rows(t, "address", address, `[]`).Schema(), []*Table{load(t, tokens(Left, ""), "address,symbol\n0x0001,one\n")})
	if err == nil || !strings.Contains(err.Error(), `the query has no column "token"`) {
		t.Errorf("a query without the column: %v", err)
	}
}

// TestSlicedRecords joins a slice of a record, whose arrays have offsets.
func TestSlicedRecords(t *testing.T) {
	record := rows(t, "token", address, `["AAE=", "AAI=", null, "AAE=", "AAM="]`).NewSlice(1, 4)
	got, _ := joined(t, record, load(t, tokens(Inner, ""), "address,symbol\n0x0001,a\n0x0002,b\n"))
	if want := []string{"AAI= b", "AAE= a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestJoinAllocatesPerBatch joins batches of very different sizes with the same number of allocations.
func TestJoinAllocatesPerBatch(t *testing.T) {
	for _, join := range []Join{Left, Inner} {
		table := load(t, tokens(join, ""), "address,symbol\n0x0001,a\n0x0002,b\n")
		allocations := func(n int) float64 {
			b := array.NewFixedSizeBinaryBuilder(memory.DefaultAllocator, address)
			for i := range n {
				b.Append([]byte{0, byte(i % 3)})
			}
			record := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{nullable("token", address)}, nil), []arrow.Array{b.NewArray()}, int64(n))
			j, err := NewJoiner(record.Schema(), []*Table{table})
			if err != nil {
				t.Fatal(err)
			}
			return testing.AllocsPerRun(10, func() {
				if _, _, err := j.Join(record); err != nil {
					t.Fatal(err)
				}
			})
		}
		// An inner join grows its list of kept rows by doubling, hence not quite the same number.
		if small, large := allocations(1_000), allocations(100_000); large > small+30 {
			t.Errorf("%s join: %v allocations for 1,000 rows and %v for 100,000", join, small, large)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("address,symbol\n0x0001,one\n0002,\"a\"\"b\"\n")
	f.Add("\ufeffaddress,symbol\r\n\r\n0xffff,\r\n")
	f.Add("address,symbol\n0x0001,one")
	f.Fuzz(func(t *testing.T, content string) {
		table, err := read(tokens(Left, DuplicateFirst), strings.NewReader(content))
		if err != nil {
			return
		}
		if table.key.Len() != table.Rows() || table.columns[0].Len() != table.Rows() || table.key.NullN() != 0 {
			t.Errorf("%d rows, %d keys of which %d are null, %d symbols", table.Rows(), table.key.Len(), table.key.NullN(), table.columns[0].Len())
		}
	})
}

func BenchmarkJoin(b *testing.B) {
	table := load(b, tokens(Left, ""), "address,symbol\n0x0001,a\n0x0002,b\n")
	keys := array.NewFixedSizeBinaryBuilder(memory.DefaultAllocator, address)
	const n = 8192
	for i := range n {
		keys.Append([]byte{0, byte(i % 3)})
	}
	record := array.NewRecordBatch(arrow.NewSchema([]arrow.Field{nullable("token", address)}, nil), []arrow.Array{keys.NewArray()}, n)
	j, err := NewJoiner(record.Schema(), []*Table{table})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := j.Join(record); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
}
