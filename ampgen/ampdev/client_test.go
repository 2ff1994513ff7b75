package ampdev

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	flightsql "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
)

// testClient speaks raw Flight, so that the tests depend on no client of ours.
type testClient struct {
	flight.FlightServiceClient
	t    *testing.T
	addr string
}

// startServer makes a server and a client of it.
func startServer(t *testing.T, config Config) (*Server, *testClient) {
	t.Helper()
	s, err := New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return s, dial(t, listener.Addr().String(), insecure.NewCredentials())
}

func dial(t *testing.T, addr string, credentials credentialsOption) *testClient {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(credentials), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &testClient{flight.NewFlightServiceClient(conn), t, addr}
}

// call is a query with its headers.
type call struct {
	sql     string
	stream  bool
	resume  string
	headers []string // name, value, …
}

func (c call) context(ctx context.Context) context.Context {
	if c.stream {
		ctx = metadata.AppendToOutgoingContext(ctx, "amp-stream", "true")
	}
	if c.resume != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "amp-resume", c.resume)
	}
	return metadata.AppendToOutgoingContext(ctx, c.headers...)
}

// info calls GetFlightInfo.
func (c *testClient) info(q call) (*flight.FlightInfo, error) {
	command, err := anypb.New(&flightsql.CommandStatementQuery{Query: q.sql})
	if err != nil {
		c.t.Fatal(err)
	}
	cmd, err := proto.Marshal(command)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.GetFlightInfo(q.context(c.t.Context()), &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: cmd})
}

// answer is an open DoGet.
type answer struct {
	t        *testing.T
	cancel   context.CancelFunc
	messages flight.FlightService_DoGetClient
	raw      []*flight.FlightData // as received
	reader   *flight.Reader       // nil until the schema message
}

// Recv implements flight.DataStreamReader, and notes the message.
func (a *answer) Recv() (*flight.FlightData, error) {
	m, err := a.messages.Recv()
	if err == nil {
		a.raw = append(a.raw, m)
	}
	return m, err
}

// open runs a query up to DoGet.
func (c *testClient) open(q call) *answer {
	c.t.Helper()
	info, err := c.info(q)
	if err != nil {
		c.t.Fatalf("GetFlightInfo(%s): %v", q.sql, err)
	}
	ctx, cancel := context.WithCancel(q.context(c.t.Context()))
	c.t.Cleanup(cancel)
	messages, err := c.DoGet(ctx, info.Endpoint[0].Ticket)
	if err != nil {
		c.t.Fatal(err)
	}
	return &answer{t: c.t, cancel: cancel, messages: messages}
}

// batchMetadata is the metadata of a batch.
type batchMetadata struct {
	Ranges []struct {
		Network string
		Numbers struct{ Start, End uint64 }
		Hash    chain.Hash
		Prev    chain.Hash `json:"prev_hash"`
		Time    *int64     `json:"timestamp"`
	}
	Complete *bool `json:"ranges_complete"`
}

// message is one batch.
type message struct {
	rows  int64
	batch arrow.RecordBatch
	meta  batchMetadata
}

// next is the next batch.
func (a *answer) next() (message, error) {
	a.t.Helper()
	if a.reader == nil {
		reader, err := flight.NewRecordReader(a)
		if err != nil {
			return message{}, err
		}
		a.reader = reader
		a.t.Cleanup(reader.Release)
	}
	if !a.reader.Next() {
		if err := a.reader.Err(); err != nil {
			return message{}, err
		}
		return message{}, io.EOF
	}
	batch := a.reader.RecordBatch()
	batch.Retain()
	a.t.Cleanup(batch.Release)
	m := message{rows: batch.NumRows(), batch: batch}
	if err := json.Unmarshal(a.reader.LatestAppMetadata(), &m.meta); err != nil {
		a.t.Fatalf("metadata %q: %v", a.reader.LatestAppMetadata(), err)
	}
	if m.meta.Complete == nil || m.meta.Ranges == nil {
		a.t.Fatalf("metadata %q lacks a key", a.reader.LatestAppMetadata())
	}
	return m, nil
}

// microbatch reads up to the completion, checks that all messages have one range, and returns the batches with rows.
type microbatch struct {
	batches  []message
	complete message
	empty    int // batches without rows before the completion
}

func (a *answer) microbatch() microbatch {
	a.t.Helper()
	var out microbatch
	for {
		m, err := a.next()
		if err != nil {
			a.t.Fatalf("microbatch: %v", err)
		}
		if *m.meta.Complete {
			if m.rows != 0 {
				a.t.Errorf("the completion has %d rows", m.rows)
			}
			out.complete = m
			for _, b := range out.batches {
				if got, want := marshal(b.meta.Ranges), marshal(m.meta.Ranges); got != want {
					a.t.Errorf("a batch has ranges %s, its completion %s", got, want)
				}
			}
			return out
		}
		if m.rows == 0 {
			out.empty++
		} else {
			out.batches = append(out.batches, m)
		}
	}
}

func (m microbatch) rows() int64 {
	n := int64(0)
	for _, b := range m.batches {
		n += b.rows
	}
	return n
}

// blocks are the ends of the one range.
func (m microbatch) blocks() [2]uint64 {
	r := m.complete.meta.Ranges[0]
	return [2]uint64{r.Numbers.Start, r.Numbers.End}
}

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// all reads a batch query to its end.
func (c *testClient) all(sql string) microbatch {
	c.t.Helper()
	a := c.open(call{sql: sql})
	m := a.microbatch()
	if _, err := a.next(); err != io.EOF {
		c.t.Errorf("after the completion: %v, want the end", err)
	}
	return m
}

// wantCode checks the code of an error.
func wantCode(t *testing.T, what string, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}
