package runtime

import (
	"context"
	"io"
	goruntime "runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// denseSource has a thousand rows in each block of a chain of many, and makes them when they are asked for.
type denseSource struct {
	synced Range
	still  *sync.RWMutex // held for reading while rows are made
}

const denseRows = 1000

func (s *denseSource) Schema(context.Context, string, bool) (*arrow.Schema, error) {
	return querySchema, nil
}

func (s *denseSource) Open(_ context.Context, req Request) (SourceStream, error) {
	stream := &denseStream{source: s, ranges: []Range{s.synced}, next: 1, last: 0}
	if m := filter.FindStringSubmatch(req.SQL); m != nil && m[1] != "" {
		stream.next, _ = strconv.ParseUint(m[1], 10, 64)
		stream.last, _ = strconv.ParseUint(m[2], 10, 64)
	}
	return stream, nil
}

type denseStream struct {
	source     *denseSource
	ranges     []Range
	next, last uint64
	record     arrow.RecordBatch
}

func (s *denseStream) Schema() *arrow.Schema { return querySchema }

func (s *denseStream) Close() error {
	if s.record != nil {
		s.record.Release()
	}
	return nil
}

func (s *denseStream) Next(context.Context) (Message, error) {
	s.source.still.RLock()
	defer s.source.still.RUnlock()
	if s.record != nil {
		s.record.Release()
		s.record = nil
	}
	if s.next > s.last {
		if s.ranges == nil {
			return Message{}, io.EOF
		}
		m := Message{Ranges: s.ranges, Complete: true}
		s.ranges = nil
		return m, nil
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, querySchema)
	defer b.Release()
	for i := range uint32(denseRows) {
		b.Field(0).(*array.Uint64Builder).Append(s.next)
		b.Field(1).(*array.Uint32Builder).Append(i)
		b.Field(2).(*array.StringBuilder).Append("0x0123456789abcdef0123456789abcdef01234567")
	}
	s.record = b.NewRecordBatch()
	s.next++
	return Message{Record: s.record, Ranges: s.ranges}, nil
}

// sieve is a sink that keeps nothing but the coverage, and looks at the memory in use every so many rows.
type sieve struct {
	fakeSink
	still *sync.RWMutex
	rows  atomic.Int64
	peak  uint64 // under still
}

func (s *sieve) Begin(ctx context.Context, u Unit) (Tx, error) {
	tx, err := s.fakeSink.Begin(ctx, u)
	return &sieveTx{Tx: tx, sink: s}, err
}

type sieveTx struct {
	Tx
	sink *sieve
}

func (t *sieveTx) Write(_ context.Context, rows arrow.RecordBatch) error {
	if n := t.sink.rows.Add(rows.NumRows()); n%100_000 == 0 {
		t.sink.still.Lock() // what others make during a collection would count as in use
		defer t.sink.still.Unlock()
		var m goruntime.MemStats
		goruntime.GC()
		goruntime.ReadMemStats(&m)
		t.sink.peak = max(t.sink.peak, m.HeapAlloc)
	}
	return nil
}

// TestMemoryIsFlatInTheSizeOfTheRange loads a million and ten million rows with four workers and chunks that grow as they like.
func TestMemoryIsFlatInTheSizeOfTheRange(t *testing.T) {
	peak := func(blocks uint64) uint64 {
		p := testPipeline()
		still := &sync.RWMutex{}
		sink := &sieve{fakeSink: fakeSink{store: &fakeStore{}}, still: still}
		source := &denseSource{synced: onBranch("a", 0, blocks-1), still: still}
		if err := Run(t.Context(), Options{Pipeline: &p, Source: source, Sink: sink, Latest: true, Workers: 4, ReorgDepth: 100}); err != nil {
			t.Fatal(err)
		}
		if n := sink.rows.Load(); n != int64(blocks)*denseRows {
			t.Fatalf("%d rows were written", n)
		}
		return sink.peak
	}
	small, large := peak(1000), peak(10_000)
	t.Logf("peak heap: %d kB for a million rows, %d kB for ten million", small>>10, large>>10)
	if large > small+4<<20 {
		t.Errorf("the heap had %d kB with a million rows and %d kB with ten million", small>>10, large>>10)
	}
}
