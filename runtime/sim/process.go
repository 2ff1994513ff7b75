package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/ampgen/ampgen/runtime"
)

var errKilled = errors.New("the process was killed")

// process is a running loader. It has a goroutine of its own, but exactly one goroutine of the simulation runs at any time: at
// each call of its source, its sink or its clock the loader stops and waits until the world gives it the next turn. So the
// order of everything is drawn from the seed.
type process struct {
	w      *world
	name   string
	job    *job
	ctx    context.Context
	cancel context.CancelFunc
	turn   chan struct{} // the world lets the process go on
	parked chan struct{} // the process reached its next call
	ended  chan struct{} // closed when Run returned
	at     string        // the call that the process waits to make
	err    error         // what Run returned

	killed  bool // from now on its calls do nothing and fail
	stopped bool // it was asked to stop

	excused   [runtime.Protocol + 1]bool // the classes of errors that were done to it
	doubled   bool                       // it was sent rows that it may not be able to tell from others
	violation string                     // a message after which it may not go on; empty: none
	epoch     uint64                     // of its fence
	fenced    bool                       // it was told so
	stream    *follow                    // the stream that it follows
	streams   int                        // open ones
	units     int                        // open ones
}

// start begins a loader. It waits at once for its first turn.
func (w *world) start() *process {
	w.started++
	p := &process{w: w, name: fmt.Sprintf("L%d", w.started), job: w.job, at: "start",
		turn: make(chan struct{}), parked: make(chan struct{}), ended: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	w.running = append(w.running, p)
	w.log("%s starts: %v", p.name, w.job)
	pipeline := newPipeline()
	go func() {
		<-p.turn
		p.err = runtime.Run(p.ctx, runtime.Options{
			Pipeline: pipeline, Source: &source{p}, Sink: &sink{p: p},
			From: p.job.from, To: p.job.to, Latest: p.job.latest, Follow: p.job.follow, ChunkBlocks: w.chunk, Log: slog.New(logHandler{p}), Sleep: p.sleep,
		})
		close(p.ended)
	}()
	return p
}

// resume gives the process a turn, until its next call or its end.
func (p *process) resume() (over bool) {
	p.turn <- struct{}{}
	select {
	case <-p.parked:
		return false
	case <-p.ended:
		p.cancel()
		return true
	}
}

// step waits for the turn to make a call. An error means that the process is dead: the call must have no effect.
func (p *process) step(call string) error {
	if p.killed {
		return errKilled
	}
	p.at = call
	p.parked <- struct{}{}
	<-p.turn
	if p.killed {
		return errKilled
	}
	p.w.log("%s %s", p.name, call)
	return nil
}

// kill ends the process as SIGKILL does: whatever it still does has no effect.
func (p *process) kill() {
	p.killed = true
	p.cancel()
}

// sleep is the loader's clock. Time is virtual: a wait is over when the process has its next turn.
func (p *process) sleep(ctx context.Context, d time.Duration) error {
	if err := p.step("sleep"); err != nil {
		return err
	}
	if d <= 0 {
		p.w.fail("%s sleeps for %s", p.name, d)
	}
	p.w.slept += d
	return ctx.Err()
}

// fails is an error that is done to the process.
func (p *process) fails(class runtime.Class, op string, f Fault) error {
	p.excused[class] = true
	if class == runtime.Ambiguous {
		p.excused[runtime.Transient] = true // when the state shows that nothing happened
	}
	p.w.log("%s %s fails: %s (%s)", p.name, op, f, class)
	return runtime.Errorf(class, op, "", "%s", f)
}

// logHandler adds what the loader logs to the events. Its waits have jitter, so only the messages are kept.
type logHandler struct{ p *process }

func (h logHandler) Enabled(context.Context, slog.Level) bool { return h.p.w.verbose }
func (h logHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h logHandler) WithGroup(string) slog.Handler            { return h }
func (h logHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool { fmt.Fprintf(&b, " %s=%v", a.Key, a.Value); return true })
	h.p.w.log("%s says: %s", h.p.name, &b)
	return nil
}
