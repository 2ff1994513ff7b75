package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
	"github.com/ampgen/ampgen/e2e/branches"
)

// logColumns tell a row of raw_logs from those of the same place on other branches.
var logColumns = []column{{"block_num", number}, {"log_index", number}, {"tx_hash", binary}, {"data", binary}}

// kept is what a history table must say: all logs that were ever committed, and what replaced those that left the chain.
type kept struct {
	*branches.Chain
	replaced map[string]string // batch id of what replaced a block, by the block's hash
	left     []chain.Block     // the blocks that left the chain after they were committed, in that order
}

func newKept(t *testing.T, blocks int) *kept {
	t.Helper()
	c, err := branches.Serve(t.Context(), ampdev.Config{Seed: followSeed, Blocks: blocks, MicrobatchBlocks: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return &kept{Chain: c, replaced: map[string]string{}}
}

// reorg replaces the last depth blocks, all of which are committed, by one more.
func (k *kept) reorg(t *testing.T, depth int) {
	t.Helper()
	tip := k.Tip()
	gone, err := k.Branch(tip.Number+1-uint64(depth), tip.Hash.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Reorg(t.Context(), depth, depth+1); err != nil {
		t.Fatal(err)
	}
	k.left = append(k.left, gone...)
}

// logRows are the rows of a block's logs.
func (k *kept) logRows(b chain.Block) [][]string {
	var rows [][]string
	made := k.Contents(b)
	for _, l := range made.Logs {
		rows = append(rows, []string{strconv.FormatUint(b.Number, 10), strconv.Itoa(int(l.LogIndex)),
			hexText(made.Transactions[l.TxIndex].Hash[:]), hexText(l.Data)})
	}
	return rows
}

// check compares a history table with the branches. The loader is at the tip.
func (k *kept) check(t *testing.T, s system, db reader) {
	t.Helper()
	ids := map[uint64]string{} // by block
	for _, r := range s.query(t, db, "SELECT CAST(start_block AS varchar), CAST(end_block AS varchar), batch_id FROM amp_stream_state") {
		start, err1 := strconv.ParseUint(r[0], 10, 64)
		end, err2 := strconv.ParseUint(r[1], 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("state %v", r)
		}
		for n := start; n <= end; n++ {
			ids[n] = r[2]
		}
	}
	tip := k.Tip()
	onChain, err := k.Branch(0, tip.Hash.String())
	if err != nil {
		t.Fatal(err)
	}
	var want, all [][]string
	for _, b := range onChain {
		for _, row := range k.logRows(b) {
			want = append(want, row)
			all = append(all, append(slices.Clone(row), ids[b.Number], "true", null))
		}
	}
	for _, b := range k.left {
		if k.replaced[b.Hash.String()] == "" {
			k.replaced[b.Hash.String()] = ids[b.Number]
		}
		for _, row := range k.logRows(b) {
			all = append(all, append(slices.Clone(row), "", "false", k.replaced[b.Hash.String()]))
		}
	}
	checkRows(t, logColumns, s.rows(t, db, "raw_logs_current", logColumns), want)

	columns := append(slices.Clone(logColumns), column{"_amp_batch_id", text}, column{"_amp_is_current", flag}, column{"_amp_reorg_batch_id", text})
	got := s.rows(t, db, "raw_logs_history", columns)
	for _, row := range got {
		if row[5] == "false" {
			row[4] = "" // the id of a unit that is in the state no more
		}
	}
	slices.SortFunc(got, slices.Compare)
	slices.SortFunc(all, slices.Compare)
	if diff := cmp.Diff(all, got); diff != "" {
		t.Errorf("raw_logs_history (-branches +table):\n%.3000s", diff)
	}
}

// depths of reorganisations: of a block, into a microbatch, at the start of one, over several, and again over what was replaced.
var depths = []int{1, 3, 4, 11, 2, 6}

// TestHistoryWhileFollowing keeps what leaves the chain while a loader follows it.
func TestHistoryWhileFollowing(t *testing.T) {
	for _, s := range []system{postgreSQL, inSnowflake} {
		t.Run(s.name, func(t *testing.T) {
			k := newKept(t, 20)
			target := s.empty(t)
			db := s.open(t, target)
			p := start(t, repository, program(t, "raw_logs-"+s.name), "--server", k.URL, s.location, target)
			atTip := func() (bool, string) {
				rows, err := queryText(db, "SELECT end_hash FROM amp_stream_state ORDER BY end_block DESC LIMIT 1")
				return err == nil && len(rows) == 1 && rows[0][0] == k.Tip().Hash.String(), fmt.Sprint(rows, err)
			}
			p.await(t, "the tip in the database", atTip)
			k.check(t, s, db)
			for _, depth := range depths {
				k.reorg(t, depth)
				p.await(t, "the new branch in the database", atTip)
				k.check(t, s, db)
			}
			p.signal(t, syscall.SIGTERM)
			p.expect(t, 0)
		})
	}
}

// TestHistoryAcrossRuns keeps what leaves the chain while no loader runs.
func TestHistoryAcrossRuns(t *testing.T) {
	for _, s := range systems {
		t.Run(s.name, func(t *testing.T) {
			k := newKept(t, 20)
			target := s.empty(t)
			for _, depth := range append([]int{0}, depths[1:]...) {
				if depth > 0 { // one block, the cursor's own, may be a deeper fork, and then more is loaded again than left the chain
					k.reorg(t, depth)
				}
				command(t, repository, program(t, "raw_logs-"+s.name), "--server", k.URL, s.location, target, "--to-block", "latest")
				func() {
					db := s.open(t, target)
					defer db.Close() // no process can write DuckDB's file while it is open
					k.check(t, s, db)
				}()
			}
		})
	}
}
