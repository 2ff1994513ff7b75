package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/ampgen/ampgen/runtime/resilience"
)

const (
	logEvery  = 5 * time.Second
	liveEvery = 150 * time.Millisecond
)

// Options say how a run is shown.
type Options struct {
	Out  io.Writer
	Live bool   // a live line, for a terminal; otherwise a log line every five seconds
	JSON bool   // log in JSON instead of text
	Name string // of what is loaded
}

// View shows a run until it is stopped.
type View struct {
	meter *Meter
	log   *slog.Logger
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// NewView starts to show what m measures.
func NewView(m *Meter, o Options) *View {
	ctx, stop := context.WithCancel(context.Background())
	v := &View{meter: m, stop: stop}
	if o.Live {
		v.live(ctx, o)
		return v
	}
	v.log = slog.New(handler(o.Out, o))
	v.done.Go(func() { v.logs(ctx) })
	return v
}

func handler(w io.Writer, o Options) slog.Handler {
	switch {
	case o.JSON:
		return slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: asText})
	case o.Live:
		return slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: forPerson})
	}
	return slog.NewTextHandler(w, nil)
}

// asText makes JSON have what has a text as that text, as the other formats do: ranges of blocks, durations.
func asText(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case time.Time, slog.Level: // slog's own
	case fmt.Stringer:
		a.Value = slog.StringValue(v.String())
	}
	return a
}

// forPerson leaves out what someone who is watching does not need.
func forPerson(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == slog.LevelKey && a.Value.Any() == slog.LevelInfo {
		return slog.Attr{}
	}
	return a
}

// Log is where the run says what happens. Its lines do not disturb the live line.
func (v *View) Log() *slog.Logger { return v.log }

// Stop ends the showing.
func (v *View) Stop() {
	v.stop()
	v.done.Wait()
}

// logs writes a line now and then.
func (v *View) logs(ctx context.Context) {
	ticker := time.NewTicker(logEvery)
	defer ticker.Stop()
	var before Snapshot
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s := v.meter.Snapshot()
		v.log.Info("progress", progress(before, s)...)
		before = s
	}
}

// progress are the attributes of a log line; rates are since the line before.
func progress(before, s Snapshot) []any {
	seconds := (s.Elapsed - before.Elapsed).Seconds()
	attributes := []any{"rows", s.Rows, "rows_per_second", int64(float64(s.Rows-before.Rows) / seconds), "pending_rows", s.Pending,
		"blocks", s.Blocks, "bytes", s.Bytes, "waiting_for", s.Waiting.String(), "waiting_seconds", int64(s.Since.Seconds())}
	if s.Units > 0 {
		attributes = append(attributes, "last_block", s.Last)
	}
	if s.Wanted > 0 {
		attributes = append(attributes, "history_blocks", s.Done, "wanted_blocks", s.Wanted, "slowest", s.slowest().String())
	}
	if eta, ok := s.ETA(); ok {
		attributes = append(attributes, "eta_seconds", int64(eta.Seconds()))
	}
	if lag, ok := s.Lag(); ok {
		attributes = append(attributes, "lag_seconds", int64(lag.Seconds()))
	}
	if s.Retries > 0 {
		attributes = append(attributes, "retries", s.Retries)
	}
	if s.Stalls > 0 {
		attributes = append(attributes, "stalls", s.Stalls)
	}
	for _, g := range s.Gates {
		if g.State != resilience.Closed {
			attributes = append(attributes, g.Name+"_breaker", g.State.String())
		}
		if g.Interval > 0 {
			attributes = append(attributes, g.Name+"_interval", g.Interval.String())
		}
	}
	if s.Undone > 0 {
		attributes = append(attributes, "reorganisations", s.Undone)
	}
	return attributes
}

// Lag is the age of the last committed block, if its time is known.
func (s Snapshot) Lag() (time.Duration, bool) {
	if s.LastTime.IsZero() {
		return 0, false
	}
	return time.Since(s.LastTime), true
}
