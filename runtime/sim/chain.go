package sim

import (
	"fmt"
	"slices"

	"github.com/ampgen/ampgen/runtime"
)

const network = "mainnet"

// block is a block of the model chain. Blocks are the nodes of a tree and never change.
type block struct {
	number     uint64
	id         uint64 // unique over all branches; the rows carry it, so that a row says which branch it is of
	hash       string
	parent     *block // nil for the first block of the queried tables
	parentHash string
	rows       int // how many rows the query has of this block
}

// tree is every block that was ever mined, and which of them are canonical now.
type tree struct {
	first     uint64   // the number of the first block of the queried tables
	canonical []*block // ascending without gaps from first
	byHash    map[string]*block
	byNumber  map[uint64][]*block
	abandoned []*block // the tips that reorganisations left behind
}

func newTree(first uint64) *tree {
	return &tree{first: first, byHash: map[string]*block{}, byNumber: map[uint64][]*block{}}
}

// hashOf writes a block hash. The first block's parent has id 0, which at number 0 is the zero hash that Amp sends there.
func hashOf(id uint64) string { return fmt.Sprintf("0x%064x", id) }

// rootHash is the hash of the block before the first.
func (t *tree) rootHash() string {
	if t.first == 0 {
		return hashOf(0)
	}
	return "0x" + fmt.Sprintf("%064d", 9)
}

// mine adds a block with that many rows to the canonical chain.
func (t *tree) mine(rows int) *block {
	id := uint64(len(t.byHash)) + 0x100
	b := &block{number: t.first, id: id, hash: hashOf(id), parentHash: t.rootHash(), rows: rows}
	if tip := t.tip(); tip != nil {
		b.number, b.parent, b.parentHash = tip.number+1, tip, tip.hash
	}
	t.byHash[b.hash] = b
	t.byNumber[b.number] = append(t.byNumber[b.number], b)
	t.canonical = append(t.canonical, b)
	return b
}

// tip is the last canonical block; nil if there is none.
func (t *tree) tip() *block {
	if len(t.canonical) == 0 {
		return nil
	}
	return t.canonical[len(t.canonical)-1]
}

// at is the canonical block of a number; nil if there is none.
func (t *tree) at(number uint64) *block {
	if number < t.first || number-t.first >= uint64(len(t.canonical)) {
		return nil
	}
	return t.canonical[number-t.first]
}

// fork abandons the canonical blocks from number on. The caller mines their replacement.
func (t *tree) fork(number uint64) {
	t.abandoned = append(t.abandoned, t.tip())
	t.canonical = slices.Clone(t.canonical[:number-t.first])
}

// revive makes the branch that ends in tip canonical again, and returns the first block that differs from what was canonical.
func (t *tree) revive(tip *block) *block {
	old := t.tip()
	t.canonical = branch(tip, t.first)
	for _, b := range t.canonical {
		if ancestor(old, b.number) != b {
			t.abandoned = append(t.abandoned, old)
			return b
		}
	}
	return nil
}

// isCanonical reports whether b is on the canonical chain.
func (t *tree) isCanonical(b *block) bool { return b != nil && t.at(b.number) == b }

// common is the last block of b's branch that is canonical; nil if none is.
func (t *tree) common(b *block) *block {
	for b != nil && !t.isCanonical(b) {
		b = b.parent
	}
	return b
}

// ancestor is the block of a number on the branch that ends in tip; nil if the branch does not have it.
func ancestor(tip *block, number uint64) *block {
	for tip != nil && tip.number > number {
		tip = tip.parent
	}
	if tip == nil || tip.number != number {
		return nil
	}
	return tip
}

// branch is the blocks from a number to tip, ascending.
func branch(tip *block, from uint64) []*block {
	var out []*block
	for b := tip; b != nil && b.number >= from; b = b.parent {
		out = append(out, b)
	}
	slices.Reverse(out)
	return out
}

// rangeOf is the range of consecutive blocks, as the server's metadata has it.
func rangeOf(blocks []*block) runtime.Range {
	first, last := blocks[0], blocks[len(blocks)-1]
	return runtime.Range{Network: network, Start: first.number, End: last.number, Hash: last.hash, PrevHash: first.parentHash,
		Timestamp: int64(1_700_000_000 + 12*last.number)}
}

// row is one row of the query. The model knows all rows of all branches.
type row struct {
	block uint64
	index uint32
	id    uint64 // of the block
}

// rowsOf are the rows of blocks, in order.
func rowsOf(blocks []*block) []row {
	var out []row
	for _, b := range blocks {
		for i := range b.rows {
			out = append(out, row{block: b.number, index: uint32(i), id: b.id})
		}
	}
	return out
}
