package infer

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/ampgen/ampgen/ampgen/internal/sql"
)

// The row's block. A streaming plan gives every row the block that completed it: that of its table, or the greatest of the
// joined rows. Inference proves which columns hold that number. Each scan gets a block identity, which its block columns
// carry; a relation lists the identities that its rows are made of; and where a condition equates the block numbers or the
// block hashes of two scans, their identities become the same. A column is the row's block if all identities of its
// relation are the same as its own.

// find returns the representative of a block identity.
func (s *state) find(id int) int {
	for {
		next, ok := s.sameAs[id]
		if !ok {
			return id
		}
		id = next
	}
}

// unite records that two block identities are equal.
func (s *state) unite(a, b int) {
	if a, b = s.find(a), s.find(b); a != b {
		if s.sameAs == nil {
			s.sameAs = map[int]int{}
		}
		s.sameAs[a] = b
	}
}

// isBlock reports whether c holds the block number of rel's rows.
func (s *state) isBlock(rel *relation, c *column) bool { return s.holdsBlock(rel, &c.value) }

func (s *state) holdsBlock(rel *relation, v *value) bool {
	if v.bad || v.a.Type == nil || v.a.Type.ID() != arrow.UINT64 {
		return false
	}
	return v.block == anyBlock || s.coversBlocks(rel, v.block)
}

// coversBlocks reports whether id is the same as every block identity of rel.
func (s *state) coversBlocks(rel *relation, id int) bool {
	return id > 0 && len(rel.blocks) > 0 &&
		!slices.ContainsFunc(rel.blocks, func(b int) bool { return s.find(b) != s.find(id) })
}

// blockColumn picks the output column that holds the block: one called block_num if there is a choice.
func (s *state) blockColumn(rel *relation) int {
	best := -1
	for i, c := range rel.cols {
		if s.isBlock(rel, c) && (best < 0 || c.name == "block_num" && rel.cols[best].name != "block_num") {
			best = i
		}
	}
	return best
}

// provenEqual uses the equalities that a condition demands of every row.
func (s *state) provenEqual(e sql.Expr) {
	switch e := e.(type) {
	case *sql.Paren:
		s.provenEqual(e.Expr)
	case *sql.Binary:
		switch e.Op {
		case sql.OpAnd:
			s.provenEqual(e.Left)
			s.provenEqual(e.Right)
		case sql.OpEq:
			l, r := s.values[e.Left], s.values[e.Right]
			if l != nil && r != nil && l.col != nil && r.col != nil {
				s.equalBlocks(l, r)
			}
		}
	}
}

// equalBlocks unites the identities of two equal block numbers, or of two equal block hashes.
func (s *state) equalBlocks(l, r *value) {
	if l.block > 0 && r.block > 0 {
		s.unite(l.block, r.block)
	}
	if l.blockHash > 0 && r.blockHash > 0 {
		s.unite(l.blockHash, r.blockHash)
	}
}

// project gives the output of a SELECT a block identity of its own, which the columns that hold the block of its input
// carry on.
func (s *state) project(in *relation, cols []*column) *relation {
	out := &relation{cols: cols, joined: in.joined}
	id := s.newID()
	if len(in.blocks) > 0 {
		out.blocks = []int{id}
	}
	for _, c := range cols {
		switch {
		case s.isBlock(in, c):
			c.block = id
		default:
			c.block = 0
		}
		if s.coversBlocks(in, c.blockHash) {
			c.blockHash = id
		} else {
			c.blockHash = 0
		}
	}
	return out
}
