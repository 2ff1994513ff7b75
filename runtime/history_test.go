package runtime

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

var hashes = regexp.MustCompile(`0x([abc])[abc]*0*(\d+)`)

// shorten writes "10-19@a19" for the range of blocks 10 to 19 of branch a.
func shorten(ranges string) string {
	return hashes.ReplaceAllString(strings.NewReplacer("mainnet:", "", "[", "", "]", "").Replace(ranges), "$1$2")
}

func (r *rig) checkCommits(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, c := range r.sink.store.commits {
		got = append(got, shorten(c))
	}
	if !slices.Equal(got, want) {
		t.Errorf("commits are %q, want %q", got, want)
	}
	r.checkRows(t)
}

func TestHistoryIsLoadedInChunks(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--from-block 10 --to-block 34 --chunk-blocks 10")
	r.checkCommits(t, "10-19", "20-29", "30-34")
	if !slices.Equal(r.source.queries, []string{"none", "10-19", "20-29", "30-34"}) {
		t.Errorf("queries are %q", r.source.queries)
	}
	if sql := r.source.requests[1].SQL; sql != "SELECT * FROM (\n"+r.pipeline.SQL+"\n) AS \"ampgen_range\" WHERE \"block_num\" >= 10 AND \"block_num\" <= 19" {
		t.Errorf("sent %q", sql)
	}
}

func TestSecondRunWritesNothing(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--from-block 10 --to-block 34 --chunk-blocks 100")
	r.source.queries = nil
	r.expect(t, exitDone, "--from-block 10 --to-block 34")
	r.expect(t, exitDone, "--from-block 12 --to-block 30")
	if len(r.source.queries) != 0 {
		t.Errorf("a finished range was queried: %q", r.source.queries)
	}
	r.checkCommits(t, "10-34")
	if !strings.Contains(r.stderr.String(), "nothing to do") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
	r.expect(t, exitDone, "--to-block latest")
	r.source.queries = nil
	r.expect(t, exitDone, "--to-block latest")
	if !slices.Equal(r.source.queries, []string{"none"}) || r.sink.store.prepared != 2 {
		t.Errorf("a finished run made the queries %q, and the sink was prepared %d times", r.source.queries, r.sink.store.prepared)
	}
}

func TestOnlyGapsAreLoaded(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--from-block 20 --to-block 29 --chunk-blocks 100")
	r.expect(t, exitDone, "--from-block 31 --to-block 31")
	r.expect(t, exitDone, "--from-block 10 --to-block 40 --chunk-blocks 100 --partition-blocks 100")
	r.checkCommits(t, "20-29", "31-31", "10-19", "30-30", "32-40")
}

// TestThePinIsLoadedFirst: the newest blocks come first, are proven, and are those of the answer's own tip.
func TestThePinIsLoadedFirst(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--to-block latest --chunk-blocks 40")
	r.checkCommits(t, "90-99@a99", "0-39", "40-79", "80-89")

	r = newRig()
	r.source.opened = func(filter string) {
		if filter == "90-99" { // the chain grows between the first question and this one
			r.source.become(101, noFork)
		}
	}
	r.expect(t, exitDone, "--blocks 20")
	r.checkCommits(t, "90-101@a101", "80-89")
	if want := []string{"none", "90-99", "90-101", "80-89"}; !slices.Equal(r.source.queries, want) {
		t.Errorf("queries are %q, want %q", r.source.queries, want)
	}

	r = newRig()
	r.expect(t, exitDone, "--from-block 99 --to-block 99")
	r.checkCommits(t, "99-99@a99")
}

// TestFewNewBlocksComeByTheStream: within reach of reorganisations, the stream continues what is proven.
func TestFewNewBlocksComeByTheStream(t *testing.T) {
	r := newRig()
	r.source.live = true
	r.expect(t, exitDone, "--from-block 95 --to-block latest")
	r.source.become(105, noFork)
	r.expect(t, exitDone, "--to-block latest --chunk-blocks 100")
	r.checkCommits(t, "95-99@a99", "0-94", "100-105@a105")
	r.checkCursors(t, "99@a99")

	// A fork in what was proven is found before anything else is loaded.
	r.source.become(106, 98)
	r.expect(t, exitDone, "--to-block latest")
	r.checkCommits(t, "95-99@a99", "0-94", "100-105@a105", "98-106@b106 undoing 98")
	r.checkCoverage(t, "95-97@a97", "0-94", "98-106@b106")

	// So it is when the tip has the same number.
	r.source.become(106, 97)
	r.source.synced.Hash = hashOf("c", 106)
	if l := (&plan{proven: r.sink.store.ranges[2], synced: r.source.synced}); l.done() {
		t.Error("a tip with another hash is taken for the committed one")
	}
}

// TestWhatIsProvenIsCheckedFirst: long after, the next run finds out whether the chain has left what is proven.
func TestWhatIsProvenIsCheckedFirst(t *testing.T) {
	for _, to := range []string{"latest", "140"} {
		r := newRig()
		r.source.live = true
		r.expect(t, exitDone, "--from-block 80 --to-block latest --chunk-blocks 100")
		r.source.become(150, 97)
		r.expect(t, exitDone, "--from-block 80 --chunk-blocks 100 --to-block "+to)
		want := []string{"90-99@a99", "80-89", "undo 97", "141-150@b150", "97-140"}
		if to != "latest" {
			want = []string{"90-99@a99", "80-89", "undo 97", "97-140"}
		}
		r.checkCommits(t, want...)
		r.checkCursors(t, "99@a99", "96@a96")
	}
	r := newRig() // and nothing is undone where it has not
	r.source.live = true
	r.expect(t, exitDone, "--from-block 80 --to-block latest --chunk-blocks 100")
	r.source.become(150, noFork)
	r.expect(t, exitDone, "--from-block 80 --to-block latest --chunk-blocks 100")
	r.checkCommits(t, "90-99@a99", "80-89", "141-150@a150", "100-140")
}

// TestWhatIsProvenIsCheckedBelowWhatIsNot: blocks above that were loaded by numbers do not hide a fork of what is proven.
func TestWhatIsProvenIsCheckedBelowWhatIsNot(t *testing.T) {
	r := newRig()
	r.source.live = true
	r.expect(t, exitDone, "--from-block 90 --to-block latest")
	r.source.become(150, noFork)
	r.expect(t, exitDone, "--from-block 120 --to-block 130 --chunk-blocks 100")
	r.source.become(150, 97)
	r.expect(t, exitDone, "--from-block 90 --to-block 102 --chunk-blocks 100")
	r.checkCommits(t, "90-99@a99", "120-130", "undo 97", "97-102")
	r.checkCursors(t, "99@a99", "99@a99", "96@a96")
	r.checkRows(t)
}

// TestUnprovenBlocksWithinReachAreLoadedAgain: what was loaded by block numbers near the tip may have left the chain since.
func TestUnprovenBlocksWithinReachAreLoadedAgain(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--from-block 80 --to-block 95 --chunk-blocks 100")
	r.expect(t, exitDone, "--from-block 80 --to-block latest --chunk-blocks 100")
	r.checkCommits(t, "80-89", "90-95", "undo 90", "90-99@a99")

	r = newRig() // also when they have come out of reach meanwhile
	r.source.live = true
	r.expect(t, exitDone, "--from-block 80 --to-block 95 --chunk-blocks 100")
	r.source.become(150, 93)
	r.expect(t, exitDone, "--from-block 80 --to-block 120 --chunk-blocks 100")
	r.checkCommits(t, "80-89", "90-95", "undo 90", "90-120")
	r.checkCovered(t, 80, 120)
	r.expect(t, exitDone, "--from-block 80 --to-block latest --chunk-blocks 100")
	r.checkCommits(t, "80-89", "90-95", "undo 90", "90-120", "141-150@b150", "121-140")
}

// TestFollowWithHistory follows from the pin while history is loaded, or after it.
func TestFollowWithHistory(t *testing.T) {
	for _, args := range []string{"--follow", "--follow --history-first", "--follow --workers 3", "--to-block latest --follow"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig()
			r.source.live = true
			ctx, stop := context.WithCancel(t.Context())
			go func() {
				synctest.Wait()
				r.source.become(103, noFork)
				synctest.Wait()
				stop()
			}()
			if code := r.run(ctx, args+" --chunk-blocks 7"); code != exitDone {
				t.Fatalf("%s: exit code %d: %s", args, code, r.stderr.String())
			}
			r.checkCovered(t, 0, 103)
			r.checkCursors(t, "99@a99")
			if first := r.sink.store.commits[0]; shorten(first) != "90-99@a99" {
				t.Errorf("%s: the first commit is %s", args, first)
			}
		})
	}
}

// TestForkAcrossTheSeam: while a worker loads a chunk the chain forks inside of it. The stream undoes and takes over from there,
// and what the worker has of those blocks never gets in.
func TestForkAcrossTheSeam(t *testing.T) {
	for _, test := range []struct {
		name string
		fork uint64
	}{
		{"at the pin", 99}, {"inside the newest blocks", 95}, {"at their start", 90}, {"at the end of the chunk", 89}, {"inside the chunk", 85}, {"at the start of the chunk", 80}, {"below it", 45},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig()
				r.source.live = true
				ctx, stop := context.WithCancel(t.Context())
				release := make(chan struct{})
				r.source.answer = func(filter string, events []any) []any {
					if filter != "80-89" {
						return events
					}
					last := len(events) - 1 // it has the rows, and waits for the word that they are all
					return append(events[:last:last], func() { <-release }, events[last])
				}
				go func() {
					synctest.Wait()
					r.source.become(105, test.fork)
					synctest.Wait()
					close(release)
					synctest.Wait()
					stop()
				}()
				if code := r.run(ctx, "--follow --workers 2 --partition-blocks 20 --chunk-blocks 10"); code != exitDone {
					t.Fatalf("exit code %d: %s", code, r.stderr.String())
				}
				r.checkCovered(t, 0, 105)
				undo := fmt.Sprint("undoing ", test.fork)
				if test.fork == 99 {
					undo = "undo 90" // the server may have forgotten where the fork is, and what is below it is not known by hash
				}
				if !slices.ContainsFunc(r.sink.store.commits, func(c string) bool { return strings.HasSuffix(c, undo) }) {
					t.Errorf("no %q among %q", undo, r.sink.store.commits)
				}
			})
		})
	}
}

// checkCovered checks that the blocks are covered, and the rows.
func (r *rig) checkCovered(t *testing.T, from, to uint64) {
	t.Helper()
	if c := blockrange.Cover("mainnet", r.sink.store.ranges); len(c.Spans()) != 1 || c.Spans()[0] != (blockrange.Span{Start: from, End: to}) {
		t.Errorf("covered is %s, want %d-%d", c, from, to)
	}
	var blocks uint64
	for _, s := range r.sink.store.ranges {
		blocks += s.Blocks()
	}
	if blocks != to-from+1 {
		t.Errorf("the ranges overlap: %v", r.sink.store.ranges)
	}
	r.checkRows(t)
}

// TestEachChunkFails lets the query of each chunk in turn fail in each way, with several workers. What passes is tried again; what
// does not leaves the rest of its partition out, and the next run loads just that.
func TestEachChunkFails(t *testing.T) {
	const args = "--from-block 0 --to-block 59 --workers 3 --partition-blocks 20 --chunk-blocks 5"
	transient, permanent := Errorf(Transient, "read rows", "server", "it went away"), Errorf(Permanent, "write rows", "table", "a value does not fit")
	for start := uint64(0); start < 60; start += 5 {
		chunk := fmt.Sprintf("%d-%d", start, start+4)
		for _, test := range []struct {
			name  string
			times int
			with  []any // instead of the completion
			code  int
		}{
			{"cut", 1, []any{io.EOF}, exitDone},
			{"transient", 1, []any{transient}, exitDone},
			{"transient for long", 12, []any{transient}, exitDone},
			{"transient for longer than --retry-for", 1000, []any{transient}, exitFailed},
			{"permanent", 1, []any{permanent}, exitFailed},
		} {
			r := newRig()
			left := test.times
			r.source.answer = func(filter string, events []any) []any {
				if filter != chunk || left == 0 {
					return events
				}
				left--
				return append(events[:len(events)-1:len(events)-1], test.with...)
			}
			r.expect(t, test.code, args)
			r.checkRows(t)
			if test.code == exitFailed {
				gaps := blockrange.Cover("mainnet", r.sink.store.ranges).Gaps(blockrange.Span{Start: 0, End: 59})
				missing := fmt.Sprintf("missing are the blocks %s; run again to load just them", list(gaps))
				if len(gaps) != 1 || gaps[0].Start != start || gaps[0].End > start/20*20+19 {
					t.Errorf("%s, chunk %s: missing is %v", test.name, chunk, gaps)
				}
				if !strings.Contains(r.stderr.String(), missing) {
					t.Errorf("%s, chunk %s: no %q in %s", test.name, chunk, missing, r.stderr.String())
				}
				r.source.queries, left = nil, 0
				r.expect(t, exitDone, args)
				if n := len(r.source.queries); n != 1+int(gaps[0].Blocks()+4)/5 {
					t.Errorf("%s, chunk %s: the next run made the queries %q", test.name, chunk, r.source.queries)
				}
			}
			r.checkCovered(t, 0, 59)
		}
	}
}

// TestRestartAtEachChunk stops a run at each of its queries. The next run has other partitions and finishes.
func TestRestartAtEachChunk(t *testing.T) {
	for n := range 9 {
		r := newRig()
		ctx, stop := context.WithCancel(t.Context())
		opened := 0
		var mu sync.Mutex
		r.source.opened = func(string) {
			mu.Lock()
			defer mu.Unlock()
			if opened == n {
				stop()
			}
			opened++
		}
		if code := r.run(ctx, "--to-block latest --workers 3 --chunk-blocks 13"); code != exitFailed {
			t.Fatalf("query %d: exit code %d: %s", n, code, r.stderr.String())
		}
		r.checkRows(t)
		r.source.opened = nil
		r.expect(t, exitDone, "--to-block latest --workers 2 --chunk-blocks 9 --partition-blocks 27")
		r.checkCovered(t, 0, 99)
	}
}

// TestFailuresOfTheSink while several workers load.
func TestFailuresOfTheSink(t *testing.T) {
	unknown := Errorf(Ambiguous, "commit", "", "the reply was lost")
	again := Errorf(Transient, "begin", "", "too many connections")
	r := newRig()
	r.sink.fail = map[string][]error{"begin": {again, again}, "commit": {unknown, again}}
	r.expect(t, exitDone, "--to-block latest --workers 4 --chunk-blocks 10")
	r.checkCovered(t, 0, 99)
}

func TestBoundsThatTheServerDoesNotHave(t *testing.T) {
	r := newRig()
	r.source.synced = r.source.rangeOf(20, 99, noFork)
	tests := []struct{ args, want string }{
		{"--from-block 30 --to-block 100", "load blocks 30-100 on network mainnet: the server has the blocks up to 99; use --to-block 99, or --to-block latest"},
		{"--from-block 19 --to-block 30", "the server has the blocks from 20 on; use --from-block 20"},
		{"--from-block 100 --to-block latest", "the first wanted block is 100 and the last 99"},
	}
	for _, test := range tests {
		r.expect(t, exitFailed, test.args)
		if !strings.Contains(r.stderr.String(), test.want) {
			t.Errorf("%s: stderr is %s", test.args, r.stderr.String())
		}
	}
	r.checkCommits(t)
}

func TestTruncatedAnswerCommitsNothing(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--from-block 0 --to-block 9")
	r.source.answer = func(_ string, events []any) []any { return events[:len(events)-1] }
	r.expect(t, exitFailed, "--from-block 10 --to-block 19")
	if !strings.Contains(r.stderr.String(), "the answer ended before the server said that it is complete") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
	r.checkCommits(t, "0-9")
}

func TestQueryThatCannotBeCut(t *testing.T) {
	r := newRig()
	r.pipeline.RangeSQL, r.pipeline.NoRange = "", "it calls block_num(), which only streams have"
	r.source.streamsOnly = true
	const want = "error: cut the query into block ranges on query TokenLogs: it calls block_num(), which only streams have; " +
		"run it without bounds: the stream then loads the history, too\n"
	for _, command := range []string{"", "plan "} {
		r.stderr.Reset()
		r.expect(t, exitFailed, command+"--from-block 0 --to-block 9")
		if got := r.stderr.String(); got != want {
			t.Errorf("%sstderr is %s", command, got)
		}
	}
}

func TestAmbiguousCommitIsResolvedByTheState(t *testing.T) {
	r := newRig()
	r.sink.lose = "applied"
	r.expect(t, exitDone, "--from-block 0 --to-block 9")
	r.checkCommits(t, "0-9")

	r.sink.lose = "dropped"
	r.expect(t, exitFailed, "--from-block 10 --to-block 19")
	if !strings.Contains(r.stderr.String(), "the sink does not have it; run again") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
	r.checkCommits(t, "0-9")
}

func TestFencedCommit(t *testing.T) {
	r := newRig()
	other := &fakeSink{store: r.sink.store}
	r.source.opened = func(string) { other.Prepare(t.Context(), &Table{}) }
	r.expect(t, exitFenced, "--from-block 0 --to-block 9")
	r.checkCommits(t)
}

// TestStreamContinuesWithoutAHole: the floor sank to a fork that was left again before anything replaced it. What workers had not
// loaded above it is then nobody's, and the run plans again.
func TestStreamContinuesWithoutAHole(t *testing.T) {
	pin := onBranch("a", 90, 99)
	unproven := func(start, end uint64) Range { return Range{Network: "mainnet", Start: start, End: end} }
	for _, test := range []struct {
		name      string
		sinks     uint64
		committed []Range
		replan    bool
	}{
		{"no fork", 90, []Range{unproven(0, 9), pin}, false},
		{"a fork above the floor", 95, []Range{unproven(0, 9), pin}, false},
		{"a fork below, all loaded above it", 80, []Range{unproven(0, 9), unproven(75, 89), pin}, false},
		{"a fork below, not all loaded above it", 80, []Range{unproven(0, 9), unproven(82, 89), pin}, true},
		{"undone below the floor", 90, []Range{unproven(0, 9), onBranch("a", 10, 88)}, true},
		{"undone down to the floor", 90, []Range{unproven(0, 9), onBranch("a", 10, 89)}, false},
		{"the end is not proven", 90, []Range{unproven(0, 89)}, true},
	} {
		s := newSeam(90)
		s.sink(t.Context(), test.sinks)
		if err := s.continues(test.committed); (err != nil) != test.replan {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
