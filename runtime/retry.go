package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/ampgen/ampgen/runtime/fault"
	"github.com/ampgen/ampgen/runtime/resilience"
)

// What a run bears with, if the caller does not say.
const (
	defaultRetryFor = 5 * time.Minute
	defaultTimeout  = 5 * time.Minute
	defaultSilence  = time.Minute
)

// retrier waits before one thing is tried again.
type retrier struct {
	*resilience.Backoff
	loader *loader
	budget time.Duration
}

// retrier makes a retrier that gives up when nothing got through for some time, or, if it is endless, never.
func (l *loader) retrier(endless bool) *retrier {
	budget := l.retryFor
	if endless {
		budget = 0
	}
	return &retrier{Backoff: resilience.NewBackoff(l.clock, budget), loader: l, budget: budget}
}

// wait waits before the next attempt, or returns an error if there is to be none. An errReplan is no failure.
func (r *retrier) wait(ctx context.Context, err error, what string) error {
	l := r.loader
	if errors.Is(err, errReplan) {
		return l.clock.Sleep(ctx, r.Pause())
	}
	d, ok := r.Next(fault.Of(err).Wait())
	if !ok {
		return &Error{Class: ClassOf(err), Op: what, Err: err, Help: "given up after " + r.budget.String() + " in which nothing got through (--retry-for)"}
	}
	l.meter.Retries()
	l.log.Warn("failed; trying again", "to", what, "wait", d.Round(time.Millisecond), "error", err)
	return l.clock.Sleep(ctx, d)
}
