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
	// Undo says that what is committed from block Floor on is to be undone first: its blocks may still leave the chain, and parts
	// of it are missing or not proven. Hash is the hash of block Floor-1; empty if unknown.
	Undo bool
	Hash string
	// Floor is the first block that is not loaded by block numbers. Blocks from here on belong to the head and to the stream.
	Floor uint64
}

// Divide divides the blocks of wanted that are not among the committed ranges, which are of one network and do not overlap. With
// tip, wanted ends with the server's last block, and the newest depth blocks of it may still leave the chain: of them only
// proven ranges without a gap are left as they are, and the rest is loaded such that its end is proven.
func Divide(wanted Span, tip bool, committed []blockrange.Range, depth uint64) Division {
	if !tip {
		return Division{Gaps: cover(committed).Gaps(wanted), Floor: math.MaxUint64}
	}
	d := Division{Floor: wanted.Start}
	if depth <= wanted.End {
		d.Floor = max(d.Floor, wanted.End-depth+1)
	}
	d.follow(committed)
	if !d.Stream && d.Floor <= wanted.End {
		d.Head = &Span{Start: d.Floor, End: wanted.End}
	}
	if wanted.Start < d.Floor {
		d.Gaps = cover(committed).Gaps(Span{Start: wanted.Start, End: d.Floor - 1})
	}
	return d
}

// follow moves Floor to the end of the proven ranges that begin there without a gap, or notes that it is the end of one.
func (d *Division) follow(committed []blockrange.Range) {
	ranges := slices.Clone(committed)
	slices.SortFunc(ranges, func(a, b blockrange.Range) int { return cmp.Compare(a.Start, b.Start) })
	for _, r := range ranges {
		if r.Hash != "" && r.Start <= d.Floor && (r.End >= d.Floor || r.End+1 == d.Floor) {
			d.Floor, d.Stream, d.Hash = r.End+1, true, r.Hash
		}
	}
	d.Undo = slices.ContainsFunc(ranges, func(r blockrange.Range) bool { return r.End >= d.Floor })
}

func cover(committed []blockrange.Range) *blockrange.Set {
	var s blockrange.Set
	for _, r := range committed {
		s.Add(Span{Start: r.Start, End: r.End})
	}
	return &s
}
