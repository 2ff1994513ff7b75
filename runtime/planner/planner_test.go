package planner_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ampgen/ampgen/runtime/blockrange"
	"github.com/ampgen/ampgen/runtime/planner"
)

type span = planner.Span

// drain lets workers take turns until nothing is left, and returns the chunks in order, "worker:first-last".
func drain(p *planner.Plan, workers int, bytesPerBlock int64) []string {
	var out []string
	for busy := true; busy; {
		busy = false
		for w := range workers {
			if c, ok := p.Next(w); ok {
				busy = true
				out = append(out, fmt.Sprintf("%d:%s", w, c))
			}
		}
		for w := range workers {
			if c, ok := p.Next(w); ok {
				p.Loaded(w, int64(c.Blocks())*bytesPerBlock)
			}
		}
	}
	return out
}

func TestDivision(t *testing.T) {
	tests := []struct {
		name    string
		gaps    []span
		workers int
		sizes   planner.Sizes
		want    []string
	}{
		{"nothing", nil, 2, planner.Sizes{}, nil},
		{"one block", []span{{Start: 7, End: 7}}, 4, planner.Sizes{}, []string{"0:7"}},
		{"one worker goes in order", []span{{Start: 0, End: 4}, {Start: 9, End: 9}, {Start: 11, End: 12}}, 1, planner.Sizes{Chunk: 3},
			[]string{"0:0-2", "0:3-4", "0:9", "0:11-12"}},
		{"a partition for each worker", []span{{Start: 0, End: 7}}, 2, planner.Sizes{Chunk: 2}, []string{"0:0-1", "1:4-5", "0:2-3", "1:6-7"}},
		{"partitions of a size, oldest first", []span{{Start: 0, End: 5}}, 2, planner.Sizes{Partition: 2, Chunk: 2}, []string{"0:0-1", "1:2-3", "0:4-5"}},
		{"an idle worker takes half", []span{{Start: 0, End: 0}, {Start: 10, End: 18}}, 2, planner.Sizes{Partition: 100, Chunk: 2},
			[]string{"0:0", "1:10-11", "0:16-17", "1:12-13", "0:18", "1:14-15"}},
		{"the last block", []span{{Start: 1<<64 - 3, End: 1<<64 - 1}}, 1, planner.Sizes{Chunk: 2},
			[]string{"0:18446744073709551613-18446744073709551614", "0:18446744073709551615"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := planner.New(test.gaps, test.workers, test.sizes)
			if diff := cmp.Diff(test.want, drain(p, test.workers, 100)); diff != "" {
				t.Error(diff)
			}
			if missing := p.Missing(); len(missing) > 0 {
				t.Errorf("%v is missing", missing)
			}
		})
	}
}

// TestChunksFollowTheRows: chunks have about ChunkBytes each, and do not grow at once.
func TestChunksFollowTheRows(t *testing.T) {
	sizes := func(density ...int64) []uint64 {
		p := planner.New([]span{{Start: 0, End: 10_000_000}}, 1, planner.Sizes{})
		var out []uint64
		for _, d := range density {
			c, _ := p.Next(0)
			out = append(out, c.Blocks())
			p.Loaded(0, d*int64(c.Blocks()))
		}
		return out
	}
	const full = planner.ChunkBytes / 1000 // blocks of a thousand bytes
	for _, test := range []struct {
		density []int64
		want    []uint64
	}{
		{[]int64{1000, 1000, 1000, 1000, 1000}, []uint64{1000, 4000, 16000, 64000, full}},
		{[]int64{planner.ChunkBytes, 1, 1}, []uint64{1000, 1, 4000}},
		{[]int64{0, 0, 1000, 0}, []uint64{1000, 4000, 16000, 64000}},
	} {
		if diff := cmp.Diff(test.want, sizes(test.density...)); diff != "" {
			t.Errorf("%v: %s", test.density, diff)
		}
	}
}

func TestFailedPartitionIsGivenUpAlone(t *testing.T) {
	p := planner.New([]span{{Start: 0, End: 9}, {Start: 20, End: 29}}, 2, planner.Sizes{Partition: 10, Chunk: 5})
	p.Next(0)
	p.Next(1)
	p.Loaded(1, 0)
	p.Failed(0)
	if c, ok := p.Next(0); !ok || c != (span{Start: 25, End: 29}) {
		t.Errorf("the next chunk is %v, %t", c, ok)
	}
	p.Loaded(0, 0)
	if _, ok := p.Next(1); ok {
		t.Error("what failed is tried again")
	}
	if diff := cmp.Diff([]span{{Start: 0, End: 9}}, p.Missing()); diff != "" {
		t.Error(diff)
	}
}

func TestCut(t *testing.T) {
	p := planner.New([]span{{Start: 0, End: 39}}, 2, planner.Sizes{Partition: 20, Chunk: 10})
	p.Next(0)
	p.Next(1) // 20-29
	p.Cut(25)
	if c, ok := p.Next(1); !ok || c != (span{Start: 20, End: 24}) {
		t.Errorf("of the chunk remains %v, %t", c, ok)
	}
	p.Cut(20)
	if c, ok := p.Next(1); !ok || c != (span{Start: 10, End: 19}) {
		t.Errorf("the next chunk is %v, %t", c, ok)
	}
	if diff := cmp.Diff([]span{{Start: 0, End: 19}}, p.Missing()); diff != "" {
		t.Error(diff)
	}
	p.Cut(0)
	if missing := p.Missing(); len(missing) > 0 {
		t.Errorf("%v is missing", missing)
	}
}

// TestEveryBlockOnce: whatever the workers do and in whichever order, each block of the gaps is loaded once, has failed, or was
// cut off, and Missing always says what is not loaded.
func TestEveryBlockOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const blocks = 200
		var wanted blockrange.Set
		for range rapid.IntRange(0, 5).Draw(t, "gaps") {
			start := rapid.Uint64Range(0, blocks-1).Draw(t, "start")
			wanted.Add(span{Start: start, End: start + rapid.Uint64Range(0, 30).Draw(t, "length")})
		}
		workers := rapid.IntRange(1, 5).Draw(t, "workers")
		p := planner.New(wanted.Spans(), workers, planner.Sizes{
			Partition: rapid.Uint64Range(0, 40).Draw(t, "partition"), Chunk: rapid.Uint64Range(1, 20).Draw(t, "chunk")})
		failed := blockrange.Set{}
		missing := wanted
		bound := uint64(1000)
		check := func() {
			if diff := cmp.Diff(missing.Spans(), p.Missing()); diff != "" && len(missing.Spans())+len(p.Missing()) > 0 {
				t.Fatalf("missing: %s", diff)
			}
		}
		idle := make([]bool, workers)
		for slices.Contains(idle, false) {
			w := rapid.IntRange(0, workers-1).Draw(t, "worker")
			c, ok := p.Next(w)
			if idle[w] = !ok; !ok {
				continue
			}
			if !missing.Contains(c) || len(failed.Gaps(c)) != 1 || c.End >= bound {
				t.Fatalf("chunk %v of the missing %s", c, &missing)
			}
			switch rapid.IntRange(0, 9).Draw(t, "outcome") {
			case 0:
				p.Failed(w)
				failed.Add(c)
			case 1:
				bound = min(bound, rapid.Uint64Range(0, blocks+50).Draw(t, "bound"))
				p.Cut(bound)
				missing.Remove(span{Start: bound, End: 1000})
			case 2: // it takes its time
			default:
				p.Loaded(w, int64(c.Blocks()))
				missing.Remove(c)
			}
			check()
		}
		check()
	})
}
