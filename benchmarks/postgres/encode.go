package main

import (
	"bytes"
	"errors"
	"io"
	goruntime "runtime"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	erc20transfers "github.com/ampgen/ampgen/generated/erc20_transfers"
	"github.com/ampgen/ampgen/runtime/pgcopy"
)

// rate is what one core does without any database.
type rate struct {
	rowsPerSecond, bytesPerSecond, allocsPerRow float64
}

// measure runs do, which handles rows and returns how many bytes came out, for at least a second.
func measure(rows int, do func() (int, error)) (rate, error) {
	var before, after goruntime.MemStats
	goruntime.GC()
	goruntime.ReadMemStats(&before)
	start := time.Now()
	total, size := 0, 0
	for time.Since(start) < time.Second {
		n, err := do()
		if err != nil {
			return rate{}, err
		}
		total, size = total+rows, size+n
	}
	seconds := time.Since(start).Seconds()
	goruntime.ReadMemStats(&after)
	return rate{float64(total) / seconds, float64(size) / seconds, float64(after.Mallocs-before.Mallocs) / float64(total)}, nil
}

// encode encodes the batches into one buffer.
func encode(source []arrow.RecordBatch, tail pgcopy.Tail) func() (int, error) {
	encoder := erc20transfers.NewPostgresEncoder()
	buf := make([]byte, 0, 8<<20)
	return func() (size int, err error) {
		for _, rows := range source {
			if err := encoder.Bind(rows); err != nil {
				return 0, err
			}
			if buf, err = encoder.AppendRows(buf[:0], 0, int(rows.NumRows()), tail); err != nil {
				return 0, err
			}
			size += len(buf)
		}
		return size, nil
	}
}

// decodeAndEncode starts from the bytes of an Arrow stream, as a server sends them.
func decodeAndEncode(source []arrow.RecordBatch, tail pgcopy.Tail) (func() (int, error), error) {
	var stream bytes.Buffer
	w := ipc.NewWriter(&stream, ipc.WithSchema(source[0].Schema()))
	for _, rows := range source {
		if err := w.Write(rows); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	encoder := erc20transfers.NewPostgresEncoder()
	buf := make([]byte, 0, 8<<20)
	return func() (size int, err error) {
		r, err := ipc.NewReader(bytes.NewReader(stream.Bytes()))
		if err != nil {
			return 0, err
		}
		defer r.Release()
		for {
			rows, err := r.Read()
			if errors.Is(err, io.EOF) {
				return size, nil
			}
			if err != nil {
				return 0, err
			}
			if err := encoder.Bind(rows); err != nil {
				return 0, err
			}
			if buf, err = encoder.AppendRows(buf[:0], 0, int(rows.NumRows()), tail); err != nil {
				return 0, err
			}
			size += len(buf)
		}
	}, nil
}
