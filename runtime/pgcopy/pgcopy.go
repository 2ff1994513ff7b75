// Package pgcopy writes PostgreSQL's binary COPY format: the append functions that generated encoders are made of.
package pgcopy

import "github.com/apache/arrow-go/v18/arrow"

// Encoder is what a generated package implements for its table: it binds to one record at a time and appends rows in the
// binary COPY format. It is used by one goroutine.
type Encoder interface {
	// Bind points the encoder at the columns of rows, whose schema must be the table's; it keeps no reference beyond the next
	// Bind and does not retain the record.
	Bind(rows arrow.RecordBatch) error
	// AppendRows appends the rows [from, to) to dst, each as a tuple: the field count (the table's columns plus tail's), the
	// table's columns, and tail. It fails on a value that the column's PostgreSQL type cannot hold, naming column and row.
	AppendRows(dst []byte, from, to int, tail Tail) ([]byte, error)
}

// Tail is a run of encoded fields that every row of a unit ends with, such as its batch id.
type Tail struct {
	Fields int
	Bytes  []byte
}
