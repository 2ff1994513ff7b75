-- Every event log of the chain, as the node returned it. Those of blocks that left the chain are kept, and marked: raw_logs_current
-- has the logs of the chain as it is, raw_logs_history has all.
-- name: RawLogs :stream
-- @sink postgres table=raw_logs history
-- @sink duckdb table=raw_logs history
-- @sink snowflake table=raw_logs history
-- @key block_num, log_index
select block_num, timestamp, tx_hash, tx_index, log_index, address, topic0, topic1, topic2, topic3, data
from eth_rpc.logs;
