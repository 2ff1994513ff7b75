package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// live shows a line for the run, and below it one for each lane that has a name. They change in place.
func (v *View) live(ctx context.Context, o Options) {
	container := mpb.NewWithContext(ctx, mpb.WithOutput(o.Out), mpb.WithRefreshRate(liveEvery), mpb.WithWidth(24), mpb.WithAutoRefresh())
	v.log = slog.New(handler(container, o))
	b := bars{container: container, meter: v.meter, lanes: map[int]*mpb.Bar{}}
	b.total = b.add(o.Name, 0, func() string { return Line(v.meter.Snapshot()) })
	v.done.Go(func() {
		ticker := time.NewTicker(liveEvery)
		defer ticker.Stop()
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-ticker.C:
				b.update()
			}
		}
		b.abort()
		container.Wait()
	})
}

// bars are what a terminal shows.
type bars struct {
	container *mpb.Progress
	meter     *Meter
	total     *mpb.Bar
	lanes     map[int]*mpb.Bar // by the lane's id
}

func (b *bars) add(name string, priority int, text func() string) *mpb.Bar {
	line := decor.Any(func(decor.Statistics) string { return text() })
	return b.container.New(0, mpb.BarStyle().Rbound("] "), mpb.PrependDecorators(decor.Name(name+" ", decor.WCSyncSpaceR)),
		mpb.AppendDecorators(line), mpb.BarRemoveOnComplete(), mpb.BarPriority(priority))
}

func (b *bars) update() {
	s := b.meter.Snapshot()
	b.total.SetTotal(int64(s.Wanted), false)
	b.total.SetCurrent(int64(s.Done))
	open := map[int]bool{}
	for _, lane := range s.Lanes {
		id := lane.ID
		open[id] = true
		bar := b.lanes[id]
		if bar == nil {
			bar = b.add(lane.Name, 1+id, func() string { return b.meter.laneLine(id) })
			b.lanes[id] = bar
		}
		bar.SetTotal(int64(lane.Of), false)
		bar.SetCurrent(int64(lane.Done))
	}
	for id, bar := range b.lanes {
		if !open[id] {
			bar.Abort(true)
			delete(b.lanes, id)
		}
	}
}

func (b *bars) abort() {
	for _, bar := range b.lanes {
		bar.Abort(true)
	}
	b.total.Abort(true)
}

// laneLine is the line of a lane: "blocks 17,000,000-17,000,999  12,345 rows  waiting for server (3s)".
func (m *Meter) laneLine(id int) string {
	for _, lane := range m.Snapshot().Lanes {
		if lane.ID == id {
			return lane.line()
		}
	}
	return ""
}

func (l LaneSnapshot) line() string {
	line := ""
	if l.Chunk != "" {
		line = "blocks " + l.Chunk + "  "
	}
	line += Count(l.Rows, "row")
	if l.Waiting != Other {
		line += "  waiting for " + l.Waiting.String() + waited(l.Since)
	}
	return line
}

// waited writes a wait that is long enough to be worth mentioning.
func waited(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return fmt.Sprintf(" (%s)", d.Round(time.Second))
}

// Line is the run's line: "45%  1,204,551 rows  345,012 rows/s  block 17,686,120  ETA 12s  waiting for server".
func Line(s Snapshot) string {
	line := ""
	loading := s.Done < s.Wanted
	if s.Wanted > 0 {
		line = fmt.Sprintf("%d%%  ", 100*s.Done/s.Wanted)
	}
	line += Count(s.Rows+s.Pending, "row") + "  " + Rate(s.Rows+s.Pending, s.Elapsed)
	if s.Units > 0 {
		line += "  block " + Number(int64(s.Last))
	}
	if lag, ok := s.Lag(); ok && !loading {
		line += "  " + Age(lag) + " behind"
	}
	if eta, ok := s.ETA(); ok {
		line += fmt.Sprintf("  ETA %s", eta.Round(time.Second))
	}
	if loading && len(s.Lanes) > 1 {
		return line + "  slowest: " + s.slowest().String()
	}
	return line + "  waiting for " + s.slowest().String() + waited(s.Since)
}

// slowest is the side that took most of the time, or, in a run of one lane, the one that it has waited for just now for a while.
func (s Snapshot) slowest() Side {
	if s.Since >= time.Second && len(s.Lanes) <= 1 {
		return s.Waiting
	}
	most := Server
	for side := Decode; side < sides; side++ {
		if s.Spent[side] > s.Spent[most] {
			most = side
		}
	}
	return most
}

// ETA is the time that the rest of the wanted history takes at the speed up to its last commit. It counts down between commits.
func (s Snapshot) ETA() (time.Duration, bool) {
	if s.Done == 0 || s.Done >= s.Wanted {
		return 0, false
	}
	rest := time.Duration(float64(s.DoneAt) * float64(s.Wanted-s.Done) / float64(s.Done))
	return max(0, rest-(s.Elapsed-s.DoneAt)), true
}
