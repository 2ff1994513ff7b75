package ampdev

import (
	"bytes"
	"encoding/json"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
)

// maxBatchBytes is the size above which the server slices a batch. One row may be larger.
const maxBatchBytes = 2 << 20

// wire writes the messages of one stream. Messages are built by hand, since the schema message carries no metadata and the
// types of the batches can differ from it.
type wire struct {
	server  *Server
	session *session
	stream  flight.FlightService_DoGetServer

	lastSent   *flight.FlightData // of a batch
	lastRanges []chain.Range
	lastSchema *arrow.Schema
}

// rangeMetadata is how a range is written in a message's metadata.
type rangeMetadata struct {
	Network string `json:"network"`
	Numbers struct {
		Start uint64 `json:"start"`
		End   uint64 `json:"end"`
	} `json:"numbers"`
	Hash      chain.Hash `json:"hash"`
	PrevHash  chain.Hash `json:"prev_hash"`
	Timestamp int64      `json:"timestamp"`
}

func (w *wire) metadata(ranges []chain.Range, complete bool) ([]byte, error) {
	m := struct {
		Ranges   []rangeMetadata `json:"ranges"`
		Complete bool            `json:"ranges_complete"`
	}{Ranges: []rangeMetadata{}, Complete: complete}
	for _, r := range ranges {
		e := rangeMetadata{Network: w.server.config.Network, Hash: r.Hash, PrevHash: r.PrevHash, Timestamp: r.Time}
		e.Numbers.Start, e.Numbers.End = r.Start, r.End
		m.Ranges = append(m.Ranges, e)
	}
	return json.Marshal(m)
}

// schema sends the schema message.
func (w *wire) schema(schema *arrow.Schema) error {
	payload := ipc.GetSchemaPayload(schema, memory.DefaultAllocator)
	defer payload.Release()
	header := payload.Meta()
	defer header.Release()
	return w.send(&flight.FlightData{DataHeader: header.Bytes()})
}

// data sends rows, in slices of at most maxBatchBytes.
func (w *wire) data(batch arrow.RecordBatch, ranges []chain.Range) error {
	rows := batch.NumRows()
	step := rows
	if size := batchBytes(batch); size > maxBatchBytes {
		step = max(1, rows*maxBatchBytes/size)
	}
	for from := int64(0); from < rows; from += step {
		slice := batch.NewSlice(from, min(from+step, rows))
		err := w.batch(slice, ranges, false)
		slice.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

func batchBytes(batch arrow.RecordBatch) int64 {
	size := int64(0)
	for _, column := range batch.Columns() {
		size += int64(column.Data().SizeInBytes())
	}
	return size
}

// empty sends a batch without rows: a keep-alive, or the completion of ranges.
func (w *wire) empty(schema *arrow.Schema, ranges []chain.Range, complete bool) error {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	batch := b.NewRecordBatch()
	defer batch.Release()
	w.lastSchema, w.lastRanges = schema, ranges
	return w.batch(batch, ranges, complete)
}

func (w *wire) batch(batch arrow.RecordBatch, ranges []chain.Range, complete bool) error {
	meta, err := w.metadata(ranges, complete)
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	payload, err := ipc.GetRecordBatchPayload(batch, ipc.WithAllocator(memory.DefaultAllocator))
	if err != nil {
		return status.Errorf(codes.Internal, "encode a batch: %v", err)
	}
	defer payload.Release()
	header := payload.Meta()
	defer header.Release()
	var body bytes.Buffer
	if err := payload.SerializeBody(&body); err != nil {
		return status.Errorf(codes.Internal, "encode a batch: %v", err)
	}
	message := &flight.FlightData{DataHeader: bytes.Clone(header.Bytes()), DataBody: body.Bytes(), AppMetadata: meta}
	w.lastSent = message
	return w.send(message)
}

// send sends a message, unless the server is told to stall or to fail.
func (w *wire) send(message *flight.FlightData) error {
	if w.session.hung.Load() {
		<-w.stream.Context().Done()
	}
	if err := w.server.faults.beforeSend(w.stream.Context()); err != nil {
		return err
	}
	return w.stream.Send(message)
}

// batchRows is how many rows a batch has at most.
func (w *wire) batchRows() int { return int(w.server.faults.batchRows.Load()) }

// obey carries out what the control interface wants of a stream.
func (w *wire) obey(o order) error {
	switch {
	case o == repeatLast && w.lastSent != nil:
		return w.send(w.lastSent)
	case o == keepAlive && w.lastSchema != nil:
		return w.empty(w.lastSchema, w.lastRanges, false)
	}
	return nil // nothing was sent yet
}
