package sim

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pinned are seeds that failed, with what went wrong in them. They must never fail again. A seed says the same only as long as
// the runs draw the same: who changes what is drawn looks for new ones.
var pinned = []struct {
	seed uint64
	why  string
}{
	{417, "a stream that left out blocks was stored"},
	{464, "rows of an abandoned microbatch were stored with those of the one that interrupted it"},
	{512, "a range was stored that did not continue the one before it"},
	{200, "a microbatch was taken for another one of the same blocks"},
	{740, "a worker committed blocks that the stream had taken over after a fork"},
	{186, "history was loaded above what had left the chain"},
	{547, "an undo of which the reply was lost did not count as one"},
	{574, "the stream was continued below history that workers were loading"},
	{919, "a fork below the pin was taken for the beginning of a stream"},
	{1243, "the seam of a former plan kept the stream from being read"},
	{1452, "an undo was forgotten with the connection that made it, and what was missing then was not loaded"},
	{1772, "a partition was given up because the sink refused a chunk that had been cut"},
	{1891, "a fork below a gap in the coverage was undone only above the gap"},
	{2610, "blocks that had left the chain stayed, since the chain had grown before the chunk above them was loaded"},
	{13845, "workers were given blocks that the stream had taken over before they began"},
	{27381, "what was proven was not checked, since there were blocks above it that were not"},
	{1795612970109642940, "an undo cut a range that may have left the chain, and what was left of it was taken for final"},
}

func TestPinnedSeeds(t *testing.T) {
	for _, c := range pinned {
		if r := Run(c.seed, Options{}); r.Failure != nil {
			t.Errorf("%s\n  it was pinned because %s", Describe(r), c.why)
		}
	}
}

// TestCorpus runs the seeds 1 to 800, which are the same for everyone, and checks that they meet every kind of fault.
func TestCorpus(t *testing.T) {
	sum := runSeeds(t, 1, 800)
	for _, f := range sum.Missing() {
		t.Errorf("the fault %q happened in no run", f)
	}
	for _, s := range sum.Avoided() {
		t.Errorf("the situation %q came about in no run", s)
	}
	t.Logf("\n%v", sum)
}

// TestNewSeeds runs seeds that nobody has run before. AMPGEN_SIM_FIRST repeats them.
func TestNewSeeds(t *testing.T) {
	first := uint64(time.Now().UnixNano())
	if text, ok := os.LookupEnv("AMPGEN_SIM_FIRST"); ok {
		var err error
		if first, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("AMPGEN_SIM_FIRST: %v", err)
		}
	}
	t.Logf("the first seed is %d", first)
	runSeeds(t, first, 300)
}

func runSeeds(t *testing.T, first, n uint64) *Sum {
	t.Helper()
	sum := &Sum{}
	for seed := first; seed < first+n; seed++ {
		r := Run(seed, Options{})
		sum.Add(r)
		if r.Failure != nil {
			t.Error(Describe(r))
		}
	}
	return sum
}

// TestDeterminism runs seeds twice: a seed that cannot be replayed is worth nothing.
func TestDeterminism(t *testing.T) {
	for seed := uint64(1000); seed < 1040; seed++ {
		a, b := Run(seed, Options{}), Run(seed, Options{})
		if !slices.Equal(a.Events, b.Events) {
			for i := range min(len(a.Events), len(b.Events)) {
				if a.Events[i] != b.Events[i] {
					t.Fatalf("seed %d: event %d is %q, then %q", seed, i, a.Events[i], b.Events[i])
				}
			}
			t.Fatalf("seed %d has %d events, then %d", seed, len(a.Events), len(b.Events))
		}
	}
}

// TestBugsAreFound puts defects into the store: the runs must fail. So the invariants are checked, and the runs come to where
// they matter.
func TestBugsAreFound(t *testing.T) {
	for b, name := range map[bug]string{
		undoLess:    "an undo leaves the block at the fork point",
		undoNothing: "an undo does nothing",
		loseRow:     "a commit stores the state without the first row",
		loseState:   "a commit stores the rows without the state",
		noFence:     "a commit does not check the fence",
	} {
		failed := 0
		for seed := uint64(1); seed <= 200; seed++ {
			if Run(seed, Options{bug: b}).Failure != nil {
				failed++
			}
		}
		if failed == 0 {
			t.Errorf("no run found the bug that %s", name)
		}
		t.Logf("%s: found by %d of 200 runs", name, failed)
	}
}

// TestSameTable loads the same chain in many ways: the table is always the same.
func TestSameTable(t *testing.T) {
	for seed := uint64(1); seed <= 30; seed++ {
		var want []row
		for variant := range uint64(12) {
			w := newWorld(seed, Options{})
			w.store, w.dice = newStore(), newDice(variant)
			w.oneIn = [faults]int{KeepAlive: 3, Recut: 2, RepeatedMicrobatch: 4, RowsInCompletion: 4, DuplicateComplete: 4}
			w.blocksPerMicrobatch, w.rowsPerMessage, w.chunk = w.upTo(50), w.upTo(20), uint64(w.upTo(50))
			w.store.keep = w.IntN(4)
			first, tip := w.chain.first, w.chain.tip().number
			w.job, w.mixed = &job{follow: true}, false
			workers, partition, depth := w.upTo(4), uint64(w.IntN(20)), uint64(w.upTo(20))
			switch variant % 4 {
			case 1:
				w.job = &job{from: &first, to: &tip, workers: workers, partition: partition, depth: depth}
			case 2:
				w.job = &job{latest: true, follow: true, workers: workers, partition: partition, depth: depth, historyFirst: w.IntN(2) == 0}
			case 3:
				w.job = &job{latest: true, workers: workers, partition: partition, depth: depth}
			}
			w.until("the store has everything", w.finished)
			if w.report.Failure != nil {
				t.Fatalf("seed %d, variant %d: %v\n%s", seed, variant, w.report.Failure, strings.Join(w.report.Events, "\n"))
			}
			if got := w.store.table(); variant == 0 {
				want = got
			} else if !slices.Equal(got, want) {
				t.Fatalf("seed %d: variant %d (%v) gives %d rows, variant 0 gave %d", seed, variant, w.job, len(got), len(want))
			}
			for _, p := range slices.Clone(w.running) {
				w.kill(p)
			}
		}
	}
}
