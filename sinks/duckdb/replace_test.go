package duckdb

import (
	"testing"

	"github.com/ampgen/ampgen/runtime"
)

// TestBranchReplacedBesideRedo loads blocks again while a unit is open that replaces their branch. The unit's undo did not see those
// rows: had they taken the place of none, nothing but the commit's own check would keep them from staying.
func TestBranchReplacedBesideRedo(t *testing.T) {
	path, table := file(t), eventsTable()
	s := opened(t, path, table)
	old := span(0, 9, "h9", "")
	load(t, s, unit(old)) // its rows are lost, and loaded again by a redo
	replacing := unit(span(5, 12, "x12", "h4"))
	replacing.Undo = &runtime.Undo{Network: old.Network, From: 5, Hash: "h4"}
	branch := begin(t, s, replacing)

	beside, err := open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	again, err := beside.Redo(t.Context(), table, runtime.Range{Network: old.Network, Start: 6, End: 8}, old)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Write(t.Context(), rows(6, 8)); err != nil {
		t.Fatal(err)
	}
	if err := again.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantClass(t, branch.Commit(t.Context()), runtime.Transient, "meanwhile")

	load(t, s, replacing, rows(9, 12)) // as the reconnected stream does
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	equal(t, read(t, path, "SELECT min(block_num)::VARCHAR || '-' || max(block_num)::VARCHAR FROM events"), []string{"9-12"})
}
