-- Queries that inference and DataFusion must agree on; oracle.py records DataFusion's answers in oracle.json.
-- One query per line. A line that begins with -- is a comment.

-- columns and qualifiers
select block_num from eth_firehose.logs
select logs.block_num from eth_firehose.logs
select eth_firehose.logs.block_num from eth_firehose.logs
select l.block_num, l.tx_hash from eth_firehose.logs l
select eth_firehose.l.block_num from eth_firehose.logs l
select eth_firehose.logs.block_num from eth_firehose.logs l
select l.block_num as n, l.data as d, topic0 as t from eth_firehose.logs as l
select (block_num) from eth_firehose.logs
select +block_num from eth_firehose.logs
select block_num as block_num, address as "Address" from eth_firehose.logs
select BLOCK_NUM, "block_num" as b from eth_firehose.logs
select "BLOCK_NUM" from eth_firehose.logs
select nope from eth_firehose.logs
select l.nope from eth_firehose.logs l
select logs.block_num from eth_firehose.logs l
select block_num from eth_firehose.nope
select block_num from nope.logs
select block_num, block_num from eth_firehose.logs
select block_num, log_index as block_num from eth_firehose.logs
select block_num as a, log_index as a from eth_firehose.logs

-- wildcards
select * from eth_firehose.logs
select * from eth_rpc.transactions
select * from eth_rpc.blocks
select * from solana.transactions
select * from solana.messages
select l.* from eth_firehose.logs l
select eth_firehose.logs.* from eth_firehose.logs
select logs.* from eth_firehose.logs
select * exclude (data, topic3) from eth_firehose.logs
select * except (data) from eth_firehose.logs
select * exclude data from eth_firehose.logs
select * exclude (nope) from eth_firehose.logs
select * exclude (data, data) from eth_firehose.logs
select * replace (log_index + 1 as log_index) from eth_firehose.logs
select * exclude (data) replace (cast(address as bytea) as address) from eth_firehose.logs
select l.* exclude (data), b.hash as block from eth_firehose.logs l join eth_firehose.blocks b on l.block_num = b.block_num
select *, log_index + 1 as next from eth_firehose.logs
select *
select * from eth_firehose.logs l, eth_firehose.logs l

-- literals
select 1 as a, -1 as b, 1.5 as c, 1e5 as d, 'x' as e, true as f, null as g, x'ff00' as h
select 9223372036854775807 as a, 9223372036854775808 as b, 18446744073709551615 as c, 18446744073709551616 as d, -9223372036854775808 as e, -9223372036854775809 as f
select interval '1 day' as a, interval '1' hour as b, date '2024-01-01' as c, timestamp '2024-01-01 00:00:00' as d
select timestamp with time zone '2024-01-01 00:00:00' as a, time '01:02:03' as b
select $$text$$ as a, E'a\nb' as b, 0xff as c
select [1, 2] as a, [1, 2.5] as b, ['a', 'b'] as c, [] as d, [[1], [2, 3]] as e, [1, null] as f
select struct(1, 'a') as a, struct(1 as x, 'a' as "Y") as b, {'k': 1, 'v': 'w'} as c, (1, 2) as d
select map {'a': 1, 'b': 2} as a, map(['x'], [1.5]) as b, map('k', 1, 'l', 2) as c, make_map('k', true) as d

-- casts
select cast(block_num as bigint) as a, block_num::int as b, try_cast(log_index as smallint) as c, cast(data as text) as d from eth_firehose.logs
select cast(log_index as tinyint) as a, cast(log_index as bigint unsigned) as b, cast(log_index as int unsigned) as c, cast(log_index as double) as d, cast(log_index as real) as e from eth_firehose.logs
select cast(log_index as decimal) as a, cast(log_index as decimal(10)) as b, cast(log_index as numeric(10, 2)) as c, cast(log_index as decimal(60, 4)) as d from eth_firehose.logs
select cast(value as decimal(38, 0)) as a, value::varchar as b, value::char(3) as c, value::string as d from eth_rpc.transactions
select cast(address as bytea) as a from eth_firehose.logs
select cast(address as text) as a from eth_firehose.logs
select cast(timestamp as date) as a, timestamp::timestamp as b, cast(timestamp as timestamp(3)) as c, timestamp::timestamptz as d, cast(timestamp as text) as e from eth_firehose.logs
select timestamp at time zone 'UTC' as a from eth_firehose.logs
select cast(log_index as timestamp) as a, cast(cast(log_index as bigint) as timestamp) as b from eth_firehose.logs
select arrow_cast(address, 'Binary') as a, arrow_cast(data, 'FixedSizeBinary(20)') as b, arrow_cast(log_index, 'Decimal256(76, 0)') as c from eth_firehose.logs
select arrow_cast(timestamp, 'Timestamp(Second, None)') as a, arrow_cast(topic0, 'Binary') as b, arrow_cast(1, 'UInt64') as c from eth_firehose.logs
select cast([1, 2] as int[]) as a, cast(null as int) as b, cast(null as text) as c
select cast(struct(1, 2) as struct<x int, y text>) as a
select log_index::bigint::text as a from eth_firehose.logs
select cast(log_index as boolean) as a from eth_firehose.logs

-- arithmetic
select log_index + 1 as a, log_index - log_index as b, log_index * 2 as c, log_index / 2 as d, log_index % 2 as e from eth_firehose.logs
select block_num + block_num as a, block_num * block_num as b, block_num / block_num as c, block_num % block_num as d from eth_firehose.logs
select block_num + 1 as a from eth_firehose.logs
select block_num - 1 as a from eth_firehose.logs
select block_num * 2 as a from eth_firehose.logs
select block_num / 2 as a from eth_firehose.logs
select block_num % 2 as a from eth_firehose.logs
select cast(block_num + 1 as bigint) as a, cast(block_num / 2 as decimal(38, 4)) as b from eth_firehose.logs
select block_num + cast(1 as bigint unsigned) as a from eth_firehose.logs
select block_num + log_index as a, block_num + 1.5 as b from eth_firehose.logs
select gas_price * gas_used as a from eth_rpc.transactions
select gas_price + 1 as a, gas_price / 2 as b, gas_price * 1.5 as c, gas_price - gas_price as d from eth_rpc.transactions
select cast(gas_price as double) / 1e9 as a from eth_rpc.transactions
select type + 1 as a, -type as b, +type as c from eth_rpc.transactions
select -gas_used as a from eth_rpc.transactions
select value + 1 as a from eth_rpc.transactions
select null + 1 as a, null + null as b
select timestamp + interval '1 day' as a, timestamp - interval '1 hour' as b from eth_firehose.logs
select timestamp - timestamp as a, cast(timestamp as date) - cast(timestamp as date) as b, cast(timestamp as date) + 1 as c from eth_firehose.logs
select timestamp + timestamp as a from eth_firehose.logs
select log_index & 1 as a, log_index | 2 as b, log_index ^ 3 as c, log_index << 2 as d, log_index >> 1 as e, block_num & 1 as f from eth_firehose.logs

-- comparison and logic
select block_num = 1 as a, block_num > log_index as b, topic0 = topic1 as c, topic0 is null as d, topic0 is not null as e from eth_firehose.logs
select topic0 = x'00' as a, data <> x'' as b, address = x'00' as c from eth_firehose.logs
select address = tx_hash as a from eth_firehose.logs
select address = '0x00' as a from eth_firehose.logs
select topic0 is distinct from topic1 as a, block_num is not distinct from 1 as b from eth_firehose.logs
select not (block_num = 1) as a, block_num = 1 and topic0 is null as b, topic0 = topic1 or block_num = 1 as c from eth_firehose.logs
select status and v_parity as a, not status as b, status is true as c, status is not false as d, status is unknown as e from eth_rpc.transactions
select value = 5 as a, value > '5' as b from eth_rpc.transactions
select timestamp > '2024-01-01' as a, timestamp > timestamp '2024-01-01 00:00:00' as b, cast(timestamp as date) = date '2024-01-01' as c from eth_firehose.logs
select block_num in (1, 2) as a, topic0 in (topic1, topic2) as b, block_num in (1, 2, 3, 4, 5, 6) as c, block_num not in (1, 2, 3, 4, 5) as d from eth_firehose.logs
select address in (x'00', x'01') as a from eth_firehose.logs
select address in ('a') as a from eth_firehose.logs
select block_num between 1 and 5 as a, topic0 between topic1 and topic2 as b, block_num not between 1 and null as c from eth_firehose.logs
select value like '1%' as a, value ilike '1%' as b, value not like '%0' as c, value similar to '1.*' as d from eth_rpc.transactions
select value ~ '^1' as a, value !~* 'x' as b from eth_rpc.transactions
select value || 'x' as a, value || value as b, value || cast(value as text) as c, 'n' || log_index as d from eth_rpc.transactions t join eth_rpc.logs l using (block_num)
select tx_index || 'x' as a, value || null as b from eth_rpc.transactions
select tx_hash || 'x' as a from eth_rpc.transactions
select block_num from eth_firehose.logs where block_num
select block_num from eth_firehose.logs where topic0 is null and block_num > 5 or log_index in (1, 2)
select block_num from eth_firehose.logs where null
select a <=> b as c from (select 1 as a, null as b)

-- case
select case when block_num > 1 then 1 else 0 end as a, case when block_num > 1 then 1 end as b from eth_firehose.logs
select case when block_num > 1 then block_num else 0 end as a from eth_firehose.logs
select case when block_num > 1 then 1 else 2.5 end as a from eth_firehose.logs
select case when topic0 is not null then topic0 else topic1 end as a, case when topic0 is not null then topic0 else tx_hash end as b from eth_firehose.logs
select case when topic0 = topic1 then topic0 else tx_hash end as a, case when topic0 is null then tx_hash else topic0 end as b from eth_firehose.logs
select case when topic0 is null then topic0 else tx_hash end as a, case when not (topic0 is null) then topic0 else tx_hash end as b from eth_firehose.logs
select case when topic0 is not null and block_num > 1 then topic0 else tx_hash end as a, case when topic0 is not null or block_num > 1 then topic0 else tx_hash end as b from eth_firehose.logs
select case when chain_id > 0 then chain_id else nonce end as a, case when chain_id + 1 > 0 then chain_id else nonce end as b, case when chain_id is distinct from 1 then chain_id else nonce end as c from eth_rpc.transactions
select case when chain_id between 1 and 2 then chain_id else nonce end as a, case when chain_id in (1, 2) then chain_id else nonce end as b from eth_rpc.transactions
select case when value like '1%' then chain_id else nonce end as a, case when (chain_id > 0) is true then chain_id else nonce end as b, case when (chain_id > 0) is not unknown then chain_id else nonce end as c from eth_rpc.transactions
select case status when true then 'ok' when false then 'failed' end as a, case status when true then 1 else 0 end as b, case type when 1 then chain_id else nonce end as c from eth_rpc.transactions
select case when true then null else 1 end as a from eth_firehose.logs
select case when block_num > 1 then 'a' when block_num > 2 then null else 'b' end as a from eth_firehose.logs
select case when block_num > 1 then true else 1 end as a from eth_firehose.logs
select case when block_num > 1 then topic0 else x'00' end as a from eth_firehose.logs
select case when block_num then 1 else 0 end as a from eth_firehose.logs
select case when address then 1 else 0 end as a from eth_firehose.logs
select case when false then chain_id else nonce end as a, case when chain_id is not null is true then chain_id else nonce end as b from eth_rpc.transactions

-- nested values
select access_list[1] as a, access_list[1]['address'] as b, access_list[1]['storage_keys'] as c, access_list[1]['storage_keys'][1] as d from eth_rpc.transactions
select blob_versioned_hashes[1] as a, blob_versioned_hashes[1:2] as b, array_length(blob_versioned_hashes) as c from eth_rpc.transactions
select header['num_required_signatures'] as a, m.header.num_required_signatures as b, header.num_required_signatures as c from solana.messages m
select header['nope'] as a from solana.messages
select header[1] as a from solana.messages
select signatures[1] as a, pre_balances[1] as b, pre_token_balances[1]['ui_token_amount']['decimals'] as c from solana.transactions
select signatures[slot] as a from solana.transactions
select s['x'] as a, s.x as b from (select struct(1 as x, 'a' as y) as s)
select s['Foo'] as a from (select struct(1 as Foo) as s)
select m['a'] as a, m['zz'] as b from (select map {'a': 1} as m)
select block_num[1] as a from eth_firehose.logs
select block_num['x'] as a from eth_firehose.logs
select signatures || 'x' as a, 'x' || signatures as b, signatures || signatures as c from solana.transactions
select accounts @> [1] as a from solana.instructions
select 'x' = any(signatures) as a from solana.transactions

-- functions
select lower(value) as a, upper('x') as b, length(value) as c, concat(value, 'x') as d, coalesce(chain_id, nonce) as e, nullif(nonce, gas_used) as f from eth_rpc.transactions
select coalesce(topic0, topic1) as a, coalesce(topic0, tx_hash) as b from eth_firehose.logs
select coalesce(topic0, null) as a from eth_firehose.logs
select encode(tx_hash, 'hex') as a, substr(encode(data, 'hex'), 1, 8) as b, octet_length(encode(data, 'hex')) as c from eth_firehose.logs
select date_trunc('hour', timestamp) as a, date_part('year', timestamp) as b, extract(epoch from timestamp) as c, extract(day from timestamp) as d, to_unixtime(timestamp) as e from eth_firehose.logs
select date_bin(interval '1 hour', timestamp) as a, now() as b, to_timestamp(cast(block_num as bigint)) as c from eth_firehose.logs
select abs(type) as a, round(1.5) as b, ceil(gas_price) as c, floor(2) as d, power(2, 3) as e, sqrt(4) as f, greatest(nonce, gas_used) as g from eth_rpc.transactions
select substring(value from 2 for 3) as a, trim(value) as b, trim(leading '0' from value) as c, position('1' in value) as d, overlay(value placing 'x' from 1) as e from eth_rpc.transactions
select arrow_typeof(block_num) as a, md5(encode(data, 'hex')) as b, sha256(data) as c from eth_firehose.logs
select lower(block_num) as a from eth_firehose.logs
select nosuchfunction(block_num) as a from eth_firehose.logs
select lower() as a from eth_firehose.logs
select sha256(tx_hash) as a from eth_firehose.logs
select char_length(value) as a, character_length(value) as b, strpos(value, '0') as c, to_hex(nonce) as d, split_part(value, '0', 1) as e from eth_rpc.transactions
select array_append(signatures, 'x') as a, cardinality(signatures) as b, array_to_string(signatures, ',') as c, flatten([[1], [2]]) as d from solana.transactions
select named_struct('a', block_num, 'b', data) as a, struct(block_num) as b from eth_firehose.logs
select nvl(chain_id, nonce) as a, ifnull(value, 'x') as b, nvl2(chain_id, nonce, gas_used) as c from eth_rpc.transactions
select current_date as a, current_timestamp as b, current_time as c
select substr(str => value, start_pos => 2) as a from eth_rpc.transactions
select unnest(signatures) as a, slot from solana.transactions
select unnest(pre_balances) as a from solana.transactions
select unnest(slot) as a from solana.transactions
select to_timestamp('2024-01-01') as a, to_timestamp_seconds(1) as b, from_unixtime(1) as c, make_date(2024, 1, 1) as d

-- joins
select l.block_num, b.hash from eth_firehose.logs l join eth_firehose.blocks b on l.block_num = b.block_num
select l.block_num, b.hash as h, b.block_num as bn from eth_firehose.logs l left join eth_firehose.blocks b on l.block_num = b.block_num
select l.block_num, b.hash as h from eth_firehose.logs l right join eth_firehose.blocks b on l.block_num = b.block_num
select l.block_num, b.hash as h from eth_firehose.logs l full join eth_firehose.blocks b on l.block_num = b.block_num
select l.block_num, b.hash as h from eth_firehose.logs l cross join eth_firehose.blocks b
select l.block_num, b.hash as h from eth_firehose.logs l, eth_firehose.blocks b where l.block_num = b.block_num
select l.block_num from eth_firehose.logs l left semi join eth_firehose.blocks b on l.block_num = b.block_num
select b.block_num from eth_firehose.logs l right anti join eth_firehose.blocks b on l.block_num = b.block_num
select b.block_num from eth_firehose.logs l left anti join eth_firehose.blocks b on l.block_num = b.block_num
select block_num from eth_firehose.logs l join eth_firehose.blocks b on l.block_num = b.block_num
select block_num, hash, tx_hash from eth_firehose.logs join eth_firehose.blocks using (block_num)
select block_num, hash, tx_hash from eth_firehose.logs left join eth_firehose.blocks using (block_num)
select block_num, hash, tx_hash from eth_firehose.logs right join eth_firehose.blocks using (block_num)
select block_num, hash, tx_hash from eth_firehose.logs full join eth_firehose.blocks using (block_num)
select * exclude (_block_num, timestamp) from eth_firehose.blocks b join eth_firehose.logs a using (block_num)
select * exclude (_block_num, timestamp) from eth_firehose.blocks b left join eth_firehose.logs a using (block_num)
select * from eth_firehose.blocks natural join (select block_num, log_index from eth_firehose.logs) x
select * from (select block_num, log_index from eth_firehose.logs) x natural full join (select block_num, hash from eth_firehose.blocks) a
select nope from eth_firehose.logs join eth_firehose.blocks using (nope)
select l.block_num from eth_firehose.logs l left join eth_firehose.blocks b
select a.block_num from eth_firehose.logs a join eth_firehose.logs b on a.tx_hash = b.tx_hash join eth_firehose.logs c on b.tx_hash = c.tx_hash and c.log_index > a.log_index
select l.block_num from eth_firehose.logs l join eth_firehose.blocks b on l.block_num
select l.block_num, x.h from eth_firehose.logs l cross join lateral (select b.hash as h from eth_firehose.blocks b where b.block_num = l.block_num) x
select l.block_num, x.h from eth_firehose.logs l, (select b.hash as h from eth_firehose.blocks b where b.block_num = l.block_num) x
select eth_firehose.logs.block_num, eth_rpc.logs.log_index from eth_firehose.logs join eth_rpc.logs on eth_firehose.logs.tx_hash = eth_rpc.logs.tx_hash
select logs.block_num from eth_firehose.logs join eth_rpc.logs on eth_firehose.logs.tx_hash = eth_rpc.logs.tx_hash
select l.tx_hash from eth_firehose.logs l join eth_rpc.transactions t on l.tx_hash = t.tx_hash and t.status

-- subqueries and CTEs
select x.n from (select block_num as n from eth_firehose.logs) x
select n from (select block_num as n from eth_firehose.logs)
select eth_firehose.logs.block_num from (select block_num from eth_firehose.logs)
select logs.n from (select block_num as n from eth_firehose.logs)
select x.a from (select block_num, log_index from eth_firehose.logs) x(a, b)
select x.a from (select block_num, log_index from eth_firehose.logs) x(a)
with c as (select block_num as n, topic0 as t from eth_firehose.logs) select n, t from c
with c as (select block_num as n from eth_firehose.logs), d as (select n + cast(1 as bigint unsigned) as m from c) select d.m, c.n from c, d
with c(a, b) as (select block_num, log_index from eth_firehose.logs) select a, b from c
with c as (select 1 as a), c as (select 2 as a) select a from c
with c as (select block_num from eth_firehose.logs) select x.block_num from c as x join c as y on x.block_num = y.block_num
with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select n from r
with recursive r as (select 1 as n union all select n + 1.5 from r where n < 5) select n from r
with recursive r(n, s) as (select 1, 'a' union all select n + 1, null from r where n < 5) select n, s from r
select (select max(block_num) from eth_firehose.blocks) as a from eth_firehose.logs
select (select block_num, hash from eth_firehose.blocks) as a from eth_firehose.logs
select block_num from eth_firehose.logs where exists (select 1 from eth_firehose.blocks b where b.block_num = logs.block_num)
select block_num from eth_firehose.logs l where block_num in (select b.block_num from eth_firehose.blocks b where b.timestamp = l.timestamp)
select block_num in (select block_num from eth_firehose.blocks) as a, topic0 in (select hash from eth_firehose.blocks) as b, exists (select 1) as c from eth_firehose.logs
select block_num from eth_firehose.logs where block_num in (select block_num, hash from eth_firehose.blocks)
select (select l.block_num) as a from eth_firehose.logs l
select x.a, x."a:1" from (select l.block_num as a, b.block_num as a from eth_firehose.logs l, eth_firehose.blocks b) x
select x.block_num from (select l.block_num, b.block_num from eth_firehose.logs l, eth_firehose.blocks b) x
select block_num from (select l.block_num, b.block_num from eth_firehose.logs l, eth_firehose.blocks b)
select l.block_num from (select l.block_num, b.block_num from eth_firehose.logs l, eth_firehose.blocks b)

-- values, unnest, table functions
select column1 as a, column2 as b from (values (1, 'a'), (2, null))
select a, b from (values (1, 'a'), (2.5, 'b')) t(a, b)
select a from (values (1), (null)) t(a)
select a from (values (null), (null)) t(a)
select a from (values (1, 2), (3)) t(a, b)
select a from (values (1), ('x')) t(a)
select a from unnest([1, 2]) t(a)
select value from generate_series(1, 5)
select value from range(1, 5)
select g.value as v from generate_series(1, 5) g
select a, b from unnest([1, 2], ['x']) t(a, b)

-- set operations
select block_num from eth_firehose.logs union all select block_num from eth_firehose.blocks
select block_num as a from eth_firehose.logs union all select log_index from eth_firehose.logs
select block_num as a from eth_firehose.logs union all select 1
select 1 as a union all select 2.5
select null as a union all select 1
select 1 as a union all select null
select 'x' as a union all select cast('y' as text)
select topic0 as t from eth_firehose.logs union all select tx_hash from eth_firehose.logs
select tx_hash as t from eth_firehose.logs union all select topic0 from eth_firehose.logs
select tx_hash as t from eth_firehose.logs union all select address from eth_firehose.logs
select 1 as a, 2 as b union all select 1
select block_num from eth_firehose.logs union select block_num from eth_firehose.blocks
select topic0 as a from eth_firehose.logs intersect select hash from eth_firehose.blocks
select block_num from eth_firehose.logs except select block_num from eth_firehose.blocks
select 1 as a, 'x' as b union all by name select 'y' as b, 3 as c
select 1 as a, 'x' as b union by name select 'y' as b, 2 as a
select 1 as a union all select 2 union all select null
select u.n from (select block_num as n from eth_firehose.logs union all select block_num from eth_firehose.blocks) u
(select block_num from eth_firehose.logs) union all (select block_num from eth_firehose.blocks) order by block_num limit 3
select true as a union all select 1

-- aggregates
select count(*) as n, count(topic0) as t, sum(log_index) as s, sum(block_num) as sb, min(timestamp) as lo, max(block_num) as hi, avg(log_index) as av from eth_firehose.logs
select sum(gas_price) as a, avg(gas_price) as b, median(gas_used) as c, stddev(gas_used) as d, sum(type) as e, sum(cast(value as decimal(38, 0))) as f from eth_rpc.transactions
select address, count(*) as n from eth_firehose.logs group by address
select address, count(*) as n from eth_firehose.logs group by 1
select address as a, count(*) as n from eth_firehose.logs group by a
select address, topic0, count(*) as n from eth_firehose.logs group by all
select address, count(*) as n from eth_firehose.logs
select address, log_index, count(*) as n from eth_firehose.logs group by address
select log_index + 1 as a, count(*) as n from eth_firehose.logs group by log_index + 1
select log_index + 1 as a, count(*) as n from eth_firehose.logs group by log_index
select log_index + 2 as a, count(*) as n from eth_firehose.logs group by log_index + 1
select address, count(*) as n from eth_firehose.logs group by address having count(*) > 5
select address, count(*) as n from eth_firehose.logs group by address having n > 5
select address as a from eth_firehose.logs having log_index > 5
select address, topic0, count(*) as n from eth_firehose.logs group by grouping sets ((address), (topic0), ())
select address, log_index, count(*) as n, grouping(address) as g from eth_firehose.logs group by rollup (address, log_index)
select address, log_index, sum(log_index) as n from eth_firehose.logs group by cube (address, log_index)
select address is null as a, count(*) as n from eth_firehose.logs group by rollup (address)
select array_agg(log_index) as a, array_agg(address) as b, string_agg(value, ',') as c from eth_rpc.transactions t join eth_rpc.logs l using (tx_hash)
select count(distinct address) as n, sum(log_index) filter (where topic0 is null) as s, first_value(address order by log_index) as f, bool_and(topic0 is null) as b from eth_firehose.logs
select approx_distinct(value) as a, approx_percentile_cont(0.5) within group (order by gas_used) as b, percentile_cont(0.5) within group (order by gas_used) as c, corr(gas_used, nonce) as d from eth_rpc.transactions
select sum(value) as a from eth_rpc.transactions
select block_num from eth_firehose.logs where count(*) > 1
select sum(count(*)) as a from eth_firehose.logs
select max(address) as a, min(tx_hash) as b, count(1) as c from eth_firehose.logs
select distinct address, topic0 from eth_firehose.logs
select distinct on (address) address, log_index from eth_firehose.logs order by address, log_index
select date_trunc('day', timestamp) as day, count(*) as n from eth_firehose.logs group by date_trunc('day', timestamp) order by day
select date_trunc('day', timestamp) as day, count(*) as n from eth_firehose.logs group by day order by n desc limit 10
select count(*) + 1 as a, max(log_index) - min(log_index) as b, case when count(*) > 1 then 1 else 0 end as c from eth_firehose.logs
select sum(block_num + 1) as a from eth_firehose.logs
select address from eth_firehose.logs group by address order by count(*)
select address, count(*) as n from eth_firehose.logs group by 3
select count(*) as n, address from eth_firehose.logs group by 1

-- windows
select row_number() over (order by log_index) as a, rank() over (partition by address order by log_index) as b, lag(log_index) over (order by log_index) as c, lead(log_index, 1, 0) over (order by log_index) as d from eth_firehose.logs
select sum(log_index) over (partition by address) as a, count(*) over () as b, first_value(address) over (order by log_index) as c, ntile(4) over (order by log_index) as d from eth_firehose.logs
select avg(log_index) over (order by log_index rows between 3 preceding and current row) as a, percent_rank() over (order by log_index) as b, nth_value(log_index, 2) over w as c from eth_firehose.logs window w as (order by log_index)
select block_num, log_index from eth_firehose.logs qualify row_number() over (partition by address order by log_index desc) = 1
select block_num from eth_firehose.logs qualify block_num > 1
select row_number() as a from eth_firehose.logs
select sum(log_index) over w as a from eth_firehose.logs window w as (partition by address)
select address, sum(count(*)) over (order by address) as a from eth_firehose.logs group by address
select block_num from eth_firehose.logs where row_number() over () = 1

-- ordering and limits
select block_num from eth_firehose.logs order by log_index desc nulls last limit 10 offset 5
select block_num as n from eth_firehose.logs order by n
select block_num as n from eth_firehose.logs order by 1
select block_num as n from eth_firehose.logs order by 2
select block_num as n from eth_firehose.logs order by nope

-- found by comparing random queries
select b.hash, x.c from eth_firehose.blocks b natural left join (select log_index as c from eth_firehose.logs) x
select tx_hash from eth_firehose.logs join eth_firehose.blocks using (block_num) where block_num > 1
select block_num is null as a, max(log_index) as m from eth_firehose.logs join eth_firehose.blocks using (block_num) group by block_num having block_num > 1 order by block_num
select a.tx_hash from eth_firehose.logs a join eth_firehose.blocks b using (block_num) join eth_firehose.calls c on block_num = c.block_num
select eth_firehose.blocks.hash from eth_firehose.blocks left semi join eth_firehose.blocks on eth_firehose.blocks.hash = eth_firehose.blocks.hash
select address, sum(log_index) as n from eth_firehose.logs group by all
select address, sum(log_index) + 1 as n from eth_firehose.logs group by all
select (select max(b.gas_used) from eth_firehose.blocks b where b.block_num = l.block_num) as a from eth_firehose.logs l
select (select b.gas_used from eth_firehose.blocks b where b.block_num = l.block_num) as a from eth_firehose.logs l
select (select max(b.gas_used) from eth_firehose.blocks b where b.block_num > l.block_num) as a from eth_firehose.logs l
select (select count(*) from eth_firehose.blocks b where b.block_num = l.block_num and b.gas_used > 5) as a from eth_firehose.logs l
select block_num, count(*) as n from eth_firehose.logs group by block_num having count(*) > (select 1)
select block_num from eth_firehose.logs order by (select 1)
select count(*) as n from eth_firehose.logs group by (select 1)
select sum(type) over (order by tx_hash) as a from eth_rpc.transactions
select sum(type) over (order by value, tx_hash) as a from eth_rpc.transactions
select sum(type) over (order by tx_hash rows between unbounded preceding and current row) as a from eth_rpc.transactions
select sum(type) over (order by blob_versioned_hashes) as a from eth_rpc.transactions
select unnest([1, 2]) + 1 as a, lower(unnest(signatures)) as b from solana.transactions
select unnest(unnest([[1]])) as a
select log_index, unnest([log_index]) as a from eth_firehose.logs group by log_index
select distinct address from eth_firehose.logs order by log_index
select distinct address as a from eth_firehose.logs order by a
select * replace (1 as block_num) from (select block_num, hash from eth_firehose.blocks) b join (select block_num, log_index from eth_firehose.logs) a using (block_num)
select b.* exclude (block_num) from (select block_num, hash from eth_firehose.blocks) b join (select block_num, log_index from eth_firehose.logs) a using (block_num)
select case log_index when 1 then block_num else 5 end as b from eth_firehose.logs
select count(*) filter (where log_index) as a from eth_firehose.logs
select block_num from eth_firehose.logs where unnest([true])
select case when status then [1] else [2.5] end as a from eth_rpc.transactions
select case when status then struct(1 as a) else struct(2 as b) end as a from eth_rpc.transactions
select a.n, b.n as m from (select count(*) as n from eth_firehose.logs) a cross join (select count(*) as n from eth_firehose.blocks) b
select t.x.y as v from (select struct(struct(1 as y) as y) as x) t
select date_bin('1 hour'::interval, timestamp) as a, date_bin(interval '15' minute, timestamp, '2020-01-01'::timestamp) as b from eth_rpc.blocks
select [1, 2] || null as a, null || [1] as b, [1] || 2 as c, 1 || [2] as d, [[1]] || [2] as e
select approx_percentile_cont(0.25 + 0.25) within group (order by gas_used) as a from eth_rpc.blocks
select date_bin(arrow_cast(log_index, 'Duration(s)'), timestamp) as a from eth_rpc.logs
