package duckdb

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/sinks/duckdb/ddl"
	"github.com/ampgen/ampgen/sinks/sinktest"
)

// transfers has the columns of labelled ERC-20 transfers.
var transfers = arrow.NewSchema([]arrow.Field{
	{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
	{Name: "timestamp", Type: arrow.FixedWidthTypes.Timestamp_ns},
	{Name: "tx_hash", Type: &arrow.FixedSizeBinaryType{ByteWidth: 32}},
	{Name: "log_index", Type: arrow.PrimitiveTypes.Uint32},
	{Name: "token", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}},
	{Name: "from", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}, Nullable: true},
	{Name: "to", Type: &arrow.FixedSizeBinaryType{ByteWidth: 20}, Nullable: true},
	{Name: "value", Type: &arrow.Decimal128Type{Precision: 38}, Nullable: true},
	{Name: "symbol", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

func transferBatches(batches, rows int) []arrow.RecordBatch {
	random := rand.New(rand.NewPCG(1, 2))
	bytes := func(n int) []byte {
		b := make([]byte, n+8)
		for i := 0; i < n; i += 8 {
			binary.LittleEndian.PutUint64(b[i:], random.Uint64())
		}
		return b[:n]
	}
	var addresses [5000][]byte
	for i := range addresses {
		addresses[i] = bytes(20)
	}
	out := make([]arrow.RecordBatch, batches)
	b := array.NewRecordBuilder(memory.DefaultAllocator, transfers)
	for n := range out {
		for i := range rows {
			row := n*rows + i
			b.Field(0).(*array.Uint64Builder).Append(uint64(row / 200))
			b.Field(1).(*array.TimestampBuilder).Append(arrow.Timestamp(1_700_000_000+row/200*12) * 1e9)
			b.Field(2).(*array.FixedSizeBinaryBuilder).Append(bytes(32))
			b.Field(3).(*array.Uint32Builder).Append(uint32(row % 200))
			for c := 4; c < 7; c++ {
				b.Field(c).(*array.FixedSizeBinaryBuilder).Append(addresses[random.IntN(len(addresses))])
			}
			b.Field(7).(*array.Decimal128Builder).Append(decimal128.New(int64(random.IntN(1000)), random.Uint64()))
			b.Field(8).(*array.StringBuilder).Append([]string{"WETH", "USDT", "USDC"}[random.IntN(3)])
		}
		out[n] = b.NewRecordBatch()
	}
	return out
}

// BenchmarkLoad loads a million transfers into a new file, through a commit unit and by a bare INSERT from the same batches.
func BenchmarkLoad(b *testing.B) {
	const batchRows, batches = 65536, 16
	records := transferBatches(batches, batchRows)
	var ours, bare time.Duration
	for b.Loop() {
		start := time.Now()
		loadUnit(b, filepath.Join(b.TempDir(), "unit.duckdb"), records)
		ours += time.Since(start)
		start = time.Now()
		loadBare(b, filepath.Join(b.TempDir(), "bare.duckdb"), records)
		bare += time.Since(start)
	}
	total := float64(b.N * batches * batchRows)
	b.ReportMetric(total/ours.Seconds(), "rows/s")
	b.ReportMetric(total/bare.Seconds(), "bare-rows/s")
	b.ReportMetric(bare.Seconds()/ours.Seconds(), "ratio")
}

func loadUnit(b *testing.B, path string, records []arrow.RecordBatch) {
	s, err := open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	table := &runtime.Table{Pipeline: "P", Name: "transfers", Schema: transfers, Block: "block_num"}
	if err := s.Prepare(b.Context(), table); err != nil {
		b.Fatal(err)
	}
	load(b, s, unit(span(0, 1<<20, "0xa", "")), records...)
}

func loadBare(b *testing.B, path string, records []arrow.RecordBatch) {
	db, err := openDatabase(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.release()
	create, err := ddl.Create(ddl.Table{Name: "transfers", Schema: transfers})
	if err != nil {
		b.Fatal(err)
	}
	c, err := db.connect()
	if err != nil {
		b.Fatal(err)
	}
	defer c.close()
	if err := c.exec(b.Context(), strings.Replace(create, `"_amp_batch_id" VARCHAR NOT NULL`, "", 1)); err != nil {
		b.Fatal(err)
	}
	ready := make(chan arrow.RecordBatch, len(records))
	for _, r := range records {
		r.Retain()
		ready <- r
	}
	close(ready)
	drop, err := arrowView(c, "source", newReader(context.Background(), transfers, ready))
	if err != nil {
		b.Fatal(err)
	}
	defer drop()
	if err := c.exec(b.Context(), "INSERT INTO transfers SELECT * FROM source"); err != nil {
		b.Fatal(err)
	}
}

// aged is a sink whose table has rows of each of the blocks before sinktest.Prior, committed one by one.
func aged(b *testing.B, rowsPerBlock int) *Sink {
	s := opened(b, file(b), sinktest.Events())
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO %s.amp_stream_state (connection_name, table_name, network, batch_id, start_block, end_block, end_hash, start_parent_hash)
			SELECT 'Events', 'events', 'eth', printf('%%016x', n), n, n, printf('0x%%064x', n), printf('0x%%064x', n - 1)
			FROM range(1, %d) r (n)`, s.db.catalog, sinktest.Prior),
		fmt.Sprintf("INSERT INTO %s.events SELECT n, 0, 'a', printf('%%016x', n) FROM range(1, %d) r (n), range(%d)", s.db.catalog, sinktest.Prior, rowsPerBlock),
	} {
		if err := s.db.admin.exec(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Prepare(b.Context(), sinktest.Events()); err != nil { // and compacts
		b.Fatal(err)
	}
	return s
}

func BenchmarkCommits(b *testing.B) {
	sinktest.BenchmarkCommits(b, opened(b, file(b), sinktest.Events()), aged(b, 1))
}

func BenchmarkUndo(b *testing.B) { sinktest.BenchmarkUndo(b, aged(b, 10)) }
