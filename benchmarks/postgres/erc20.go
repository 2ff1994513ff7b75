package main

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/ampgen/ampgen/runtime"
	"github.com/ampgen/ampgen/runtime/pgcopy"
)

func fixed(n int) arrow.DataType { return &arrow.FixedSizeBinaryType{ByteWidth: n} }

// erc20 is the table of the ERC-20 query.
func erc20() runtime.Table {
	return runtime.Table{
		Pipeline: "Erc20Transfers",
		Name:     "erc20_transfers",
		Block:    "block_num",
		Key:      []string{"block_num", "log_index"},
		Schema: arrow.NewSchema([]arrow.Field{
			{Name: "block_num", Type: arrow.PrimitiveTypes.Uint64},
			{Name: "block_hash", Type: fixed(32)},
			{Name: "timestamp", Type: &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "+00:00"}},
			{Name: "tx_hash", Type: fixed(32)},
			{Name: "tx_index", Type: arrow.PrimitiveTypes.Uint32},
			{Name: "log_index", Type: arrow.PrimitiveTypes.Uint32},
			{Name: "token_address", Type: fixed(20)},
			{Name: "from_address", Type: fixed(20), Nullable: true},
			{Name: "to_address", Type: fixed(20), Nullable: true},
			{Name: "value", Type: arrow.BinaryTypes.String, Nullable: true, Metadata: arrow.MetadataFrom(map[string]string{runtime.LogicalKey: runtime.LogicalUint256})},
			{Name: "symbol", Type: arrow.BinaryTypes.String, Nullable: true},
			{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
			{Name: "decimals", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		}, nil),
	}
}

// encoder is what ampgen writes for the table.
type encoder struct {
	blockNum                                          *array.Uint64
	timestamp                                         *array.Timestamp
	txIndex, logIndex                                 *array.Uint32
	blockHash, txHash, tokenAddress, fromAddr, toAddr *array.FixedSizeBinary
	value, symbol, name                               *array.String
	decimals                                          *array.Int64
}

func newEncoder() pgcopy.Encoder { return &encoder{} }

func (e *encoder) Bind(rows arrow.RecordBatch) error {
	ok := true
	bind := func(good bool) { ok = ok && good }
	var good bool
	e.blockNum, good = rows.Column(0).(*array.Uint64)
	bind(good)
	e.blockHash, good = rows.Column(1).(*array.FixedSizeBinary)
	bind(good)
	e.timestamp, good = rows.Column(2).(*array.Timestamp)
	bind(good)
	e.txHash, good = rows.Column(3).(*array.FixedSizeBinary)
	bind(good)
	e.txIndex, good = rows.Column(4).(*array.Uint32)
	bind(good)
	e.logIndex, good = rows.Column(5).(*array.Uint32)
	bind(good)
	e.tokenAddress, good = rows.Column(6).(*array.FixedSizeBinary)
	bind(good)
	e.fromAddr, good = rows.Column(7).(*array.FixedSizeBinary)
	bind(good)
	e.toAddr, good = rows.Column(8).(*array.FixedSizeBinary)
	bind(good)
	e.value, good = rows.Column(9).(*array.String)
	bind(good)
	e.symbol, good = rows.Column(10).(*array.String)
	bind(good)
	e.name, good = rows.Column(11).(*array.String)
	bind(good)
	e.decimals, good = rows.Column(12).(*array.Int64)
	bind(good)
	if !ok {
		return fmt.Errorf("the batch's columns are %s", rows.Schema())
	}
	return nil
}

func (e *encoder) AppendRows(dst []byte, from, to int, tail pgcopy.Tail) ([]byte, error) {
	var err error
	for i := from; i < to; i++ {
		dst = pgcopy.AppendTuple(dst, 13+tail.Fields)
		dst = pgcopy.AppendUint64(dst, e.blockNum.Value(i))
		dst = pgcopy.AppendBytes(dst, e.blockHash.Value(i))
		if dst, err = pgcopy.AppendTimestamp(dst, int64(e.timestamp.Value(i)), arrow.Nanosecond); err != nil {
			return dst, pgcopy.At("timestamp", i, err)
		}
		dst = pgcopy.AppendBytes(dst, e.txHash.Value(i))
		dst = pgcopy.AppendInt64(dst, int64(e.txIndex.Value(i)))
		dst = pgcopy.AppendInt64(dst, int64(e.logIndex.Value(i)))
		dst = pgcopy.AppendBytes(dst, e.tokenAddress.Value(i))
		if e.fromAddr.IsNull(i) {
			dst = pgcopy.AppendNull(dst)
		} else {
			dst = pgcopy.AppendBytes(dst, e.fromAddr.Value(i))
		}
		if e.toAddr.IsNull(i) {
			dst = pgcopy.AppendNull(dst)
		} else {
			dst = pgcopy.AppendBytes(dst, e.toAddr.Value(i))
		}
		if e.value.IsNull(i) {
			dst = pgcopy.AppendNull(dst)
		} else if dst, err = pgcopy.AppendDecimalText(dst, e.value.Value(i)); err != nil {
			return dst, pgcopy.At("value", i, err)
		}
		if e.symbol.IsNull(i) {
			dst = pgcopy.AppendNull(dst)
		} else if dst, err = pgcopy.AppendText(dst, e.symbol.Value(i)); err != nil {
			return dst, pgcopy.At("symbol", i, err)
		}
		if e.name.IsNull(i) {
			dst = pgcopy.AppendNull(dst)
		} else if dst, err = pgcopy.AppendText(dst, e.name.Value(i)); err != nil {
			return dst, pgcopy.At("name", i, err)
		}
		if e.decimals.IsNull(i) {
			dst = pgcopy.AppendNull(dst)
		} else {
			dst = pgcopy.AppendInt64(dst, e.decimals.Value(i))
		}
		dst = append(dst, tail.Bytes...)
	}
	return dst, nil
}
