// Package resilience is how a loader bears with a server and a database that fail: how long it waits before it tries again, how
// often it asks, when it stops asking for a while, and how long it waits for an answer. All of it reads time from a Clock.
package resilience

import (
	"context"
	"math/rand/v2"
	"time"
)

// Clock is time and chance. The simulation has one of its own; Wall is everyone else's, also in a testing/synctest bubble.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or until ctx ends, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
	// Timeout is ctx with an end after d.
	Timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
	// Jitter is a random duration from 0 up to d, without d itself; d is positive.
	Jitter(d time.Duration) time.Duration
}

// Wall is the machine's clock.
var Wall Clock = wall{}

type wall struct{}

func (wall) Now() time.Time                       { return time.Now() }
func (wall) Jitter(d time.Duration) time.Duration { return rand.N(d) }

func (wall) Timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

func (wall) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
