package sim

import (
	"strings"

	"github.com/ampgen/ampgen/runtime"
)

// What belongs to runs with history: loaders that are started with other bounds than those before them, and a count of the situations
// in which history and stream could get into each other's way.

// Situation is what history and stream can come to between them. It is not drawn, but comes about.
type Situation int

// The situations.
const (
	BesideStream  Situation = iota // a turn with workers and an open stream in one loader
	ForkBelowPin                   // the chain forks below the pin while workers are at work
	ForkAtPin                      // … at the pin
	ForkAcrossPin                  // … at or below the pin, and the stream had committed blocks above it
	ForkOfWorkers                  // … at or below blocks that workers had committed
	OtherSizes                     // a loader starts with gaps that were left with other sizes of chunks and partitions
	NearTip                        // a bounded run commits blocks that may still leave the chain
	OtherBounds                    // a run with other bounds than the one before it starts above such blocks
	OtherFollow                    // a run that follows does
	OtherRecent                    // a run of the most recent blocks does
	KillWorkers                    // a loader is killed while workers are at work
	KillBoth                       // … and the stream is open
	situations
)

var situationNames = [situations]string{"workers beside the stream", "fork below the pin", "fork at the pin", "fork across the pin",
	"fork of workers' blocks", "gaps of other sizes", "bounded near the tip", "then other bounds", "then follow", "then recent blocks",
	"kill with workers", "kill with workers and stream"}

func (s Situation) String() string { return situationNames[s] }

func (w *world) came(s Situation, about bool) {
	if about {
		w.report.Situations[s]++
	}
}

// variant is the job of the loader that is started next. In a mixed run it has other sizes than those before, and often other bounds;
// the last one has the run's own.
func (w *world) variant() *job {
	if !w.mixed || w.calm {
		return w.job
	}
	j := *w.job
	j.workers, j.partition = w.upTo(4), uint64(w.IntN(3)*w.upTo(12))
	w.chunk = uint64(w.upTo(12))
	first, tip := w.chain.first, w.chain.tip().number
	switch w.IntN(6) {
	case 0, 1:
		to := tip - min(tip-first, uint64(w.IntN(int(j.depth)+3)))
		from := first + uint64(w.IntN(int(to-first)+1))
		j.from, j.to, j.latest, j.follow, j.historyFirst = &from, &to, false, false, false
	case 2:
		j.recent = uint64(w.upTo(w.length()))
	case 3:
		j.latest, j.historyFirst, j.follow = false, false, true
	}
	w.cameToStart(&j)
	return &j
}

// cameToStart counts what is special about a loader that starts with j.
func (w *world) cameToStart(j *job) {
	gaps := false
	for i, r := range w.store.state {
		gaps = gaps || i > 0 && w.store.state[i-1].End+1 < r.Start
	}
	w.came(OtherSizes, gaps && w.started > 0)
	loose := w.loose()
	w.came(OtherBounds, loose && j.to != nil)
	w.came(OtherFollow, loose && j.follow)
	w.came(OtherRecent, loose && j.recent > 0)
}

// loose reports whether the highest blocks in the store were loaded by numbers when they could still leave the chain.
func (w *world) loose() bool {
	last := w.store.last()
	return last.Network != "" && last.Hash == "" && last.Timestamp != 0
}

// working reports whether workers of the process have something to do, and whether a stream is open beside them.
func (p *process) working() (workers, both bool) {
	prefix := p.name + "."
	if p.job.follow && !p.job.historyFirst {
		prefix += "1." // the first of the two that go on at the same time is the loading
	}
	for _, a := range p.parked {
		workers = workers || strings.HasPrefix(a.name, prefix)
	}
	return workers, workers && p.stream != nil
}

// cameToFork counts what is special about a fork.
func (w *world) cameToFork(from uint64) {
	for _, p := range w.running {
		workers, both := p.working()
		if !workers {
			continue
		}
		if both && p.pin != nil {
			w.came(ForkBelowPin, from < *p.pin)
			w.came(ForkAtPin, from == *p.pin)
			w.came(ForkAcrossPin, from <= *p.pin && w.store.last().End > *p.pin)
		}
		for _, r := range w.store.state {
			if r.Hash == "" && r.End >= from {
				w.came(ForkOfWorkers, true)
				break
			}
		}
	}
}

// cameToCommit counts what is special about a commit of p.
func (w *world) cameToCommit(p *process, r runtime.Range) {
	w.came(NearTip, p.job.to != nil && r.Hash == "" && r.Timestamp != 0)
}

// cameToKill counts what is special about a kill.
func (w *world) cameToKill(p *process) {
	workers, both := p.working()
	w.came(KillWorkers, workers)
	w.came(KillBoth, both)
}
