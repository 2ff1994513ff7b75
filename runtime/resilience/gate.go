package resilience

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/ampgen/ampgen/runtime/fault"
)

// Settings of the gates. They are such that nobody has to change them: what is right depends on the other side, which the gate finds
// out.
const (
	// A breaker opens after so many failures without anything that got through between them, for a time that doubles from the first
	// to the longest while the probes fail.
	breakAfter             = 5
	firstBreak, longestOne = 5 * time.Second, time.Minute
	// probePoll is how often those who wait for the outcome of a probe look.
	probePoll = 200 * time.Millisecond

	// The interval between requests goes from 0 to the first when the other side is overloaded, doubles up to the longest while it
	// still is, and shrinks by a quarter whenever an interval has passed without: from the longest it takes twenty seconds to nothing.
	// Who wants a longer one says so in the answer.
	firstInterval, longestInterval = 250 * time.Millisecond, 5 * time.Second
	leastInterval                  = 50 * time.Millisecond // less is 0

	// longestTimeout is what a timeout grows to, doubling while answers take longer. It is halved again when nothing took too long for so
	// many times as long: what takes long is then tried with the longer one first, whatever else works meanwhile.
	longestTimeout = time.Hour
	easesAfter     = 4
)

// State is that of a circuit breaker.
type State int

// The states.
const (
	Closed   State = iota // requests pass
	Open                  // requests wait
	HalfOpen              // one request passes, to see how it fares
)

func (s State) String() string { return [...]string{"closed", "open", "half-open"}[s] }

// Status is a gate at one moment.
type Status struct {
	State     State
	Retry     time.Duration // for how long nothing passes still; 0 if anything may
	Opened    int64         // how often it opened
	Interval  time.Duration // between requests; 0: they are not held back
	Overloads int64         // how often the other side said, or showed, that it is overloaded
	Timeouts  int64         // how often an answer took too long
}

// Gate is what all requests of a process to one other system pass, the Amp server or the database. It holds them back while the
// system says that it is overloaded, and stops them for a while when it fails again and again. It is safe for concurrent use.
//
// A gate never refuses: it waits, for those who pass it have nothing better to do.
type Gate struct {
	name    string
	clock   Clock
	log     *slog.Logger
	timeout time.Duration

	mu     sync.Mutex
	status Status
	pace   *rate.Limiter
	slowed time.Time // when the interval grew last
	eased  time.Time // when it changed last
	until  time.Time // nothing passes before; zero if anything may
	probed time.Time // when the last probe began

	failures int           // since something got through
	broken   time.Duration // how long the breaker is open the next time
	late     int           // how often the timeout is doubled
	timed    time.Time     // when that changed last

	lines []line // to log once mu is free
}

// line is a line of the log.
type line struct {
	level slog.Level
	text  string
	args  []any
}

// says logs a line after unlock. A log may be written to where the gate's status is shown, which waits for mu.
func (g *Gate) says(level slog.Level, text string, args ...any) {
	g.lines = append(g.lines, line{level, text, append([]any{"of", g.name}, args...)})
}

// unlock frees mu, and logs what was to be said.
func (g *Gate) unlock() {
	lines := g.lines
	g.lines = nil
	g.mu.Unlock()
	for _, l := range lines {
		g.log.Log(context.Background(), l.level, l.text, l.args...)
	}
}

// NewGate makes the gate of a system that log lines call name. A call may take timeout at first; 0 is without end.
func NewGate(name string, clock Clock, log *slog.Logger, timeout time.Duration) *Gate {
	return &Gate{name: name, clock: clock, log: log, timeout: timeout, pace: rate.NewLimiter(rate.Inf, 1), broken: firstBreak}
}

// Name is what log lines call the system.
func (g *Gate) Name() string { return g.name }

// Status is how the gate is now.
func (g *Gate) Status() Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.status
	s.Retry = max(0, g.until.Sub(g.clock.Now()))
	return s
}

// Now is the gate's time.
func (g *Gate) Now() time.Time { return g.clock.Now() }

// Pass is one request that passed. Done is due.
type Pass struct {
	gate  *Gate
	began time.Time
	probe bool
}

// Enter waits until a request may be made. An error is ctx's.
func (g *Gate) Enter(ctx context.Context) (Pass, error) {
	for {
		p, wait := g.admit()
		if wait == 0 {
			return p, nil
		}
		if err := g.clock.Sleep(ctx, wait); err != nil {
			p.drop()
			return Pass{}, err
		}
		if p.gate != nil && p.turn() {
			return p, nil
		}
		p.drop()
	}
}

// turn begins a request that has waited for its turn, and reports whether it may still be made: meanwhile the breaker may have opened, or
// the other side may have said to wait.
func (p *Pass) turn() bool {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	p.began = g.clock.Now()
	want := Closed
	if p.probe {
		want = HalfOpen
	}
	return g.status.State == want && !g.until.After(p.began)
}

// admit lets a request in, which may have to wait for its turn first, or says when to come again.
func (g *Gate) admit() (Pass, time.Duration) {
	g.mu.Lock()
	defer g.unlock()
	now := g.clock.Now()
	if wait := g.until.Sub(now); wait > 0 {
		return Pass{}, wait
	}
	p := Pass{gate: g, began: now}
	switch g.status.State {
	case HalfOpen:
		return Pass{}, probePoll
	case Open:
		g.status.State, g.probed, p.probe = HalfOpen, now, true
		g.says(slog.LevelInfo, "trying one request")
	}
	return p, g.pace.ReserveN(now, 1).DelayFrom(now)
}

// drop gives up a request that was not made.
func (p Pass) drop() {
	if p.gate == nil || !p.probe {
		return
	}
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.gate.status.State == HalfOpen {
		p.gate.status.State = Open // with its time over: the next one is the probe
	}
}

// Done says how the request went, which was made with ctx. That it was answered does not mean that it got anywhere: that is for Worked.
func (p Pass) Done(ctx context.Context, err error) {
	if err != nil && (ctx.Err() != nil || !fault.Passes(err)) {
		p.drop()
		return
	}
	if err != nil {
		p.gate.Failed(p.began, err)
		return
	}
	if p.probe {
		p.gate.close()
	}
}

// Failed counts a failure of what began at a time. One that will not pass says nothing about the system.
func (g *Gate) Failed(began time.Time, err error) {
	if !fault.Passes(err) {
		return
	}
	e := fault.Of(err)
	g.mu.Lock()
	defer g.unlock()
	now := g.clock.Now()
	if e.Overload {
		g.slow(began, now)
	}
	if hint := e.Wait(); hint > 0 {
		if !g.until.After(now) {
			g.says(slog.LevelWarn, "it says to wait; asking nothing until then", "for", hint)
		}
		g.until = later(g.until, now.Add(hint))
	}
	g.failures++
	switch {
	case g.status.State == Open, g.status.State == Closed && g.failures < breakAfter:
		return
	case g.status.State == HalfOpen && began.Before(g.probed):
		return // it began when the breaker was closed, and only ended now
	}
	g.status.State = Open
	g.status.Opened++
	g.until = later(g.until, now.Add(g.broken))
	g.broken = min(2*g.broken, longestOne)
	g.says(slog.LevelWarn, "failing again and again; asking nothing for a while", "failures", g.failures, "for", g.until.Sub(now), "error", err)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// slow makes the interval longer. What began before it last grew, at the same time as others, says nothing new.
func (g *Gate) slow(began, now time.Time) {
	g.status.Overloads++
	if began.Before(g.slowed) {
		return
	}
	g.slowed = now
	g.setInterval(now, min(max(2*g.status.Interval, firstInterval), longestInterval))
	g.says(slog.LevelWarn, "overloaded; asking less often", "interval", g.status.Interval)
}

func (g *Gate) setInterval(now time.Time, d time.Duration) {
	g.status.Interval, g.eased = d, now
	g.pace.SetLimitAt(now, rate.Every(d)) // without end for 0
}

// Worked says that something got through: rows came, or were committed.
func (g *Gate) Worked() {
	g.mu.Lock()
	defer g.unlock()
	g.failures = 0
	if g.status.State == Closed {
		g.broken = firstBreak
	}
	if g.status.Interval == 0 && g.late == 0 {
		return
	}
	now := g.clock.Now()
	if g.late > 0 && now.Sub(g.timed) >= easesAfter*g.limit() {
		g.late, g.timed = g.late-1, now
	}
	if g.status.Interval == 0 || now.Sub(g.eased) < g.status.Interval {
		return
	}
	next := g.status.Interval - g.status.Interval/4
	if next < leastInterval {
		next = 0
		g.says(slog.LevelInfo, "asking as often as before")
	}
	g.setInterval(now, next)
}

// close lets everything pass. Should the next thing fail, it is not given as many failures again.
func (g *Gate) close() {
	g.mu.Lock()
	defer g.unlock()
	if g.status.State != HalfOpen {
		return
	}
	g.status.State, g.failures = Closed, min(g.failures, breakAfter-1)
	g.says(slog.LevelInfo, "answering again")
}

// Call runs one call within the time that it may take. The error of one that takes longer is an overload, and the next ones may take
// twice as long, so that what really takes long gets done in the end. An error that waiting does not mend stays what it is.
func (g *Gate) Call(ctx context.Context, op string, call func(context.Context) error) error {
	g.mu.Lock()
	began, limit := g.clock.Now(), g.limit()
	g.mu.Unlock()
	if limit == 0 {
		return call(ctx)
	}
	limited, cancel := g.clock.Timeout(ctx, limit)
	defer cancel()
	err := call(limited)
	if err == nil || limited.Err() == nil || ctx.Err() != nil || fault.Of(err) != nil && !fault.Passes(err) {
		return err
	}
	g.tookTooLong(began)
	class := fault.Transient
	if fault.ClassOf(err) == fault.Ambiguous {
		class = fault.Ambiguous
	}
	return &fault.Error{Class: class, Op: op, On: g.name, Err: err, Overload: true,
		Help: "there was no answer within " + limit.String() + " (--timeout)"}
}

// tookTooLong doubles the timeout. What began before it was doubled last, at the same time as others, says nothing new.
func (g *Gate) tookTooLong(began time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status.Timeouts++
	if !began.Before(g.timed) && g.limit() < longestTimeout {
		g.late, g.timed = g.late+1, g.clock.Now()
	}
}

// limit is how long a call may take. It is called with the gate locked.
func (g *Gate) limit() time.Duration {
	limit := g.timeout
	for range g.late {
		limit = min(2*limit, max(longestTimeout, g.timeout))
	}
	return limit
}
