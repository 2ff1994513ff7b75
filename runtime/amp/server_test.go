package amp_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	sqlproto "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// fakeServer answers GetFlightInfo and DoGet as a test tells it to, and records what the client sent.
type fakeServer struct {
	flight.BaseFlightServer
	schema *arrow.Schema
	plan   func(sql string) error                       // nil: every query is planned
	answer func(flight.FlightService_DoGetServer) error // what DoGet does

	sql       string
	infoHead  metadata.MD
	doGetHead metadata.MD
}

func (f *fakeServer) GetFlightInfo(ctx context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	f.infoHead, _ = metadata.FromIncomingContext(ctx)
	var wrapped anypb.Any
	if err := proto.Unmarshal(d.Cmd, &wrapped); err != nil {
		return nil, err
	}
	var command sqlproto.CommandStatementQuery
	if err := wrapped.UnmarshalTo(&command); err != nil {
		return nil, err
	}
	f.sql = command.Query
	if f.plan != nil {
		if err := f.plan(command.Query); err != nil {
			return nil, err
		}
	}
	return &flight.FlightInfo{
		Schema:           flight.SerializeSchema(f.schema, memory.DefaultAllocator),
		FlightDescriptor: d,
		Endpoint:         []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: []byte("ticket")}}},
		TotalRecords:     -1, TotalBytes: -1,
	}, nil
}

func (f *fakeServer) DoGet(_ *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	f.doGetHead, _ = metadata.FromIncomingContext(stream.Context())
	return f.answer(stream)
}

// start serves f on a loopback port until the test ends and returns host:port.
func start(t *testing.T, f *fakeServer, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(append(options, grpc.MaxSendMsgSize(1<<30))...)
	flight.RegisterFlightServiceServer(server, f)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

var blockSchema = arrow.NewSchema([]arrow.Field{
	{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
	{Name: "note", Type: arrow.BinaryTypes.String, Nullable: true},
}, nil)

func record(blocks ...uint64) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, blockSchema)
	defer b.Release()
	b.Field(0).(*array.Uint64Builder).AppendValues(blocks, nil)
	for range blocks {
		b.Field(1).(*array.StringBuilder).Append(strings.Repeat("x", 10))
	}
	return b.NewRecordBatch()
}

// sender writes what a test wants on the wire.
type sender struct {
	t      *testing.T
	stream flight.FlightService_DoGetServer
	writer *flight.Writer
}

func newSender(t *testing.T, stream flight.FlightService_DoGetServer, schema *arrow.Schema) *sender {
	return &sender{t, stream, flight.NewRecordWriter(stream, ipc.WithSchema(schema))}
}

func (s *sender) record(r arrow.RecordBatch, text string) {
	if err := s.writer.WriteWithAppMetadata(r, []byte(text)); err != nil {
		s.t.Log("send:", err)
	}
}

func (s *sender) metadataOnly(text string) {
	if err := s.stream.Send(&flight.FlightData{AppMetadata: []byte(text)}); err != nil {
		s.t.Log("send:", err)
	}
}
