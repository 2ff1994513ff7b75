"""Records what DataFusion 52.3.0 answers to the expressions below, into oracle.json beside this file.

The development server must give the same answer, or refuse. Needs the Python package datafusion 52.3.0:

    python oracle.py
"""
import json
import pathlib

import datafusion
import pyarrow as pa

EXPRESSIONS = """
7 / 2 | -7 / 2 | 7 % -4 | -7 % 4 | 7.0 / 2 | 1 / 4.0 | 2 * 3 + 1 | 1 - 2 - 3 | cast(9 as bigint unsigned) / cast(2 as bigint unsigned)
cast(1.7 as int) | cast(-1.7 as bigint) | cast(2.5 as int) | cast(cast(1.75 as decimal(5,2)) as int) | cast(1.25 as decimal(4,1))
cast('12' as bigint) | try_cast('x' as bigint) | try_cast('1.5' as bigint) | try_cast('' as int) | cast(true as int) | cast(0 as boolean)
cast(12 as varchar) | cast(true as varchar) | cast(cast(1.50 as decimal(5,2)) as varchar) | cast('2024-02-03' as date) | cast(' 7' as int)
abs(-3) | ceil(1.2) | ceil(-1.2) | floor(-1.2) | round(2.5) | round(-2.5) | round(3.5) | round(1.2345, 2) | trunc(1.9) | trunc(-1.9)
sqrt(2.0) | cbrt(27.0) | exp(1.0) | ln(2.0) | log10(1000.0) | log2(8.0) | power(2.0, 10.0) | power(2, 10) | signum(-3.5) | pi() | degrees(1.0)
gcd(12, 18) | lcm(4, 6) | factorial(5) | greatest(1, 3, 2) | least(3, 1) | greatest(1, null) | least(null, 2) | coalesce(null, 5) | nullif(3, 3)
nvl(null, 2) | nvl2(1, 2, 3) | isnan(1.0) | atan2(1.0, 2.0) | sinh(1.0) | radians(180.0)
upper('aé') | lower('AÉ') | length('é🐶') | char_length('abc') | octet_length('é') | bit_length('a') | reverse('abc') | repeat('ab', 3)
left('hello', 2) | left('hello', -2) | right('hello', 2) | right('hello', -2) | lpad('5', 3, '0') | rpad('5', 3, '0') | lpad('hello', 2, 'x')
substr('hello', 2) | substr('hello', 2, 3) | substr('hello', 0, 3) | substr('hello', -1) | substring('hello' from 2 for 2) | split_part('a-b-c', '-', 2)
split_part('a-b-c', '-', -1) | split_part('a-b', '-', 5) | strpos('hello', 'l') | strpos('hello', 'z') | position('l' in 'hello') | instr('hello', 'o')
replace('aXbX', 'X', '-') | translate('abc', 'ab', 'xy') | trim('  x ') | btrim('xxaxx', 'x') | ltrim('  x') | rtrim('x  ') | trim(leading 'x' from 'xxa')
starts_with('abc', 'ab') | ends_with('abc', 'bc') | contains('abc', 'b') | ascii('a') | chr(65) | concat('a', null, 'b') | concat_ws('-', 'a', null, 'b')
'a' || 'b' | 'a' || null | md5('a') | encode(sha256('a'), 'hex') | encode(x'0aff', 'hex') | encode(decode('0aff', 'hex'), 'hex') | to_hex(255)
levenshtein('kitten', 'sitting') | 'abc' like 'a%' | 'abc' like '_b_' | 'ABC' ilike 'a%' | 'a%c' like 'a\\%c' | 'abc' not like 'b%' | 'ab' ~ '^a' | 'AB' ~* '^a' | 'ab' !~ 'c'
regexp_like('abc', 'b') | regexp_like('ABC', 'b', 'i')
date_trunc('day', timestamp '2024-02-03 04:05:06') | date_trunc('month', timestamp '2024-02-13 04:05:06') | date_part('hour', timestamp '2024-02-03 04:05:06')
extract(dow from timestamp '2024-02-03 04:05:06') | extract(doy from timestamp '2024-02-03 04:05:06') | extract(week from timestamp '2024-02-03 04:05:06')
extract(epoch from timestamp '2024-02-03 04:05:06') | extract(second from timestamp '2024-02-03 04:05:06') | extract(quarter from date '2024-05-01')
to_timestamp_seconds(1700000000) | to_timestamp_nanos(1700000000000000001) | to_unixtime(timestamp '2024-02-03 04:05:06')
timestamp '2024-02-03 04:05:06' + interval '1 day' | timestamp '2024-01-31 00:00:00' + interval '1 month' | date '2024-02-03' < date '2024-02-04'
array_length([1, 2, 3]) | cardinality([1, 2, 3]) | [10, 20][2] | [10, 20][5] | [1, 2, 3][2:3] | array_has([1, 2], 2) | array_contains([1, 2], 3)
array_append([1], 2) | array_prepend(0, [1]) | array_concat([1], [2, 3]) | array_position([5, 6], 6) | array_element([5, 6], -1) | array_to_string([1, 2], ',')
array_has_all([1, 2], [2]) | array_has_any([1, 2], [3]) | array_distinct([1, 1]) | array_reverse([1, 2]) | named_struct('k', 5)['k'] | struct(1, 'x')['c1'] | map {'a': 1}['a']
null is null | 1 is distinct from null | null is not distinct from null | not null | null and false | null or true | true is not false | 5 & 3 | 5 | 3 | 1 << 4 | 16 >> 2 | 5 ^ 3
3 between 1 and 3 | 3 not between 1 and 2 | 2 in (1, null, 2) | 3 in (1, null) | 3 not in (1, 2) | case 2 when 1 then 'a' when 2 then 'b' end | case when null then 1 else 2 end
x'00ff' = x'00FF' | x'00' < x'01' | 'a' < 'B' | 'a' = 'A' | 1 = 1.0 | 18446744073709551615 > 1 | arrow_cast(300, 'UInt16') | arrow_cast('x', 'Binary') | 1e3 | .5 | 1.5e-3
ln(0.0) | sqrt(-1.0) | 1.0 / 0.0 | 1 / 0 | 1 % 0 | cast('abc' as int) | cast(300 as tinyint) | 9223372036854775807 + 1 | log(100.0) | log(2.0, 8.0) | avg(2) | sum(2) | count(*)
"""

AGGREGATES = """
sum(a) | avg(a) | min(a) | max(a) | count(a) | count(*) | count(distinct a) | median(a) | stddev(a) | stddev_pop(a) | var_pop(a) | var_samp(a) | var(a) | mean(a)
sum(a) filter (where a > 1) | bool_and(a > 0) | bool_or(a > 3) | bit_and(a) | bit_or(a) | bit_xor(a) | string_agg(b, ',' order by b) | array_agg(b order by b)
first_value(b order by b) | last_value(b order by b) | corr(a, a) | covar_pop(a, a) | sum(distinct a) | min(b) | max(b) | sum(a) / count(a) | approx_distinct(a)
array_agg(a order by a) | array_agg(a order by a desc) | array_agg(distinct b order by b) | avg(cast(a as double)) | sum(cast(a as decimal(10,2))) | regr_slope(a, a)
"""

WINDOWS = """
row_number() over (order by a) | rank() over (order by b) | dense_rank() over (order by b) | lag(a) over (order by a) | lead(a, 1, 9) over (order by a)
sum(a) over (order by a) | sum(a) over (order by a rows between 1 preceding and current row) | ntile(2) over (order by a) | first_value(a) over (order by a)
last_value(a) over (order by a) | nth_value(a, 2) over (order by a) | percent_rank() over (order by b) | cume_dist() over (order by b) | count(*) over (partition by b)
row_number() over (order by a desc) | row_number() over (order by a nulls first)
"""

ROWS = "(values (1, 'x'), (2, 'y'), (4, 'y'), (null, 'z')) v(a, b)"


def plain(value):
    """The value as JSON: bytes in hexadecimal, times as text, floats as they are."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def answer(context, expression):
    """The value of an expression, or that it fails."""
    try:
        batches = context.sql(f"select {expression} as x").collect()
        column = batches[0].column(0)
        if pa.types.is_timestamp(column.type):
            return {"value": str(column.cast(pa.int64())[0])}
        value = plain(column[0].as_py())
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            return {"value": repr(value)}
        return {"value": value}
    except BaseException as error:  # the binding panics on some
        return {"error": type(error).__name__}


def main():
    assert datafusion.__version__ == "52.3.0", datafusion.__version__
    context = datafusion.SessionContext()
    out = {}
    for line in EXPRESSIONS.strip().splitlines():
        for expression in line.split(" | "):
            out[expression.strip()] = answer(context, expression)
    for line in AGGREGATES.strip().splitlines():
        for aggregate in line.split(" | "):
            expression = f"(select {aggregate.strip()} from {ROWS})"
            out[expression] = answer(context, expression)
    for line in WINDOWS.strip().splitlines():
        for window in line.split(" | "):
            expression = f"(select array_agg(r order by a nulls last) from (select a, {window.strip()} as r from {ROWS}) q)"
            out[expression] = answer(context, expression)
    path = pathlib.Path(__file__).with_name("oracle.json")
    path.write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")


main()
