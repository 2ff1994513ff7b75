package amp

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	sqlproto "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/ampgen/ampgen/runtime/fault"
)

// The request headers of Amp.
const (
	headerStream = "amp-stream" // true: the endless stream, false: run once; the query's own SETTINGS clause is overruled
	headerResume = "amp-resume" // the cursor
)

// Schema asks for the schema that the server announces for sql, without running it.
func (c *Client) Schema(ctx context.Context, sql string, follow bool) (*arrow.Schema, error) {
	_, schema, err := c.info(ctx, Request{SQL: sql, Follow: follow})
	return schema, err
}

// Open runs a query. The stream must be closed.
func (c *Client) Open(ctx context.Context, req Request) (*Stream, error) {
	ticket, schema, err := c.info(ctx, req)
	if err != nil {
		return nil, err
	}
	// The call lives as long as the stream, so it must not end with the context that opened it.
	callCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(ctx, cancel)
	callCtx, call := watched(callCtx)
	get, err := c.flight.DoGet(callCtx, ticket)
	if !unhook() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		cancel()
		return nil, c.classify(ctx, "start query", err, call, func() bool { return c.bears(req) })
	}
	s := &Stream{client: c, req: req, schema: schema, call: call, cancel: cancel, done: callCtx.Done(), messages: make(chan Message), ended: make(chan struct{})}
	go s.receive(get)
	return s, nil
}

// info sends the query and returns the ticket of its answer and the announced schema.
func (c *Client) info(ctx context.Context, req Request) (*flight.Ticket, *arrow.Schema, error) {
	const op = "plan query"
	command, err := packCommand(req.SQL)
	if err != nil {
		return nil, nil, fault.Errorf(fault.Permanent, op, c.on(), "%w", err)
	}
	headers := []string{headerStream, "false"}
	if req.Follow {
		headers[1] = "true"
	}
	if len(req.Cursor) > 0 {
		cursor, err := encodeCursor(req.Cursor)
		if err != nil {
			return nil, nil, fault.Errorf(fault.Permanent, op, c.on(), "%w", err)
		}
		headers = append(headers, headerResume, cursor)
	}
	callCtx, call := watched(ctx)
	info, err := c.flight.GetFlightInfo(metadata.AppendToOutgoingContext(callCtx, headers...),
		&flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: command})
	if err != nil {
		return nil, nil, c.classify(ctx, op, err, call, func() bool { return c.bears(req) })
	}
	schema, err := flight.DeserializeSchema(info.GetSchema(), memory.DefaultAllocator)
	if err != nil {
		return nil, nil, fault.Errorf(fault.Protocol, op, c.on(), "the announced schema cannot be read: %w", err)
	}
	endpoints := info.GetEndpoint()
	if len(endpoints) != 1 || len(endpoints[0].GetLocation()) > 0 || endpoints[0].GetTicket() == nil {
		return nil, nil, fault.Errorf(fault.Protocol, op, c.on(),
			"expected one endpoint with a ticket for this connection, got %d endpoints", len(endpoints))
	}
	return endpoints[0].GetTicket(), schema, nil
}

// packCommand is the descriptor's command: the Flight SQL statement wrapped in Any, which is the only form Amp takes.
func packCommand(sql string) ([]byte, error) {
	command, err := anypb.New(&sqlproto.CommandStatementQuery{Query: sql})
	if err != nil {
		return nil, err
	}
	return proto.Marshal(command)
}

func (c *Client) on() string { return "server " + c.server }

// Stream is the answer to one query. It is used by one goroutine.
type Stream struct {
	client *Client
	req    Request
	schema *arrow.Schema
	call   *call

	cancel   context.CancelFunc
	done     <-chan struct{} // closed by cancel
	messages chan Message    // unbuffered: at most one message is decoded ahead
	ended    chan struct{}   // closed when receive returned, after err was set
	err      error

	current arrow.RecordBatch // what the last message lent to the caller
}

// Schema is what the server announced for the query.
func (s *Stream) Schema() *arrow.Schema { return s.schema }

// Next blocks until a message is there. io.EOF: the server ended the stream with status OK. After an error the stream is over.
func (s *Stream) Next(ctx context.Context) (Message, error) {
	s.release()
	select {
	case m := <-s.messages:
		s.current = m.Record
		s.works(m)
		return m, nil
	case <-s.ended:
		if s.err == io.EOF {
			return Message{}, io.EOF
		}
		return Message{}, s.client.classify(ctx, "read rows", s.err, s.call, func() bool { return s.client.bears(s.req) })
	case <-ctx.Done():
		return Message{}, ctx.Err()
	}
}

// works notes what the server has answered, for what failures mean later.
func (s *Stream) works(m Message) {
	if m.Complete || !s.client.internal.knows(s.req.of()) {
		s.client.internal.renew(s.req.of())
	}
}

// bears reports whether an error inside the server may pass.
func (c *Client) bears(req Request) bool { return c.internal.bears(req.of()) }

func (r Request) of() string {
	if r.Of != "" {
		return r.Of
	}
	return r.SQL
}

// Close ends the query on the server too, and waits until nothing of it runs here.
func (s *Stream) Close() error {
	s.cancel()
	s.release()
	<-s.ended
	return nil
}

func (s *Stream) release() {
	if s.current != nil {
		s.current.Release()
		s.current = nil
	}
}

// receive decodes messages until the stream ends. It runs beside Next because the schema message, which a reader waits for
// when it is made, comes with the first microbatch: on an idle chain that takes minutes.
func (s *Stream) receive(get flight.DataStreamReader) {
	defer close(s.ended)
	defer s.cancel()
	s.err = s.receiveAll(get)
}

func (s *Stream) receiveAll(get flight.DataStreamReader) error {
	in := &incoming{stream: get, send: s.send}
	reader, err := flight.NewRecordReader(in)
	if err != nil {
		return in.cause(err)
	}
	defer reader.Release()
	if differences := Differences(s.schema, reader.Schema()); len(differences) > 0 {
		return fault.Errorf(fault.Drift, "read rows", s.client.on(),
			"the schema of the rows is not the one that was announced for the query: %s", strings.Join(differences, "; "))
	}
	for reader.Next() {
		ranges, complete, err := decodeMetadata(reader.LatestAppMetadata())
		if err != nil {
			return fault.Errorf(fault.Protocol, "read rows", s.client.on(), "%w", err)
		}
		record := reader.RecordBatch()
		record.Retain()
		if err := s.send(Message{Record: record, Ranges: ranges, Complete: complete}); err != nil {
			record.Release()
			return err
		}
	}
	if err := reader.Err(); err != nil {
		return in.cause(err)
	}
	return io.EOF
}

// send hands m to Next.
func (s *Stream) send(m Message) error {
	select {
	case s.messages <- m:
		return nil
	case <-s.done:
		return context.Canceled
	}
}

// incoming is a Flight stream as the reader of record batches sees it: messages without a body, which that reader does not
// understand, are sent on from here.
type incoming struct {
	stream flight.DataStreamReader
	send   func(Message) error
	err    error // what Recv ended with: the reader wraps it in text
}

// Recv returns the next message that has a body.
func (in *incoming) Recv() (*flight.FlightData, error) {
	for {
		data, err := in.stream.Recv()
		if err == nil && len(data.GetDataHeader()) > 0 {
			return data, nil
		}
		if err == nil {
			err = in.pass(data.GetAppMetadata())
		}
		if err != nil {
			in.err = err
			return nil, err
		}
	}
}

func (in *incoming) pass(text []byte) error {
	ranges, complete, err := decodeMetadata(text)
	if err != nil {
		return fault.Errorf(fault.Protocol, "read rows", "", "%w", err)
	}
	if len(ranges) == 0 && !complete {
		return nil
	}
	return in.send(Message{Ranges: ranges, Complete: complete})
}

// cause is why the reader failed: what the stream ended with, or else what the reader could not decode.
func (in *incoming) cause(err error) error {
	if in.err != nil && (in.err != io.EOF || errors.Is(err, io.EOF)) {
		return in.err
	}
	return fault.Errorf(fault.Protocol, "read rows", "", "the server's Arrow data cannot be read: %w", err)
}
