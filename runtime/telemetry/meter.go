// Package telemetry measures a run and shows how it goes: rows, blocks, rates, and which side the run waits for.
package telemetry

import (
	"sync"
	"time"
)

// Side is who the run waits for.
type Side int

// The sides.
const (
	Other  Side = iota
	Server      // waiting for the server's next message
	Labels      // checking rows and joining labels
	Sink        // writing and committing
	sides
)

func (s Side) String() string { return [...]string{"other", "server", "labels", "sink"}[s] }

// Snapshot is the state of a run at one moment.
type Snapshot struct {
	Elapsed  time.Duration
	At       time.Duration // when the last commit was
	Rows     int64         // committed
	Bytes    int64         // of Arrow data, committed
	Pending  int64         // rows of the open unit
	Units    int64         // commits
	Blocks   uint64
	Wanted   uint64        // blocks to load in a bounded run; 0 in an endless one
	Last     uint64        // the last committed block
	LastTime time.Time     // the time of block Last; zero when unknown
	Waiting  Side          // the side that is waited for now
	Since    time.Duration // for how long
	Spent    [sides]time.Duration
}

// Meter counts one run. Its methods may be called from several goroutines.
type Meter struct {
	mu      sync.Mutex
	start   time.Time
	now     Snapshot
	pending struct{ rows, bytes int64 }
	entered time.Time
}

// NewMeter starts to measure.
func NewMeter() *Meter {
	now := time.Now()
	return &Meter{start: now, entered: now}
}

// Enter says that the run now waits for side.
func (m *Meter) Enter(side Side) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.now.Spent[m.now.Waiting] += now.Sub(m.entered)
	m.now.Waiting, m.entered = side, now
}

// Want adds blocks to what the run is to load.
func (m *Meter) Want(blocks uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Wanted += blocks
}

// Wrote counts rows that were written to the open unit.
func (m *Meter) Wrote(rows, bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending.rows += rows
	m.pending.bytes += bytes
}

// Dropped says that the open unit was rolled back.
func (m *Meter) Dropped() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending.rows, m.pending.bytes = 0, 0
}

// Committed says that the open unit was committed; it covers that many blocks up to last, whose time is Unix seconds or 0.
func (m *Meter) Committed(blocks, last uint64, timestamp int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now.Rows += m.pending.rows
	m.now.Bytes += m.pending.bytes
	m.pending.rows, m.pending.bytes = 0, 0
	m.now.Units++
	m.now.At = time.Since(m.start)
	m.now.Blocks += blocks
	m.now.Last = last
	m.now.LastTime = time.Time{}
	if timestamp != 0 {
		m.now.LastTime = time.Unix(timestamp, 0)
	}
}

// Snapshot is the state now.
func (m *Meter) Snapshot() Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	s := m.now
	s.Elapsed = now.Sub(m.start)
	s.Pending = m.pending.rows
	s.Since = now.Sub(m.entered)
	s.Spent[s.Waiting] += s.Since
	return s
}
