package snowflake

import (
	"context"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/sinks/snowflake/internal/bindrows"
)

// insertRows is how many rows are held before the first of them are inserted.
const insertRows = 16_384

// inserted is rows on their way by INSERT with array binds. They are held until there are many of them, so that a unit of few rows
// has no transaction open, and so no locks, while it is loaded.
type inserted struct {
	table  *target
	binder *bindrows.Binder
	held   []arrow.RecordBatch
	rows   int64
	spent  time.Duration
}

// insert makes an inserted for rows that are tagged with batch.
func (s *Sink) insert(t *target, batch string) (*inserted, error) {
	binder, err := bindrows.New(bindrows.Options{Schema: t.Schema, BatchID: batch, History: t.History, Uint256: s.config.Uint256})
	return &inserted{table: t, binder: binder}, err
}

func (r *inserted) write(_ context.Context, rows arrow.RecordBatch) error {
	rows.Retain()
	r.held = append(r.held, rows)
	r.rows += rows.NumRows()
	return nil
}

func (r *inserted) full() bool { return r.rows >= insertRows }

func (r *inserted) ready(context.Context) error { return nil }

func (r *inserted) load(ctx context.Context, c *session) error {
	defer r.discard(ctx)
	for _, rows := range r.held {
		began := time.Now()
		for chunk, err := range r.binder.Chunks(rows) {
			r.spent += time.Since(began)
			if err != nil {
				return err
			}
			if err := r.send(ctx, c, chunk); err != nil {
				return err
			}
			began = time.Now()
		}
	}
	return nil
}

// send inserts a chunk.
func (r *inserted) send(ctx context.Context, c *session, chunk bindrows.Chunk) error {
	n, err := c.exec(ctx, chunk.Insert(r.table.rows), chunk.Args...)
	if err == nil && n != int64(chunk.Rows) {
		err = fmt.Errorf("INSERT took %d of %d rows", n, chunk.Rows)
	}
	return err
}

func (r *inserted) encoded() time.Duration { return r.spent }

func (r *inserted) discard(context.Context) {
	for _, rows := range r.held {
		rows.Release()
	}
	r.held, r.rows = nil, 0
}
