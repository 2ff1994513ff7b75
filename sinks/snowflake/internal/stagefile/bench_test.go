//go:build unix

package stagefile

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/ampgen/ampgen/benchmarks/transfers"
	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/randbatch"
)

// transferRow is the row of the ERC-20 transfers that the benchmarks load, labels joined.
var transferRow = arrow.NewSchema([]arrow.Field{
	{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
	{Name: "block_hash", Type: &arrow.FixedSizeBinaryType{ByteWidth: 32}},
	{Name: "timestamp", Type: arrow.FixedWidthTypes.Timestamp_ns},
	{Name: "tx_hash", Type: &arrow.FixedSizeBinaryType{ByteWidth: 32}},
	{Name: "tx_index", Type: arrow.PrimitiveTypes.Uint32},
	{Name: "log_index", Type: arrow.PrimitiveTypes.Uint32},
	{Name: "token_address", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}},
	{Name: "from_address", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}, Nullable: true},
	{Name: "to_address", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}, Nullable: true},
	{Name: "value", Type: arrow.BinaryTypes.String, Nullable: true,
		Metadata: arrow.MetadataFrom(map[string]string{runtime.LogicalKey: runtime.LogicalUint256})},
	{Name: "symbol", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "decimals", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
}, nil)

// cpu is the processor time that the process has used, which does not depend on what else the machine does.
func cpu(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkFiles builds the file of half a million transfers, and beside it, in turn, the file that Arrow's own writer makes of the
// same batches with the same settings, unchecked and without system columns. Rates are per second of processor time, so of one
// core, and the best of each counts.
func BenchmarkFiles(b *testing.B) {
	const rows = 500_000
	source := transfers.Batches(rows, transferRow)
	size := int64(0)
	for _, batch := range source {
		size += randbatch.Size(batch)
	}
	raws, settings := plain(b, source)
	dir := b.TempDir()
	ours, raw := time.Hour, time.Hour
	var oursBytes, rawBytes int64
	n := 0
	for b.Loop() {
		n++
		start := cpu(b)
		oursBytes = buildFiles(b, dir, n, source)
		ours = min(ours, cpu(b)-start)
		start = cpu(b)
		rawBytes = buildRaw(b, dir, n, raws, settings)
		raw = min(raw, cpu(b)-start)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rows/ours.Seconds(), "rows/s")
	b.ReportMetric(float64(size)/1e6/ours.Seconds(), "MB/s")
	b.ReportMetric(rows/raw.Seconds(), "raw-rows/s")
	b.ReportMetric(raw.Seconds()/ours.Seconds(), "of-raw")
	b.ReportMetric(float64(oursBytes)/rows, "file-B/row")
	b.ReportMetric(float64(rawBytes)/rows, "raw-B/row")
}

func buildFiles(b *testing.B, dir string, n int, source []arrow.RecordBatch) int64 {
	w, err := New(Options{Dir: dir, Prefix: fmt.Sprintf("ours-%d", n), Schema: transferRow, BatchID: "0123456789abcdef", TargetBytes: 128 << 20})
	if err != nil {
		b.Fatal(err)
	}
	for _, rows := range source {
		if _, err := w.Write(rows); err != nil {
			b.Fatal(err)
		}
	}
	files, err := w.Finish()
	if err != nil || len(files) != 1 {
		b.Fatal(len(files), err)
	}
	if err := w.Discard(); err != nil {
		b.Fatal(err)
	}
	return files[0].Bytes
}

// plain are the batches under the names of the file's columns, and the settings that a Writer would have for them.
func plain(b *testing.B, source []arrow.RecordBatch) ([]arrow.RecordBatch, *parquet.WriterProperties) {
	w, err := New(Options{Schema: transferRow})
	if err != nil {
		b.Fatal(err)
	}
	first, err := w.convert(source[0])
	if err != nil {
		b.Fatal(err)
	}
	fields := transferRow.Fields()
	for i := range fields {
		fields[i].Name = first.ColumnName(i)
	}
	var out []arrow.RecordBatch
	for _, rows := range source {
		out = append(out, array.NewRecordBatch(arrow.NewSchema(fields, nil), rows.Columns(), rows.NumRows()))
	}
	return out, properties(first)
}

func buildRaw(b *testing.B, dir string, n int, source []arrow.RecordBatch, settings *parquet.WriterProperties) int64 {
	f, err := os.Create(fmt.Sprintf("%s/raw-%d", dir, n))
	if err != nil {
		b.Fatal(err)
	}
	defer os.Remove(f.Name())
	w, err := pqarrow.NewFileWriter(source[0].Schema(), struct{ io.Writer }{f}, settings, pqarrow.DefaultWriterProps())
	if err != nil {
		b.Fatal(err)
	}
	for _, rows := range source {
		if err := w.WriteBuffered(rows); err != nil {
			b.Fatal(err)
		}
		if w.RowGroupTotalCompressedBytes() >= rowGroupBytes {
			if err := w.NewBufferedRowGroupChecked(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}
