// Package branches watches loaders from outside: it serves a chain of which it knows every block of every branch that ever was,
// and holds what a reader of the database sees against it.
package branches

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/ampgen/ampgen/ampgen/ampdev"
	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
	"github.com/ampgen/ampgen/runtime/blockrange"
)

// Chain is a development server whose chain changes through Mine and Reorg alone. Its methods are safe for concurrent use.
type Chain struct {
	*ampdev.Server
	URL string // for loaders

	served    chan error
	generator *synth.Generator

	mu    sync.Mutex // held while the chain changes: who has it knows all blocks that anybody can have seen
	known map[string]known
	salt  uint64 // of the blocks that are mined next
}

// known is a block that is or was on the chain.
type known struct {
	chain.Block
	made *synth.Block // nil if the server had it from files
}

// Serve starts a server on a free port.
func Serve(ctx context.Context, config ampdev.Config) (*Chain, error) {
	blocks := config.Blocks
	config.Blocks = 0 // mined below, under watch
	server, err := ampdev.New(ctx, config)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		server.Close()
		return nil, err
	}
	c := &Chain{Server: server, URL: "grpc://" + listener.Addr().String(), served: make(chan error, 1),
		generator: synth.New(config.Seed), known: map[string]known{}}
	go func() { c.served <- server.Serve(listener) }()
	for n := server.First().Number; ; n++ {
		b, ok := server.Block(n)
		if !ok {
			break
		}
		c.known[b.Hash.String()] = known{Block: b}
	}
	if err := c.Mine(ctx, blocks); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close ends the server.
func (c *Chain) Close() error {
	c.Server.Close()
	return <-c.served
}

// Mine adds n blocks.
func (c *Chain) Mine(ctx context.Context, n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	empty, next := len(c.known) == 0, c.Tip().Number+1
	if err := c.Server.Mine(ctx, n); err != nil {
		return err
	}
	if empty {
		next = c.First().Number
	}
	return c.learn(next)
}

// Reorg replaces the last depth blocks by length others.
func (c *Chain) Reorg(ctx context.Context, depth, length int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	fork := c.Tip().Number + 1 - uint64(depth)
	if err := c.Server.Reorg(ctx, depth, length); err != nil {
		return err
	}
	c.salt++
	return c.learn(fork)
}

// learn adds the server's blocks from a number on to those that are known.
func (c *Chain) learn(from uint64) error {
	for n := from; ; n++ {
		b, ok := c.Block(n)
		if !ok {
			return nil
		}
		var made *synth.Block
		if parent, ok := c.known[b.Parent.String()]; ok {
			made = c.generator.Next(parent.Block, c.salt)
		} else {
			made = c.generator.First(n)
		}
		if made.Block != b {
			return fmt.Errorf("the server's block %d is %s; made from its parent, it is %s", n, b.Hash, made.Hash)
		}
		c.known[b.Hash.String()] = known{b, made}
	}
}

// Branch is the blocks that lead up to the one with a hash, that one included, from a number on.
func (c *Chain) Branch(from uint64, hash string) ([]chain.Block, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []chain.Block
	for {
		b, ok := c.known[hash]
		switch {
		case !ok:
			return nil, fmt.Errorf("the block %q was never part of the chain", hash)
		case b.Number > from:
			out, hash = append(out, b.Block), b.Parent.String()
			continue
		case b.Number == from:
			out = append(out, b.Block)
		}
		slices.Reverse(out)
		return out, nil
	}
}

// Covered is the blocks from a number on that committed ranges are of, which are in order of their start. A range without a hash
// may be of any branch until the loader has joined it to those that have one; of which, the hashes of the blocks in the table
// tell. It is an error if ranges overlap, are of different branches, or of none.
func (c *Chain) Covered(ranges []blockrange.Range, from uint64, inTable func(number uint64) string) ([]chain.Block, error) {
	var out []chain.Block
	for i, r := range ranges {
		if i > 0 && r.Start <= ranges[i-1].End {
			return nil, fmt.Errorf("the committed %s and %s overlap", ranges[i-1], r)
		}
		if r.End < from {
			continue
		}
		hash := r.Hash
		if hash == "" {
			hash = inTable(r.End)
		}
		blocks, err := c.Branch(max(r.Start, from), hash)
		if err != nil {
			return nil, fmt.Errorf("the committed %s: %w", r, err)
		}
		if len(blocks) == 0 || blocks[len(blocks)-1].Number != r.End {
			return nil, fmt.Errorf("the committed %s has the hash of another block", r)
		}
		if i > 0 && r.Hash != "" && ranges[i-1].Hash != "" && r.Start == ranges[i-1].End+1 && r.Start >= from &&
			blocks[0].Parent.String() != ranges[i-1].Hash {
			return nil, fmt.Errorf("the committed %s does not continue the %s before it", r, ranges[i-1])
		}
		out = append(out, blocks...)
	}
	return out, nil
}

// Contents is what a synthetic block holds, and nil for a block from files.
func (c *Chain) Contents(b chain.Block) *synth.Block {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[b.Hash.String()].made
}
