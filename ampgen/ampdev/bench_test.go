package ampdev

import (
	"context"
	"net"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/flight"
	flightsql "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// BenchmarkERC20 pulls decoded transfers over loopback and throws them away: it is the ceiling for a loader here.
func BenchmarkERC20(b *testing.B) {
	s, err := New(b.Context(), Config{Blocks: 1000, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(listener)
	defer s.Close()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	client := flight.NewFlightServiceClient(conn)
	rows := int64(0)
	b.ResetTimer()
	for b.Loop() {
		rows += pull(b, client, erc20)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func pull(b *testing.B, client flight.FlightServiceClient, sql string) (rows int64) {
	command, err := anypb.New(&flightsql.CommandStatementQuery{Query: sql})
	if err != nil {
		b.Fatal(err)
	}
	cmd, err := proto.Marshal(command)
	if err != nil {
		b.Fatal(err)
	}
	info, err := client.GetFlightInfo(b.Context(), &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: cmd})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	stream, err := client.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		b.Fatal(err)
	}
	reader, err := flight.NewRecordReader(stream)
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Release()
	for reader.Next() {
		rows += reader.RecordBatch().NumRows()
	}
	if err := reader.Err(); err != nil {
		b.Fatal(err)
	}
	return rows
}
