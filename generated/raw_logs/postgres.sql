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
    "_amp_is_current" boolean NOT NULL DEFAULT true,
    "_amp_reorg_batch_id" text
);
CREATE UNIQUE INDEX IF NOT EXISTS "raw_logs_current_key" ON "raw_logs" ("block_num", "log_index") WHERE "_amp_is_current";

-- Undoing a reorganisation finds rows by block.
CREATE INDEX IF NOT EXISTS "raw_logs_block" ON "raw_logs" ("block_num");

-- What the chain says now, and everything that it ever said.
CREATE OR REPLACE VIEW "raw_logs_current" AS
    SELECT "block_num", "timestamp", "tx_hash", "tx_index", "log_index", "address", "topic0", "topic1", "topic2", "topic3", "data"
    FROM "raw_logs" WHERE "_amp_is_current";
CREATE OR REPLACE VIEW "raw_logs_history" AS
    SELECT "block_num", "timestamp", "tx_hash", "tx_index", "log_index", "address", "topic0", "topic1", "topic2", "topic3", "data", "_amp_batch_id", "_amp_is_current", "_amp_reorg_batch_id"
    FROM "raw_logs";

-- The rows that left the chain and are not replaced yet: few, and soon none.
CREATE INDEX IF NOT EXISTS "raw_logs_unreplaced" ON "raw_logs" ("block_num") WHERE NOT "_amp_is_current" AND "_amp_reorg_batch_id" IS NULL;

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
