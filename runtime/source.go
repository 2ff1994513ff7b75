package runtime

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

// Range is an inclusive range of blocks of one network with its hashes.
type Range = blockrange.Range

// Cursor is the last block of a network that was processed.
type Cursor struct {
	Number uint64
	Hash   string // as received from the server
}

// Request is one query as sent to the server.
type Request struct {
	SQL string
	// Follow asks for the endless stream; otherwise the query runs once over what is synced.
	Follow bool
	// Cursor resumes a stream after these blocks, by network. Empty: from the start. Only with Follow.
	Cursor map[string]Cursor
}

// Message is one record batch of a stream with its metadata.
type Message struct {
	// Record may have no rows, and is nil when the message carries only metadata. It belongs to the stream and is valid until
	// the next call of Next.
	Record arrow.RecordBatch
	// Ranges has one element per network; empty when the server has no data yet.
	Ranges []Range
	// Complete closes the microbatch: all rows of Ranges were sent, those of this message included.
	Complete bool
}

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
