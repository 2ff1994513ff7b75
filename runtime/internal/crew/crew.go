// Package crew starts the goroutines of a run, and is where they wait for each other. A simulation puts a crew of its own into the
// context, which lets one goroutine run at a time and draws which: that is the package's reason to be.
package crew

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Crew is how goroutines are started and wait for each other.
type Crew interface {
	// Together runs the tasks until all have ended, and returns the first error, at which the context of the others ends.
	Together(ctx context.Context, tasks ...func(context.Context) error) error
	// Lock locks m.
	Lock(ctx context.Context, m *sync.RWMutex)
}

type key struct{}

// With is ctx with a crew.
func With(ctx context.Context, c Crew) context.Context { return context.WithValue(ctx, key{}, c) }

func of(ctx context.Context) Crew {
	if c, ok := ctx.Value(key{}).(Crew); ok {
		return c
	}
	return goroutines{}
}

// Together runs tasks on the context's crew.
func Together(ctx context.Context, tasks ...func(context.Context) error) error {
	return of(ctx).Together(ctx, tasks...)
}

// Lock locks m on the context's crew.
func Lock(ctx context.Context, m *sync.RWMutex) { of(ctx).Lock(ctx, m) }

// goroutines is the crew of everyone but the simulation.
type goroutines struct{}

func (goroutines) Together(ctx context.Context, tasks ...func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, task := range tasks {
		g.Go(func() error { return task(ctx) })
	}
	return g.Wait()
}

func (goroutines) Lock(_ context.Context, m *sync.RWMutex) { m.Lock() }
