// Package amp is a client of an Amp server: it sends one SQL query over Arrow Flight SQL and yields the record batches of the
// answer, each with the block ranges that the server sent beside it.
//
// It uses two calls of Flight only, GetFlightInfo and DoGet, since an Amp server has no others, and keeps no state between
// queries. What the ranges mean for what is stored is decided elsewhere.
package amp

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

// Cursor is the last block of a network that was processed.
type Cursor struct {
	Number uint64
	Hash   string // as received from the server
}

// Request is one query as sent to the server.
type Request struct {
	SQL string
	// Of names the query that this is a form of, such as one with a filter around it. That forms of it have worked is why a failure
	// inside the server may pass. Empty: SQL itself.
	Of string
	// Follow asks for the endless stream; otherwise the query runs once over what is synced.
	Follow bool
	// Cursor resumes a stream after these blocks, by network. Empty: from the start. Only with Follow. The server ignores a
	// cursor that it cannot read, so the receiver compares the first range with it.
	Cursor map[string]Cursor
}

// Message is one record batch of a stream with its metadata.
type Message struct {
	// Record may have no rows, and is nil when the message carries only metadata. It belongs to the stream and is valid until
	// the next call of Next.
	Record arrow.RecordBatch
	// Ranges has one element per network; empty when the server has no data yet.
	Ranges []blockrange.Range
	// Complete closes the microbatch: all rows of Ranges were sent, those of this message included.
	Complete bool
}
