-- Transactions with the base fee of their block, and what each paid to the block's producer per unit of gas.
-- name: TransactionsWithFees :stream
-- @sink postgres table=transactions_with_fees
-- @sink duckdb table=transactions_with_fees
-- @key block_num, tx_index
select
    t.block_num,
    t.tx_index,
    t.tx_hash,
    t.timestamp,
    b.miner                          as producer,
    t."from"                         as sender,
    t."to"                           as recipient,
    t.value                          as value,
    t.gas_price,
    b.base_fee_per_gas,
    t.gas_price - b.base_fee_per_gas as tip_per_gas,
    t.access_list
from eth_rpc.transactions t
join eth_rpc.blocks b on b.block_num = t.block_num;
