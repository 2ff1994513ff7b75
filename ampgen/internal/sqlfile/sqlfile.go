// Package sqlfile splits a query file into its statements and reads the comment block above each: its documentation and its
// annotations. The text of a statement is never altered.
//
//	-- ERC-20 transfers with token metadata.
//	-- name: Erc20Transfers :stream
//	-- @sink postgres table=erc20_transfers
//	-- @label tokens csv=labels/tokens.csv key=token_address on=token_address
//	-- @key block_num, log_index
//	select … ;
//
// Only the lines that touch the statement are its block; a blank line ends it. An annotation anywhere else would have no
// effect, and is a fault.
package sqlfile

import (
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/diag"
	"github.com/ampgen/ampgen/ampgen/internal/source"
	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// Query is one statement of a file with what its comment block says.
type Query struct {
	Name    Value    // as written: Erc20Transfers
	Mode    Mode     // how the query is run
	Doc     []string // the comment lines that are not annotations, without `--` and the space behind it
	Sinks   []*Sink
	Labels  []*Label
	Key     []Value // the columns of @key
	Columns []*Column

	// SQL is the statement byte for byte, from its first token to its last, without the semicolon. Span is its place.
	SQL  string
	Span source.Span
}

// Value is a word of an annotation, quotes removed, and its place.
type Value struct {
	Text string
	Span source.Span
}

// Mode says how a query is run.
type Mode string

// The modes.
const (
	Stream  Mode = "stream"  // :stream follows the chain
	Replace Mode = "replace" // :batch runs once; the result replaces the table's content
	Append  Mode = "append"  // :batch mode=append runs once; the result is added
)

// Sink is `@sink kind table=name [uint256=form] [history]`.
type Sink struct {
	Span    source.Span // the annotation
	Kind    Value       // as written; whether there is such a sink is not checked here
	Table   Value
	Uint256 Value // how 256-bit integers are kept; absent if Text is "", and not checked here: not all sinks have a choice
	History bool
}

// Label is `@label name csv=path key=column on=column …`: a CSV joined to the rows.
type Label struct {
	Span   source.Span // the annotation
	Name   Value
	CSV    Value  // path, relative to the query file
	Key    Value  // column of the CSV
	On     Value  // column of the query
	Join   string // "left" (default) or "inner"
	Dup    string // "first", "last", "fanout", or "": a key that occurs twice is a fault
	Prefix Value  // put before the names of the label's columns; may be absent
	Types  []LabelType
}

// LabelType is `type.column=type` of a Label.
type LabelType struct {
	Column Value
	Type   arrow.DataType
	Span   source.Span // the type
}

// Column is `@col name [type=arrow type] [notnull]`. A column is named at most once.
type Column struct {
	Span    source.Span // the annotation
	Name    Value
	Type    Value // an Arrow type such as Decimal256(76, 0), not checked here; absent if Text is ""
	NotNull bool
}

// Parse reads the queries of f in order. Every fault is added to diags, also those of a statement's name and annotations; a
// query with such faults is answered all the same if it has a name, so that its SQL can be checked in the same run.
func Parse(f *source.File, diags *diag.List) []*Query {
	if strings.HasPrefix(f.Text, "\ufeff") {
		diags.Add(diag.Diagnostic{Code: diag.Syntax, Span: f.Span(0, len("\ufeff")), Message: "the file begins with a byte order mark",
			Help: "save it as UTF-8 without one"})
		return nil
	}
	tokens, ok := sql.Lex(f, 0, len(f.Text), diags)
	if !ok {
		return nil
	}
	var queries []*Query
	used := map[int]bool{} // offsets of the comments that belong to a block
	for _, s := range statements(tokens) {
		b := blockAbove(f, tokens, s.first, diags)
		for _, line := range b.lines {
			used[line.token.Start] = true
		}
		q := &Query{Mode: Stream, Span: f.Span(tokens[s.first].Start, tokens[s.last].End)}
		q.SQL = q.Span.Text()
		if b.read(q) {
			queries = append(queries, q)
		}
	}
	reportStray(f, tokens, used, diags)
	return queries
}

// statement is a statement's first and last token, by index.
type statement struct{ first, last int }

// statements splits tokens at semicolons; parts without a token but comments are no statements.
func statements(tokens []sql.Token) []statement {
	var out []statement
	current := statement{first: -1}
	for i, t := range tokens {
		switch {
		case t.Kind == sql.Comment:
		case t.Kind == sql.EOF || t.Kind == sql.Symbol && t.Text == ";":
			if current.first >= 0 {
				out = append(out, current)
			}
			current.first = -1
		case current.first < 0:
			current = statement{i, i}
		default:
			current.last = i
		}
	}
	return out
}
