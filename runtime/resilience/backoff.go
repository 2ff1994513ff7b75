package resilience

import "time"

// The wait before something is tried again is a random part of a time that doubles from firstWait to longestWait: loaders that lost the
// same server do not all come back at the same moment.
const firstWait, longestWait = time.Second, 30 * time.Second

// Backoff is how long to wait before one thing is tried again. It is used by one goroutine.
type Backoff struct {
	clock   Clock
	budget  time.Duration
	ceiling time.Duration
	since   time.Time // the first failure since the last progress; zero if there was none
}

// NewBackoff makes a Backoff that goes on as long as budget after the first failure without progress; 0 is without end.
func NewBackoff(clock Clock, budget time.Duration) *Backoff {
	return &Backoff{clock: clock, budget: budget, ceiling: firstWait}
}

// Progress says that something got through.
func (b *Backoff) Progress() { b.ceiling, b.since = firstWait, time.Time{} }

// Next is how long to wait after a failure, of which the other side said to wait for hint at least, or nothing if it is 0. It is false
// if the budget does not allow for that.
func (b *Backoff) Next(hint time.Duration) (time.Duration, bool) {
	now := b.clock.Now()
	if b.since.IsZero() {
		b.since = now
	}
	d := b.Pause()
	if hint > 0 {
		d = hint + b.clock.Jitter(firstWait)
	}
	return d, b.budget == 0 || now.Sub(b.since)+d <= b.budget
}

// Pause is how long to wait before something is done again that did not fail.
func (b *Backoff) Pause() time.Duration {
	d := b.clock.Jitter(b.ceiling)
	b.ceiling = min(2*b.ceiling, longestWait)
	return d
}
