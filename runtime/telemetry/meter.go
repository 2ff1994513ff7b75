// Package telemetry measures a run and shows how it goes: rows, blocks, rates, and which side the run waits for.
package telemetry

import (
	"slices"
	"sync"
	"time"

	"github.com/ampgen/ampgen/runtime/resilience"
)

// Side is who a lane waits for.
type Side int

// The sides.
const (
	Other  Side = iota // nobody: it is idle, or between two sides
	Server             // waiting for the server's next message
	Decode             // checking the types and blocks of rows
	Labels             // joining labels
	Encode             // turning rows into the sink's format
	Sink               // writing and committing
	sides
)

func (s Side) String() string {
	return [...]string{"other", "server", "decode", "labels", "encode", "sink"}[s]
}

// Snapshot is the state of a run at one moment.
type Snapshot struct {
	Elapsed  time.Duration
	At       time.Duration // when the last commit was
	Progress time.Duration // when a message came, or something was committed, for the last time
	Heard    bool          // a message has come
	Rows     int64         // committed
	Bytes    int64         // of Arrow data, committed
	Pending  int64         // rows of the open units
	Units    int64         // commits
	Blocks   uint64        // committed
	Wanted   uint64        // blocks of history to load; 0 in a run without
	Done     uint64        // of Wanted
	DoneAt   time.Duration // when the last of Done was
	Last     uint64        // the highest committed block
	LastTime time.Time     // the time of block Last; zero when unknown
	Undone   int64         // reorganisations
	Retries  int64         // what was tried again after a failure
	Waiting  Side          // the side that the lane with the longest wait waits for
	Since    time.Duration // for how long
	Spent    [sides]time.Duration
	Lanes    []LaneSnapshot // the open ones with a name
	Stalls   int64          // streams that were left since they were silent while the chain went on
	Gates    []GateSnapshot // to the server and to the sink
}

// GateSnapshot is the state of one gate.
type GateSnapshot struct {
	Name string
	resilience.Status
}

// LaneSnapshot is the state of one lane.
type LaneSnapshot struct {
	ID      int // of the run's lanes
	Name    string
	Chunk   string // the blocks that it loads
	Done    uint64 // blocks of its partition that are behind it
	Of      uint64 // blocks of its partition
	Rows    int64  // committed and pending
	Waiting Side
	Since   time.Duration
}

// Meter counts one run. It and its lanes may be used by several goroutines.
type Meter struct {
	mu    sync.Mutex
	start time.Time
	now   Snapshot
	lanes []*Lane // the open ones
	gates []*resilience.Gate
	next  int
}

// Lane is one goroutine of the run: it waits for one side at a time, and has one unit open at a time.
type Lane struct {
	meter   *Meter
	state   LaneSnapshot
	pending struct{ rows, bytes int64 }
	entered time.Time
}

// NewMeter starts to measure.
func NewMeter() *Meter { return &Meter{start: time.Now()} }

// Gates names the gates that the run's requests go through.
func (m *Meter) Gates(gates ...*resilience.Gate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gates = gates
}

// Lane opens a lane. A name shows it beside the whole.
func (m *Meter) Lane(name string) *Lane {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &Lane{meter: m, state: LaneSnapshot{ID: m.next, Name: name}, entered: time.Now()}
	m.next++
	m.lanes = append(m.lanes, l)
	return l
}

// Close ends the lane.
func (l *Lane) Close() {
	m := l.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	l.enter(Other)
	m.lanes = slices.DeleteFunc(m.lanes, func(other *Lane) bool { return other == l })
}

// Meter is the run's meter.
func (l *Lane) Meter() *Meter { return l.meter }

// Enter says that the lane now waits for side.
func (l *Lane) Enter(side Side) {
	l.meter.mu.Lock()
	defer l.meter.mu.Unlock()
	l.enter(side)
}

func (l *Lane) enter(side Side) {
	now := time.Now()
	l.meter.now.Spent[l.state.Waiting] += now.Sub(l.entered)
	l.state.Waiting, l.entered = side, now
}

// Encoded says that d of the time that was counted for the sink went into encoding.
func (l *Lane) Encoded(d time.Duration) {
	m := l.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Spent[Sink] -= d
	m.now.Spent[Encode] += d
}

// Heard says that a message came.
func (l *Lane) Heard() {
	m := l.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Heard = true
	m.now.Progress = time.Since(m.start)
}

// Loads says which blocks the lane loads now, and how far it is with its partition.
func (l *Lane) Loads(chunk string, done, of uint64) {
	l.meter.mu.Lock()
	defer l.meter.mu.Unlock()
	l.state.Chunk, l.state.Done, l.state.Of = chunk, done, of
}

// Wrote counts rows that were written to the open unit.
func (l *Lane) Wrote(rows, bytes int64) {
	l.meter.mu.Lock()
	defer l.meter.mu.Unlock()
	l.pending.rows += rows
	l.pending.bytes += bytes
}

// Dropped says that the open unit was rolled back.
func (l *Lane) Dropped() {
	l.meter.mu.Lock()
	defer l.meter.mu.Unlock()
	l.pending.rows, l.pending.bytes = 0, 0
}

// Committed says that the open unit was committed; it covers that many blocks up to last, whose time is Unix seconds or 0. It
// returns the unit's bytes.
func (l *Lane) Committed(blocks, last uint64, timestamp int64) (bytes int64) {
	m := l.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	bytes = l.pending.bytes
	m.now.Rows += l.pending.rows
	m.now.Bytes += bytes
	l.state.Rows += l.pending.rows
	l.pending.rows, l.pending.bytes = 0, 0
	m.now.Units++
	m.now.At = time.Since(m.start)
	m.now.Progress = m.now.At
	m.now.Blocks += blocks
	if m.now.Units > 1 && last < m.now.Last {
		return bytes
	}
	m.now.Last, m.now.LastTime = last, time.Time{}
	if timestamp != 0 {
		m.now.LastTime = time.Unix(timestamp, 0)
	}
	return bytes
}

// Undone counts a reorganisation, after which block last is the highest.
func (l *Lane) Undone(last uint64) {
	m := l.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Undone++
	if last < m.now.Last {
		m.now.Last, m.now.LastTime = last, time.Time{}
	}
}

// Retries counts something that is tried again after a failure.
func (l *Lane) Retries() {
	l.meter.mu.Lock()
	defer l.meter.mu.Unlock()
	l.meter.now.Retries++
}

// Stalled counts a stream that is left since it is silent while the chain goes on.
func (l *Lane) Stalled() {
	l.meter.mu.Lock()
	defer l.meter.mu.Unlock()
	l.meter.now.Stalls++
}

// Want says how many blocks of history are still to be loaded, beside what is Done.
func (m *Meter) Want(blocks uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Wanted = m.now.Done + blocks
}

// Done says that blocks of history are loaded.
func (m *Meter) Done(blocks uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Done += blocks
	m.now.DoneAt = time.Since(m.start)
}

// gateSnapshots asks the gates, without the meter's lock: a gate has one of its own.
func (m *Meter) gateSnapshots() (all []GateSnapshot) {
	m.mu.Lock()
	gates := m.gates
	m.mu.Unlock()
	for _, g := range gates {
		all = append(all, GateSnapshot{Name: g.Name(), Status: g.Status()})
	}
	return all
}

// Snapshot is the state now.
func (m *Meter) Snapshot() Snapshot {
	gates := m.gateSnapshots()
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	s := m.now
	s.Elapsed = now.Sub(m.start)
	s.Gates = gates
	for _, l := range m.lanes {
		state := l.state
		state.Since = now.Sub(l.entered)
		state.Rows += l.pending.rows
		s.Pending += l.pending.rows
		s.Spent[state.Waiting] += state.Since
		if state.Waiting != Other && state.Since >= s.Since {
			s.Waiting, s.Since = state.Waiting, state.Since
		}
		if state.Name != "" {
			s.Lanes = append(s.Lanes, state)
		}
	}
	return s
}

// Stalled is how long nothing has come of the run, neither a message nor a commit.
func (s Snapshot) Stalled() time.Duration { return s.Elapsed - s.Progress }
