// Package pgcopy writes PostgreSQL's binary COPY format: the append functions that generated encoders are made of.
//
// A COPY stream is AppendHeader, then a tuple per row, then AppendTrailer. A tuple is AppendTuple with the number of fields,
// then each field by the append function of its column's type, or AppendNull. Functions return the extended slice as append
// does; those with an error refuse values that the PostgreSQL type cannot hold, and nothing is ever rounded or cut:
//
//	Arrow                            PostgreSQL           function
//	Boolean                          boolean              AppendBool
//	Int8, UInt8, Int16               smallint             AppendInt16
//	UInt16, Int32                    integer              AppendInt32
//	UInt32, Int64                    bigint               AppendInt64
//	UInt64                           numeric(20,0)        AppendUint64
//	Float16, Float32 / Float64       real / double        AppendFloat32, AppendFloat64
//	Decimal32 to 128 / 256           numeric(p,s)         AppendDecimal128, AppendDecimal256
//	text of a 256-bit integer        numeric(78,0)        AppendDecimalText
//	text                             text                 AppendText
//	binary of any kind               bytea                AppendBytes
//	Timestamp                        timestamp(tz)        AppendTimestamp
//	Date32 / Date64                  date                 AppendDate32, AppendDate64
//	Time32, Time64                   time                 AppendTime
//	Duration / Interval              interval             AppendDuration, AppendInterval
//	lists, structs, maps             arrays, jsonb        NewColumn
package pgcopy

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

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

// ValueError is a value that its column's PostgreSQL type cannot hold.
type ValueError struct {
	Column string
	Row    int // counted from 0 in its record batch
	Err    error
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("column %q, row %d of the batch: %v", e.Column, e.Row, e.Err)
}

func (e *ValueError) Unwrap() error { return e.Err }

// At says where an append function's error happened.
func At(column string, row int, err error) error {
	return &ValueError{Column: column, Row: row, Err: err}
}

// AppendHeader begins a COPY stream.
func AppendHeader(dst []byte) []byte {
	dst = append(dst, "PGCOPY\n\xff\r\n\x00"...)
	return append(dst, 0, 0, 0, 0, 0, 0, 0, 0) // no flags, no header extension
}

// AppendTrailer ends a COPY stream.
func AppendTrailer(dst []byte) []byte { return append(dst, 0xff, 0xff) }

// AppendTuple begins a row of so many fields, at most the 1600 that a table can have.
func AppendTuple(dst []byte, fields int) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(fields))
}

// AppendNull appends a null of any type.
func AppendNull(dst []byte) []byte { return append(dst, 0xff, 0xff, 0xff, 0xff) }
