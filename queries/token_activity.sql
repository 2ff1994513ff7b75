-- How busy each token contract was over the whole chain: one row per contract that emitted a Transfer event.
-- name: TokenActivity :batch
-- @sink postgres table=token_activity
-- @sink duckdb table=token_activity
-- @label tokens csv=labels/tokens.csv key=token_address on=token_address join=left
select
    l.address                        as token_address,
    count(*)                         as transfers,
    count(distinct l.tx_hash)        as transactions,
    min(l.block_num)                 as first_block,
    max(l.block_num)                 as last_block,
    max(l.timestamp)                 as last_seen
from eth_rpc.logs l
where l.topic0 = evm_topic('Transfer(address indexed from, address indexed to, uint256 value)')
group by l.address;
