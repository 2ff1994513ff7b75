package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/coverage"
)

// Report is what happened in a run.
type Report struct {
	Seed    uint64
	Failure error    // nil if every invariant held
	Events  []string // in order; with Options.Verbose also what the loaders log

	Steps, Blocks, Rows, Commits, Undos, Checks, Loaders, Fenced int
	Simulated                                                    time.Duration // what the loaders waited for
	Faults                                                       [faults]int   // by Fault
	Situations                                                   [situations]int
	Kills                                                        map[string]int // by what the loader was about to do
}

// Options are settings of a run that are not drawn from its seed.
type Options struct {
	Verbose bool // keep the loaders' own log lines among the events
	bug     bug
}

// bug is a defect that is put into the store, to see that a run finds it.
type bug int

const (
	noBug       bug = iota
	undoLess        // an undo leaves the block at the fork point
	undoNothing     // an undo does nothing and says that it did
	loseRow         // a commit stores the state without the first row
	loseState       // a commit stores the rows without the state
	noFence         // a commit does not check the fence
)

// job is what loaders are to do, one after the other.
type job struct {
	from, to *uint64 // the bounds of a bounded job
	latest   bool    // load history up to the tip
	recent   uint64  // only so many of its last blocks; 0: all
	follow   bool

	// Of jobs with history.
	historyFirst bool // before it follows
	workers      int
	partition    uint64
	depth        uint64 // how many of the newest blocks may leave the chain
}

// forks reports whether the chain may fork at a block. What is loaded by block numbers has no hashes, so the loader relies on forks
// that are not deeper than it was told. The other bounded jobs load what never leaves the chain.
func (w *world) forks(at uint64) bool {
	switch j := w.job; {
	case j.latest:
		return at+j.depth > w.highest
	case j.follow:
		return true
	default:
		return at > *j.to
	}
}

func (j *job) String() string {
	how := fmt.Sprintf(" with %d workers, partitions of %d, forks of up to %d", j.workers, j.partition, j.depth)
	if j.recent > 0 {
		how += fmt.Sprintf(", only the last %d blocks", j.recent)
	}
	switch {
	case j.latest && j.historyFirst:
		return "load, then follow" + how
	case j.latest && j.follow:
		return "load and follow" + how
	case j.latest:
		return "load up to the tip" + how
	case j.follow:
		return "follow"
	}
	return fmt.Sprintf("load %d-%d", *j.from, *j.to) + how
}

// world is one run: the chain, the store, and the loaders between them.
type world struct {
	*dice
	chain   *tree
	highest uint64            // the number of the highest block that ever was
	shrunk  bool              // the chain was shorter than before at some time
	deep    bool              // a fork went deeper than the job expects
	cuts    map[*block]*block // by its first block, the last block of the last microbatch that started there
	store   *store
	job     *job
	mixed   bool // loaders differ from job until the faults are over
	running []*process
	started int

	blocksPerMicrobatch, rowsPerMessage, rowsPerBlock int
	chunk                                             uint64

	verbose bool
	bug     bug
	slept   time.Duration
	alarms  []*alarm
	outage  [2]int // how many requests to a side still fail
	report  *Report
}

// Run runs a seed.
func Run(seed uint64, o Options) *Report {
	w := newWorld(seed, o)
	steps := 50 + w.IntN(400)
	for range steps {
		if w.report.Failure != nil {
			break
		}
		w.advance()
	}
	if w.report.Failure == nil {
		w.settle()
	}
	for _, p := range slices.Clone(w.running) {
		w.kill(p)
	}
	r := w.report
	r.Blocks, r.Loaders, r.Simulated, r.Faults = len(w.chain.byHash), w.started, w.slept, w.count
	for _, stored := range w.store.rows {
		r.Rows += len(stored)
	}
	return r
}

func newWorld(seed uint64, o Options) *world {
	d := newDice(seed)
	w := &world{dice: d, cuts: map[*block]*block{}, store: newStore(), verbose: o.Verbose, bug: o.bug, report: &Report{Seed: seed, Kills: map[string]int{}},
		blocksPerMicrobatch: d.upTo(10), rowsPerMessage: d.upTo(5), rowsPerBlock: d.IntN(4), chunk: uint64(d.upTo(12))}
	first := []uint64{0, 0, 1, 17_000_000}[d.IntN(4)]
	w.chain = newTree(first)
	w.mine(d.upTo(40))
	if d.IntN(3) == 0 {
		w.store.keep = d.upTo(6)
	}
	switch d.IntN(8) {
	case 0, 1:
		w.job = &job{latest: true, follow: d.IntN(3) > 0}
		w.job.historyFirst = w.job.follow && d.IntN(2) == 0
		w.history()
	case 2:
		from := first + uint64(d.IntN(w.length()))
		to := from + uint64(d.IntN(int(w.chain.tip().number-from)+1))
		w.job = &job{from: &from, to: &to}
		w.history()
	case 3:
		w.job, w.mixed = &job{latest: true, follow: d.IntN(2) == 0}, true
		w.history()
	default:
		w.job = &job{follow: true}
	}
	return w
}

// history draws how history is loaded, and what of it is there already: leftovers of other runs, with gaps between them.
func (w *world) history() {
	j := w.job
	j.workers, j.partition, j.depth = w.upTo(4), uint64(w.IntN(3)*w.upTo(12)), uint64(w.upTo(12))
	if w.IntN(2) == 0 {
		return
	}
	end := w.chain.tip().number
	if j.to != nil {
		end = *j.to // what is above may leave the chain, and the job does not look there
	}
	for n := w.chain.first + uint64(w.IntN(8)); n <= end; n += uint64(w.upTo(8)) {
		last := min(n+uint64(w.IntN(8)), end)
		blocks := branch(w.chain.at(last), n)
		r := rangeOf(blocks)
		switch final := last+j.depth <= w.chain.tip().number; {
		case w.IntN(2) == 0:
		case final:
			r.Hash, r.PrevHash, r.Timestamp = "", "", 0
		default:
			r.Hash, r.PrevHash = "", ""
		}
		if err := w.store.commit(runtime.Unit{Ranges: []runtime.Range{r}}, coverage.Change{}, rowsOf(blocks)); err != nil {
			w.fail("leftover %v: %w", r, err)
		}
		n = last
	}
	w.log("left over is %v", w.store.ranges())
}

// fail records the first failure, which ends the run.
func (w *world) fail(format string, args ...any) {
	if w.report.Failure == nil {
		w.report.Failure = fmt.Errorf(format, args...)
		w.log("FAILED: %v", w.report.Failure)
	}
}

func (w *world) log(format string, args ...any) {
	w.report.Events = append(w.report.Events, fmt.Sprintf(format, args...))
}

func (w *world) length() int { return len(w.chain.canonical) }

func (w *world) mine(n int) {
	for range n {
		w.chain.mine(w.IntN(w.rowsPerBlock + 1))
	}
	w.highest = max(w.highest, w.chain.tip().number)
	w.log("the chain has blocks up to %d %s", w.chain.tip().number, short(w.chain.tip().hash))
}

// advance is one step of the part of a run in which things go wrong.
func (w *world) advance() {
	w.report.Steps++
	switch n := w.IntN(100); {
	case n < 84:
		w.turn()
	case n < 90:
		w.mine(w.upTo(3))
	default:
		w.disturb()
	}
}

// turn lets one of the loaders make its next call, and starts one if there is none.
func (w *world) turn() {
	if len(w.running) == 0 {
		w.start()
	}
	p := w.running[w.IntN(len(w.running))]
	_, both := p.working()
	w.came(BesideStream, both)
	w.resume(p)
}

func (w *world) resume(p *process) {
	if p.resume() {
		w.running = slices.DeleteFunc(w.running, func(other *process) bool { return other == p })
		w.checkEnd(p)
	}
}

func (w *world) kill(p *process) {
	p.kill()
	for slices.Contains(w.running, p) {
		w.resume(p)
	}
}

// disturb does something to the chain or to a loader.
func (w *world) disturb() {
	switch n := w.IntN(4); {
	case n == 0 && len(w.running) > 0 && w.hit(Kill):
		p := w.running[w.IntN(len(w.running))]
		at := p.at()
		w.log("%s is killed when it %s", p.name, at)
		w.report.Kills[at]++
		w.cameToKill(p)
		w.kill(p)
	case n == 1 && len(w.running) > 0 && w.hit(Stop):
		p := w.running[w.IntN(len(w.running))]
		w.log("%s is asked to stop when it %s", p.name, p.at())
		p.stopped = true
		p.cancel()
	case n == 2 && len(w.running) == 1 && w.hit(Takeover):
		w.start()
	case w.hit(Fork):
		w.fork()
	}
}

// fork replaces the tip of the chain, from a block that is interesting for what is stored.
func (w *world) fork() {
	from, kind := w.forkPoint()
	if w.job.latest && w.witnessed() && w.IntN(3) == 0 {
		from, kind = w.chain.first+uint64(w.upTo(w.length()-1)), ForkAll
		w.deep = w.deep || !w.forks(from)
	} else if !w.forks(from) || w.chain.at(from) == nil {
		return
	}
	if last := w.store.last(); last.Hash != "" {
		w.note(ForkInFork, !w.chain.isCanonical(w.chain.byHash[last.Hash]))
		w.note(kind, kind != Fork)
	}
	w.cameToFork(from)
	w.note(ForkDown, len(w.running) == 0)
	for _, p := range w.running {
		w.note(ForkUndo, strings.Contains(p.at(), "undo"))
	}
	if former := w.former(); len(former) > 0 && w.hit(Revive) {
		b := w.chain.revive(former[w.IntN(len(former))])
		w.shrunk = w.shrunk || w.chain.tip().number < w.highest
		w.log("a former branch is canonical again up to %d %s, other than before from %v on", w.chain.tip().number, short(w.chain.tip().hash), b != nil)
		return
	}
	lost := int(w.chain.tip().number - from + 1)
	w.chain.fork(from)
	w.log("the chain forks at %d", from)
	n := max(1, lost-1+w.IntN(4))
	w.note(shrunkenBranch, n < lost)
	w.shrunk = w.shrunk || n < lost
	w.mine(n)
}

// witnessed reports whether the chain may fork anywhere: a loader follows it from a block of its own that is proven, so it will be
// told. From then on the server has to tell the truth about forks, and the branch has to stay away.
func (w *world) witnessed() bool {
	if len(w.running) != 1 || w.running[0].stream == nil || w.length() < 2 {
		return false
	}
	last, stream := w.chain.byHash[w.store.last().Hash], w.running[0].stream
	return last != nil && stream.sent == last && w.chain.isCanonical(last) && stream.exact
}

// former are the abandoned branches that may become canonical again.
func (w *world) former() []*block {
	var out []*block
	if w.deep {
		return nil
	}
	for _, tip := range w.chain.abandoned {
		at := w.chain.first
		if b := w.chain.common(tip); b != nil {
			at = b.number + 1
		}
		if w.forks(at) {
			out = append(out, tip)
		}
	}
	return out
}

// note counts a fault that was not drawn but came about.
func (w *world) note(f Fault, happened bool) {
	if happened {
		w.count[f]++
	}
}

// forkPoint draws the first block to be replaced.
func (w *world) forkPoint() (uint64, Fault) {
	tip := w.chain.tip().number
	shallow := tip - uint64(w.IntN(min(5, w.length())))
	if len(w.store.state) == 0 || w.IntN(3) == 0 {
		return shallow, Fork
	}
	n := len(w.store.state)
	r := w.store.state[n-w.upTo(min(n, 3))]
	switch w.IntN(8) {
	case 0, 1:
		return r.Start, ForkStart
	case 2, 3:
		return r.End, ForkEnd
	case 4, 5, 6:
		if r.Blocks() > 2 {
			return r.Start + uint64(w.upTo(int(r.Blocks()-2))), ForkMiddle
		}
		return r.End, ForkEnd
	}
	return w.store.state[0].Start, ForkAll
}

// patience is how many steps a loader has to reach the tip when nothing goes wrong any more.
const patience = 4000

// settle ends the faults: one loader must now bring the store to the tip, and another run after it must find nothing to do.
func (w *world) settle() {
	w.log("no more faults")
	w.calm = true
	for _, p := range slices.Clone(w.running) {
		if len(w.running) > 1 || p.job != w.job {
			w.kill(p)
		}
	}
	if w.job.follow || w.job.latest {
		// A server with a chain that is shorter than the cursor is silent.
		w.mine(1 + int(w.highest-w.chain.tip().number))
	}
	if !w.until("the store has everything", w.finished) {
		return
	}
	if err := w.checkCanonical(); err != nil {
		w.fail("without faults, the store has everything and %w", err)
	}
	writes, epoch := w.store.writes, w.store.epoch
	for _, p := range slices.Clone(w.running) {
		w.stop(p)
	}
	p := w.start()
	if !w.until("the second run is idle", func() bool { return !slices.Contains(w.running, p) || p.at() == "waits" }) {
		return
	}
	if w.store.writes != writes || !w.job.follow && w.store.epoch != epoch {
		w.fail("a run without work wrote; %d commits, fence %d after %d", w.store.writes-writes, w.store.epoch, epoch)
	}
	for _, p := range slices.Clone(w.running) {
		w.stop(p)
	}
}

// until gives turns until something is so.
func (w *world) until(what string, so func() bool) bool {
	for range patience {
		if w.report.Failure != nil {
			return false
		}
		if so() {
			return true
		}
		w.report.Steps++
		w.turn()
	}
	w.fail("after %d steps without faults it is not so that %s; covered is %v, the tip is %d", patience, what, w.store.ranges(), w.chain.tip().number)
	return false
}

// finished reports whether the store has exactly what the job wants, from the chain as it is now.
func (w *world) finished() bool {
	if !w.job.follow && !w.job.latest {
		return w.checkDone(w.job) == nil && len(w.running) == 0
	}
	covered := blockrange.Cover(network, w.store.ranges()).Spans()
	return len(covered) == 1 && covered[0].Start == w.chain.first && w.store.last().Hash == w.chain.tip().hash && (w.job.follow || len(w.running) == 0)
	// The rest was checked with the last commit.
}

// stop ends a loader as SIGTERM does.
func (w *world) stop(p *process) {
	p.stopped = true
	p.cancel()
	for range patience {
		if !slices.Contains(w.running, p) {
			return
		}
		w.resume(p)
	}
	w.fail("%s does not stop", p.name)
}
