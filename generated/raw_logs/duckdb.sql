-- The rows of the query, those of abandoned branches included: one per block_num, log_index and branch.
CREATE TABLE IF NOT EXISTS "raw_logs" (
    "block_num" UBIGINT NOT NULL,
    "timestamp" TIMESTAMP_NS NOT NULL,
    "tx_hash" BLOB NOT NULL,
    "tx_index" UINTEGER NOT NULL,
    "log_index" UINTEGER NOT NULL,
    "address" BLOB NOT NULL,
    "topic0" BLOB,
    "topic1" BLOB,
    "topic2" BLOB,
    "topic3" BLOB,
    "data" BLOB NOT NULL,
    "_amp_batch_id" VARCHAR NOT NULL,
    "_amp_is_current" BOOLEAN NOT NULL DEFAULT true,
    "_amp_reorg_batch_id" VARCHAR
);

-- The rows that are on the chain now.
CREATE VIEW IF NOT EXISTS "raw_logs_current" AS
    SELECT * EXCLUDE ("_amp_batch_id", "_amp_is_current", "_amp_reorg_batch_id") FROM "raw_logs" WHERE "_amp_is_current";

-- All rows that ever were on the chain.
CREATE VIEW IF NOT EXISTS "raw_logs_history" AS
    SELECT * FROM "raw_logs";

-- What is loaded: one row per committed range of blocks, both ends included. Old neighbours are merged; units counts them.
CREATE TABLE IF NOT EXISTS "amp_stream_state" (
    connection_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    network VARCHAR NOT NULL,
    batch_id VARCHAR NOT NULL,
    start_block UBIGINT NOT NULL,
    end_block UBIGINT NOT NULL,
    end_hash VARCHAR,
    start_parent_hash VARCHAR,
    processed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT current_timestamp,
    end_timestamp BIGINT,
    units UBIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (connection_name, table_name, network, batch_id)
);

-- Which loader may commit: the one that took the highest epoch.
CREATE TABLE IF NOT EXISTS "amp_stream_fence" (
    connection_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    epoch BIGINT NOT NULL,
    holder VARCHAR NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT current_timestamp,
    PRIMARY KEY (connection_name, table_name)
);
