package runtime

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// microbatch are the messages of one range: a message without rows, the rows, and the completion.
func microbatch(r Range) []any {
	return []any{
		Message{Record: rowsOf(1, 0), Ranges: []Range{r}},
		Message{Record: rowsOn(r.Hash[2:3], r.Start, r.End), Ranges: []Range{r}},
		Message{Record: rowsOf(1, 0), Ranges: []Range{r}, Complete: true},
	}
}

// follow plays events to a run without bounds and then stops it as a signal does.
func (r *rig) follow(t *testing.T, code int, events ...any) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		r.source.events = append(events, func() { stop() })
		if got := r.run(ctx, ""); got != code {
			t.Fatalf("exit code %d, want %d: %s", got, code, r.stderr.String())
		}
	})
}

// fork is the range of blocks on a branch that leaves another one at its start.
func fork(from, branch string, start, end uint64) Range {
	r := onBranch(branch, start, end)
	if start > 0 {
		r.PrevHash = hashOf(from, start-1)
	}
	return r
}

func join(lists ...[]any) []any {
	var out []any
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func (r *rig) cursors() []map[string]Cursor {
	var out []map[string]Cursor
	for _, req := range r.source.requests {
		if req.Follow {
			out = append(out, req.Cursor)
		}
	}
	return out
}

// checkCursors compares the cursors of the followed streams, "9@a9" for block 9 of branch a.
func (r *rig) checkCursors(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, cursor := range r.cursors() {
		text := ""
		for _, c := range cursor {
			text = fmt.Sprintf("%d@%s", c.Number, shorten(c.Hash))
		}
		got = append(got, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cursors: %s", diff)
	}
}

func (r *rig) checkCoverage(t *testing.T, want ...string) {
	t.Helper()
	if got := strings.Fields(shorten(fmt.Sprint(r.sink.store.ranges))); !slices.Equal(got, want) {
		t.Errorf("coverage is %q, want %q", got, want)
	}
}

func TestFollowCommitsEachMicrobatch(t *testing.T) {
	r := newRig()
	r.follow(t, exitDone, join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 10)), microbatch(onBranch("a", 11, 30)))...)
	r.checkCommits(t, "0-9@a9", "10-10@a10", "11-30@a30")
	if sql := r.source.requests[0].SQL; sql != r.pipeline.SQL {
		t.Errorf("the statement was sent as %q", sql)
	}
}

func TestFollowContinuesAfterTheLastCommit(t *testing.T) {
	r := newRig()
	r.follow(t, exitDone, microbatch(onBranch("a", 0, 9))...)
	r.follow(t, exitDone, join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19)))...) // the server repeats a range
	r.checkCommits(t, "0-9@a9", "10-19@a19")
	want := []map[string]Cursor{{}, {"mainnet": {Number: 9, Hash: hashOf("a", 9)}}}
	if diff := cmp.Diff(want, r.cursors()); diff != "" {
		t.Error(diff)
	}
}

// TestIdleStreamIsRemembered: blocks without rows are committed as they come, and the next run goes on after them.
func TestIdleStreamIsRemembered(t *testing.T) {
	r := newRig()
	r.follow(t, exitDone, join(microbatch(onBranch("a", 0, 8)), microbatch(onBranch("a", 9, 9)), []any{
		Message{Record: rowsOf(1, 0), Ranges: []Range{onBranch("a", 10, 14)}, Complete: true}})...)
	r.checkCoverage(t, "0-8@a8", "9-9@a9", "10-14@a14")
	r.follow(t, exitDone)
	r.checkCursors(t, "", "14@a14")
}

func TestStopDropsTheUnfinishedMicrobatch(t *testing.T) {
	r := newRig()
	r.follow(t, exitDone, join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19))[:2])...)
	r.checkCommits(t, "0-9@a9")
	if r.sink.store.rollbacks != 1 {
		t.Errorf("%d rollbacks, want 1", r.sink.store.rollbacks)
	}
}

func TestStreamThatEndsIsOpenedAgain(t *testing.T) {
	r := newRig()
	noData := Message{Complete: true}
	r.follow(t, exitDone, join(
		[]any{noData, io.EOF, noData, io.EOF, io.EOF}, microbatch(onBranch("a", 0, 9)),
		[]any{io.EOF}, microbatch(onBranch("a", 10, 19))[:2], []any{io.EOF}, microbatch(onBranch("a", 10, 15)))...)
	r.checkCommits(t, "0-9@a9", "10-15@a15")
	if diff := cmp.Diff([]time.Duration{1e9, 2e9, 4e9, 1e9, 2e9}, r.clock.waits); diff != "" {
		t.Errorf("the waits double until something is committed: %s", diff)
	}
}

func TestWaitsEndAtHalfAMinute(t *testing.T) {
	r := newRig()
	r.follow(t, exitDone, io.EOF, io.EOF, io.EOF, io.EOF, io.EOF, io.EOF, io.EOF)
	if diff := cmp.Diff([]time.Duration{1e9, 2e9, 4e9, 8e9, 16e9, 30e9, 30e9}, r.clock.waits); diff != "" {
		t.Error(diff)
	}
}

// TestFailuresThatPass interrupts the second microbatch in every way that a new connection cures.
func TestFailuresThatPass(t *testing.T) {
	gone, unknown := Errorf(Transient, "read rows", "server", "it went away"), Errorf(Ambiguous, "undo", "", "the reply was lost")
	first, second := microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19))
	tests := []struct {
		name   string
		fail   map[string][]error // of the sink
		open   []error
		events []any
	}{
		{"read", nil, nil, join(second[:2], []any{gone}, second)},
		{"open", nil, []error{nil, gone, gone}, join([]any{io.EOF}, second)},
		{"state", map[string][]error{"state": {nil, gone}}, nil, join([]any{io.EOF}, second)},
		{"begin", map[string][]error{"begin": {nil, gone}}, nil, join(second[:2], second)},
		{"commit", map[string][]error{"commit": {nil, gone}}, nil, join(second, second)},
		{"commit unknown, state unreadable", map[string][]error{"commit": {nil, unknown}, "state": {nil, gone}}, nil, join(second, second)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig()
			r.sink.fail, r.source.fail = test.fail, test.open
			r.follow(t, exitDone, join(first, test.events)...)
			r.checkCommits(t, "0-9@a9", "10-19@a19")
			if len(r.clock.waits) == 0 {
				t.Error("the loader went on without a wait")
			}
		})
	}
}

func TestReorgs(t *testing.T) {
	committed := join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19)), microbatch(onBranch("a", 20, 29)))
	three := []string{"0-9@a9", "10-19@a19", "20-29@a29"}
	unfinished := microbatch(onBranch("a", 30, 39))[:2]
	tests := []struct {
		name    string
		events  []any
		commits []string // after the three
		left    []string // the coverage in the end
		cursors []string // of the connections
	}{
		{"at the start of the last range", microbatch(fork("a", "b", 20, 32)),
			[]string{"20-32@b32 undoing 20"}, []string{"0-9@a9", "10-19@a19", "20-32@b32"}, nil},
		{"in the middle of the last range", microbatch(fork("a", "b", 25, 32)),
			[]string{"25-32@b32 undoing 25"}, []string{"0-9@a9", "10-19@a19", "20-24@a24", "25-32@b32"}, nil},
		{"at the end of the last range", microbatch(fork("a", "b", 29, 29)),
			[]string{"29-29@b29 undoing 29"}, []string{"0-9@a9", "10-19@a19", "20-28@a28", "29-29@b29"}, nil},
		{"in an earlier range", microbatch(fork("a", "b", 5, 32)),
			[]string{"5-32@b32 undoing 5"}, []string{"0-4@a4", "5-32@b32"}, nil},
		{"of everything", microbatch(fork("", "b", 0, 32)),
			[]string{"0-32@b32 undoing 0"}, []string{"0-32@b32"}, nil},
		{"with an unfinished microbatch", join(unfinished, microbatch(fork("a", "b", 28, 32))),
			[]string{"28-32@b32 undoing 28"}, []string{"0-9@a9", "10-19@a19", "20-27@a27", "28-32@b32"}, nil},
		{"inside an unfinished microbatch", join(unfinished, microbatch(fork("a", "b", 35, 39))[:1], microbatch(fork("a", "b", 30, 39))),
			[]string{"30-39@b39"}, []string{"0-9@a9", "10-19@a19", "20-29@a29", "30-39@b39"}, []string{"29@a29"}},
		{"in a reorg", join(microbatch(fork("a", "b", 25, 32))[:2], microbatch(fork("a", "c", 22, 33))),
			[]string{"22-33@c33 undoing 22"}, []string{"0-9@a9", "10-19@a19", "20-21@a21", "22-33@c33"}, nil},
		{"after a reorg, below it", join(microbatch(fork("a", "b", 25, 32)), microbatch(fork("a", "c", 12, 33))),
			[]string{"25-32@b32 undoing 25", "12-33@c33 undoing 12"}, []string{"0-9@a9", "10-11@a11", "12-33@c33"}, nil},
		{"back to the first branch", join(microbatch(fork("a", "b", 25, 26)), microbatch(onBranch("a", 25, 33))),
			[]string{"25-26@b26 undoing 25", "25-33@a33 undoing 25"}, []string{"0-9@a9", "10-19@a19", "20-24@a24", "25-33@a33"}, nil},
		{"while not connected", join([]any{io.EOF}, microbatch(fork("a", "b", 25, 32))),
			[]string{"25-32@b32 undoing 25"}, []string{"0-9@a9", "10-19@a19", "20-24@a24", "25-32@b32"}, []string{"29@a29"}},
		{"deeper than the server says", join([]any{io.EOF}, microbatch(onBranch("b", 30, 32))[:1], microbatch(fork("a", "b", 15, 32))),
			[]string{"undo 20", "15-32@b32 undoing 15"}, []string{"0-9@a9", "10-14@a14", "15-32@b32"}, []string{"29@a29", "19@a19"}},
		{"deeper than anything", join([]any{io.EOF}, microbatch(onBranch("b", 30, 32))[:1], microbatch(onBranch("b", 20, 32))[:1], microbatch(onBranch("b", 10, 32))[:1],
			microbatch(onBranch("b", 0, 32))),
			[]string{"undo 20", "undo 10", "undo 0", "0-32@b32"}, []string{"0-32@b32"}, []string{"29@a29", "19@a19", "9@a9", ""}},
		{"on a server that ignores the cursor", join([]any{io.EOF}, committed, microbatch(onBranch("a", 30, 39))),
			[]string{"30-39@a39"}, []string{"0-9@a9", "10-19@a19", "20-29@a29", "30-39@a39"}, []string{"29@a29"}},
		{"on a server that ignores the cursor and cuts otherwise",
			join([]any{io.EOF}, microbatch(onBranch("a", 0, 12)), microbatch(onBranch("a", 13, 29)), microbatch(onBranch("a", 30, 39))),
			[]string{"30-39@a39"}, []string{"0-9@a9", "10-19@a19", "20-29@a29", "30-39@a39"}, []string{"29@a29"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig()
			r.follow(t, exitDone, join(committed, test.events)...)
			r.checkCommits(t, append(three, test.commits...)...)
			r.checkCoverage(t, test.left...)
			r.checkCursors(t, append([]string{""}, test.cursors...)...)
		})
	}
}

// TestReorgAfterARestart finds the fork that happened while no loader ran, however often one died before it had replaced the
// branch.
func TestReorgAfterARestart(t *testing.T) {
	r := newRig()
	r.follow(t, exitDone, join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19)))...)
	forked := microbatch(fork("a", "b", 15, 22))
	r.sink.fail = map[string][]error{"commit": {Errorf(Permanent, "commit", "", "the disk is full")}}
	r.follow(t, exitFailed, forked...)
	r.follow(t, exitDone, forked[:2:2]...)
	r.checkCommits(t, "0-9@a9", "10-19@a19")
	r.follow(t, exitDone, forked...)
	r.checkCommits(t, "0-9@a9", "10-19@a19", "15-22@b22 undoing 15")
	r.checkCursors(t, "", "19@a19", "19@a19", "19@a19")
}

// TestReorgWhoseCommitIsUnknown: the reply to the commit that replaces a branch is lost, and the state tells what became of it. The
// old branch around the new range is no sign of it.
func TestReorgWhoseCommitIsUnknown(t *testing.T) {
	for lose, cursors := range map[string][]string{"applied": {"", "19@a19"}, "dropped": {"", "19@a19", "19@a19"}} {
		r := newRig()
		r.follow(t, exitDone, join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19)))...)
		r.sink.lose = lose
		again := func() { r.sink.lose = "" }
		shorter := fork("a", "b", 12, 17)
		events := join(microbatch(shorter), []any{again}, microbatch(fork("b", "b", 18, 22)))
		if lose == "dropped" {
			events = join(microbatch(shorter), []any{again}, microbatch(fork("a", "b", 12, 22)))
		}
		r.follow(t, exitDone, events...)
		if lose == "applied" {
			r.checkCommits(t, "0-9@a9", "10-19@a19", "12-17@b17 undoing 12", "18-22@b22")
		} else {
			r.checkCommits(t, "0-9@a9", "10-19@a19", "12-22@b22 undoing 12")
		}
		r.checkCursors(t, cursors...)
	}
}

// TestLostUndo: an undo of its own may be done though its reply is lost. The next connection starts from what is left.
func TestLostUndo(t *testing.T) {
	r := newRig()
	r.follow(t, exitDone, join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19)))...)
	r.sink.fail = map[string][]error{"undo": {Errorf(Ambiguous, "undo", "", "the reply was lost")}}
	r.follow(t, exitDone, join(microbatch(onBranch("b", 20, 22))[:1], microbatch(fork("a", "b", 10, 22)))...)
	r.checkCommits(t, "0-9@a9", "10-19@a19", "undo 10", "10-22@b22")
	r.checkCursors(t, "", "19@a19", "9@a9")
}

func TestForkAfterBlocksOfUnknownBranch(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--from-block 60 --to-block latest --chunk-blocks 30")
	r.follow(t, exitDone, join(microbatch(fork("a", "b", 90, 101))[:1], []any{io.EOF}, microbatch(fork("a", "b", 90, 101)))...)
	r.checkCoverage(t, "60-89@a89", "90-101@b101")
	r.checkCursors(t, "99@a99", "99@a99")
}

func TestReorgWithinTheUnfinishedMicrobatchIsReadAgain(t *testing.T) {
	r := newRig()
	r.follow(t, exitDone, join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19))[:2],
		microbatch(fork("a", "b", 15, 19))[:1], microbatch(fork("a", "b", 10, 19)))...)
	r.checkCommits(t, "0-9@a9", "10-19@b19")
	if len(r.cursors()) != 2 || r.cursors()[1]["mainnet"].Number != 9 {
		t.Errorf("cursors are %v", r.cursors())
	}
}

func TestBrokenRulesStopTheRun(t *testing.T) {
	bad := onBranch("a", 10, 19)
	bad.Start = 12
	tests := []struct {
		name  string
		event any
		want  string
	}{
		{"gap", Message{Record: rowsOf(12, 19), Ranges: []Range{bad}}, "blocks 10 to 11 are missing"},
		{"rows outside of their range", Message{Record: rowsOf(8, 19), Ranges: []Range{onBranch("a", 10, 19)}}, "a row of block 8 came with the range 10-19"},
		{"rows without range", Message{Record: rowsOf(10, 19)}, "10 rows came without a block range"},
		{"the stream fails for good", Errorf(Permanent, "read rows", "server", "it knows no such table"), "it knows no such table"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig()
			r.follow(t, exitFailed, append(microbatch(onBranch("a", 0, 9)), test.event)...)
			r.checkCommits(t, "0-9@a9")
			if !strings.Contains(r.stderr.String(), test.want) {
				t.Errorf("%q is missing in %s", test.want, r.stderr.String())
			}
		})
	}
}

func TestStopEndsABoundedRunUnfinished(t *testing.T) {
	r := newRig()
	ctx, stop := context.WithCancel(t.Context())
	r.source.opened = func(filter string) {
		if filter == "10-19" {
			stop()
		}
	}
	if code := r.run(ctx, "--from-block 0 --to-block 29 --chunk-blocks 10"); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	r.checkCommits(t, "0-9")
	if !strings.Contains(r.stderr.String(), "interrupted before the end") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
}
