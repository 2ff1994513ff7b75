-- Swaps of Uniswap V3 pools and of the many pools that copied their event.
--
-- Amounts are signed, from the pool's point of view: positive went in, negative came out.
-- name: UniswapV3Swaps :stream
-- @sink postgres table=uniswap_v3_swaps
-- @sink duckdb table=uniswap_v3_swaps
-- @key block_num, log_index
with swaps as (
    select
        block_num,
        timestamp,
        tx_hash,
        log_index,
        address as pool,
        evm_decode_log(topic1, topic2, topic3, data,
            'Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)') as swap
    from eth_rpc.logs
    where topic0 = evm_topic('Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)')
)
select
    block_num,
    timestamp,
    tx_hash,
    log_index,
    pool,
    swap['sender']       as sender,
    swap['recipient']    as recipient,
    swap['amount0']      as amount0,
    swap['amount1']      as amount1,
    swap['sqrtPriceX96'] as sqrt_price_x96,
    swap['liquidity']    as liquidity,
    swap['tick']         as tick
from swaps;
