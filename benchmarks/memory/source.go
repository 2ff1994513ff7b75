package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	erc20transfers "github.com/ampgen/ampgen/generated/erc20_transfers"
	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/randbatch"
)

// The source's blocks have so many rows each, and its messages so many blocks.
const (
	blockRows     = 200
	messageBlocks = 40
)

// source is a chain of equal blocks. Its rows are made once, and get the numbers of their blocks when they are asked for.
type source struct {
	synced runtime.Range
	rows   arrow.RecordBatch // of a message
	index  arrow.Array       // their log indexes
}

// newSource is a source of at least so many rows, up to block last.
func newSource(rows int) (s *source, last uint64) {
	last = uint64((rows+blockRows-1)/blockRows) - 1
	// The table's schema says of the value that it is a 256-bit integer.
	schema := arrow.NewSchema(erc20transfers.TableSchema.Fields()[:erc20transfers.QuerySchema.NumFields()], nil)
	index := array.NewUint32Builder(memory.DefaultAllocator)
	for i := range uint32(blockRows * messageBlocks) {
		index.Append(i % blockRows)
	}
	hash := "0x" + fmt.Sprintf("%064d", 1)
	return &source{
		synced: runtime.Range{Network: "mainnet", End: last + 1, Hash: hash}, // one more, so that all is loaded by the workers
		rows:   randbatch.New(schema, blockRows*messageBlocks, 1),
		index:  index.NewArray(),
	}, last
}

func (s *source) Schema(context.Context, string, bool) (*arrow.Schema, error) {
	return erc20transfers.QuerySchema, nil
}

var filter = regexp.MustCompile(`WHERE "block_num" >= (\d+) AND "block_num" <= (\d+)$`)

func (s *source) Open(_ context.Context, req runtime.Request) (runtime.SourceStream, error) {
	stream := &stream{source: s, next: 1, last: 0}
	if m := filter.FindStringSubmatch(req.SQL); m != nil {
		stream.next, _ = strconv.ParseUint(m[1], 10, 64) // digits by the pattern
		stream.last, _ = strconv.ParseUint(m[2], 10, 64)
	}
	return stream, nil
}

// stream is an answer.
type stream struct {
	*source
	next, last uint64
	complete   bool
	record     arrow.RecordBatch
}

func (s *stream) Schema() *arrow.Schema { return erc20transfers.QuerySchema }

func (s *stream) Close() error {
	if s.record != nil {
		s.record.Release()
		s.record = nil
	}
	return nil
}

func (s *stream) Next(ctx context.Context) (runtime.Message, error) {
	s.Close()
	switch {
	case ctx.Err() != nil:
		return runtime.Message{}, ctx.Err()
	case s.complete:
		return runtime.Message{}, io.EOF
	case s.next > s.last:
		s.complete = true
		return runtime.Message{Ranges: []runtime.Range{s.synced}, Complete: true}, nil
	}
	blocks := min(messageBlocks, s.last-s.next+1)
	numbers := array.NewUint64Builder(memory.DefaultAllocator)
	defer numbers.Release()
	for n := range blocks {
		for range blockRows {
			numbers.Append(s.next + n)
		}
	}
	column := numbers.NewArray()
	defer column.Release()
	rows := int64(blocks * blockRows)
	part := s.rows.NewSlice(0, rows)
	defer part.Release()
	index := array.NewSlice(s.index, 0, rows)
	defer index.Release()
	columns := append([]arrow.Array(nil), part.Columns()...)
	for i, f := range erc20transfers.QuerySchema.Fields() {
		switch f.Name {
		case "block_num":
			columns[i] = column
		case "log_index":
			columns[i] = index
		}
	}
	s.record = array.NewRecordBatch(erc20transfers.QuerySchema, columns, rows)
	s.next += blocks
	return runtime.Message{Record: s.record, Ranges: []runtime.Range{s.synced}}, nil
}
