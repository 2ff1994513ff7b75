package ampdev

import (
	"context"
	"errors"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
	"github.com/ampgen/ampgen/ampgen/ampdev/store"
	"github.com/ampgen/ampgen/ampgen/ampdev/transpile"
)

// run is the answer to one DoGet.
type run struct {
	server *Server
	plan   *plan
	out    *wire
}

// once answers a batch query: the rows, then an empty batch that completes them. The ranges are what the queried tables have,
// not what the query selects.
func (r *run) once(ctx context.Context) error {
	var ranges []chain.Range
	v, _, err := r.server.view(ctx, func(c *chain.Chain) (chain.Range, bool) {
		if !c.Empty() && r.plan.tables > 0 {
			ranges = append(ranges, c.Range(c.First().Number, c.Tip().Number))
		}
		return chain.Range{}, true
	})
	if err != nil {
		return status.FromContextError(err).Err()
	}
	defer v.Close()
	if err := r.out.schema(r.plan.announced); err != nil {
		return err
	}
	return r.execute(ctx, v.Snapshot, nil, ranges)
}

// follow answers a streaming query: microbatch after microbatch, waiting at the tip without a word.
func (r *run) follow(ctx context.Context, resume cursor) error {
	var last *chain.Block // the block up to which the client has all; nil from the start
	if resume != nil {
		at, ok := resume[r.server.config.Network]
		if !ok {
			return status.Errorf(codes.Internal, "expected a cursor for network %q", r.server.config.Network)
		}
		last = &chain.Block{Number: at.Number, Hash: at.Hash}
	} else if r.server.chainTip() == nil { // the tables are not synced
		if err := r.out.schema(r.plan.announced); err != nil {
			return err
		}
		return r.out.empty(r.plan.data, nil, true)
	}
	for started := false; ; started = true {
		v, err := r.nextMicrobatch(ctx, last)
		if err != nil {
			return err
		}
		if !started {
			err = r.out.schema(r.plan.announced)
		}
		if err == nil {
			err = r.execute(ctx, v.Snapshot, &transpile.Blocks{Start: v.blocks.Start, End: v.blocks.End}, []chain.Range{v.blocks})
		}
		v.Close()
		if err != nil {
			return err
		}
		last = &chain.Block{Number: v.blocks.End, Hash: v.blocks.Hash}
	}
}

// nextMicrobatch waits for blocks after last, or for a fork below it.
func (r *run) nextMicrobatch(ctx context.Context, last *chain.Block) (*view, error) {
	for {
		v, wait, err := r.server.view(ctx, func(c *chain.Chain) (chain.Range, bool) {
			if c.Empty() {
				return chain.Range{}, false
			}
			start, ok := c.First().Number, true
			if last != nil {
				start, ok = c.Resume(last.Number, last.Hash)
			}
			if !ok || start > c.Tip().Number {
				return chain.Range{}, false
			}
			return c.Range(start, min(c.Tip().Number, start+uint64(r.server.config.MicrobatchBlocks)-1)), true
		})
		if err != nil {
			return nil, status.FromContextError(err).Err()
		}
		if v != nil {
			return v, nil
		}
		select {
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		case <-wait:
		case order := <-r.out.session.orders:
			if err := r.out.obey(order); err != nil {
				return nil, err
			}
		}
	}
}

// execute runs the query on a snapshot and sends the rows and the completion. While it runs, empty batches keep the
// connection alive, the first of them at once.
func (r *run) execute(ctx context.Context, snapshot *store.Snapshot, microbatch *transpile.Blocks, ranges []chain.Range) error {
	statement, err := r.server.transpile(r.plan, microbatch)
	if err != nil {
		return err
	}
	if err := r.out.empty(r.plan.data, ranges, false); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches, done := make(chan arrow.RecordBatch), make(chan error, 1)
	go func() {
		done <- snapshot.Query(ctx, statement.SQL, r.plan.data, r.out.batchRows(), func(b arrow.RecordBatch) error {
			b.Retain()
			select {
			case batches <- b:
				return nil
			case <-ctx.Done():
				b.Release()
				return ctx.Err()
			}
		})
		close(batches)
	}()
	err = r.send(batches, ranges)
	cancel()
	for b := range batches { // only after an error
		b.Release()
	}
	if failed := <-done; err == nil {
		err = queryError(ctx, failed)
	}
	if err != nil {
		return err
	}
	return r.out.empty(r.plan.data, ranges, true)
}

// send sends batches until there are no more.
func (r *run) send(batches <-chan arrow.RecordBatch, ranges []chain.Range) error {
	alive := time.NewTicker(r.server.config.KeepAlive)
	defer alive.Stop()
	for {
		var err error
		select {
		case b, ok := <-batches:
			if !ok {
				return nil
			}
			err = r.out.data(b, ranges)
			b.Release()
		case <-alive.C:
			err = r.out.empty(r.plan.data, ranges, false)
		case order := <-r.out.session.orders:
			err = r.out.obey(order)
		}
		if err != nil {
			return err
		}
	}
}

// queryError gives a failure of the engine the server's code: Internal, whatever it is.
func queryError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	}
	return status.Error(codes.Internal, "execution failed | Caused by: "+err.Error())
}
