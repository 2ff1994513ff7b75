package blockrange_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

type span = blockrange.Span

// TestSetAgainstBitmap draws operations on the lowest or the highest 64 block numbers and compares with one bool per block.
func TestSetAgainstBitmap(t *testing.T) {
	const width = 64
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom([]uint64{0, 1000, math.MaxUint64 - width + 1}).Draw(t, "base")
		draw := func() span {
			a := rapid.Uint64Range(0, width-1).Draw(t, "a")
			b := rapid.Uint64Range(a, min(a+8, width-1)).Draw(t, "b")
			return span{Start: base + a, End: base + b}
		}
		var set blockrange.Set
		var bitmap [width]bool
		fill := func(s span, v bool) {
			for i := range s.Blocks() {
				bitmap[s.Start-base+i] = v
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add":    func(*rapid.T) { s := draw(); set.Add(s); fill(s, true) },
			"remove": func(*rapid.T) { s := draw(); set.Remove(s); fill(s, false) },
			"": func(*rapid.T) {
				if want := runs(bitmap[:], base, true); !slices.Equal(want, set.Spans()) {
					t.Fatalf("spans are %v, want %v", set.Spans(), want)
				}
				s := draw()
				part := bitmap[s.Start-base : s.End-base+1]
				if want := runs(part, s.Start, false); !slices.Equal(want, set.Gaps(s)) {
					t.Fatalf("gaps within %v are %v, want %v", s, set.Gaps(s), want)
				}
				if want := !slices.Contains(part, false); set.Contains(s) != want {
					t.Fatalf("contains %v: %t, want %t", s, !want, want)
				}
			},
		})
	})
}

// runs are the maximal runs of value in bits, whose first element is block base.
func runs(bits []bool, base uint64, value bool) []span {
	var out []span
	for i, b := range bits {
		at := base + uint64(i)
		switch {
		case b != value:
		case i > 0 && bits[i-1] == value:
			out[len(out)-1].End = at
		default:
			out = append(out, span{Start: at, End: at})
		}
	}
	return out
}

func TestPartitionsAreTheSpansCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(0, 9).Draw(t, "size")
		var spans []span
		next := uint64(0)
		for range rapid.IntRange(0, 4).Draw(t, "spans") {
			start := next + rapid.Uint64Range(0, 5).Draw(t, "skip")
			end := start + rapid.Uint64Range(0, 30).Draw(t, "length")
			spans, next = append(spans, span{Start: start, End: end}), end+2
		}
		var joined blockrange.Set
		var blocks uint64
		for _, p := range blockrange.Partition(spans, size) {
			if size > 0 && p.Blocks() > size {
				t.Fatalf("piece %v has more than %d blocks", p, size)
			}
			joined.Add(p)
			blocks += p.Blocks()
		}
		if !slices.Equal(spans, joined.Spans()) || blocks != joined.Blocks() {
			t.Fatalf("pieces of %v overlap or miss blocks: %v", spans, joined.Spans())
		}
	})
	whole := []span{{Start: 0, End: math.MaxUint64}}
	if got := blockrange.Partition(whole, 1<<63); len(got) != 2 || got[1] != (span{Start: 1 << 63, End: math.MaxUint64}) {
		t.Errorf("partition at the end of uint64: %v", got)
	}
}

func TestCoverTakesOneNetwork(t *testing.T) {
	set := blockrange.Cover("mainnet", []blockrange.Range{
		{Network: "mainnet", Start: 10, End: 19}, {Network: "base", Start: 20, End: 29}, {Network: "mainnet", Start: 20, End: 20},
		{Network: "mainnet", Start: 30, End: 30},
	})
	if got := set.String(); got != "10-20, 30" {
		t.Errorf("cover is %s", got)
	}
	if got := set.Gaps(span{Start: 5, End: 35}); !slices.Equal(got, []span{{5, 9}, {21, 29}, {31, 35}}) {
		t.Errorf("gaps are %v", got)
	}
}
