package runtime

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime/amp"
	"github.com/ampgen/ampgen/runtime/blockrange"
)

// Range is an inclusive range of blocks of one network with its hashes.
type Range = blockrange.Range

// Cursor is the last block of a network that was processed.
type Cursor = amp.Cursor

// Request is one query as sent to the server.
type Request = amp.Request

// Message is one record batch of a stream with its metadata.
type Message = amp.Message

// Source opens queries. It is safe for concurrent use.
type Source interface {
	// Schema asks for the schema that the server announces, without running the query.
	Schema(ctx context.Context, sql string, follow bool) (*arrow.Schema, error)
	Open(ctx context.Context, req Request) (SourceStream, error)
}

// SourceStream yields messages in order. It is used by one goroutine.
type SourceStream interface {
	// Schema is what the server announced for the query.
	Schema() *arrow.Schema
	// Next blocks until a message is there. io.EOF: the server ended the stream with status OK, which ends a batch query and
	// is an interruption of a followed one. Cancelling ctx ends the wait at once.
	Next(ctx context.Context) (Message, error)
	Close() error
}

// Server is an Amp server as a Source. It has one connection, which Close ends.
type Server struct{ *amp.Client }

// Dial makes a Server. It does not wait for the connection: a server that cannot be reached is an error of the first query.
func Dial(c amp.Config) (Server, error) {
	client, err := amp.Dial(c)
	return Server{client}, err
}

// Open is Source's.
func (s Server) Open(ctx context.Context, req Request) (SourceStream, error) {
	stream, err := s.Client.Open(ctx, req)
	if err != nil {
		return nil, err
	}
	return stream, nil
}
