-- transactions_with_fees, one row per result row.
CREATE TABLE IF NOT EXISTS "transactions_with_fees" (
    "block_num" numeric(20,0) NOT NULL,
    "tx_index" bigint NOT NULL,
    "tx_hash" bytea NOT NULL,
    "timestamp" timestamptz NOT NULL,
    "producer" bytea NOT NULL,
    "sender" bytea NOT NULL,
    "recipient" bytea,
    "value" numeric(78,0) NOT NULL,
    "gas_price" numeric(38,0),
    "base_fee_per_gas" numeric(38,0),
    "tip_per_gas" numeric(38,0),
    "access_list" jsonb,
    "_amp_batch_id" text,
    PRIMARY KEY ("block_num", "tx_index")
);

-- What is loaded: one row per committed range of blocks, both ends inclusive. Old neighbours are merged; units counts them.
CREATE TABLE IF NOT EXISTS "amp_stream_state" (
    connection_name text NOT NULL,
    table_name text NOT NULL,
    network text NOT NULL,
    batch_id text NOT NULL,
    start_block bigint NOT NULL,
    end_block bigint NOT NULL,
    end_hash text,
    start_parent_hash text,
    processed_at timestamptz NOT NULL DEFAULT now(),
    end_timestamp bigint,
    units bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (connection_name, table_name, network, batch_id)
);
ALTER TABLE "amp_stream_state" ADD COLUMN IF NOT EXISTS end_timestamp bigint, ADD COLUMN IF NOT EXISTS units bigint NOT NULL DEFAULT 1;
CREATE INDEX IF NOT EXISTS amp_stream_state_blocks ON "amp_stream_state" (connection_name, table_name, network, end_block);

-- Who may load: only the holder of the newest epoch commits.
CREATE TABLE IF NOT EXISTS "amp_stream_fence" (
    connection_name text NOT NULL,
    table_name text NOT NULL,
    epoch bigint NOT NULL,
    holder text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (connection_name, table_name)
);
