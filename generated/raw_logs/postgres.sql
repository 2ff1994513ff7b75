-- raw_logs, one row per result row.
CREATE TABLE IF NOT EXISTS "raw_logs" (
    "block_num" numeric(20,0) NOT NULL,
    "timestamp" timestamptz NOT NULL,
    "tx_hash" bytea NOT NULL,
    "tx_index" bigint NOT NULL,
    "log_index" bigint NOT NULL,
    "address" bytea NOT NULL,
    "topic0" bytea,
    "topic1" bytea,
    "topic2" bytea,
    "topic3" bytea,
    "data" bytea NOT NULL,
    "_amp_batch_id" text,
    PRIMARY KEY ("block_num", "log_index")
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
