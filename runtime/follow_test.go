package runtime

import (
	"context"
	"io"
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
		Message{Record: rowsOf(r.Start, r.End), Ranges: []Range{r}},
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
	start := time.Time{}
	var waited []time.Duration
	mark := func() {
		if !start.IsZero() {
			waited = append(waited, time.Since(start))
		}
		start = time.Now()
	}
	r.source.opened = mark
	r.follow(t, exitDone, join(
		[]any{noData, io.EOF, noData, io.EOF, io.EOF}, microbatch(onBranch("a", 0, 9)),
		[]any{io.EOF}, microbatch(onBranch("a", 10, 19))[:2], []any{io.EOF}, microbatch(onBranch("a", 10, 15)))...)
	r.checkCommits(t, "0-9@a9", "10-15@a15")
	if diff := cmp.Diff([]time.Duration{1e9, 2e9, 4e9, 1e9, 2e9}, waited); diff != "" {
		t.Errorf("the waits double until something is committed: %s", diff)
	}
}

func TestReorgOfCommittedBlocksIsRefused(t *testing.T) {
	r := newRig()
	fork := onBranch("b", 15, 22)
	fork.PrevHash = hashOf("a", 14)
	r.follow(t, exitFailed, join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19)), microbatch(fork))...)
	r.checkCommits(t, "0-9@a9", "10-19@a19")
	for _, want := range []string{"network mainnet", "reorganised from block 15 on", "committed is mainnet:10-19@" + hashOf("a", 19),
		"the server now has mainnet:15-22@" + hashOf("b", 22), "not built yet"} {
		if !strings.Contains(r.stderr.String(), want) {
			t.Errorf("%q is missing in %s", want, r.stderr.String())
		}
	}
}

func TestReorgWithinTheUnfinishedMicrobatchIsReadAgain(t *testing.T) {
	r := newRig()
	fork := onBranch("b", 15, 19)
	fork.PrevHash = hashOf("a", 14)
	again := onBranch("b", 10, 19)
	again.PrevHash = hashOf("a", 9)
	r.follow(t, exitDone, join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19))[:2], microbatch(fork)[:1], microbatch(again))...)
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
		{"the stream fails", Errorf(Transient, "read rows", "server", "it went away"), "it went away"},
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

func TestFollowAfterBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig()

		ctx, stop := context.WithCancel(t.Context())
		r.source.events = append(microbatch(onBranch("a", 100, 101)), func() { stop() })
		if code := r.run(ctx, "--to-block latest --follow"); code != exitDone {
			t.Fatalf("exit code %d: %s", code, r.stderr.String())
		}
		r.checkCommits(t, "0-99@a99", "100-101@a101")
	})
	r := newRig()
	r.expect(t, exitFailed, "--to-block 50 --follow")
	if !strings.Contains(r.stderr.String(), "the last committed range mainnet:0-50 was loaded by block numbers and has no hash") ||
		!strings.Contains(r.stderr.String(), "load up to the tip with --to-block latest first") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
	r.checkCommits(t, "0-50")
}

func TestStopEndsABoundedRunUnfinished(t *testing.T) {
	r := newRig()
	ctx, stop := context.WithCancel(t.Context())
	opened := 0
	r.source.opened = func() {
		if opened++; opened == 3 {
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
