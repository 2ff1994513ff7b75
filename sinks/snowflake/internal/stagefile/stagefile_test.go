package stagefile

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/randbatch"
	"github.com/ampgen/ampgen/sinks/snowflake/ddl"
)

var sample = arrow.NewSchema([]arrow.Field{
	{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
	{Name: "log_index", Type: arrow.PrimitiveTypes.Uint32},
	{Name: "tx_hash", Type: &arrow.FixedSizeBinaryType{ByteWidth: 32}},
	{Name: "symbol", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

// batch makes n rows of sample from a block on.
func batch(n int, block uint64) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, sample)
	hash, rng := make([]byte, 32), rand.New(rand.NewPCG(1, block))
	for i := range n {
		b.Field(0).(*array.Uint64Builder).Append(block + uint64(i/100))
		b.Field(1).(*array.Uint32Builder).Append(uint32(i % 100))
		for j := range hash {
			hash[j] = byte(rng.Uint32())
		}
		b.Field(2).(*array.FixedSizeBinaryBuilder).Append(hash)
		if i%3 == 0 {
			b.Field(3).AppendNull()
		} else {
			b.Field(3).(*array.StringBuilder).Append("USDC")
		}
	}
	return b.NewRecordBatch()
}

func options(t *testing.T, schema *arrow.Schema) Options {
	return Options{Dir: t.TempDir(), Prefix: "a1", Schema: schema, BatchID: "unit", TargetBytes: 1 << 20}
}

func newWriter(t *testing.T, o Options) *Writer {
	t.Helper()
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// written are the files of batches, complete.
func written(t *testing.T, o Options, batches ...arrow.RecordBatch) []File {
	t.Helper()
	w := newWriter(t, o)
	var files []File
	for _, rows := range batches {
		done, err := w.Write(rows)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, done...)
	}
	done, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return append(files, done...)
}

// read returns a file's content.
func read(t *testing.T, path string) arrow.Table {
	t.Helper()
	r, err := pqfile.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := a.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// texts are the values of a column as Arrow writes them.
func texts(table arrow.Table, column int) (out []string) {
	for _, chunk := range table.Column(column).Data().Chunks() {
		for i := range chunk.Len() {
			out = append(out, chunk.ValueStr(i))
		}
	}
	return out
}

func TestColumnsOfAFile(t *testing.T) {
	o := options(t, sample)
	o.History = true
	files := written(t, o, batch(3, 10))
	if len(files) != 1 || files[0].Rows != 3 || filepath.Base(files[0].Path) != "a1-0.parquet" {
		t.Fatalf("files %+v", files)
	}
	info, err := os.Stat(files[0].Path)
	if err != nil || info.Size() != files[0].Bytes || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want %d bytes for nobody else", info, err, files[0].Bytes)
	}
	table := read(t, files[0].Path)
	var got []string
	for i, f := range table.Schema().Fields() {
		got = append(got, fmt.Sprintf("%s %s %v: %s", f.Name, f.Type, f.Nullable, strings.Join(texts(table, i), " ")[:min(14, len(strings.Join(texts(table, i), " ")))]))
	}
	want := []string{
		"BLOCK_NUM int64 false: 10 10 10",
		"LOG_INDEX int32 false: 0 1 2",
		"TX_HASH fixed_size_binary[32] false: JYx/hGYFjCsn/V",
		"SYMBOL utf8 true: (null) USDC US",
		"_AMP_BATCH_ID utf8 false: unit unit unit",
		"_AMP_IS_CURRENT bool false: true true true",
	}
	if !slices.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if table.Schema().Metadata().Len() != 0 {
		t.Errorf("the file has metadata: %v", table.Schema().Metadata())
	}
}

// Files that were cut have all rows in order, and are of about the size that was asked for.
func TestRotation(t *testing.T) {
	o := options(t, sample)
	var batches []arrow.RecordBatch
	rows := int64(0)
	for i, n := range []int{1, 0, 50_000, 8192, 200_000, 3} {
		batches = append(batches, batch(n, uint64(1000*i)))
		rows += int64(n)
	}
	for _, target := range []int64{400_000, 2 << 20, 1 << 40} {
		o.TargetBytes, o.Prefix = target, fmt.Sprint(target)
		files := written(t, o, batches...)
		if one := target == 1<<40; one != (len(files) == 1) {
			t.Errorf("%d files of %d bytes", len(files), target)
		}
		got := int64(0)
		var blocks []string
		for i, f := range files {
			got += f.Rows
			table := read(t, f.Path)
			if table.NumRows() != f.Rows {
				t.Errorf("%s has %d rows and not %d", f.Path, table.NumRows(), f.Rows)
			}
			blocks = append(blocks, texts(table, 0)...)
			if learnt := i > 0 && i < len(files)-1; learnt && (f.Bytes < target*9/10 || f.Bytes > target*11/10) {
				t.Errorf("file %d of %d has %d bytes; the target is %d", i, len(files), f.Bytes, target)
			}
		}
		var want []string
		for _, b := range batches {
			for _, v := range b.Column(0).(*array.Uint64).Uint64Values() {
				want = append(want, fmt.Sprint(v))
			}
		}
		if got != rows || !slices.Equal(blocks, want) {
			t.Errorf("target %d: %d rows instead of %d, or in another order", target, got, rows)
		}
	}
}

// A number that the narrow type cannot hold begins a file with a wider one.
func TestWideNumbers(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "a", Type: arrow.PrimitiveTypes.Uint64},
		{Name: "b", Type: arrow.PrimitiveTypes.Uint32, Nullable: true},
	}, nil)
	row := func(a uint64, b uint32) arrow.RecordBatch {
		r := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		r.Field(0).(*array.Uint64Builder).Append(a)
		r.Field(1).(*array.Uint32Builder).Append(b)
		return r.NewRecordBatch()
	}
	files := written(t, options(t, schema), row(math.MaxInt64, math.MaxInt32), row(1, math.MaxInt32+1), row(math.MaxUint64, math.MaxUint32), row(2, 2))
	var got []string
	for _, f := range files {
		table := read(t, f.Path)
		got = append(got, fmt.Sprintf("%s %v, %s %v", table.Schema().Field(0).Type, texts(table, 0), table.Schema().Field(1).Type, texts(table, 1)))
	}
	want := []string{
		"int64 [9223372036854775807], int32 [2147483647]",
		"int64 [1], int64 [2147483648]",
		"decimal(20, 0) [18446744073709551615 2], int64 [4294967295 2]",
	}
	if !slices.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestNoRowsNoFile(t *testing.T) {
	o := options(t, sample)
	if files := written(t, o, batch(0, 1)); len(files) != 0 {
		t.Errorf("files %v", files)
	}
	if left, _ := os.ReadDir(o.Dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestDiscard(t *testing.T) {
	o := options(t, sample)
	o.TargetBytes = 100_000
	w := newWriter(t, o)
	files, err := w.Write(batch(50_000, 1))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if err := os.Remove(files[0].Path); err != nil { // as after an upload
		t.Fatal(err)
	}
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(o.Dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// What a column cannot hold is an error that names it, the row and the value.
func TestRefusedValues(t *testing.T) {
	logical := func(s string) arrow.Metadata { return arrow.MetadataFrom(map[string]string{runtime.LogicalKey: s}) }
	texts := func(s ...string) func(array.Builder) {
		return func(b array.Builder) { b.(array.StringLikeBuilder).AppendValues(s, nil) }
	}
	for _, c := range []struct {
		typ   arrow.DataType
		meta  arrow.Metadata
		form  ddl.Uint256
		fill  func(array.Builder)
		wants []string
	}{
		{arrow.BinaryTypes.String, logical("uint256"), "", texts("1", "12x"), []string{`column "v": row 1: "12x" is not a decimal integer`}},
		{arrow.BinaryTypes.StringView, logical("int256"), "", texts(""), []string{`row 0: "" is not`}},
		{arrow.BinaryTypes.String, logical("uint256"), ddl.Uint256Binary, texts("-1"), []string{`row 0: -1 is no uint256`}},
		{arrow.BinaryTypes.String, logical("uint256"), ddl.Uint256Binary, texts("1" + strings.Repeat("0", 78)), []string{`000 has more than 256 bits`}},
		{arrow.BinaryTypes.String, logical("uint256"), ddl.Uint256Number, texts("0", "1"+strings.Repeat("0", 38)), []string{`column "v": row 1: 1000`, "38 digits", "text or binary"}},
		{arrow.FixedWidthTypes.Date64, arrow.Metadata{}, "", func(b array.Builder) { b.(*array.Date64Builder).Append(1) }, []string{"not a whole day"}},
		{arrow.ListOf(arrow.FixedWidthTypes.Date64), arrow.Metadata{}, "", func(b array.Builder) {
			b.(*array.ListBuilder).Append(true)
			b.(*array.ListBuilder).ValueBuilder().(*array.Date64Builder).Append(1)
		}, []string{`column "v": within "item": row 0: a date`}},
	} {
		schema := arrow.NewSchema([]arrow.Field{{Name: "v", Type: c.typ, Metadata: c.meta, Nullable: true}}, nil)
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		c.fill(b.Field(0))
		o := options(t, schema)
		o.Uint256 = c.form
		_, err := newWriter(t, o).Write(b.NewRecordBatch())
		for _, want := range c.wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %s: error %v; want %q in it", c.typ, c.form, err, want)
			}
		}
	}
}

func TestRefusedColumns(t *testing.T) {
	_, err := New(options(t, arrow.NewSchema([]arrow.Field{
		{Name: "n", Type: arrow.Null, Nullable: true}, {Name: "i", Type: arrow.FixedWidthTypes.MonthInterval},
	}, nil)))
	if err == nil || !strings.Contains(err.Error(), `column "n"`) || !strings.Contains(err.Error(), `column "i"`) {
		t.Errorf("error %v; want both columns in it", err)
	}
}

// Random batches of every kind of column can be written, whole and in parts.
func TestRandomBatches(t *testing.T) {
	schema := arrow.NewSchema(everyType(), nil)
	for seed := range uint64(5) {
		rows := randbatch.New(schema, 200, seed)
		o := options(t, schema)
		files := written(t, o, rows, rows.NewSlice(7, 101), rows.NewSlice(3, 3))
		n := int64(0)
		for _, f := range files {
			n += read(t, f.Path).NumRows()
		}
		if n != 200+94 {
			t.Errorf("seed %d: %d rows", seed, n)
		}
	}
}

// Arrow allows elements below a list that is null. Parquet does not.
func TestElementsBelowNulls(t *testing.T) {
	elements := array.NewInt64Builder(memory.DefaultAllocator)
	elements.AppendValues([]int64{1, 2, 3, 4, 5, 6}, nil)
	offsets := memory.NewBufferBytes(arrow.Int32Traits.CastToBytes([]int32{0, 1, 3, 4, 6}))
	valid := memory.NewBufferBytes([]byte{0b1101})
	typ := arrow.ListOf(arrow.PrimitiveTypes.Int64)
	lists := array.NewListData(array.NewData(typ, 4, []*memory.Buffer{valid, offsets}, []arrow.ArrayData{elements.NewArray().Data()}, 1, 0))
	fixed := array.NewFixedSizeListBuilder(memory.DefaultAllocator, 2, arrow.PrimitiveTypes.Int64)
	for i := range int64(4) {
		fixed.Append(i != 2)
		fixed.ValueBuilder().(*array.Int64Builder).AppendValues([]int64{i, -i}, nil)
	}
	object := arrow.StructOf(arrow.Field{Name: "in", Type: typ, Nullable: true})
	objects := array.NewStructData(array.NewData(object, 4, []*memory.Buffer{memory.NewBufferBytes([]byte{0b1011})}, []arrow.ArrayData{lists.Data()}, 1, 0))
	schema := arrow.NewSchema([]arrow.Field{{Name: "l", Type: typ, Nullable: true}, {Name: "f", Type: fixed.Type(), Nullable: true},
		{Name: "o", Type: object, Nullable: true}}, nil)
	rows := array.NewRecordBatch(schema, []arrow.Array{lists, fixed.NewArray(), objects}, 4)
	for _, c := range []struct {
		from, to int64
		want     [][]string
	}{
		{0, 4, [][]string{{"[1]", "(null)", "[4]", "[5,6]"}, {"[0,0]", "[1,-1]", "(null)", "[3,-3]"}, {`{"in":[1]}`, `{"in":null}`, "(null)", `{"in":[5,6]}`}}},
		{1, 3, [][]string{{"(null)", "[4]"}, {"[1,-1]", "(null)"}, {`{"in":null}`, "(null)"}}},
	} {
		table := read(t, written(t, options(t, schema), rows.NewSlice(c.from, c.to))[0].Path)
		if got := [][]string{texts(table, 0), texts(table, 1), texts(table, 2)}; !cmp.Equal(got, c.want) {
			t.Error(cmp.Diff(c.want, got))
		}
	}
}

// What a Writer holds stays within Memory, however much it has written.
func TestMemoryIsBounded(t *testing.T) {
	o := options(t, sample)
	o.TargetBytes = 1 << 40
	w := newWriter(t, o)
	live := func() int64 {
		var m goruntime.MemStats
		goruntime.GC()
		goruntime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	rows := batch(50_000, 1)
	before, most := live(), int64(0)
	for range 60 {
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
		most = max(most, live()-before)
	}
	files, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if files[0].Bytes < 3*rowGroupBytes {
		t.Errorf("%d bytes in the file prove nothing", files[0].Bytes)
	}
	if most > Memory(sample) {
		t.Errorf("held %d MB; Memory says %d MB", most>>20, Memory(sample)>>20)
	}
}
