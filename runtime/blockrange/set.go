package blockrange

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// Span is an inclusive interval of block numbers.
type Span struct{ Start, End uint64 }

// Blocks is the number of blocks in s. The span of all 2^64 blocks does not occur.
func (s Span) Blocks() uint64 { return s.End - s.Start + 1 }

func (s Span) String() string {
	if s.Start == s.End {
		return fmt.Sprint(s.Start)
	}
	return fmt.Sprintf("%d-%d", s.Start, s.End)
}

// Set is a set of block numbers of one network, kept as intervals. The zero Set is empty.
type Set struct {
	spans []Span // ascending; between two of them at least one block is missing
}

// Cover is the set of the blocks in those of ranges that belong to network.
func Cover(network string, ranges []Range) *Set {
	s := &Set{}
	for _, r := range ranges {
		if r.Network == network {
			s.Add(Span{r.Start, r.End})
		}
	}
	return s
}

// Add puts the blocks of a into s.
func (s *Set) Add(a Span) {
	// [i, j) are the spans that a overlaps or touches, and merges with.
	i := sort.Search(len(s.spans), func(k int) bool { return a.Start == 0 || s.spans[k].End >= a.Start-1 })
	j := sort.Search(len(s.spans), func(k int) bool { return a.End != math.MaxUint64 && s.spans[k].Start > a.End+1 })
	if i < j {
		a = Span{min(a.Start, s.spans[i].Start), max(a.End, s.spans[j-1].End)}
	}
	s.spans = slices.Replace(s.spans, i, j, a)
}

// Remove takes the blocks of a out of s.
func (s *Set) Remove(a Span) {
	i, j := s.overlapping(a)
	if i == j {
		return
	}
	var rest []Span
	if first := s.spans[i]; first.Start < a.Start {
		rest = append(rest, Span{first.Start, a.Start - 1})
	}
	if last := s.spans[j-1]; last.End > a.End {
		rest = append(rest, Span{a.End + 1, last.End})
	}
	s.spans = slices.Replace(s.spans, i, j, rest...)
}

// overlapping is the index range [i, j) of the spans that share a block with a.
func (s *Set) overlapping(a Span) (i, j int) {
	i = sort.Search(len(s.spans), func(k int) bool { return s.spans[k].End >= a.Start })
	j = sort.Search(len(s.spans), func(k int) bool { return s.spans[k].Start > a.End })
	return i, max(i, j)
}

// Contains reports whether all blocks of a are in s.
func (s *Set) Contains(a Span) bool {
	i, j := s.overlapping(a)
	return j == i+1 && s.spans[i].Start <= a.Start && s.spans[i].End >= a.End
}

// Gaps are the blocks of wanted that are not in s, as ascending spans between which s has blocks.
func (s *Set) Gaps(wanted Span) []Span {
	missing := Set{spans: []Span{wanted}}
	i, j := s.overlapping(wanted)
	for _, have := range s.spans[i:j] {
		missing.Remove(have)
	}
	return missing.spans
}

// Spans are the intervals of s, ascending and apart from each other.
func (s *Set) Spans() []Span { return slices.Clone(s.spans) }

// Blocks is the number of blocks in s.
func (s *Set) Blocks() uint64 {
	var n uint64
	for _, a := range s.spans {
		n += a.Blocks()
	}
	return n
}

func (s *Set) String() string {
	parts := make([]string, len(s.spans))
	for i, a := range s.spans {
		parts[i] = a.String()
	}
	return strings.Join(parts, ", ")
}

// Partition cuts spans, in order, into pieces of at most size blocks each; size 0 leaves them whole.
func Partition(spans []Span, size uint64) []Span {
	if size == 0 {
		return slices.Clone(spans)
	}
	var pieces []Span
	for _, a := range spans {
		for a.End-a.Start >= size {
			pieces = append(pieces, Span{a.Start, a.Start + size - 1})
			a.Start += size
		}
		pieces = append(pieces, a)
	}
	return pieces
}
