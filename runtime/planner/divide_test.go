package planner_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/planner"
)

// proven and numbered make committed ranges.
func proven(start, end uint64) blockrange.Range {
	return blockrange.Range{Network: "mainnet", Start: start, End: end, Hash: fmt.Sprint("h", end)}
}

func numbered(start, end uint64) blockrange.Range {
	return blockrange.Range{Network: "mainnet", Start: start, End: end}
}

func TestDivide(t *testing.T) {
	const depth = 10
	tests := []struct {
		name      string
		wanted    span
		committed []blockrange.Range
		want      planner.Division
	}{
		{"nothing is there", span{Start: 0, End: 99}, nil,
			planner.Division{Gaps: []span{{Start: 0, End: 89}}, Head: &span{Start: 90, End: 99}, Floor: 90}},
		{"fewer blocks than may leave the chain", span{Start: 0, End: 4}, nil, planner.Division{Head: &span{Start: 0, End: 4}, Floor: 0}},
		{"only the newest are wanted", span{Start: 95, End: 99}, nil, planner.Division{Head: &span{Start: 95, End: 99}, Floor: 95}},
		{"the stream is near", span{Start: 0, End: 99}, []blockrange.Range{proven(20, 95)},
			planner.Division{Gaps: []span{{Start: 0, End: 19}}, Stream: true, Floor: 96}},
		{"the stream is at the tip", span{Start: 0, End: 99}, []blockrange.Range{proven(0, 99)},
			planner.Division{Stream: true, Floor: 100}},
		{"the server is behind", span{Start: 0, End: 99}, []blockrange.Range{proven(0, 105)},
			planner.Division{Stream: true, Floor: 106}},
		{"the stream ends right below the newest", span{Start: 0, End: 99}, []blockrange.Range{proven(0, 89)},
			planner.Division{Stream: true, Floor: 90}},
		{"the stream ends far below", span{Start: 0, End: 99}, []blockrange.Range{proven(0, 88)},
			planner.Division{Gaps: []span{{Start: 89, End: 89}}, Head: &span{Start: 90, End: 99}, Floor: 90}},
		{"several proven ranges", span{Start: 0, End: 99}, []blockrange.Range{proven(93, 96), proven(80, 91), proven(92, 92)},
			planner.Division{Gaps: []span{{Start: 0, End: 79}}, Stream: true, Floor: 97}},
		{"a gap among the newest", span{Start: 80, End: 99}, []blockrange.Range{proven(80, 92), proven(94, 96)},
			planner.Division{Stream: true, Floor: 93, Undo: true, From: 93, Hash: "h92"}},
		{"unproven blocks among the newest", span{Start: 80, End: 99}, []blockrange.Range{numbered(80, 95)},
			planner.Division{Head: &span{Start: 90, End: 99}, Floor: 90, Undo: true, From: 90}},
		{"unproven blocks up to the newest", span{Start: 80, End: 99}, []blockrange.Range{numbered(80, 89)},
			planner.Division{Head: &span{Start: 90, End: 99}, Floor: 90}},
		{"unproven blocks above proven ones", span{Start: 80, End: 99}, []blockrange.Range{proven(80, 92), numbered(93, 94)},
			planner.Division{Stream: true, Floor: 93, Undo: true, From: 93, Hash: "h92"}},
		{"a stream of other blocks", span{Start: 97, End: 99}, []blockrange.Range{proven(0, 92)},
			planner.Division{Head: &span{Start: 97, End: 99}, Floor: 97}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, planner.Divide(test.wanted, test.wanted.End, test.committed, depth), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
	young := numbered(30, 39)
	young.Timestamp = 1
	for _, test := range []struct {
		name   string
		wanted span
		tip    uint64
		want   planner.Division
	}{
		{"young blocks are loaded again", span{Start: 10, End: 60}, 99,
			planner.Division{Gaps: []span{{Start: 10, End: 19}, {Start: 30, End: 60}}, Undo: true, From: 30, Floor: math.MaxUint64}},
		{"also below what is wanted", span{Start: 50, End: 60}, 99,
			planner.Division{Gaps: []span{{Start: 30, End: 39}, {Start: 50, End: 60}}, Undo: true, From: 30, Floor: math.MaxUint64}},
		{"and above, if they touch", span{Start: 10, End: 35}, 99,
			planner.Division{Gaps: []span{{Start: 10, End: 19}, {Start: 30, End: 39}}, Undo: true, From: 30, Floor: math.MaxUint64}},
		{"not if others are wanted", span{Start: 10, End: 25}, 99, planner.Division{Gaps: []span{{Start: 10, End: 19}}, Floor: math.MaxUint64}},
		{"not if the server lacks them", span{Start: 10, End: 35}, 36, planner.Division{Gaps: []span{{Start: 10, End: 19}}, Floor: math.MaxUint64}},
		{"before the newest are loaded", span{Start: 10, End: 60}, 60,
			planner.Division{Gaps: []span{{Start: 10, End: 19}, {Start: 30, End: 50}}, Head: &span{Start: 51, End: 60}, Undo: true, From: 30, Floor: 51}},
		{"as a part of the newest", span{Start: 10, End: 42}, 42,
			planner.Division{Gaps: []span{{Start: 10, End: 19}, {Start: 30, End: 32}}, Head: &span{Start: 33, End: 42}, Undo: true, From: 30, Floor: 33}},
		{"and cut where the newest begin", span{Start: 10, End: 41}, 42,
			planner.Division{Gaps: []span{{Start: 10, End: 19}, {Start: 30, End: 32}, {Start: 33, End: 41}}, Undo: true, From: 30, Floor: math.MaxUint64}},
	} {
		got := planner.Divide(test.wanted, test.tip, []blockrange.Range{young, numbered(20, 29)}, depth)
		if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
	got := planner.Divide(span{Start: 10, End: 60}, 99, []blockrange.Range{young, numbered(40, 49)}, depth)
	if diff := cmp.Diff(planner.Division{Gaps: []span{{Start: 10, End: 60}}, Undo: true, From: 30, Floor: math.MaxUint64}, got); diff != "" {
		t.Errorf("the chain grew while young blocks were loaded: %s", diff)
	}
	want := planner.Division{Gaps: []span{{Start: 10, End: 19}, {Start: 30, End: 40}}, Floor: math.MaxUint64}
	if diff := cmp.Diff(want, planner.Divide(span{Start: 10, End: 40}, 99, []blockrange.Range{numbered(20, 29)}, depth)); diff != "" {
		t.Errorf("below the tip: %s", diff)
	}
}

// TestDivideIsComplete: gaps, head, stream and what stays cover what is wanted, each block once, and nothing else; what stays of the
// newest blocks is proven without a gap.
func TestDivideIsComplete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var committed []blockrange.Range
		for next := rapid.Uint64Range(0, 20).Draw(t, "first"); next < 110; {
			end := next + rapid.Uint64Range(0, 30).Draw(t, "length")
			if rapid.Bool().Draw(t, "proven") {
				committed = append(committed, proven(next, end))
			} else {
				r := numbered(next, end)
				r.Timestamp = rapid.Int64Range(0, 1).Draw(t, "young")
				committed = append(committed, r)
			}
			next = end + 1 + rapid.Uint64Range(0, 1).Draw(t, "apart")*rapid.Uint64Range(0, 30).Draw(t, "distance")
			if rapid.IntRange(0, 4).Draw(t, "more") == 0 {
				break
			}
		}
		wanted := span{Start: rapid.Uint64Range(0, 100).Draw(t, "from"), End: 100}
		depth := rapid.Uint64Range(1, 120).Draw(t, "depth")
		d := planner.Divide(wanted, 100, committed, depth)

		have := make([]int, 200) // how often each block is covered in the end
		count := func(s span) {
			for n := s.Start; n <= min(s.End, 199); n++ {
				have[n]++
			}
		}
		for _, r := range committed {
			end := r.End
			if d.Undo && end >= d.From {
				if r.Start >= d.From {
					continue
				}
				end = d.From - 1
			}
			count(span{Start: r.Start, End: end})
			if low := max(wanted.Start, 101-min(depth, 101)); r.Hash == "" && end >= low && end < 200 && r.Start <= 100 {
				t.Fatalf("%v stays, and is not proven", r)
			}
		}
		for _, g := range d.Gaps {
			count(g)
			if g.End >= d.Floor {
				t.Fatalf("gap %v, floor %d", g, d.Floor)
			}
		}
		if d.Head != nil {
			count(*d.Head)
		}
		if d.Stream && d.Floor <= 100 {
			count(span{Start: d.Floor, End: 100})
		}
		for n := wanted.Start; n <= 100; n++ {
			if have[n] != 1 {
				t.Fatalf("block %d is loaded %d times: %+v", n, have[n], d)
			}
		}
	})
}
