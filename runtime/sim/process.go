package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/internal/crew"
	"github.com/ampgen/ampgen/runtime/resilience"
)

var errKilled = errors.New("the process was killed")

// process is a running loader. Its goroutines are its own, but exactly one of them, and nothing else of the simulation, runs at any
// time: at each call of source, sink or clock it stops and waits until the world gives it the next turn. So the order of
// everything is drawn from the seed.
type process struct {
	w      *world
	name   string
	job    *job
	ctx    context.Context
	cancel context.CancelFunc
	err    error // what Run returned

	mu     sync.Mutex    // guards awake and parked
	awake  int           // goroutines that run: not parked, and not waiting for others
	parked []*actor      // those that wait for their turn, in the order of their names
	quiet  chan struct{} // none is awake
	over   bool          // Run has returned

	killed  bool // from now on its calls do nothing and fail
	stopped bool // it was asked to stop

	excused   [runtime.Protocol + 1]bool // the classes of errors that were done to it
	doubled   bool                       // it was sent rows that it may not be able to tell from others
	violation string                     // a message after which it may not go on; empty: none
	epoch     uint64                     // of its fence
	fenced    bool                       // it was told so
	stream    *follow                    // the stream that is open; nil: none
	followed  bool                       // there was one
	pin       *uint64                    // where the stream that goes on beside workers was first opened
}

// actor is one goroutine of a process.
type actor struct {
	name    string
	at      string        // the call that it waits to make
	turn    chan struct{} // the world lets it go on
	streams int           // open ones
	units   int           // open ones
}

type actorKey struct{}

// actorOf is the goroutine that makes a call.
func actorOf(ctx context.Context) *actor { return ctx.Value(actorKey{}).(*actor) }

// start begins a loader. It waits at once for its first turn.
func (w *world) start() *process {
	w.started++
	p := &process{w: w, name: fmt.Sprintf("L%d", w.started), job: w.variant(), quiet: make(chan struct{}, 1)}
	main := &actor{name: p.name, at: "start", turn: make(chan struct{})}
	p.parked = []*actor{main}
	p.ctx, p.cancel = context.WithCancel(context.WithValue(crew.With(context.Background(), p), actorKey{}, main))
	w.running = append(w.running, p)
	w.log("%s starts: %v", p.name, p.job)
	pipeline := newPipeline()
	go func() {
		<-main.turn
		p.err = runtime.Run(p.ctx, runtime.Options{
			Pipeline: pipeline, Source: &source{p}, Sink: &sink{p: p}, From: p.job.from, To: p.job.to, Latest: p.job.latest, Recent: p.job.recent, Follow: p.job.follow,
			HistoryFirst: p.job.historyFirst, Workers: p.job.workers, PartitionBlocks: p.job.partition, ReorgDepth: p.job.depth,
			ChunkBlocks: w.chunk, Log: slog.New(logHandler{p}), Clock: p,
		})
		p.mu.Lock()
		defer p.mu.Unlock()
		p.over = true
		p.rest()
	}()
	return p
}

// resume gives a goroutine of the process a turn, until all wait again or the process has ended.
func (p *process) resume() (over bool) {
	p.mu.Lock()
	n := 0
	if len(p.parked) > 1 {
		n = p.w.IntN(len(p.parked))
	}
	a := p.parked[n]
	p.parked = slices.Delete(p.parked, n, n+1)
	p.awake++
	p.mu.Unlock()
	a.turn <- struct{}{}
	<-p.quiet
	if p.over {
		p.cancel()
	}
	return p.over
}

// rest says that one goroutine less is awake. It is called with the process locked.
func (p *process) rest() {
	if p.awake--; p.awake == 0 {
		p.quiet <- struct{}{}
	}
}

// park waits for the goroutine's next turn.
func (p *process) park(a *actor, call string) {
	p.mu.Lock()
	a.at = call
	p.enlist(a)
	p.rest()
	p.mu.Unlock()
	<-a.turn
}

func (p *process) enlist(a *actor) {
	at, _ := slices.BinarySearchFunc(p.parked, a.name, func(b *actor, name string) int { return strings.Compare(b.name, name) })
	p.parked = slices.Insert(p.parked, at, a)
}

// at says what the process is about to do: all of its goroutines.
func (p *process) at() string {
	calls := make([]string, len(p.parked))
	for i, a := range p.parked {
		calls[i] = a.at
	}
	slices.Sort(calls)
	return strings.Join(slices.Compact(calls), ", ")
}

// step waits for the turn to make a call. An error means that the process is dead: the call must have no effect.
func (p *process) step(ctx context.Context, call string) error {
	if p.killed {
		return errKilled
	}
	a := actorOf(ctx)
	p.park(a, call)
	if p.killed {
		return errKilled
	}
	p.w.log("%s %s", a.name, call)
	return nil
}

// Together is crew.Crew's: the goroutines are actors, which begin when the world gives them a turn.
func (p *process) Together(ctx context.Context, tasks ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var first error
	left, done := len(tasks), make(chan struct{})
	p.mu.Lock()
	for i, task := range tasks {
		a := &actor{name: fmt.Sprintf("%s.%d", actorOf(ctx).name, i+1), at: "begins", turn: make(chan struct{})}
		p.enlist(a)
		go func() {
			<-a.turn
			err := task(context.WithValue(ctx, actorKey{}, a))
			if !p.killed && (a.streams > 0 || a.units > 0) {
				p.w.fail("%s left %d streams and %d units open", a.name, a.streams, a.units)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if err != nil && first == nil {
				first = err
				cancel()
			}
			if left--; left == 0 {
				p.awake++ // who waits for them
				close(done)
			}
			p.rest()
		}()
	}
	p.rest()
	p.mu.Unlock()
	<-done
	return first
}

// Lock is crew.Crew's.
func (p *process) Lock(ctx context.Context, m *sync.RWMutex) {
	for !m.TryLock() {
		p.park(actorOf(ctx), "waits for the others' commits")
	}
}

// kill ends the process as SIGKILL does: whatever it still does has no effect.
func (p *process) kill() {
	p.killed = true
	p.cancel()
}

// A process is its loader's clock. Time is virtual: a wait is over when the process has its next turn.
var _ resilience.Clock = (*process)(nil)

// Now is resilience.Clock's.
func (p *process) Now() time.Time { return time.Unix(1_700_000_000, 0).Add(p.w.slept) }

// Jitter is resilience.Clock's. Chance is in the order of turns.
func (p *process) Jitter(d time.Duration) time.Duration { return d }

// Timeout is resilience.Clock's.
func (p *process) Timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	a := &alarm{at: p.w.slept + d, ring: func() {
		p.excused[runtime.Transient] = true
		cancel()
	}}
	p.w.alarms = append(p.w.alarms, a)
	return ctx, func() {
		a.ring = nil
		cancel()
	}
}

// alarm is something that ends at a time.
type alarm struct {
	at   time.Duration
	ring func() // nil when it is over
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.slept += d
	w.alarms = slices.DeleteFunc(w.alarms, func(a *alarm) bool {
		due := w.timed && a.ring != nil && a.at <= w.slept
		if due {
			w.note(Late, true)
			a.ring()
		}
		return due || a.ring == nil
	})
}

// Sleep is resilience.Clock's.
func (p *process) Sleep(ctx context.Context, d time.Duration) error {
	if err := p.step(ctx, "sleep"); err != nil {
		return err
	}
	if d <= 0 {
		p.w.fail("%s sleeps for %s", p.name, d)
	}
	p.w.pass(d)
	return ctx.Err()
}

// fails is an error that is done to the process.
func (p *process) fails(class runtime.Class, op string, f Fault) error {
	p.excused[class] = true
	if class == runtime.Ambiguous {
		p.excused[runtime.Transient] = true // when the state shows that nothing happened
	}
	p.w.log("%s %s fails: %s (%s)", p.name, op, f, class)
	err := runtime.Errorf(class, op, "", "%s", f)
	if class == runtime.Transient && p.w.hit(Throttle) {
		err.Overload, err.RetryAfter = true, time.Duration(p.w.upTo(90))*time.Second
	}
	return err
}

// out reports the failure of a side that fails for a while.
func (p *process) out(side int, op string) error {
	if p.w.hit(Outage) {
		p.w.outage[side] = 2 + p.w.upTo(10)
	}
	if p.w.outage[side] == 0 || p.w.calm {
		return nil
	}
	p.w.outage[side]--
	return p.fails(runtime.Transient, op, Outage)
}

// The sides of an outage.
const (
	serverSide = iota
	sinkSide
)

// logHandler adds what the loader logs to the events. Its waits have jitter, so only the messages are kept.
type logHandler struct{ p *process }

func (h logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return h.p.w.verbose || level >= slog.LevelWarn
}
func (h logHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h logHandler) WithGroup(string) slog.Handler      { return h }
func (h logHandler) Handle(_ context.Context, r slog.Record) error {
	h.p.w.note(breakerOpen, strings.HasPrefix(r.Message, "failing again and again"))
	if !h.p.w.verbose {
		return nil
	}
	var b strings.Builder
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool { fmt.Fprintf(&b, " %s=%v", a.Key, a.Value); return true })
	h.p.w.log("%s says: %s", h.p.name, &b)
	return nil
}
