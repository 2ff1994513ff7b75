package resilience_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ampgen/ampgen/runtime/fault"
	"github.com/ampgen/ampgen/runtime/resilience"
)

var (
	errLost       = fault.Errorf(fault.Transient, "read", "", "lost")
	errOverloaded = &fault.Error{Class: fault.Transient, Op: "read", Overload: true}
	errRefused    = fault.Errorf(fault.Permanent, "read", "", "refused")
)

func newGate(timeout time.Duration) *resilience.Gate {
	return resilience.NewGate("server", resilience.Wall, slog.New(slog.DiscardHandler), timeout)
}

// request makes one request that ends with err, and returns how long it had to wait.
func request(t *testing.T, g *resilience.Gate, err error) time.Duration {
	t.Helper()
	began := time.Now()
	p, failed := g.Enter(t.Context())
	if failed != nil {
		t.Fatal(failed)
	}
	waited := time.Since(began)
	p.Done(t.Context(), err)
	return waited
}

// loud is a clock without chance: the wait is the longest there can be.
type loud struct{ resilience.Clock }

func (loud) Jitter(d time.Duration) time.Duration { return d - 1 }

func TestBackoffDoublesUpToItsCeiling(t *testing.T) {
	b := resilience.NewBackoff(loud{resilience.Wall}, 0)
	want := []time.Duration{1, 2, 4, 8, 16, 30, 30}
	for _, seconds := range append(want, want...) {
		if d, ok := b.Next(0); d != seconds*time.Second-1 || !ok {
			t.Fatalf("waits %v, want up to %ds", d, seconds)
		}
		if seconds == 30 {
			b.Progress()
			break
		}
	}
	if d, _ := b.Next(0); d != time.Second-1 {
		t.Errorf("after progress it waits %v", d)
	}
}

func TestBackoffWaitsAnyPartOfItsCeiling(t *testing.T) {
	var least, most time.Duration = time.Hour, 0
	for range 1000 {
		b := resilience.NewBackoff(resilience.Wall, 0)
		d, _ := b.Next(0)
		least, most = min(least, d), max(most, d)
	}
	if least > 100*time.Millisecond || most < 900*time.Millisecond || most >= time.Second {
		t.Errorf("of a thousand first waits the shortest is %v and the longest %v", least, most)
	}
}

// TestBackoffEndsWithItsBudget: the budget counts from the first failure without progress, waits included.
func TestBackoffEndsWithItsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := resilience.NewBackoff(resilience.Wall, time.Hour)
		for range 3 {
			began, attempts := time.Now(), 0
			for {
				d, ok := b.Next(0)
				if !ok {
					break
				}
				attempts++
				time.Sleep(d)
			}
			if took := time.Since(began); took > time.Hour || took < time.Hour-30*time.Second || attempts < 120 {
				t.Errorf("gave up after %v and %d attempts", took, attempts)
			}
			b.Progress()
		}
	})
}

func TestBackoffHonoursTheHint(t *testing.T) {
	b := resilience.NewBackoff(resilience.Wall, time.Minute)
	if d, ok := b.Next(40 * time.Second); d < 40*time.Second || d > 41*time.Second || !ok {
		t.Errorf("told to wait 40s it waits %v", d)
	}
	if _, ok := b.Next(61 * time.Second); ok {
		t.Error("it waits longer than its budget")
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		if err := resilience.Wall.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestGateSlowsDownAndRecovers: one overload, or many of requests that were made at the same time, makes the interval a quarter of a
// second; each further one doubles it. It goes back to nothing by itself.
func TestGateSlowsDownAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(0)
		for range 3 {
			if waited := request(t, g, nil); waited != 0 {
				t.Fatalf("a gate that knows of nothing made a request wait %v", waited)
			}
		}
		var together []resilience.Pass
		for range 8 {
			p, err := g.Enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			together = append(together, p)
		}
		time.Sleep(time.Millisecond)
		for _, p := range together {
			p.Done(t.Context(), errOverloaded)
			g.Worked() // others got through
		}
		if s := g.Status(); s.Interval != 250*time.Millisecond || s.Overloads != 8 {
			t.Fatalf("after eight overloads at once: %+v", s)
		}
		for range 10 {
			request(t, g, errOverloaded)
			g.Worked()
			time.Sleep(time.Second)
		}
		if s := g.Status(); s.Interval != 5*time.Second {
			t.Fatalf("after ten overloads one after the other: %+v", s)
		}
		began, waits := time.Now(), []time.Duration{}
		for g.Status().Interval > 0 {
			waits = append(waits, request(t, g, nil))
			g.Worked()
		}
		if took := time.Since(began); took < 15*time.Second || took > 25*time.Second {
			t.Errorf("it took %v to recover", took)
		}
		if waits[1] < 3*time.Second || waits[len(waits)-1] > 100*time.Millisecond {
			t.Errorf("the waits were %v", waits)
		}
	})
}

// TestGateSharesTheInterval: the interval is that of all workers together.
func TestGateSharesTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(0)
		request(t, g, errOverloaded)
		var requests atomic.Int64
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for range 5 {
			go func() {
				for {
					p, err := g.Enter(ctx)
					if err != nil {
						return
					}
					requests.Add(1)
					p.Done(ctx, nil)
				}
			}()
		}
		<-ctx.Done()
		synctest.Wait()
		if n := requests.Load(); n < 38 || n > 42 {
			t.Errorf("five workers made %d requests in ten seconds, at one in a quarter of a second", n)
		}
	})
}

func TestGateHonoursTheHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(0)
		request(t, g, &fault.Error{Class: fault.Transient, RetryAfter: 7 * time.Second})
		if waited := request(t, g, nil); waited != 7*time.Second {
			t.Errorf("another worker waited %v", waited)
		}
	})
}

// TestBreaker: five failures in a row open it; then one request at a time is tried, after ever longer waits, and the first that is
// answered lets all through.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(0)
		state := func(want resilience.State) {
			t.Helper()
			if s := g.Status(); s.State != want {
				t.Fatalf("the breaker is %s, want %s: %+v", s.State, want, s)
			}
		}
		for range 20 {
			request(t, g, errRefused) // says nothing about the system
		}
		for range 4 {
			request(t, g, errLost)
		}
		g.Worked()
		for range 4 {
			request(t, g, errLost)
			state(resilience.Closed)
		}
		request(t, g, errLost)
		state(resilience.Open)
		for _, seconds := range []time.Duration{5, 10, 20, 40, 60, 60} {
			if waited := request(t, g, errLost); waited != seconds*time.Second {
				t.Fatalf("the probe came after %v, want %ds", waited, seconds)
			}
			state(resilience.Open)
		}
		probe, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		state(resilience.HalfOpen)
		passed := make(chan time.Time)
		for range 3 {
			go func() {
				p, err := g.Enter(t.Context())
				if err != nil {
					t.Error(err)
				}
				p.Done(t.Context(), nil)
				passed <- time.Now()
			}()
		}
		time.Sleep(2 * time.Second)
		answered := time.Now()
		probe.Done(t.Context(), nil)
		state(resilience.Closed)
		for range 3 {
			if after := (<-passed).Sub(answered); after < 0 || after > 200*time.Millisecond {
				t.Errorf("a request passed %v after the probe was answered", after)
			}
		}
		request(t, g, errLost) // answers alone get nobody anywhere
		state(resilience.Open)
		if g.Status().Opened != 8 {
			t.Errorf("it opened %d times", g.Status().Opened)
		}
		request(t, g, nil)
		g.Worked()
		for range 4 {
			request(t, g, errLost)
		}
		state(resilience.Closed)
	})
}

// TestProbeThatIsGivenUp: when the loader that makes the probe is asked to stop, the next request is the probe.
func TestProbeThatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(0)
		for range 5 {
			request(t, g, errLost)
		}
		ctx, cancel := context.WithCancel(t.Context())
		p, err := g.Enter(ctx)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		p.Done(ctx, context.Canceled)
		if s := g.Status(); s.State != resilience.Open || s.Retry != 0 {
			t.Errorf("got %+v", s)
		}
		if waited := request(t, g, nil); waited != 0 || g.Status().State != resilience.Closed {
			t.Errorf("the next waited %v, and left %+v", waited, g.Status())
		}
	})
}

// TestStopEndsAnyWait: whatever a gate waits for, it stops at once with its context.
func TestStopEndsAnyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, fail := range map[string]func(*resilience.Gate){
			"open": func(g *resilience.Gate) {
				for range 5 {
					request(t, g, errLost)
				}
			},
			"hint": func(g *resilience.Gate) { request(t, g, &fault.Error{Class: fault.Transient, RetryAfter: time.Hour}) },
			"slow": func(g *resilience.Gate) { request(t, g, errOverloaded); request(t, g, nil) },
		} {
			g := newGate(0)
			fail(g)
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			began := time.Now()
			if _, err := g.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Millisecond {
				t.Errorf("%s: %v after %v", name, err, time.Since(began))
			}
		}
	})
}

// TestCallThatTakesTooLong: it is given up as an overload, and the next one has twice the time, so that what really takes long is done
// in the end.
func TestCallThatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(time.Minute)
		work := func(ctx context.Context) error { return resilience.Wall.Sleep(ctx, 3*time.Minute) }
		for _, minutes := range []time.Duration{1, 2} {
			began := time.Now()
			err := g.Call(t.Context(), "commit", work)
			if e := fault.Of(err); e == nil || e.Class != fault.Transient || !e.Overload || time.Since(began) != minutes*time.Minute {
				t.Fatalf("%v after %v", err, time.Since(began))
			}
		}
		if err := g.Call(t.Context(), "commit", work); err != nil {
			t.Fatal(err)
		}
		g.Worked() // which says nothing about what takes long
		if err := g.Call(t.Context(), "commit", work); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			time.Sleep(16 * time.Minute)
			g.Worked()
		}
		lost := fault.Errorf(fault.Ambiguous, "commit", "", "the reply was lost")
		err := g.Call(t.Context(), "commit", func(ctx context.Context) error { work(ctx); return lost })
		if fault.ClassOf(err) != fault.Ambiguous {
			t.Errorf("a commit that may have taken place became %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := g.Call(ctx, "commit", work); !errors.Is(err, context.DeadlineExceeded) || fault.Of(err) != nil {
			t.Errorf("when the loader stops: %v", err)
		}
		if g.Status().Timeouts != 3 {
			t.Errorf("%d timeouts", g.Status().Timeouts)
		}
	})
}

// TestCallsThatTakeTooLongTogether: the workers' calls that time out at the same moment double the timeout once.
func TestCallsThatTakeTooLongTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(time.Minute)
		forever := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		for range 8 {
			go g.Call(t.Context(), "commit", forever)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		began := time.Now()
		g.Call(t.Context(), "commit", forever)
		if d := time.Since(began); d != 2*time.Minute || g.Status().Timeouts != 9 {
			t.Errorf("after %d timeouts the next took %v", g.Status().Timeouts, d)
		}
	})
}

// TestRefusalIsNoTimeout: what waiting does not mend stays what it is, however late it is said.
func TestRefusalIsNoTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(time.Minute)
		err := g.Call(t.Context(), "commit", func(ctx context.Context) error { <-ctx.Done(); return errRefused })
		if err != errRefused || g.Status().Timeouts != 0 {
			t.Errorf("%v", err)
		}
	})
}

// asking is a log that asks the gate for its status, as a live view does before it lets a line through.
type asking struct {
	slog.Handler
	gate **resilience.Gate
	said *int
}

func (a asking) Enabled(context.Context, slog.Level) bool { return true }
func (a asking) Handle(context.Context, slog.Record) error {
	(*a.gate).Status()
	*a.said++
	return nil
}

// TestLogThatAsksTheGate: the gate does not hold on to its lock while it logs.
func TestLogThatAsksTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g *resilience.Gate
		var said int
		g = resilience.NewGate("server", resilience.Wall, slog.New(asking{gate: &g, said: &said}), 0)
		request(t, g, errOverloaded)
		for range 5 {
			request(t, g, errLost)
		}
		request(t, g, nil)
		if said < 4 { // overloaded, open, the probe, closed
			t.Errorf("%d lines", said)
		}
	})
}

// TestTurnAfterAHint: who waits for its turn does not pass when the other side says meanwhile to wait.
func TestTurnAfterAHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(0)
		request(t, g, errOverloaded)
		request(t, g, nil)
		waited := make(chan time.Duration)
		began := time.Now()
		go func() { waited <- request(t, g, nil) }()
		synctest.Wait()
		g.Failed(began, &fault.Error{Class: fault.Transient, Op: "read", RetryAfter: math.MaxInt64})
		if r := g.Status().Retry; r != 5*time.Minute {
			t.Errorf("the status says to wait for %v", r)
		}
		if d := <-waited; d < 5*time.Minute || d > 5*time.Minute+time.Second {
			t.Errorf("passed after %v", d)
		}
	})
}

// TestAnEasyPassCostsNothing: nothing is allocated while the other side is well.
func TestAnEasyPassCostsNothing(t *testing.T) {
	g, ctx := newGate(0), t.Context()
	if n := testing.AllocsPerRun(1000, func() {
		p, _ := g.Enter(ctx)
		p.Done(ctx, nil)
		g.Worked()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
