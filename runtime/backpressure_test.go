package runtime

import (
	"context"
	"fmt"
	"net"
	"regexp"
	goruntime "runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"

	"github.com/ampgen/ampgen/runtime/amp"
)

// torrent is an Amp server that sends rows of a megabyte as fast as they are taken: in each answer the same ones again and again.
type torrent struct {
	flight.BaseFlightServer
	rows   []arrow.RecordBatch // by block
	synced Range
	sent   atomic.Int64 // messages
	limit  int64        // messages of an answer
}

const torrentRow = 1 << 20

var askedFor = regexp.MustCompile(`"block_num" >= (\d+)`)

func (s *torrent) GetFlightInfo(_ context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return &flight.FlightInfo{Schema: flight.SerializeSchema(querySchema, memory.DefaultAllocator), FlightDescriptor: d,
		Endpoint: []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: d.Cmd}}}}, nil
}

func (s *torrent) DoGet(ticket *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	w := flight.NewRecordWriter(stream, ipc.WithSchema(querySchema))
	defer w.Close()
	text := func(complete bool) []byte {
		return fmt.Appendf(nil, `{"ranges":[{"network":"mainnet","numbers":{"start":%d,"end":%d},"hash":%q}],"ranges_complete":%t}`,
			s.synced.Start, s.synced.End, s.synced.Hash, complete)
	}
	if m := askedFor.FindSubmatch(ticket.Ticket); m != nil {
		block, err := strconv.Atoi(string(m[1]))
		if err != nil {
			return err
		}
		for range s.limit {
			if err := w.WriteWithAppMetadata(s.rows[block], text(false)); err != nil {
				return err
			}
			s.sent.Add(1)
		}
	}
	return w.WriteWithAppMetadata(rowsOf(1, 0), text(true))
}

// startTorrent serves rows of some blocks.
func startTorrent(t *testing.T, blocks uint64, limit int64, memoryLimit int64, streams int) (*torrent, Source) {
	t.Helper()
	s := &torrent{synced: onBranch("a", 0, 99_999), limit: limit}
	for block := range blocks {
		b := array.NewRecordBuilder(memory.DefaultAllocator, querySchema)
		for i := range uint32(2) {
			b.Field(0).(*array.Uint64Builder).Append(block)
			b.Field(1).(*array.Uint32Builder).Append(i)
			b.Field(2).(*array.StringBuilder).Append(strings.Repeat("x", torrentRow))
		}
		s.rows = append(s.rows, b.NewRecordBatch())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(grpc.MaxSendMsgSize(1 << 30))
	flight.RegisterFlightServiceServer(g, s)
	go g.Serve(listener)
	client, err := Dial(amp.Config{Server: "http://" + listener.Addr().String(), Memory: memoryLimit, Streams: streams})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		g.Stop()
	})
	return s, client
}

// slowSink takes a row only when the test lets it, and looks at the heap then: everything that is in use, and what is garbage and not
// collected yet.
type slowSink struct {
	fakeSink
	turn  chan struct{}
	begun chan struct{} // a unit each
	peak  atomic.Uint64
}

func (s *slowSink) Begin(ctx context.Context, u Unit) (Tx, error) {
	tx, err := s.fakeSink.Begin(ctx, u)
	s.begun <- struct{}{}
	return &slowTx{Tx: tx, sink: s}, err
}

type slowTx struct {
	Tx
	sink *slowSink
}

func (t *slowTx) Write(ctx context.Context, _ arrow.RecordBatch) error {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	for now := heap[0].Value.Uint64(); ; {
		before := t.sink.peak.Load()
		if before >= now || t.sink.peak.CompareAndSwap(before, now) {
			break
		}
	}
	select {
	case <-t.sink.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestMemoryStaysUnderItsCeiling: four workers load rows of a megabyte from a server that is much faster than the sink, which first
// stalls and then is slow. All that is allocated in the process, the server's part of it included, stays under the ceiling.
func TestMemoryStaysUnderItsCeiling(t *testing.T) {
	const ceiling, workers, messages = 256 << 20, 4, 100
	torrent, source := startTorrent(t, workers, messages, ceiling, workers+1)
	sink := &slowSink{fakeSink: fakeSink{store: &fakeStore{}}, turn: make(chan struct{}), begun: make(chan struct{}, workers)}
	p := testPipeline()
	from, to := uint64(0), uint64(workers-1)
	done := make(chan error, 1)
	goruntime.GC()
	go func() {
		done <- Run(t.Context(), Options{Pipeline: &p, Source: source, Sink: sink, From: &from, To: &to, Workers: workers, ChunkBlocks: 1})
	}()
	for range workers {
		<-sink.begun
	}
	for range workers * messages {
		sink.turn <- struct{}{} // whoever waits for it longest; the others read ahead as far as they can
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB of rows, at most %d MiB allocated", torrent.sent.Load()*2, sink.peak.Load()>>20)
	if peak := sink.peak.Load(); peak > ceiling {
		t.Errorf("%d MiB were allocated, with a ceiling of %d", peak>>20, ceiling>>20)
	}
}
