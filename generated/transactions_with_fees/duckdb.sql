-- The rows of the query, as a stream commits them: one per block_num, tx_index.
CREATE TABLE IF NOT EXISTS "transactions_with_fees" (
    "block_num" UBIGINT NOT NULL,
    "tx_index" UINTEGER NOT NULL,
    "tx_hash" BLOB NOT NULL,
    "timestamp" TIMESTAMP_NS NOT NULL,
    "producer" BLOB NOT NULL,
    "sender" BLOB NOT NULL,
    "recipient" BLOB,
    "value" BIGNUM NOT NULL,
    "gas_price" DECIMAL(38,0),
    "base_fee_per_gas" DECIMAL(38,0),
    "tip_per_gas" DECIMAL(38,0),
    "access_list" STRUCT("address" BLOB, "storage_keys" BLOB[])[],
    "_amp_batch_id" VARCHAR NOT NULL,
    PRIMARY KEY ("block_num", "tx_index")
);

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
