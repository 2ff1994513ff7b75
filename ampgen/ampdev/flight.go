package ampdev

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	flightsql "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
)

// maxRequest is the server's limit on a request, SQL text included.
const maxRequest = 4 << 20

// service implements the two RPCs that exist; all others answer Unimplemented.
type service struct {
	flight.BaseFlightServer
	server *Server
}

// cursor is the last block that a client has, by network.
type cursor map[string]struct {
	Number uint64     `json:"number"`
	Hash   chain.Hash `json:"hash"`
}

// ticket is what DoGet needs. Clients must not look inside.
type ticket struct {
	SQL    string
	Stream bool
	Cursor cursor // nil without
}

// GetFlightInfo plans a query and answers with its schema and a ticket.
func (s *service) GetFlightInfo(ctx context.Context, descriptor *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	text, err := statementText(descriptor)
	if err != nil {
		return nil, err
	}
	headers, _ := metadata.FromIncomingContext(ctx)
	p, err := s.server.plan(text, streamMode(headers))
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(ticket{SQL: text, Stream: p.stream, Cursor: resumeCursor(headers)})
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &flight.FlightInfo{
		Schema:           encapsulatedSchema(p.announced),
		FlightDescriptor: descriptor,
		Endpoint:         []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: encoded}}},
		TotalRecords:     -1,
		TotalBytes:       -1,
	}, nil
}

// statementText unpacks the query of a descriptor.
func statementText(descriptor *flight.FlightDescriptor) (string, error) {
	if descriptor.GetType() != flight.DescriptorCMD {
		return "", status.Errorf(codes.InvalidArgument, "unsupported flight descriptor type %s", descriptor.GetType())
	}
	var command anypb.Any
	if err := proto.Unmarshal(descriptor.Cmd, &command); err != nil {
		return "", status.Errorf(codes.InvalidArgument, "the command is no google.protobuf.Any: %v", err)
	}
	var statement flightsql.CommandStatementQuery
	if !command.MessageIs(&statement) {
		return "", status.Errorf(codes.InvalidArgument, "unsupported flight descriptor command: %s", command.TypeUrl)
	}
	if err := command.UnmarshalTo(&statement); err != nil {
		return "", status.Errorf(codes.InvalidArgument, "the command does not decode: %v", err)
	}
	return statement.Query, nil
}

// first is the first value of a header, "" if there is none.
func first(headers metadata.MD, name string) string {
	if values := headers.Get(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

func streamMode(headers metadata.MD) mode {
	switch strings.ToLower(first(headers, "amp-stream")) {
	case "true", "1":
		return stream
	case "false", "0":
		return batch
	}
	return bySettings
}

// resumeCursor reads the header amp-resume. What is malformed is ignored without a word, as by the server.
func resumeCursor(headers metadata.MD) cursor {
	var c cursor
	if json.Unmarshal([]byte(first(headers, "amp-resume")), &c) != nil {
		return nil
	}
	return c
}

// encapsulatedSchema is the schema as one IPC message, without the marker that ends a stream.
func encapsulatedSchema(schema *arrow.Schema) []byte {
	const endOfStream = 8
	b := flight.SerializeSchema(schema, memory.DefaultAllocator)
	return b[:len(b)-endOfStream]
}

// DoGet runs the query of a ticket.
func (s *service) DoGet(t *flight.Ticket, out flight.FlightService_DoGetServer) error {
	var decoded ticket
	if err := json.Unmarshal(t.GetTicket(), &decoded); err != nil {
		return status.Error(codes.InvalidArgument, "the ticket does not decode")
	}
	m := batch
	if decoded.Stream {
		m = stream
	}
	p, err := s.server.plan(decoded.SQL, m)
	if err != nil {
		return err
	}
	if p.late != nil {
		return p.late
	}
	for _, f := range p.functions {
		if err := s.server.store.Register(out.Context(), f); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
	}
	select {
	case <-time.After(s.server.config.Latency):
	case <-out.Context().Done():
		return status.FromContextError(out.Context().Err()).Err()
	}
	session := s.server.streams.add()
	defer s.server.streams.remove(session)
	run := &run{server: s.server, plan: p, out: &wire{server: s.server, session: session, stream: out}}
	if p.stream {
		return run.follow(out.Context(), decoded.Cursor)
	}
	return run.once(out.Context())
}

// authorised checks the bearer token, if one is configured.
func (s *Server) authorised(ctx context.Context) error {
	if s.config.Token == "" {
		return nil
	}
	headers, _ := metadata.FromIncomingContext(ctx)
	if first(headers, "authorization") != "Bearer "+s.config.Token {
		return status.Error(codes.Unauthenticated, "the call has no valid bearer token")
	}
	return nil
}

func (s *Server) authUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := s.authorised(ctx); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (s *Server) authStream(srv any, out grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := s.authorised(out.Context()); err != nil {
		return err
	}
	return next(srv, out)
}
