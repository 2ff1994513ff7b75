// Package chain models a blockchain as a tree of block headers with one canonical branch.
//
// The model is pure: it holds no rows, knows no clock and does no I/O. Orphaned blocks stay in the tree, so that a reader
// whose last block has left the canonical branch can be walked back to the common ancestor. A Chain is not safe for
// concurrent use.
package chain

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Hash is a block hash. Its text is 0x and 64 lower-case hexadecimal digits.
type Hash [32]byte

func (h Hash) String() string { return "0x" + hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	if !ok || len(digits) != 64 {
		return errors.New("a block hash is 0x and 64 hexadecimal digits")
	}
	_, err := hex.Decode(h[:], []byte(digits))
	return err
}

// Block is a block header.
type Block struct {
	Number uint64 `json:"number"`
	Hash   Hash   `json:"hash"`
	Parent Hash   `json:"parent"`
	Time   int64  `json:"time"` // unix seconds
}

// Range is a run of consecutive canonical blocks, both ends inclusive.
type Range struct {
	Start, End uint64
	Hash       Hash  // of block End
	PrevHash   Hash  // parent of block Start; zero at genesis
	Time       int64 // of block End, unix seconds
}

// Chain is the tree and its canonical branch. The zero Chain is empty.
type Chain struct {
	blocks    map[Hash]Block
	canonical []Block // consecutive numbers
}

// Empty reports whether the chain has no block.
func (c *Chain) Empty() bool { return len(c.canonical) == 0 }

// First is the lowest block. The chain must not be empty.
func (c *Chain) First() Block { return c.canonical[0] }

// Tip is the highest canonical block. The chain must not be empty.
func (c *Chain) Tip() Block { return c.canonical[len(c.canonical)-1] }

// At is the canonical block with the given number, and whether there is one.
func (c *Chain) At(number uint64) (Block, bool) {
	if c.Empty() || number < c.First().Number || number > c.Tip().Number {
		return Block{}, false
	}
	return c.canonical[number-c.First().Number], true
}

// Range is the canonical run from start to end, which must both exist.
func (c *Chain) Range(start, end uint64) Range {
	first, _ := c.At(start)
	last, _ := c.At(end)
	return Range{Start: start, End: end, Hash: last.Hash, PrevHash: first.Parent, Time: last.Time}
}

// Extend appends blocks to the canonical branch. Each must build on the one before it; the first block of an empty chain
// may have any number and parent. On an error nothing is appended.
func (c *Chain) Extend(blocks ...Block) error {
	tip, connected := Block{}, !c.Empty()
	if connected {
		tip = c.Tip()
	}
	for _, b := range blocks {
		if connected && (b.Number != tip.Number+1 || b.Parent != tip.Hash) {
			return fmt.Errorf("block %d (%s) does not build on block %d (%s)", b.Number, b.Hash, tip.Number, tip.Hash)
		}
		tip, connected = b, true
	}
	if c.blocks == nil {
		c.blocks = map[Hash]Block{}
	}
	for _, b := range blocks {
		c.blocks[b.Hash] = b
	}
	c.canonical = append(c.canonical, blocks...)
	return nil
}

// Reorg replaces the canonical blocks from number fork on by blocks, the first of which must build on block fork-1. The
// replaced blocks stay in the tree. The lowest block of the chain cannot be replaced. On an error nothing changes.
func (c *Chain) Reorg(fork uint64, blocks ...Block) error {
	if c.Empty() || fork <= c.First().Number || fork > c.Tip().Number {
		return fmt.Errorf("cannot fork at block %d: the chain must have that block and the one before it", fork)
	}
	if len(blocks) == 0 {
		return errors.New("cannot reorg to nothing: give at least one replacement block")
	}
	before := c.canonical
	c.canonical = before[: fork-c.First().Number : fork-c.First().Number]
	if err := c.Extend(blocks...); err != nil {
		c.canonical = before
		return err
	}
	return nil
}

// Resume answers where a reader goes on whose last block has the given number and hash: at the block after it if it is
// canonical, else at the first block that differs from the reader's branch. When the branch is not in the tree, the common
// ancestor cannot be found and the answer is number itself. Ok is false while the chain has not yet reached number; the
// reader then waits.
func (c *Chain) Resume(number uint64, hash Hash) (start uint64, ok bool) {
	if c.Empty() || number > c.Tip().Number {
		if known, orphan := c.blocks[hash]; !orphan || known.Number != number {
			return 0, false
		}
	}
	if number < c.First().Number {
		return c.First().Number, true
	}
	block, known := c.blocks[hash]
	if !known || block.Number != number {
		return number, true
	}
	for {
		if at, ok := c.At(block.Number); ok && at.Hash == block.Hash {
			return block.Number + 1, true
		}
		parent, known := c.blocks[block.Parent]
		if !known {
			return max(block.Number, c.First().Number), true
		}
		block = parent
	}
}

// Forget drops the blocks that are not canonical, as a server does that collects its garbage: readers on those branches are
// then answered from the number of their last block, which may be too shallow.
func (c *Chain) Forget() {
	c.blocks = make(map[Hash]Block, len(c.canonical))
	for _, b := range c.canonical {
		c.blocks[b.Hash] = b
	}
}
