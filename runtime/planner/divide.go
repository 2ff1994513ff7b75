package planner

import (
	"cmp"
	"math"
	"slices"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

// Division says by which way each missing block is loaded.
type Division struct {
	// Gaps are loaded by block numbers, by any number of workers. They are ascending.
	Gaps []Span
	// Head, if any, are the newest blocks, up to the server's last one. They are loaded by one query and one commit before all
	// others: the answer names the hash of the server's last block, so the range is proven, and its end is the pin.
	Head *Span
	// Stream says that the stream continues what is committed, from block Floor on: the newest blocks are few enough for it.
	Stream bool
	// Undo says that what is committed from block From on is to be undone first: it may have left the chain, and nothing would tell.
	// Hash is the hash of block From-1; empty if unknown.
	Undo bool
	From uint64
	Hash string
	// Floor is the first block that is not loaded by block numbers. Blocks from here on belong to the head and to the stream.
	Floor uint64
}

// Divide divides the blocks of wanted that are not among the committed ranges, which are of one network and do not overlap. The
// server's last block is tip, and the newest depth blocks up to it may still leave the chain.
//
// If wanted ends with the tip, only proven ranges without a gap are left as they are among the newest blocks, and the rest is loaded
// such that its end is proven. Otherwise all is loaded by block numbers. Gaps are cut where the newest blocks begin.
//
// Ranges at the end of what is committed that were among the newest when they were loaded, and are not proven, are loaded again
// before anything is loaded beside or above them, with what is above them.
func Divide(wanted Span, tip uint64, committed []blockrange.Range, depth uint64) Division {
	committed = slices.Clone(committed)
	slices.SortFunc(committed, func(a, b blockrange.Range) int { return cmp.Compare(a.Start, b.Start) })
	var d Division
	young := youngEnd(committed)
	again := len(young) > 0 && wanted.End >= young[0].Start && young[len(young)-1].End <= tip
	if again {
		d.Undo, d.From = true, young[0].Start
		committed = committed[:len(committed)-len(young)]
	}
	newest := uint64(0)
	if depth <= tip {
		newest = tip - depth + 1
	}
	d.Floor = math.MaxUint64
	below := wanted
	if wanted.End == tip {
		d.Floor = max(newest, wanted.Start)
		d.follow(committed)
		if !d.Stream && d.Floor <= wanted.End {
			d.Head = &Span{Start: d.Floor, End: wanted.End}
		}
		below.End = min(below.End, d.Floor-1) // not used if the floor is the first wanted block
	}
	var missing blockrange.Set
	if wanted.Start < d.Floor {
		for _, g := range cover(committed).Gaps(below) {
			missing.Add(g)
		}
	}
	if again {
		for _, r := range young {
			missing.Add(Span{Start: r.Start, End: r.End})
		}
		if d.Floor < math.MaxUint64 {
			missing.Remove(Span{Start: d.Floor, End: math.MaxUint64})
		}
	}
	d.Gaps = cutAt(missing.Spans(), newest)
	return d
}

// youngEnd is the end of the committed ranges from the first on that is not proven, was among the newest blocks when it was loaded,
// and has nothing proven above it. Above it may be one that was not among the newest: the chain grows while chunks are loaded.
func youngEnd(committed []blockrange.Range) []blockrange.Range {
	from := len(committed)
	for i, r := range slices.Backward(committed) {
		if r.Hash != "" {
			break
		}
		if r.Timestamp != 0 {
			from = i
		}
	}
	return committed[from:]
}

// cutAt cuts the span that has the blocks before and after a boundary.
func cutAt(spans []Span, boundary uint64) []Span {
	var out []Span
	for _, s := range spans {
		if s.Start < boundary && boundary <= s.End {
			out = append(out, Span{Start: s.Start, End: boundary - 1})
			s.Start = boundary
		}
		out = append(out, s)
	}
	return out
}

// follow moves Floor to the end of the proven ranges that begin there without a gap, or notes that it is the end of one.
func (d *Division) follow(committed []blockrange.Range) {
	hash := ""
	for _, r := range committed {
		if r.Hash != "" && r.Start <= d.Floor && (r.End >= d.Floor || r.End+1 == d.Floor) {
			d.Floor, d.Stream, hash = r.End+1, true, r.Hash
		}
	}
	if slices.ContainsFunc(committed, func(r blockrange.Range) bool { return r.End >= d.Floor }) {
		d.Undo, d.From, d.Hash = true, d.Floor, hash
	}
}

func cover(committed []blockrange.Range) *blockrange.Set {
	var s blockrange.Set
	for _, r := range committed {
		s.Add(Span{Start: r.Start, End: r.End})
	}
	return &s
}
