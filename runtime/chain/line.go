package chain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

// line is what is committed of one network.
type line struct {
	ranges []Range // by last block
	last   Range   // the one with the greatest end: where the stream is
	base   uint64  // the first block that is committed, or is being loaded by others
}

func newLines(committed []Range) map[string]*line {
	lines := map[string]*line{}
	for _, r := range committed {
		l := lines[r.Network]
		if l == nil {
			l = &line{}
			lines[r.Network] = l
		}
		l.ranges = append(l.ranges, r)
	}
	for _, l := range lines {
		slices.SortFunc(l.ranges, func(a, b Range) int { return cmp.Compare(a.End, b.End) })
		l.last = l.ranges[len(l.ranges)-1]
		l.base = slices.MinFunc(l.ranges, func(a, b Range) int { return cmp.Compare(a.Start, b.Start) }).Start
	}
	return lines
}

// add appends a range that is committed now and continues the last one, unless nothing was committed before it.
func (l *line) add(r Range) {
	if len(l.ranges) == 0 {
		l.base = r.Start
	}
	l.last = r
	l.ranges = append(l.ranges, r)
	if len(l.ranges) > 2*blockrange.KeepBoundaries {
		l.ranges = blockrange.Compact(l.ranges)
	}
}

// next is the block that the stream continues with.
func (l *line) next() uint64 { return l.last.End + 1 }

// meeting is how a range lies to the committed boundaries.
type meeting struct {
	end   Range // the committed range that ends with the same block
	start Range // the committed range that ends right before it
	// Of each, whether both hashes are known and equal, or known and different.
	sameEnd, otherEnd, sameStart, otherStart bool
}

func (l *line) meet(r Range) (m meeting) {
	if end, ok := l.endingAt(r.End); ok && end.Hash != "" {
		m.end, m.sameEnd, m.otherEnd = end, end.Hash == r.Hash, end.Hash != r.Hash
	}
	if r.Start == 0 {
		return m
	}
	if start, ok := l.endingAt(r.Start - 1); ok && start.Hash != "" {
		m.start, m.sameStart, m.otherStart = start, start.Hash == r.PrevHash, start.Hash != r.PrevHash
	}
	return m
}

// endingAt finds the committed range whose last block is n.
func (l *line) endingAt(n uint64) (Range, bool) {
	if n == l.last.End {
		return l.last, true
	}
	at, found := slices.BinarySearchFunc(l.ranges, n, func(r Range, n uint64) int { return cmp.Compare(r.End, n) })
	if !found {
		return Range{}, false
	}
	return l.ranges[at], true
}

// startingAt is the committed range whose first block is n; zero if there is none.
func (l *line) startingAt(n uint64) Range {
	at := slices.IndexFunc(l.ranges, func(r Range) bool { return r.Start == n })
	if at < 0 {
		return Range{}
	}
	return l.ranges[at]
}

// boundaries are the proven positions of lines, by network.
func boundaries(lines map[string]*line) []Range {
	var out []Range
	for _, l := range lines {
		if l.last.Hash != "" {
			out = append(out, l.last)
		}
	}
	slices.SortFunc(out, func(a, b Range) int { return strings.Compare(a.Network, b.Network) })
	return out
}
