package runtime

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ampgen/ampgen/runtime/coverage"
)

// Redo replaces rows by the rule that real sinks have.
func (s *fakeSink) Redo(_ context.Context, _ *Table, blocks, tip Range) (Tx, error) {
	return &fakeRedo{fakeTx: fakeTx{sink: s}, blocks: blocks, tip: tip}, nil
}

type fakeRedo struct {
	fakeTx
	blocks, tip Range
}

func (t *fakeRedo) Commit(context.Context) error {
	store := t.sink.store
	store.mu.Lock()
	defer store.mu.Unlock()
	if err := t.sink.failure("commit"); err != nil {
		return err
	}
	if _, err := coverage.Redo(coverage.RowsOf(store.ranges), t.blocks, t.tip); err != nil {
		return err
	}
	store.rows = slices.DeleteFunc(store.rows, func(row string) bool {
		block, _ := strconv.ParseUint(strings.Fields(row)[0], 10, 64)
		return block >= t.blocks.Start && block <= t.blocks.End
	})
	store.rows = append(store.rows, t.rows...)
	store.commits = append(store.commits, "redo "+shorten(t.blocks.String()))
	t.done = true
	return nil
}

// redoRig has blocks 0 to 99 in three ranges, of which the rows of blocks 30 to 69 were lost.
func redoRig() *rig {
	r := newRig()
	r.sink.store.ranges = []Range{{Network: "mainnet", Start: 0, End: 39}, {Network: "mainnet", Start: 40, End: 79}, onBranch("a", 80, 99)}
	tx := &fakeTx{}
	tx.Write(context.Background(), rowsOf(0, 29))
	tx.Write(context.Background(), rowsOf(70, 99))
	r.sink.store.rows = tx.rows
	return r
}

func TestRedoReplacesRows(t *testing.T) {
	r := redoRig()
	r.expect(t, exitDone, "redo --range 5-89 --chunk-blocks 30")
	r.checkCommits(t, "redo 5-34", "redo 35-39", "redo 40-69", "redo 70-79", "redo 80-89")
	if r.sink.store.epoch != 0 {
		t.Error("a redo took the fence")
	}
	r.expect(t, exitDone, "redo --range 7")
	r.checkRows(t)
}

func TestRedoTriesAgain(t *testing.T) {
	r := redoRig()
	gone := Errorf(Transient, "load again", "", "it went away")
	r.sink.fail = map[string][]error{"commit": {gone, Errorf(Ambiguous, "load again", "", "the reply was lost")}}
	r.expect(t, exitDone, "redo --range 30-69 --chunk-blocks 50")
	r.checkCommits(t, "redo 30-39", "redo 40-69")

	r = redoRig()
	r.source.synced.End += 5 // blocks that the loader does not have yet
	r.expect(t, exitFailed, "redo --range 50-69")
	if !strings.Contains(r.stderr.String(), "the server has blocks up to 104 and committed are those up to 99") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
	r.checkNoCommits(t)
}

func TestRedoOfWhatIsNotLoaded(t *testing.T) {
	r := redoRig()
	r.expect(t, exitFailed, "redo --range 50-100")
	if !strings.Contains(r.stderr.String(), "not all of the blocks 50-100 are loaded; the status command shows what is") {
		t.Errorf("stderr is %s", r.stderr.String())
	}
	r.pipeline.RangeSQL, r.pipeline.NoRange = "", "it calls block_num()"
	r.expect(t, exitFailed, "redo --range 50-60")
	r.checkNoCommits(t)
	for args, want := range map[string]string{
		"redo":                      "redo needs --range",
		"redo --range 9-5":          `--range "9-5" is not first-last`,
		"redo --range a-5":          `--range "a-5" is not first-last`,
		"redo --range 5-":           `--range "5-" is not first-last`,
		"--range 5-6":               "--range is for the redo command",
		"redo --range 5-6 --follow": "redo takes --range and no other bounds",
	} {
		r.expect(t, exitUsage, args)
		if !strings.Contains(r.stderr.String(), want) {
			t.Errorf("%s: stderr is %s, want %s", args, r.stderr.String(), want)
		}
	}
}

func (r *rig) checkNoCommits(t *testing.T) {
	t.Helper()
	if len(r.sink.store.commits) > 0 {
		t.Errorf("commits are %q", r.sink.store.commits)
	}
}
