-- Every event log of the chain, as the node returned it.
-- name: RawLogs :stream
-- @sink postgres table=raw_logs
-- @sink duckdb table=raw_logs
-- @key block_num, log_index
select block_num, timestamp, tx_hash, tx_index, log_index, address, topic0, topic1, topic2, topic3, data
from eth_rpc.logs;
