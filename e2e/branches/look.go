package branches

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
	"github.com/ampgen/ampgen/runtime/blockrange"
)

// A Watcher is a reader of the table erc20_transfers. What it sees at any one moment must be a whole number of commits: the table
// has the rows of the blocks that the state covers, all of them, and no others.
type Watcher struct {
	chain *Chain
	db    *sql.DB
	// Rows is the number of rows of each block that was covered when the watcher looked, by hash. A block always has the same.
	Rows map[string]int
	// Looks is how often the watcher has seen the table with something in it.
	Looks int
	// Neither is how often it saw less than at the look before, and nothing else in its place: neither of two branches.
	Neither int

	last string // the hash of the last covered block
}

// NewWatcher makes a reader of a PostgreSQL database.
func NewWatcher(c *Chain, db *sql.DB) *Watcher {
	return &Watcher{chain: c, db: db, Rows: map[string]int{}}
}

// Look looks at the newest depth blocks, or at all if it is 0. It returns the committed ranges; its error says what is wrong.
func (w *Watcher) Look(ctx context.Context, depth uint64) ([]blockrange.Range, error) {
	tx, err := w.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	ready := false
	err = tx.QueryRowContext(ctx, "SELECT to_regclass('amp_stream_state') IS NOT NULL AND to_regclass('erc20_transfers') IS NOT NULL").Scan(&ready)
	if err != nil || !ready {
		return nil, err
	}
	ranges, err := w.state(ctx, tx)
	if err != nil {
		return nil, err
	}
	from := w.chain.First().Number
	if len(ranges) > 0 && depth > 0 {
		from = max(from, ranges[len(ranges)-1].End-min(depth, ranges[len(ranges)-1].End))
	}
	counts, err := w.counts(ctx, tx, from)
	if err != nil {
		return nil, err
	}
	if len(ranges) > 0 {
		w.Looks++
	}
	return ranges, w.compare(ranges, from, counts)
}

// state reads the committed ranges from the chain's first block on.
func (w *Watcher) state(ctx context.Context, tx *sql.Tx) ([]blockrange.Range, error) {
	rows, err := tx.QueryContext(ctx, `SELECT network, start_block, end_block, coalesce(end_hash, '') FROM amp_stream_state
		WHERE connection_name = 'erc20_transfers' AND start_block >= $1 ORDER BY start_block`, int64(w.chain.First().Number))
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

// compare holds the rows from a block number on against the committed ranges.
func (w *Watcher) compare(ranges []blockrange.Range, from uint64, counts map[uint64]count) error {
	blocks, err := w.chain.Covered(ranges, from, func(n uint64) string { return counts[n].low })
	if err != nil {
		return err
	}
	for _, b := range blocks {
		hash, c := b.Hash.String(), counts[b.Number]
		delete(counts, b.Number)
		if c.rows > 0 && (c.low != hash || c.high != hash) {
			return fmt.Errorf("block %d is %s, and there are rows of its blocks %s and %s", b.Number, hash, c.low, c.high)
		}
		if before, seen := w.Rows[hash]; seen && before != c.rows {
			return fmt.Errorf("block %d (%s) has %d rows, and had %d before", b.Number, hash, c.rows, before)
		}
		w.Rows[hash] = c.rows
	}
	if err := w.compareEnds(blocks); err != nil {
		return err
	}
	for n := range counts {
		return fmt.Errorf("there are rows of block %d, and the state covers %v", n, ranges)
	}
	return nil
}

// compareEnds notes whether the covered blocks end with one that the last one at the look before descends from.
func (w *Watcher) compareEnds(blocks []chain.Block) error {
	before := w.last
	w.last = ""
	if len(blocks) > 0 {
		w.last = blocks[len(blocks)-1].Hash.String()
	}
	if before == "" || before == w.last {
		return nil
	}
	from := w.chain.First().Number
	if len(blocks) > 0 {
		from = blocks[len(blocks)-1].Number
	}
	former, err := w.chain.Branch(from, before)
	if err == nil && (len(blocks) == 0 || len(former) > 0 && former[0].Hash.String() == w.last) {
		w.Neither++
	}
	return err
}
