package catalog

import "github.com/apache/arrow-go/v18/arrow"

// The raw tables that Amp's extractors write. The server serves these schemas whatever a registered raw manifest says, so
// they are code here too.

var (
	u8      arrow.DataType = arrow.PrimitiveTypes.Uint8
	u32     arrow.DataType = arrow.PrimitiveTypes.Uint32
	u64     arrow.DataType = arrow.PrimitiveTypes.Uint64
	i32     arrow.DataType = arrow.PrimitiveTypes.Int32
	i64     arrow.DataType = arrow.PrimitiveTypes.Int64
	boolean arrow.DataType = arrow.FixedWidthTypes.Boolean
	utf8    arrow.DataType = arrow.BinaryTypes.String
	binary  arrow.DataType = arrow.BinaryTypes.Binary
	bytes20 arrow.DataType = &arrow.FixedSizeBinaryType{ByteWidth: 20}
	bytes32 arrow.DataType = &arrow.FixedSizeBinaryType{ByteWidth: 32}
	decimal arrow.DataType = &arrow.Decimal128Type{Precision: 38}
	instant arrow.DataType = &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "+00:00"}
)

// req and opt are a required and a nullable field.
func req(name string, t arrow.DataType) arrow.Field { return arrow.Field{Name: name, Type: t} }
func opt(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

// listOf is a list whose items are required; EVM lists are.
func listOf(t arrow.DataType) arrow.DataType { return arrow.ListOfField(req("item", t)) }

func table(name string, fields ...arrow.Field) *Table {
	return &Table{Name: name, Schema: arrow.NewSchema(fields, nil)}
}

// builtin returns the tables of a raw kind, nil for another.
func builtin(kind Kind) []*Table {
	switch kind {
	case EVMRPC:
		return []*Table{evmBlocks, rpcTransactions, evmLogs}
	case Firehose:
		return []*Table{evmBlocks, firehoseTransactions, firehoseCalls, evmLogs}
	case Solana:
		return solanaTables
	}
	return nil
}

var evmBlocks = table("blocks",
	req("_block_num", u64), req("block_num", u64), req("timestamp", instant), req("hash", bytes32), req("parent_hash", bytes32),
	req("ommers_hash", bytes32), req("miner", bytes20), req("state_root", bytes32), req("transactions_root", bytes32),
	req("receipt_root", bytes32), req("logs_bloom", binary), req("difficulty", decimal), opt("total_difficulty", decimal),
	req("gas_limit", u64), req("gas_used", u64), req("extra_data", binary), req("mix_hash", bytes32), req("nonce", u64),
	opt("base_fee_per_gas", decimal), opt("withdrawals_root", bytes32), opt("blob_gas_used", u64), opt("excess_blob_gas", u64),
	opt("parent_beacon_root", bytes32), opt("requests_hash", bytes32),
)

var evmLogs = table("logs",
	req("_block_num", u64), req("block_hash", bytes32), req("block_num", u64), req("timestamp", instant), req("tx_hash", bytes32),
	req("tx_index", u32), req("log_index", u32), req("address", bytes20), opt("topic0", bytes32), opt("topic1", bytes32),
	opt("topic2", bytes32), opt("topic3", bytes32), req("data", binary),
)

var rpcTransactions = &Table{
	Name:    "transactions",
	Logical: map[string]string{"value": "uint256"},
	Schema: arrow.NewSchema([]arrow.Field{
		req("_block_num", u64), req("block_hash", bytes32), req("block_num", u64), req("timestamp", instant), req("tx_index", u32),
		req("tx_hash", bytes32), opt("to", bytes20), req("nonce", u64), opt("gas_price", decimal), req("gas_limit", u64),
		req("value", utf8), req("input", binary), req("r", bytes32), req("s", bytes32), req("v_parity", boolean), opt("chain_id", u64),
		req("gas_used", u64), req("type", i32), opt("max_fee_per_gas", decimal), opt("max_priority_fee_per_gas", decimal),
		opt("max_fee_per_blob_gas", decimal), req("from", bytes20), req("status", boolean), opt("state_root", bytes32),
		opt("access_list", listOf(arrow.StructOf(req("address", bytes20), req("storage_keys", listOf(bytes32))))),
		opt("blob_versioned_hashes", listOf(bytes32)),
		opt("authorization_list", listOf(arrow.StructOf(req("chain_id", u64), req("address", bytes20), req("nonce", u64),
			req("y_parity", boolean), req("r", bytes32), req("s", bytes32)))),
	}, nil),
}

var firehoseTransactions = &Table{
	Name:    "transactions",
	Logical: map[string]string{"value": "uint256"},
	Schema: arrow.NewSchema([]arrow.Field{
		req("_block_num", u64), req("block_hash", bytes32), req("block_num", u64), req("timestamp", instant), req("tx_index", u32),
		req("tx_hash", bytes32), opt("to", bytes20), req("nonce", u64), opt("gas_price", decimal), req("gas_limit", u64),
		opt("value", utf8), req("input", binary), req("v", binary), req("r", binary), req("s", binary), req("gas_used", u64),
		req("type", i32), opt("max_fee_per_gas", decimal), opt("max_priority_fee_per_gas", decimal), req("from", bytes20),
		req("status", i32), req("return_data", binary), req("public_key", binary), req("begin_ordinal", u64), req("end_ordinal", u64),
	}, nil),
}

var firehoseCalls = table("calls",
	req("_block_num", u64), req("block_hash", bytes32), req("block_num", u64), req("timestamp", instant), req("tx_index", u32),
	req("tx_hash", bytes32), req("index", u32), req("parent_index", u32), req("depth", u32), req("call_type", i32),
	req("caller", bytes20), req("address", bytes20), opt("value", decimal), req("gas_limit", u64), req("gas_consumed", u64),
	req("return_data", binary), req("input", binary), req("selfdestruct", boolean), req("executed_code", boolean),
	req("begin_ordinal", u64), req("end_ordinal", u64),
)
