package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime/resilience"
)

// Every request of a load to the server and to the database goes through the gate of its side, which all workers of the process share.
// What a plan asks of the database, for someone who waits for it, does not.

// errHeld says that the gate did not let a request pass while there was time.
var errHeld = errors.New("the request was held back")

// guardedSource is a Source behind a gate.
type guardedSource struct {
	Source
	gate *resilience.Gate
}

func (s *guardedSource) Schema(ctx context.Context, sql string, follow bool) (schema *arrow.Schema, err error) {
	err = request(ctx, s.gate, "plan query", func(ctx context.Context) (err error) {
		schema, err = s.Source.Schema(ctx, sql, follow)
		return err
	})
	return schema, err
}

func (s *guardedSource) Open(ctx context.Context, req Request) (SourceStream, error) {
	var stream SourceStream
	err := request(ctx, s.gate, "start query", func(ctx context.Context) (err error) {
		stream, err = s.Source.Open(ctx, req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &guardedStream{SourceStream: stream, gate: s.gate, follow: req.Follow}, nil
}

// request makes a request, when the gate lets it pass.
func request(ctx context.Context, gate *resilience.Gate, op string, call func(context.Context) error) error {
	pass, err := gate.Enter(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errHeld, err)
	}
	err = gate.Call(ctx, op, call)
	pass.Done(ctx, err)
	return err
}

// reports runs what belongs to a request that has passed, and tells the gate how it went.
func reports(ctx context.Context, gate *resilience.Gate, op string, call func(context.Context) error) error {
	began := gate.Now()
	err := gate.Call(ctx, op, call)
	if err != nil && ctx.Err() == nil {
		gate.Failed(began, err)
	}
	return err
}

type guardedStream struct {
	SourceStream
	gate   *resilience.Gate
	follow bool // it may be silent for as long as the chain is
}

func (s *guardedStream) Next(ctx context.Context) (m Message, err error) {
	next := func(ctx context.Context) (err error) {
		m, err = s.SourceStream.Next(ctx)
		return err
	}
	if s.follow {
		if err = next(ctx); err != nil && ctx.Err() == nil {
			s.gate.Failed(s.gate.Now(), err)
		}
	} else {
		err = reports(ctx, s.gate, "read rows", next)
	}
	if err == nil {
		s.gate.Worked()
	}
	return m, err
}

// guardedSink is a Sink behind a gate. What else the sink can do is asked of the Sink in it.
type guardedSink struct {
	Sink
	gate *resilience.Gate
}

// Prepare may take as long as it takes: it builds indexes.
func (s *guardedSink) Prepare(ctx context.Context, t *Table) error {
	pass, err := s.gate.Enter(ctx)
	if err != nil {
		return err
	}
	err = s.Sink.Prepare(ctx, t)
	pass.Done(ctx, err)
	return err
}

func (s *guardedSink) State(ctx context.Context, t *Table) (state State, err error) {
	err = request(ctx, s.gate, "read the state", func(ctx context.Context) (err error) {
		state, err = s.Sink.State(ctx, t)
		return err
	})
	return state, err
}

// hasRows is StatelessSink's HasRows of a sink that is one.
func (s *guardedSink) hasRows(ctx context.Context, of StatelessSink, t *Table) (has bool, err error) {
	err = request(ctx, s.gate, "look for rows", func(ctx context.Context) (err error) {
		has, err = of.HasRows(ctx, t)
		return err
	})
	return has, err
}

func (s *guardedSink) Begin(ctx context.Context, u Unit) (*guardedTx, error) {
	return s.begin(ctx, func(ctx context.Context) (Tx, error) { return s.Sink.Begin(ctx, u) })
}

// redo is Redoer's Redo of a sink that is one.
func (s *guardedSink) redo(ctx context.Context, r Redoer, t *Table, blocks, tip Range) (*guardedTx, error) {
	return s.begin(ctx, func(ctx context.Context) (Tx, error) { return r.Redo(ctx, t, blocks, tip) })
}

func (s *guardedSink) begin(ctx context.Context, begin func(context.Context) (Tx, error)) (*guardedTx, error) {
	var tx Tx
	err := request(ctx, s.gate, "begin a unit", func(ctx context.Context) (err error) {
		tx, err = begin(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &guardedTx{Tx: tx, gate: s.gate}, nil
}

func (s *guardedSink) Undo(ctx context.Context, u Undo) error {
	err := request(ctx, s.gate, "undo", func(ctx context.Context) error { return s.Sink.Undo(ctx, u) })
	if err == nil {
		s.gate.Worked()
	}
	return err
}

type guardedTx struct {
	Tx
	gate *resilience.Gate
}

func (t *guardedTx) Write(ctx context.Context, rows arrow.RecordBatch) error {
	return reports(ctx, t.gate, "write rows", func(ctx context.Context) error { return t.Tx.Write(ctx, rows) })
}

func (t *guardedTx) Commit(ctx context.Context) error {
	err := reports(ctx, t.gate, "commit", t.Tx.Commit)
	if err == nil {
		t.gate.Worked()
	}
	return err
}

// Encoded is how long the sink has encoded rows of the unit, if it says so.
func (t *guardedTx) Encoded() time.Duration { return encoded(t.Tx) }

func encoded(tx Tx) time.Duration {
	if timed, ok := tx.(interface{ Encoded() time.Duration }); ok {
		return timed.Encoded()
	}
	return 0
}
