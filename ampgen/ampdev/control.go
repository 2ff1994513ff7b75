package ampdev

import (
	"context"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// faults are the ways in which the server misbehaves when it is told to.
type faults struct {
	batchRows atomic.Int64 // rows per batch at most; 0: the server's own limit

	mu      sync.Mutex
	stalled chan struct{} // closed when the stall ends; nil when there is none
	failure error         // what a stream ends with, once; nil if none is due
	after   int           // after how many messages it does
}

// beforeSend waits while the server stalls, and fails when a failure is due.
func (f *faults) beforeSend(ctx context.Context) error {
	for {
		f.mu.Lock()
		stalled := f.stalled
		if stalled == nil {
			err := f.take()
			f.mu.Unlock()
			return err
		}
		f.mu.Unlock()
		select {
		case <-stalled:
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
}

// take counts a message towards the failure.
func (f *faults) take() error {
	if f.failure == nil {
		return nil
	}
	if f.after > 0 {
		f.after--
		return nil
	}
	err := f.failure
	f.failure = nil
	return err
}

func (f *faults) resume() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stalled != nil {
		close(f.stalled)
		f.stalled = nil
	}
}

// Stall makes all streams fall silent, in the middle of a microbatch if they are in one, until Resume.
func (s *Server) Stall() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if s.faults.stalled == nil {
		s.faults.stalled = make(chan struct{})
	}
}

// Resume ends a stall.
func (s *Server) Resume() { s.faults.resume() }

// Fail ends one stream with a status, instead of sending the message that comes after so many others. Messages of all
// streams count, schema messages too.
func (s *Server) Fail(code codes.Code, message string, after int) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.failure, s.faults.after = status.Error(code, message), after
}

// SetBatchRows splits the rows of microbatches that start from now on into batches of at most n rows; 0 restores the
// server's own limit of 8,192.
func (s *Server) SetBatchRows(n int) { s.faults.batchRows.Store(int64(n)) }

// DropConnections resets all client connections.
func (s *Server) DropConnections() {
	s.listeners.Lock()
	defer s.listeners.Unlock()
	for _, split := range s.open {
		split.drop()
	}
}

// RepeatLast makes every open stream send its last batch message once more.
func (s *Server) RepeatLast() { s.streams.tell(repeatLast) }

// KeepAliveNow makes every open stream that has begun send an empty batch with its current ranges.
func (s *Server) KeepAliveNow() { s.streams.tell(keepAlive) }

// Hang makes every open stream silent for ever, while the server goes on answering what is asked from now on.
func (s *Server) Hang() { s.streams.hang() }

// order is what a stream is told to do between two messages.
type order uint8

const (
	repeatLast order = iota
	keepAlive
)

// session is an open stream.
type session struct {
	orders chan order
	hung   atomic.Bool // it sends nothing any more
}

// registry knows the open streams.
type registry struct {
	mu       sync.Mutex
	sessions map[*session]struct{}
}

func (r *registry) add() *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions == nil {
		r.sessions = map[*session]struct{}{}
	}
	s := &session{orders: make(chan order, 16)}
	r.sessions[s] = struct{}{}
	return s
}

func (r *registry) remove(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sessions, s)
}

func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sessions)
}

func (r *registry) hang() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.sessions {
		s.hung.Store(true)
	}
}

// tell gives all streams an order; a stream that has too many waiting does without.
func (r *registry) tell(o order) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.sessions {
		select {
		case s.orders <- o:
		default:
		}
	}
}
