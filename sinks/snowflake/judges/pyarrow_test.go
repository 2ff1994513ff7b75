// Package judges puts what the Snowflake sink makes before programs that others wrote: pyarrow reads its files, and fakesnow runs its
// statements. It has tests only. The environment with both is made by .ci/fakesnow.
package judges

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"math/big"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/randbatch"
	"github.com/ampgen/ampgen/sinks/sinktest"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
	"github.com/ampgen/ampgen/sinks/snowflake/internal/stagefile"
)

// wide has a column of each type that a Snowflake table has, and of each the type that pyarrow finds in the file.
var wide = []struct {
	field   arrow.Field
	parquet string
}{
	{field("bool", arrow.FixedWidthTypes.Boolean), "bool"},
	{field("int8", arrow.PrimitiveTypes.Int8), "int8"},
	{field("int16", arrow.PrimitiveTypes.Int16), "int16"},
	{field("int32", arrow.PrimitiveTypes.Int32), "int32"},
	{field("int64", arrow.PrimitiveTypes.Int64), "int64"},
	{field("uint8", arrow.PrimitiveTypes.Uint8), "uint8"},
	{field("uint16", arrow.PrimitiveTypes.Uint16), "uint16"},
	{field("uint32", arrow.PrimitiveTypes.Uint32), "int64"},
	{field("uint64", arrow.PrimitiveTypes.Uint64), "decimal128(20, 0)"},
	{field("float16", arrow.FixedWidthTypes.Float16), "float"},
	{field("float32", arrow.PrimitiveTypes.Float32), "float"},
	{field("float64", arrow.PrimitiveTypes.Float64), "double"},
	{field("dec9", &arrow.Decimal32Type{Precision: 9, Scale: 2}), "decimal128(9, 2)"},
	{field("dec18", &arrow.Decimal64Type{Precision: 18, Scale: 6}), "decimal128(18, 6)"},
	{field("dec38", &arrow.Decimal128Type{Precision: 38, Scale: 18}), "decimal128(38, 18)"},
	{field("dec38_256", &arrow.Decimal256Type{Precision: 38, Scale: 3}), "decimal128(38, 3)"},
	{field("dec76", &arrow.Decimal256Type{Precision: 76}), "string"},
	{field("dec76_18", &arrow.Decimal256Type{Precision: 76, Scale: 18}), "string"},
	{logical("uint256", runtime.LogicalUint256), "string"},
	{logical("int256", runtime.LogicalInt256), "string"},
	{field("utf8", arrow.BinaryTypes.String), "string"},
	{field("view", arrow.BinaryTypes.StringView), "string"},
	{field("large", arrow.BinaryTypes.LargeString), "string"},
	{field("bytes", arrow.BinaryTypes.Binary), "binary"},
	{field("bytes_view", arrow.BinaryTypes.BinaryView), "binary"},
	{field("address", &arrow.FixedSizeBinaryType{ByteWidth: 20}), "fixed_size_binary[20]"},
	{field("at_ns", arrow.FixedWidthTypes.Timestamp_ns), "timestamp[ns, tz=UTC]"},
	{field("at_us", arrow.FixedWidthTypes.Timestamp_us), "timestamp[us, tz=UTC]"},
	{field("at_s", arrow.FixedWidthTypes.Timestamp_s), "timestamp[ms, tz=UTC]"},
	{field("local_ns", &arrow.TimestampType{Unit: arrow.Nanosecond}), "timestamp[ns]"},
	{field("local_ms", &arrow.TimestampType{Unit: arrow.Millisecond}), "timestamp[ms]"},
	{field("date32", arrow.FixedWidthTypes.Date32), "date32[day]"},
	{field("date64", arrow.FixedWidthTypes.Date64), "date32[day]"},
	{field("time32", arrow.FixedWidthTypes.Time32ms), "time32[ms]"},
	{field("time64", arrow.FixedWidthTypes.Time64ns), "time64[ns]"},
	{field("took", arrow.FixedWidthTypes.Duration_ns), "int64"},
	{field("topics", arrow.ListOf(&arrow.FixedSizeBinaryType{ByteWidth: 32})), "list<element: string>"},
	{field("counts", arrow.LargeListOf(arrow.PrimitiveTypes.Uint64)), "list<element: decimal128(20, 0)>"},
	{field("pair", arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32)), "list<element: int32>"},
	{field("call", arrow.StructOf(
		arrow.Field{Name: "to", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}, Nullable: true},
		logical("amount", runtime.LogicalUint256),
		arrow.Field{Name: "at", Type: arrow.FixedWidthTypes.Timestamp_us, Nullable: true},
		arrow.Field{Name: "keys", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true})),
		"struct<to: string, amount: string, at: string, keys: list<element: string>>"},
	{field("tags", arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64)), "map<string, int64 ('TAGS')>"},
}

func field(name string, typ arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: typ, Nullable: true}
}

func logical(name, as string) arrow.Field {
	f := field(name, arrow.BinaryTypes.String)
	f.Metadata = arrow.MetadataFrom(map[string]string{runtime.LogicalKey: as})
	return f
}

func wideSchema() *arrow.Schema {
	var fields []arrow.Field
	for _, c := range wide {
		fields = append(fields, c.field)
	}
	return arrow.NewSchema(fields, nil)
}

// stageFiles writes rows as the sink does.
func stageFiles(t *testing.T, rows arrow.RecordBatch, u ddl.Uint256) []stagefile.File {
	t.Helper()
	w, err := stagefile.New(stagefile.Options{Dir: t.TempDir(), Prefix: "a", Schema: rows.Schema(), BatchID: "0123456789abcdef", History: true,
		Uint256: u, TargetBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	files, err := w.Write(rows)
	if err != nil {
		t.Fatal(err)
	}
	last, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return append(files, last...)
}

// TestPyarrowReadsTheFiles compares types and values of every type, bounds and nulls included, with what pyarrow reads.
func TestPyarrowReadsTheFiles(t *testing.T) {
	rows := randbatch.New(wideSchema(), 300, 1)
	defer rows.Release()
	files := stageFiles(t, rows, ddl.Uint256Text)
	if len(files) != 1 || files[0].Rows != rows.NumRows() {
		t.Fatalf("got %v", files)
	}
	types, got := readByPyarrow(t, files[0].Path)
	for i, c := range wide {
		name := strings.ToUpper(c.field.Name)
		if types[name] != c.parquet {
			t.Errorf("column %s is %s, want %s", name, types[name], c.parquet)
		}
		for row := range got {
			if diff := cmp.Diff(sinktest.Value(c.field, rows.Column(i), row), found(c.field, got[row][name])); diff != "" {
				t.Errorf("column %s, row %d (-wrote +read):\n%s", name, row, diff)
				break
			}
		}
	}
	for row := range got {
		if got[row][ddl.BatchColumn] != "0123456789abcdef" || got[row][ddl.CurrentColumn] != true {
			t.Fatalf("row %d has %v in %s and %v in %s", row, got[row][ddl.BatchColumn], ddl.BatchColumn, got[row][ddl.CurrentColumn], ddl.CurrentColumn)
		}
	}
	if len(got) != int(rows.NumRows()) || len(types) != len(wide)+2 {
		t.Errorf("%d rows of %d columns", len(got), len(types))
	}
}

// TestPyarrowReadsNanoseconds is about what random rows have not: parts of a microsecond, and the first and last times there are.
func TestPyarrowReadsNanoseconds(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{field("at", arrow.FixedWidthTypes.Timestamp_ns),
		field("local", &arrow.TimestampType{Unit: arrow.Nanosecond}), field("clock", arrow.FixedWidthTypes.Time64ns)}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i, counts := range [][]int64{
		{math.MinInt64, -1, 0, 1, 1700000000123456789, math.MaxInt64},
		{math.MinInt64, -1, 0, 1, 1700000000123456789, math.MaxInt64},
		{0, 1, 999, 1000, 45296123456789, 86399999999999},
	} {
		for _, v := range counts {
			switch b := b.Field(i).(type) {
			case *array.TimestampBuilder:
				b.Append(arrow.Timestamp(v))
			case *array.Time64Builder:
				b.Append(arrow.Time64(v))
			}
		}
	}
	rows := b.NewRecordBatch()
	defer rows.Release()
	_, got := readByPyarrow(t, stageFiles(t, rows, ddl.Uint256Text)[0].Path)
	if len(got) != 6 {
		t.Fatalf("%d rows", len(got))
	}
	for i, f := range schema.Fields() {
		for row := range got {
			if want, got := sinktest.Value(f, rows.Column(i), row), found(f, got[row][strings.ToUpper(f.Name)]); want != got {
				t.Errorf("%s, row %d: wrote %v, read %v", f.Name, row, want, got)
			}
		}
	}
}

// TestPyarrowReads256BitIntegers is about the ways to hold them other than text.
func TestPyarrowReads256BitIntegers(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{logical("u", runtime.LogicalUint256), logical("i", runtime.LogicalInt256)}, nil)
	const nines = "99999999999999999999999999999999999999"
	small := [][2]string{{"0", "0"}, {"1", "-1"}, {nines, "-" + nines}}
	large := append(small[:3:3], [2]string{
		"115792089237316195423570985008687907853269984665640564039457584007913129639935",
		"-57896044618658097711785492504343953926634992332820282019728792003956564819968"})
	for _, c := range []struct {
		as     ddl.Uint256
		values [][2]string
		typ    string
		want   func(*big.Int) string
	}{
		{ddl.Uint256Number, small, "decimal128(38, 0)", (*big.Int).String},
		{ddl.Uint256Binary, large, "fixed_size_binary[32]", func(v *big.Int) string {
			if v.Sign() < 0 {
				v = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), 256))
			}
			return "0x" + hex.EncodeToString(v.FillBytes(make([]byte, 32)))
		}},
	} {
		t.Run(string(c.as), func(t *testing.T) {
			b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
			defer b.Release()
			for _, pair := range c.values {
				for i, v := range pair {
					b.Field(i).(*array.StringBuilder).Append(v)
				}
			}
			rows := b.NewRecordBatch()
			defer rows.Release()
			types, got := readByPyarrow(t, stageFiles(t, rows, c.as)[0].Path)
			if types["U"] != c.typ || types["I"] != c.typ {
				t.Errorf("types %s and %s, want %s", types["U"], types["I"], c.typ)
			}
			for row, pair := range c.values {
				for i, name := range []string{"U", "I"} {
					v, _ := new(big.Int).SetString(pair[i], 10)
					if got[row][name] != c.want(v) {
						t.Errorf("row %d: %s is %v, want %s", row, name, got[row][name], c.want(v))
					}
				}
			}
		})
	}
}

// found is a value of f that was read back, in the form of sinktest.Value.
func found(f arrow.Field, v any) any {
	if s, ok := v.(string); ok && f.Type.ID() == arrow.DURATION { // a number there
		n, _ := strconv.ParseInt(s, 10, 64)
		return sinktest.Interval(0, 0, n*int64(f.Type.(*arrow.DurationType).Unit.Multiplier()))
	}
	return sinktest.FromJSON(f, v)
}

// readByPyarrow reads the types of a file's columns and its rows.
func readByPyarrow(t *testing.T, path string) (types map[string]string, rows []map[string]any) {
	t.Helper()
	cmd := exec.Command(python(t), "testdata/rows.py", path)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("rows.py: %v\n%s", err, said.String())
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	decoder.UseNumber()
	if err := decoder.Decode(&types); err != nil {
		t.Fatal(err)
	}
	for decoder.More() {
		var row map[string]any
		if err := decoder.Decode(&row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return types, rows
}
