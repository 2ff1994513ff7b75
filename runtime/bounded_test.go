package runtime

import (
	"regexp"
	"slices"
	"strings"
	"testing"
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

func TestBoundedRunLoadsInChunks(t *testing.T) {
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
	r.expect(t, exitDone, "--from-block 10 --to-block 34")
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
}

func TestOnlyGapsAreLoaded(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--from-block 20 --to-block 29")
	r.expect(t, exitDone, "--from-block 31 --to-block 31")
	r.expect(t, exitDone, "--from-block 10 --to-block 40")
	r.checkCommits(t, "20-29", "31-31", "10-19", "30-30", "32-40")
}

func TestLatestIsTheTipAtTheEnd(t *testing.T) {
	r := newRig()
	r.source.grow = 2 // the chain grows by two blocks during the first query, and by one during the second
	r.expect(t, exitDone, "--to-block latest --chunk-blocks 60")
	r.checkCommits(t, "0-59", "60-99", "100-101", "102-102@a102")
	r.expect(t, exitDone, "--to-block latest")
	r.checkCommits(t, "0-59", "60-99", "100-101", "102-102@a102")
}

func TestHashIsKnownAtTheTipOnly(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--from-block 0 --to-block 98")
	r.expect(t, exitDone, "--from-block 99 --to-block 99")
	if a, b := r.sink.store.ranges[0], r.sink.store.ranges[1]; a.Hash != "" || b.Hash != hashOf("a", 99) {
		t.Errorf("ranges are %v", r.sink.store.ranges)
	}
}

func TestBoundsThatTheServerDoesNotHave(t *testing.T) {
	r := newRig()
	r.source.synced = onBranch("a", 20, 99)
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
	r.source.cut = true
	r.expect(t, exitFailed, "--from-block 10 --to-block 19")
	if !strings.Contains(r.stderr.String(), "the answer ended before the server said that it is complete") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
	r.checkCommits(t, "0-9")
}

func TestQueryThatCannotBeCut(t *testing.T) {
	r := newRig()
	r.pipeline.RangeSQL, r.pipeline.NoRange = "", "it calls block_num(), which only streams have"
	r.expect(t, exitFailed, "--from-block 0 --to-block 9")
	if !strings.Contains(r.stderr.String(), "it calls block_num(), which only streams have") {
		t.Errorf("stderr is %s", r.stderr.String())
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
	r.source.opened = func() { other.Prepare(t.Context(), nil) }
	r.expect(t, exitFenced, "--from-block 0 --to-block 9")
	r.checkCommits(t)
}
