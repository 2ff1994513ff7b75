package runtime

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// checkTable checks that the sink has the rows of blocks, and no others: those of blocks from fork on are of branch b.
func (r *rig) checkTable(t *testing.T, from, to, fork uint64) {
	t.Helper()
	var want fakeTx
	for n := from; n <= to; n++ {
		want.Write(t.Context(), rowsOn(branchOf(n, fork), n, n))
	}
	got := slices.Sorted(slices.Values(r.sink.store.rows))
	slices.Sort(want.rows)
	if !slices.Equal(got, want.rows) {
		t.Errorf("the sink has %d rows, blocks %d to %d have %d", len(got), from, to, len(want.rows))
	}
}

// TestStateInMemory: while the process lives, each row is there once, through interruptions and a fork. The next process starts over,
// and says so.
func TestStateInMemory(t *testing.T) {
	r := newRig()
	r.env["AMP_STATE"] = "memory"
	committed := join(microbatch(onBranch("a", 0, 9)), microbatch(onBranch("a", 10, 19)))
	gone := Errorf(Transient, "read", "", "the server is gone")
	r.follow(t, exitDone, join(committed, microbatch(onBranch("a", 20, 29))[:2], []any{gone}, microbatch(onBranch("a", 10, 19)),
		microbatch(onBranch("a", 20, 29)), []any{io.EOF}, microbatch(fork("a", "b", 15, 31)))...)
	r.checkTable(t, 0, 31, 15)
	r.checkCursors(t, "", "19@a19", "29@a29")
	if len(r.sink.store.ranges) > 0 {
		t.Errorf("the sink has the state %v", r.sink.store.ranges)
	}
	if said := r.stderr.String(); !strings.Contains(said, "the next one starts over") || strings.Contains(said, "has rows already") {
		t.Errorf("stderr is %s", said)
	}

	r.source.requests = nil
	r.follow(t, exitDone, microbatch(onBranch("a", 0, 9))...)
	r.checkCursors(t, "")
	if said := r.stderr.String(); !strings.Contains(said, "the table has rows already") || !strings.Contains(said, "the table's key refuses it") {
		t.Errorf("stderr is %s", said)
	}
}

// TestHistoryWithStateInMemory: history and stream meet as they do with the state in the sink.
func TestHistoryWithStateInMemory(t *testing.T) {
	r := newRig()
	r.source.live = true
	r.expect(t, exitDone, "--state memory --to-block latest --workers 3 --chunk-blocks 7")
	r.checkTable(t, 0, 99, noFork)
	r.expect(t, exitDone, "plan --state memory --to-block latest")
	if !strings.Contains(r.stdout.String(), "100 missing") {
		t.Errorf("the plan is %s", r.stdout.String())
	}
}

// TestNoState loads what is asked for, whatever is there.
func TestNoState(t *testing.T) {
	r := newRig()
	r.expect(t, exitDone, "--state none --from-block 20 --to-block 49 --chunk-blocks 10")
	r.checkTable(t, 20, 49, noFork)
	rows := len(r.sink.store.rows)
	r.expect(t, exitDone, "--state none --from-block 20 --to-block 49 --chunk-blocks 10")
	if len(r.sink.store.rows) != 2*rows {
		t.Errorf("%d rows after the second run, %d after the first", len(r.sink.store.rows), rows)
	}
	if !strings.Contains(r.stderr.String(), "the table has rows already") {
		t.Errorf("stderr is %s", r.stderr.String())
	}

	// A failure after the first commit is not answered by loading everything again.
	r = newRig()
	r.source.answer = func(filter string, events []any) []any {
		if filter == "0-89" {
			return []any{Errorf(Transient, "read", "", "the server is gone")}
		}
		return events
	}
	r.expect(t, exitFailed, "--state none --to-block latest --chunk-blocks 100")
	r.checkTable(t, 90, 99, noFork)
	if said := r.stderr.String(); !strings.Contains(said, "missing are the blocks 0-89") || strings.Contains(said, "run again to load just them") {
		t.Errorf("stderr is %s", said)
	}
}

func TestStateElsewhereIsRefused(t *testing.T) {
	for args, want := range map[string]string{
		"--state none":                  "nothing would tell after an interruption where to go on",
		"--state none --follow":         "nothing would tell after an interruption where to go on",
		"--state disk":                  "--state is sink, memory or none",
		"status --state memory":         "status is about the state in the sink",
		"redo --range 1-2 --state none": "redo is about the state in the sink",
	} {
		r := newRig()
		r.expect(t, exitUsage, args)
		if !strings.Contains(r.stderr.String(), want) {
			t.Errorf("%s: %q is missing in %s", args, want, r.stderr.String())
		}
	}
}

// TestLostReplyWithoutState: nothing tells whether the commit took place, so the run ends and says so. Nothing is doubled.
func TestLostReplyWithoutState(t *testing.T) {
	for _, keep := range []string{"memory", "none"} {
		for _, lose := range []string{"applied", "dropped"} {
			r := newRig()
			r.sink.lose = lose
			r.expect(t, exitFailed, fmt.Sprintf("--state %s --from-block 0 --to-block 9", keep))
			if !strings.Contains(r.stderr.String(), "empty the table and start over") {
				t.Errorf("%s, %s: stderr is %s", keep, lose, r.stderr.String())
			}
			if len(r.source.queries) != 2 { // one to learn what the server has
				t.Errorf("%s, %s: the queries %q were run", keep, lose, r.source.queries)
			}
		}
	}
}

// TestUnknownKeepIsRefused: taken for another, it would follow a stream with no state at all.
func TestUnknownKeepIsRefused(t *testing.T) {
	p := testPipeline()
	err := Run(t.Context(), Options{Pipeline: &p, Source: &fakeSource{}, Sink: &fakeSink{store: &fakeStore{}}, Keep: "sometimes"})
	if ClassOf(err) != Permanent || !strings.Contains(err.Error(), `"sometimes"`) {
		t.Errorf("the run ended with %v", err)
	}
}
