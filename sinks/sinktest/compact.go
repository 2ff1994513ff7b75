package sinktest

import (
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/coverage"
)

func blockHash(n uint64) string { return fmt.Sprintf("0x%064x", n) }

// oneBlock is the range of one block, as a stream at the tip of the chain commits them.
func oneBlock(n uint64) runtime.Range { return span("eth", n, n, blockHash(n), blockHash(n-1)) }

// testCompaction follows a chain block by block for longer than boundaries are kept apart. Every tenth block has a row.
func testCompaction(t *testing.T, h Harness) {
	const blocks = blockrange.KeepBoundaries + coverage.CompactEvery + 10
	table := events()
	s := prepared(t, h, table)
	var all []arrow.RecordBatch
	for n := uint64(1); n <= blocks; n++ {
		if n%10 != 0 {
			load(t, s, unit(oneBlock(n)))
			continue
		}
		all = append(all, rowsOf(n, n, "a"))
		load(t, s, unit(oneBlock(n)), all[len(all)-1])
	}
	state, err := s.State(t.Context(), table)
	check(t, err)
	if len(state.Ranges) > blocks-coverage.CompactEvery/2 {
		t.Errorf("%d blocks were committed one by one, and the coverage has %d ranges", blocks, len(state.Ranges))
	}
	check(t, s.Prepare(t.Context(), table)) // whoever starts compacts, too
	const old = blocks - blockrange.KeepBoundaries
	want := []runtime.Range{span("eth", 1, old, blockHash(old), blockHash(0))}
	for n := uint64(old + 1); n <= blocks; n++ {
		want = append(want, oneBlock(n))
	}
	wantState(t, s, table, want...)
	wantRows(t, h, table, all...)
	tags := map[any]bool{}
	for _, row := range h.Rows(t, table.Name, []arrow.Field{{Name: "_amp_batch_id", Type: arrow.BinaryTypes.String}}) {
		tags[row[0]] = true
	}
	if len(tags) != len(all) || !tags[unit(oneBlock(10)).ID()] {
		t.Errorf("rows have %d tags, want those of %d units", len(tags), len(all))
	}
	load(t, s, unit(oneBlock(blocks)), rowsOf(blocks, blocks, "again"))
	wantRows(t, h, table, all...)

	// An undo that reaches what was merged cannot tell the rows of two networks apart, and says so.
	base := rowsOf(1, blocks, "base")
	load(t, s, unit(span("base", 1, blocks, "b", "b0")), base)
	undo := func(from uint64) error {
		return s.Undo(t.Context(), runtime.Undo{Network: "eth", From: from, Hash: blockHash(from - 1)})
	}
	wantClass(t, "undo what was merged", undo(25), runtime.Permanent)
	wantRows(t, h, table, append(all, base)...)
	check(t, undo(old+1))
	wantRows(t, h, table, append(all[:old/10:old/10], base)...)
	check(t, s.Undo(t.Context(), runtime.Undo{Network: "base", From: 1, Hash: "b0"}))
	check(t, undo(25))
	wantState(t, s, table, span("eth", 1, 24, blockHash(24), blockHash(0)))
	wantRows(t, h, table, all[:2]...)
}
