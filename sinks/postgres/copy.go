package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ampgen/ampgen/runtime/crash"
	"github.com/ampgen/ampgen/runtime/pgcopy"
)

const (
	// flushBytes is how much is encoded before it is handed to the connection, and chunkRows how many rows are encoded between two
	// looks at the size, at most: fewer where rows are wide, so that a buffer has hardly more than it should and one row.
	flushBytes  = 256 << 10
	chunkRows   = 256
	bufferBytes = flushBytes + 64<<10
)

var errAborted = errors.New("the unit was rolled back")

// copyIn is a running COPY … FROM STDIN. Write encodes into one buffer while the connection sends another, so there
// are two buffers however many rows there are.
type copyIn struct {
	encoder pgcopy.Encoder
	tail    pgcopy.Tail
	buf     []byte        // being filled
	rows    int64         // encoded so far
	encoded time.Duration // spent on that

	full   chan []byte // to the connection; closed at the end of the rows
	free   chan []byte // back from it
	abort  chan struct{}
	done   chan struct{} // closed when the server answered or the connection is lost
	copied int64         // the server's row count, after done
	err    error         // after done

	cancel context.CancelFunc
}

// startCopy starts the statement on conn, which is in use until done is closed. Cancelling ctx does not end it: that is for
// finish and stop, which can tell the server.
func startCopy(ctx context.Context, conn *pgconn.PgConn, statement string, encoder pgcopy.Encoder, tail pgcopy.Tail) *copyIn {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &copyIn{
		encoder: encoder, tail: tail, cancel: cancel,
		buf:  pgcopy.AppendHeader(make([]byte, 0, bufferBytes)),
		full: make(chan []byte, 1), free: make(chan []byte, 2),
		abort: make(chan struct{}), done: make(chan struct{}),
	}
	c.free <- make([]byte, 0, bufferBytes)
	go func() {
		defer close(c.done)
		tag, err := conn.CopyFrom(ctx, &bufferReader{c: c}, statement)
		c.copied, c.err = tag.RowsAffected(), err
	}()
	return c
}

// bufferReader gives the connection the full buffers and returns them when they are sent.
type bufferReader struct {
	c    *copyIn
	buf  []byte
	next int
}

func (r *bufferReader) Read(p []byte) (int, error) {
	for r.next == len(r.buf) {
		if r.buf != nil {
			if cap(r.buf) > 4*bufferBytes {
				r.buf = make([]byte, 0, bufferBytes) // rows that wide may not come again
			}
			r.c.free <- r.buf[:0]
			r.buf = nil
		}
		select {
		case <-r.c.abort:
			return 0, errAborted
		case buf, ok := <-r.c.full:
			if !ok {
				crash.Point(crash.CopySentNoReply)
				return 0, io.EOF
			}
			r.buf, r.next = buf, 0
		}
	}
	n := copy(p, r.buf[r.next:])
	r.next += n
	return n, nil
}

// write encodes rows, waiting for the connection when it is slower.
func (c *copyIn) write(ctx context.Context, rows arrow.RecordBatch) error {
	if err := c.encoder.Bind(rows); err != nil {
		return err
	}
	n := int(rows.NumRows())
	chunk := 1
	for from, to := 0, 0; from < n; from = to {
		to = min(from+chunk, n)
		began, before := time.Now(), len(c.buf)
		buf, err := c.encoder.AppendRows(c.buf, from, to, c.tail)
		c.encoded += time.Since(began)
		if err != nil {
			return err
		}
		c.buf = buf
		c.rows += int64(to - from)
		width := (len(c.buf) - before) / (to - from)
		chunk = min(max(1, flushBytes/4/max(1, width)), 2*chunk, chunkRows)
		crash.Point(crash.MidEncode)
		if len(c.buf) >= flushBytes {
			if err := c.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush hands the buffer over and takes a free one.
func (c *copyIn) flush(ctx context.Context) error {
	select {
	case c.full <- c.buf:
	case <-c.done:
		return c.failure()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case c.buf = <-c.free:
		return nil
	case <-c.done:
		return c.failure()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failure is why the COPY ended before its rows did.
func (c *copyIn) failure() error {
	if c.err == nil {
		return errors.New("the server ended the COPY before the last row")
	}
	return c.err
}

// finish sends what is left and waits for the server's word that it has every row. The rows are still invisible. After an
// error, stop is due.
func (c *copyIn) finish(ctx context.Context) error {
	c.buf = pgcopy.AppendTrailer(c.buf)
	if err := c.flush(ctx); err != nil {
		return err
	}
	close(c.full)
	select {
	case <-c.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	c.cancel()
	if c.err == nil && c.copied != c.rows {
		return fmt.Errorf("the server took %d of %d rows", c.copied, c.rows)
	}
	return c.err
}

// abandon is stop within rollbackTimeout, also when ctx is over.
func (c *copyIn) abandon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	c.stop(ctx)
}

// stop ends the COPY without its rows. When it returns, the connection is free: told to forget the rows, or, once ctx is
// over, closed.
func (c *copyIn) stop(ctx context.Context) {
	defer c.cancel()
	close(c.abort)
	select {
	case <-c.done:
	case <-ctx.Done():
		c.cancel()
		<-c.done
	}
}
