package runtime

import (
	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime/labels"
)

// GeneratedCodeV1 is referred to by generated code. If a build fails because this name is undefined, the generated code and
// the runtime module do not fit: regenerate with the ampgen of the module version that go.mod names.
const GeneratedCodeV1 = true

// Mode says how a query is run.
type Mode string

// The modes of a query, from its name line.
const (
	Stream  Mode = "stream"  // follows the chain: history first, then live
	Replace Mode = "replace" // a batch query whose result replaces the table's content in one commit
	Append  Mode = "append"  // a batch query whose result is added to the table
)

// Pipeline is what generated code says of one query: everything that the runtime needs to run it, fixed at compile time.
type Pipeline struct {
	// Name is the query's name as written, such as Erc20Transfers.
	Name string
	// SQL is the statement, byte for byte as in the query file; it is what the server is sent.
	SQL string
	// RangeSQL is the text that a block filter is wrapped around: SQL without a trailing SETTINGS clause. It is empty when the
	// query cannot be cut by block ranges, and NoRange then says why.
	RangeSQL, NoRange string
	Mode              Mode
	// Query is the schema that the server must announce for SQL, compared by name, type and nullability.
	Query *arrow.Schema
	// Labels are joined in order; each appends its columns.
	Labels []labels.Spec
	// Table is what the rows look like in a sink: Query's columns, then the labels'.
	Table Table
}

// Table describes a table that a pipeline writes. It is not changed after a Sink was given it.
type Table struct {
	// Pipeline names the writer in the sink's state: state and fence are kept per (Pipeline, Name).
	Pipeline string
	// Name is the table's name, optionally qualified by a schema ("analytics.transfers"). Sinks quote its parts.
	Name string
	// Schema has the columns in order. Field metadata under LogicalKey refines a type for sinks.
	Schema *arrow.Schema
	// Block is the column that holds the row's block number, by which rows are undone; empty for batch queries.
	Block string
	// Key names the columns that identify a row; may be empty. All of them are NOT NULL.
	Key []string
	// History keeps the rows of abandoned branches, marked, instead of deleting them.
	History bool
	// Stateless makes a sink keep rows only: no state, no fence, and State is empty. What is covered is then known elsewhere, and rows
	// are undone by their blocks alone. Only a StatelessSink is given such a table, and it refuses one that has a state.
	Stateless bool
}

// LogicalKey is the metadata key of an Arrow field whose text is more than text: Amp sends 256-bit integers as decimal text.
const LogicalKey = "ampgen.logical"

// The values of LogicalKey.
const (
	LogicalUint256 = "uint256" // decimal text of 0 to 2^256-1
	LogicalInt256  = "int256"  // decimal text of -2^255 to 2^255-1
)
