package store

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/holiman/uint256"

	"github.com/ampgen/ampgen/ampgen/ampdev/chain"
	"github.com/ampgen/ampgen/ampgen/ampdev/synth"
)

// Append adds the rows of blocks, in one transaction.
func (s *Store) Append(ctx context.Context, blocks []*synth.Block) error {
	return s.write(ctx, func() error { return s.append(ctx, blocks) })
}

// Replace removes the rows of all blocks from number fork on and adds those of blocks, in one transaction.
func (s *Store) Replace(ctx context.Context, fork uint64, blocks []*synth.Block) error {
	return s.write(ctx, func() error {
		for _, table := range tables {
			if err := s.writer.Exec(ctx, fmt.Sprintf("DELETE FROM raw.%s WHERE block_num >= %d", table, fork)); err != nil {
				return err
			}
		}
		return s.append(ctx, blocks)
	})
}

func (s *Store) write(ctx context.Context, f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writer.Transaction(ctx, f)
}

func (s *Store) append(ctx context.Context, blocks []*synth.Block) error {
	for _, table := range tables {
		rows := array.NewRecordBuilder(memory.DefaultAllocator, stored(table))
		for _, b := range blocks {
			switch table {
			case "blocks":
				(&row{rows, 0}).block(b)
			case "transactions":
				for i := range b.Transactions {
					(&row{rows, 0}).transaction(b, i)
				}
			case "logs":
				for i := range b.Logs {
					(&row{rows, 0}).log(b, &b.Logs[i])
				}
			}
		}
		batch := rows.NewRecordBatch()
		rows.Release()
		err := s.writer.Insert(ctx, "raw."+table, batch)
		batch.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// row fills one row of a record builder from left to right.
type row struct {
	*array.RecordBuilder
	column int
}

func (r *row) next() array.Builder {
	r.column++
	return r.Field(r.column - 1)
}

func (r *row) bytes(b []byte) {
	switch c := r.next().(type) {
	case *array.FixedSizeBinaryBuilder:
		c.Append(b)
	case *array.BinaryBuilder:
		c.Append(b)
	}
}

func (r *row) u64(v uint64)      { r.next().(*array.Uint64Builder).Append(v) }
func (r *row) u32(v uint32)      { r.next().(*array.Uint32Builder).Append(v) }
func (r *row) i32(v int32)       { r.next().(*array.Int32Builder).Append(v) }
func (r *row) bool(v bool)       { r.next().(*array.BooleanBuilder).Append(v) }
func (r *row) text(v string)     { r.next().(*array.StringBuilder).Append(v) }
func (r *row) decimal(v uint64)  { r.next().(*array.Decimal128Builder).Append(decimal128.FromU64(v)) }
func (r *row) seconds(v int64)   { r.next().(*array.TimestampBuilder).Append(arrow.Timestamp(v * 1e9)) }
func (r *row) null(columns int)  { r.repeat(columns, array.Builder.AppendNull) }
func (r *row) empty(columns int) { r.repeat(columns, array.Builder.AppendEmptyValue) }

func (r *row) repeat(columns int, f func(array.Builder)) {
	for range columns {
		f(r.next())
	}
}

func (r *row) block(b *synth.Block) {
	r.u64(b.Number)
	r.seconds(b.Time)
	r.bytes(b.Hash[:])
	r.bytes(b.Parent[:])
	r.bytes(b.OmmersHash[:])
	r.bytes(b.Miner[:])
	r.bytes(b.StateRoot[:])
	r.bytes(b.TxRoot[:])
	r.bytes(b.ReceiptRoot[:])
	r.bytes(b.Bloom[:])
	r.decimal(0) // difficulty
	r.null(1)    // total_difficulty
	r.u64(synth.GasLimit)
	r.u64(b.GasUsed)
	r.bytes([]byte("ampdev")) // extra_data
	r.bytes(b.MixHash[:])
	r.u64(0) // nonce
	r.decimal(b.BaseFee)
	r.bytes(b.WithdrawalsRoot[:])
	r.u64(b.BlobGasUsed)
	r.u64(b.ExcessBlobGas)
	r.bytes(b.BeaconRoot[:])
	r.null(1) // requests_hash
}

func (r *row) transaction(b *synth.Block, index int) {
	tx := &b.Transactions[index]
	r.bytes(b.Hash[:])
	r.u64(b.Number)
	r.seconds(b.Time)
	r.u32(uint32(index))
	r.bytes(tx.Hash[:])
	if tx.Creates {
		r.null(1)
	} else {
		r.bytes(tx.To[:])
	}
	r.u64(tx.Nonce)
	r.decimal(tx.GasPrice)
	r.u64(tx.GasLimit)
	r.text(new(uint256.Int).SetBytes32(tx.Value[:]).Dec())
	r.bytes(tx.Input)
	r.bytes(tx.R[:])
	r.bytes(tx.S[:])
	r.bool(tx.Parity)
	r.u64(1) // chain_id
	r.u64(tx.GasUsed)
	r.i32(tx.Type)
	if tx.Type == 2 {
		r.decimal(tx.MaxFee)
		r.decimal(tx.MaxPriorityFee)
	} else {
		r.null(2)
	}
	r.null(1) // max_fee_per_blob_gas
	r.bytes(tx.From[:])
	r.bool(!tx.Failed)
	r.null(1) // state_root
	if tx.Type == 2 {
		r.empty(1) // access_list
	} else {
		r.null(1)
	}
	r.null(2) // blob_versioned_hashes, authorization_list
	r.u64(tx.CumulativeGas)
}

func (r *row) log(b *synth.Block, l *synth.Log) {
	r.bytes(b.Hash[:])
	r.u64(b.Number)
	r.seconds(b.Time)
	r.bytes(b.Transactions[l.TxIndex].Hash[:])
	r.u32(l.TxIndex)
	r.u32(l.LogIndex)
	r.bytes(l.Address[:])
	for i := range l.TopicCount {
		r.bytes(l.Topics[i][:])
	}
	r.null(4 - l.TopicCount)
	r.bytes(l.Data)
}

// headers reads the block headers of a batch of the columns number, hash, parent hash and time.
func headers(batch arrow.RecordBatch) []chain.Block {
	number := batch.Column(0).(*array.Uint64)
	hash, parent := batch.Column(1).(*array.FixedSizeBinary), batch.Column(2).(*array.FixedSizeBinary)
	time := batch.Column(3).(*array.Int64)
	out := make([]chain.Block, batch.NumRows())
	for i := range out {
		out[i] = chain.Block{Number: number.Value(i), Hash: chain.Hash(hash.Value(i)), Parent: chain.Hash(parent.Value(i)), Time: time.Value(i)}
	}
	return out
}
