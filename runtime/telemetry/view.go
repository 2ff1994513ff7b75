package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
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
		return slog.NewJSONHandler(w, nil)
	case o.Live:
		return slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: forPerson})
	}
	return slog.NewTextHandler(w, nil)
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
		attributes = append(attributes, "wanted_blocks", s.Wanted)
	}
	if lag, ok := s.Lag(); ok {
		attributes = append(attributes, "lag_seconds", int64(lag.Seconds()))
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

// live shows one line that changes in place.
func (v *View) live(ctx context.Context, o Options) {
	container := mpb.NewWithContext(ctx, mpb.WithOutput(o.Out), mpb.WithRefreshRate(liveEvery), mpb.WithWidth(24), mpb.WithAutoRefresh())
	v.log = slog.New(handler(container, o))
	line := decor.Any(func(decor.Statistics) string { return Line(v.meter.Snapshot()) })
	name := decor.Name(o.Name + " ")
	bar := container.New(0, mpb.BarStyle().Rbound("] "), mpb.PrependDecorators(name), mpb.AppendDecorators(line), mpb.BarRemoveOnComplete())
	v.done.Go(func() {
		ticker := time.NewTicker(liveEvery)
		defer ticker.Stop()
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-ticker.C:
				s := v.meter.Snapshot()
				bar.SetTotal(int64(s.Wanted), false)
				bar.SetCurrent(int64(s.Blocks))
			}
		}
		bar.Abort(true)
		container.Wait()
	})
}

// Line is the live line: "45%  1,204,551 rows  345,012 rows/s  block 17,686,120  ETA 12s  waiting for server".
func Line(s Snapshot) string {
	line := ""
	if s.Wanted > 0 {
		line = fmt.Sprintf("%d%%  ", 100*s.Blocks/s.Wanted)
	}
	line += Count(s.Rows+s.Pending, "row") + "  " + Rate(s.Rows+s.Pending, s.Elapsed)
	if s.Units > 0 {
		line += "  block " + Number(int64(s.Last))
	}
	if lag, ok := s.Lag(); ok && s.Wanted == 0 {
		line += fmt.Sprintf("  %s behind", lag.Round(time.Second))
	}
	if eta, ok := s.ETA(); ok {
		line += fmt.Sprintf("  ETA %s", eta.Round(time.Second))
	}
	line += "  waiting for " + slowest(s).String()
	if s.Since >= time.Second {
		line += fmt.Sprintf(" (%s)", s.Since.Round(time.Second))
	}
	return line
}

// slowest is the side that took most of the time, or the one that is waited for just now for a while.
func slowest(s Snapshot) Side {
	if s.Since >= time.Second {
		return s.Waiting
	}
	most := Server
	for side := Labels; side < sides; side++ {
		if s.Spent[side] > s.Spent[most] {
			most = side
		}
	}
	return most
}

// ETA is the time that the rest of the wanted blocks takes at the speed up to the last commit. It counts down between commits.
func (s Snapshot) ETA() (time.Duration, bool) {
	if s.Wanted == 0 || s.Blocks == 0 || s.Blocks >= s.Wanted {
		return 0, false
	}
	rest := time.Duration(float64(s.At) * float64(s.Wanted-s.Blocks) / float64(s.Blocks))
	return max(0, rest-(s.Elapsed-s.At)), true
}
