-- ERC-20 transfers with the token's symbol, name and decimals.
--
-- Some contracts emit Transfer without indexed parameters; their rows have no sender and receiver. The value is what the
-- contract says, in the token's smallest unit.
-- name: Erc20Transfers :stream
-- @sink postgres table=erc20_transfers
-- @sink duckdb table=erc20_transfers
-- @sink snowflake table=erc20_transfers
-- @label tokens csv=labels/tokens.csv key=token_address on=token_address join=left
-- @key block_num, log_index
select
    t.block_num,
    t.block_hash,
    t.timestamp,
    t.tx_hash,
    t.tx_index,
    t.log_index,
    t.token_address,
    t.transfer['from']  as from_address,
    t.transfer['to']    as to_address,
    t.transfer['value'] as value
from (
    select
        l.block_num,
        l.block_hash,
        l.timestamp,
        l.tx_hash,
        l.tx_index,
        l.log_index,
        l.address as token_address,
        evm_decode_log(l.topic1, l.topic2, l.topic3, l.data,
            'Transfer(address indexed from, address indexed to, uint256 value)') as transfer
    from eth_rpc.logs l
    where l.topic0 = evm_topic('Transfer(address indexed from, address indexed to, uint256 value)')
      and l.topic3 is null
) t;
