package branches

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/ampgen/ampgen/runtime/blockrange"
)

// A Watcher is a reader of the table erc20_transfers. What it sees at any one moment must be a whole number of commits: the state
// covers blocks of one branch without a gap, and the table has their rows, all of them, and no others.
type Watcher struct {
	chain *Chain
	db    *sql.DB
	// Rows is the number of rows of each block that was covered when the watcher looked, by hash. A block always has the same.
	Rows map[string]int
	// Looks is how often the watcher has seen the table with something in it.
	Looks int
}

// NewWatcher makes a reader of a PostgreSQL database.
func NewWatcher(c *Chain, db *sql.DB) *Watcher {
	return &Watcher{chain: c, db: db, Rows: map[string]int{}}
}

// Coverage is what the state says.
type Coverage struct {
	First, Last uint64
	Hash        string // of the last block that has one in the state
	Empty       bool   // nothing is committed
}

// Look looks at the newest depth blocks, or at all if it is 0. Its error says what is wrong with them.
func (w *Watcher) Look(ctx context.Context, depth uint64) (Coverage, error) {
	tx, err := w.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return Coverage{}, err
	}
	defer tx.Rollback()
	ready := false
	err = tx.QueryRowContext(ctx, "SELECT to_regclass('amp_stream_state') IS NOT NULL AND to_regclass('erc20_transfers') IS NOT NULL").Scan(&ready)
	if err != nil || !ready {
		return Coverage{Empty: true}, err
	}
	ranges, err := w.state(ctx, tx)
	if err != nil {
		return Coverage{}, err
	}
	covered, err := Join(ranges)
	if err != nil {
		return covered, err
	}
	from := covered.First
	if depth > 0 && covered.Last >= depth {
		from = max(from, covered.Last-depth)
	}
	counts, err := w.counts(ctx, tx, from)
	if err != nil {
		return covered, err
	}
	if covered.Empty {
		if len(counts) > 0 {
			return covered, fmt.Errorf("there are rows of %d blocks, and nothing is committed", len(counts))
		}
		return covered, nil
	}
	w.Looks++
	return covered, w.compare(ranges, covered, from, counts)
}

// state reads the committed ranges.
func (w *Watcher) state(ctx context.Context, tx *sql.Tx) ([]blockrange.Range, error) {
	rows, err := tx.QueryContext(ctx, `SELECT network, start_block, end_block, coalesce(end_hash, '') FROM amp_stream_state
		WHERE connection_name = 'erc20_transfers' ORDER BY start_block`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []blockrange.Range
	for rows.Next() {
		var network, hash string
		var start, end uint64
		if err := rows.Scan(&network, &start, &end, &hash); err != nil {
			return nil, err
		}
		out = append(out, blockrange.FromStored(network, start, end, hash, ""))
	}
	return out, rows.Err()
}

// Join is the coverage of ranges in order of their start. It is an error if there is a gap between them, or if they overlap.
func Join(ranges []blockrange.Range) (Coverage, error) {
	c := Coverage{Empty: len(ranges) == 0}
	for i, r := range ranges {
		switch {
		case i == 0:
			c.First = r.Start
		case r.Start != c.Last+1:
			return c, fmt.Errorf("the committed %s comes after one that ends at %d", r, c.Last)
		}
		c.Last = r.End
		if r.Hash != "" {
			c.Hash = r.Hash
		}
	}
	return c, nil
}

// count is the rows of one block number.
type count struct {
	low, high string // the least and the greatest hash of the block
	rows      int
}

func (w *Watcher) counts(ctx context.Context, tx *sql.Tx, from uint64) (map[uint64]count, error) {
	rows, err := tx.QueryContext(ctx, `SELECT block_num, min('0x' || encode(block_hash, 'hex')), max('0x' || encode(block_hash, 'hex')), count(*)
		FROM erc20_transfers WHERE block_num >= $1::numeric GROUP BY block_num`, fmt.Sprint(from))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[uint64]count{}
	for rows.Next() {
		var n uint64
		var c count
		if err := rows.Scan(&n, &c.low, &c.high, &c.rows); err != nil {
			return nil, err
		}
		out[n] = c
	}
	return out, rows.Err()
}

// compare holds rows from a block number on against the branch that the state names.
func (w *Watcher) compare(ranges []blockrange.Range, covered Coverage, from uint64, counts map[uint64]count) error {
	if covered.Hash == "" {
		return nil // history without hashes: any branch may be meant
	}
	blocks, err := w.chain.Branch(covered.First, covered.Hash)
	if err != nil {
		return err
	}
	for _, r := range ranges {
		if i := r.End - covered.First; r.Hash != "" && (i >= uint64(len(blocks)) || blocks[i].Hash.String() != r.Hash) {
			return fmt.Errorf("the committed %s is not of the branch of block %s", r, covered.Hash)
		}
	}
	for _, b := range blocks {
		if b.Number < from {
			continue
		}
		hash, c := b.Hash.String(), counts[b.Number]
		delete(counts, b.Number)
		if c.rows > 0 && (c.low != hash || c.high != hash) {
			return fmt.Errorf("block %d is %s, and there are rows of its block %s", b.Number, hash, c.low)
		}
		if before, seen := w.Rows[hash]; seen && before != c.rows {
			return fmt.Errorf("block %d (%s) has %d rows, and had %d before", b.Number, hash, c.rows, before)
		}
		w.Rows[hash] = c.rows
	}
	for n := range counts {
		if n > blocks[len(blocks)-1].Number && n <= covered.Last {
			continue // of the unproven end
		}
		return fmt.Errorf("there are rows of block %d, and the state covers %d to %d", n, covered.First, covered.Last)
	}
	return nil
}
