"""Ask DataFusion itself how it types expressions, and write its answers for the Go tests to replay.

Needs the Python packages datafusion==52.3.0 and pyarrow. Run it from any folder:

    python oracle.py

It writes oracle.json beside itself (function calls) and ../../coerce/testdata/oracle.json (operators, branches, casts).

Every expression is asked twice. DESCRIBE answers with the plan as written, which is what a server announces; then
arrow_typeof is executed over one row, which is what the data have. An answer is

    "T"        announced and actual type are T
    "T | U"    announced T, actual U
    "T | error"  announced T, and then the query cannot run
    "error"    refused when it is planned

Function answers carry a "?" after the announced type where it is nullable. The values are NULL, so that no answer depends
on one. Columns are named after their types, see TYPES; a "!" marks the column that is not nullable. Operands that are no
column are SQL literals, or a type written out.
"""

import itertools
import json
import os
import random

import datafusion
import pyarrow as pa

TYPES = {
    "b": "Boolean",
    "i8": "Int8", "i16": "Int16", "i32": "Int32", "i64": "Int64",
    "u8": "UInt8", "u16": "UInt16", "u32": "UInt32", "u64": "UInt64",
    "f16": "Float16", "f32": "Float32", "f64": "Float64",
    "d32": "Decimal32(9, 2)", "d64": "Decimal64(18, 4)", "d128": "Decimal128(10, 2)", "d38": "Decimal128(38, 0)",
    "d256": "Decimal256(76, 0)", "d40": "Decimal256(40, 18)",
    "s": "Utf8", "ls": "LargeUtf8", "sv": "Utf8View",
    "bin": "Binary", "lbin": "LargeBinary", "vbin": "BinaryView", "fsb20": "FixedSizeBinary(20)", "fsb32": "FixedSizeBinary(32)",
    "date": "Date32", "date64": "Date64", "t32s": "Time32(s)", "t32ms": "Time32(ms)", "t64us": "Time64(µs)", "t64": "Time64(ns)",
    "ts": "Timestamp(ns)", "tss": "Timestamp(s)", "tsms": "Timestamp(ms)", "tsus": "Timestamp(µs)",
    "tsz": 'Timestamp(ns, "UTC")', "tsmsz": 'Timestamp(ms, "+00:00")', "tsb": 'Timestamp(ns, "Europe/Berlin")',
    "durs": "Duration(s)", "dur": "Duration(ns)",
    "ym": "Interval(YearMonth)", "dt": "Interval(DayTime)", "mdn": "Interval(MonthDayNano)",
    "dict": "Dictionary(Int32, Utf8)", "dicti": "Dictionary(Int8, Int64)",
    "li": "List(Int64)", "lu": "List(UInt64)", "lstr": "List(Utf8)", "lfsb": "List(FixedSizeBinary(20))",
    "lnn": "List(non-null Int64)", "lli": "List(List(Int64))", "ll": "LargeList(Int64)",
    "fl3": "FixedSizeList(3 x Int64)", "fl2": "FixedSizeList(2 x Int32)",
    "st": 'Struct("a": Int64, "b": Utf8)', "stu": 'Struct("a": UInt64, "b": Utf8View)', "stx": 'Struct("b": Utf8, "x": Int64)',
    "stnn": 'Struct("a": non-null Int64, "b": Utf8)',
    "map": 'Map("entries": non-null Struct("key": non-null Utf8, "value": Int64), unsorted)',
    "mapu": 'Map("entries": non-null Struct("key": non-null Utf8, "value": UInt64), unsorted)',
}

NOT_NULL = {
    "b": (pa.bool_(), True), "i64": (pa.int64(), 1), "u64": (pa.uint64(), 1), "f64": (pa.float64(), 1.0), "s": (pa.string(), "a"),
    "sv": (pa.string_view(), "a"), "bin": (pa.binary(), b"a"), "fsb20": (pa.binary(20), bytes(20)), "d128": (pa.decimal128(10, 2), 1),
    "ts": (pa.timestamp("ns"), 1), "tsz": (pa.timestamp("ns", "UTC"), 1), "date": (pa.date32(), 1),
    "li": (pa.list_(pa.field("item", pa.int64())), [1]), "lu": (pa.list_(pa.field("item", pa.uint64())), [1]),
    "lli": (pa.list_(pa.field("item", pa.list_(pa.field("item", pa.int64())))), [[1]]),
    "ll": (pa.large_list(pa.field("item", pa.int64())), [1]), "lstr": (pa.list_(pa.field("item", pa.string())), ["a"]),
    "fl3": (pa.list_(pa.field("item", pa.int64()), 3), [1, 2, 3]),
    "st": (pa.struct([pa.field("a", pa.int64()), pa.field("b", pa.string())]), {"a": 1, "b": "x"}),
    "stnn": (pa.struct([pa.field("a", pa.int64(), nullable=False), pa.field("b", pa.string())]), {"a": 1, "b": "x"}),
    "map": (pa.map_(pa.string(), pa.int64()), [("a", 1)]),
}

ctx = datafusion.SessionContext(datafusion.SessionConfig().with_information_schema(True))


def setup():
    columns = ", ".join(f"arrow_cast(NULL, '{text}') AS {name}" for name, text in TYPES.items())
    ctx.sql(f"CREATE TABLE t AS SELECT {columns}").collect()
    schema = pa.schema([pa.field("nn_" + name, dt, nullable=False) for name, (dt, _) in NOT_NULL.items()])
    arrays = [pa.array([value], dt) for dt, value in NOT_NULL.values()]
    ctx.register_record_batches("n", [pa.table(arrays, schema=schema).to_batches()])
    for name, text in TYPES.items():
        assert ctx.sql(f"SELECT arrow_typeof({name}) AS x FROM t").to_pylist()[0]["x"] == text, name


def one(sql):
    try:
        return ctx.sql(sql).to_pylist()[0]
    except KeyboardInterrupt:
        raise
    except BaseException:  # a refusal is an Exception, a panic of the engine is not
        return None


def ask(announce, execute, nullability=False):
    """The answer for one expression; both statements name their column x."""
    described = one("DESCRIBE " + announce)
    if described is None:
        return "error"
    announced = described["data_type"]
    ran = one(execute)
    actual = ran["x"] if ran else "error"
    mark = "?" if nullability and described["is_nullable"] == "YES" else ""
    return announced + mark if actual == announced else f"{announced}{mark} | {actual}"


def ask_expression(expr, nullability=False):
    source = "t, n" if "nn_" in expr else "t AS l, t AS r" if "l." in expr or "r." in expr else "t"
    return ask(f"SELECT {expr} AS x FROM {source}", f"SELECT arrow_typeof({expr}) AS x FROM {source}", nullability)


def fold(cases):
    """Lists of operands that differ only in the last share a line: "a|b; c" stands for a|b and a|c."""
    last = {}
    for case in sorted(set(cases)):
        last.setdefault("|".join(case[:-1]), []).append(case[-1] if case else "")
    return ["|".join(filter(None, [first, "; ".join(rest)])) for first, rest in last.items()]


class Answers:
    """Answers by question, grouped by answer, so that the file stays readable."""

    def __init__(self):
        self.by_name = {}

    def add(self, name, answer, *operands):
        self.by_name.setdefault(name, {}).setdefault(answer, []).append(operands)

    def write(self, path, **more):
        body = {name: {answer: fold(cases) for answer, cases in sorted(answers.items())} for name, answers in sorted(self.by_name.items())}
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"datafusion": datafusion.__version__, "types": TYPES, **more, "answers": body}, f, ensure_ascii=False, indent=1)
            f.write("\n")


# ---------------------------------------------------------------------------------------------------- operators

OPERATORS = ["+", "-", "*", "/", "%", "=", "<", "IS DISTINCT FROM", "AND", "~", "&", "<<", "||"]
NESTED = {n for n, t in TYPES.items() if t.startswith(("List", "LargeList", "FixedSizeList"))}


def column(table, name):
    """Operands come from two tables, so that the engine cannot simplify x = x."""
    return name if name == "NULL" else f"{table}.{name}"


def operators(answers):
    names = ["NULL", *TYPES]
    for left, right in itertools.product(names, names):
        x, y = column("l", left), column("r", right)
        for op in OPERATORS:
            if op == "||" and (left in NESTED or right in NESTED):
                continue  # the planner makes these a function call
            answers.add(op, ask_expression(f"({x} {op} {y})"), left, right)
        answers.add("LIKE", ask_expression(f"({x} LIKE {y})"), left, right)
        answers.add("IN", ask_expression(f"({x} IN ({y}))"), left, right)
        answers.add("CASE", ask_expression(f"CASE WHEN l.b THEN {x} ELSE {y} END"), left, right)
        union = f"(SELECT {x} AS x FROM t AS l) UNION ALL (SELECT {y} FROM t AS r)"
        answers.add("UNION", ask(union, f"SELECT arrow_typeof(x) AS x FROM ({union})"), left, right)
        row = [c if c == "NULL" else f"arrow_cast(NULL, '{TYPES[c]}')" for c in (left, right)]
        values = f"SELECT column1 AS x FROM (VALUES ({row[0]}), ({row[1]}))"
        answers.add("VALUES", ask(values, f"SELECT arrow_typeof(x) AS x FROM ({values})"), left, right)
        if right not in ("NULL", "lnn"):  # no NULL fits the items of lnn
            answers.add("CAST", ask_expression(f"arrow_cast({x}, '{TYPES[right]}')"), left, right)
    for name in names:
        answers.add("negate", ask_expression(f"(- {name})"), name)
        answers.add("identity", ask_expression(f"(+ {name})"), name)
        answers.add("NOT", ask_expression(f"(NOT {name})"), name)
        answers.add("IS TRUE", ask_expression(f"({name} IS TRUE)"), name)
    rng = random.Random(52)
    for _ in range(2000):
        low, mid, high = rng.choices(names, k=3)
        x, y = column("l", low), column("r", mid)
        answers.add("BETWEEN", ask_expression(f"({y} BETWEEN {x} AND {column('r', high)})"), mid, low, high)
        answers.add("CASE", ask_expression(f"CASE WHEN l.b THEN {x} WHEN r.b THEN {y} ELSE {column('l', high)} END"), low, mid, high)
        answers.add("CASE without ELSE", ask_expression(f"CASE WHEN l.b THEN {x} WHEN r.b THEN {y} END"), low, mid)
    decimals(answers)


def decimals(answers):
    """Arithmetic of decimals at the edges of each width, which columns of fixed types do not reach."""
    edges = {
        32: [(9, 0), (9, 9), (5, 2), (9, -2)], 64: [(18, 0), (18, 18), (10, 4)],
        128: [(38, 0), (38, 38), (38, 10), (20, 0), (10, 6), (12, 7), (10, -5)], 256: [(76, 0), (76, 76), (76, 38), (40, 2), (39, 0)],
    }
    types = [f"Decimal{bits}({p}, {s})" for bits, pairs in edges.items() for p, s in pairs]
    for left, right in itertools.product(types, types):
        for op in ["+", "-", "*", "/", "%", "="]:
            answers.add(op, ask_expression(f"arrow_cast(NULL, '{left}') {op} arrow_cast(NULL, '{right}')"), left, right)


# ---------------------------------------------------------------------------------------------------- functions

POOL = ["NULL", "b", "i32", "i64", "u64", "f32", "f64", "d128", "s", "sv", "ls", "bin", "fsb20", "date", "ts", "tsz", "mdn", "li", "st", "map"]
SMALL = ["NULL", "i32", "i64", "u64", "f64", "d128", "s", "sv", "bin", "tsz", "li"]

PARTS = [
    "year", "quarter", "month", "week", "day", "doy", "dow", "isodow", "hour", "minute", "second", "millisecond", "microsecond",
    "nanosecond", "epoch", "EPOCH", "qtr", "isoyear", "century", "nonsense",
]

SYNONYMS = """years yr yrs y quarters qtrs q months mon mons weeks w wk days d hours hr hrs h minutes min mins m seconds sec secs s
milliseconds msec msecs mseconds ms microseconds usec usecs useconds us nanoseconds ns Year decade timezone""".split()

# Calls whose arguments must be literals, or that the pools do not reach.
LITERALS = {
    "arrow_cast": ["{x}|'Utf8'", "{x}|'Binary'", "{x}|'Timestamp(ns, \"UTC\")'", "{x}|'nonsense'", "{x}|''", "{x}|NULL", "{x}|1"],
    "arrow_metadata": ["i64|'k'"],
    "date_part": [f"'{part}'|{{x}}" for part in PARTS] + [f"'{part}'|ts" for part in SYNONYMS] + ["''|{x}", "NULL|{x}", "1|{x}"],
    "date_trunc": ["'day'|{x}", "NULL|{x}", "1|{x}"],
    "date_bin": ["INTERVAL '1 hour'|{x}", "INTERVAL '1 hour'|{x}|ts", "INTERVAL '1 hour'|tsz|{x}", "dt|{x}", "mdn|{x}|tsms", "ym|{x}", "'1 hour'|{x}"],
    "from_unixtime": ["{x}|'UTC'", "{x}|''", "{x}|NULL", "i64|1"],
    "to_char": ["{x}|'%Y'", "{x}|sv"],
    "to_timestamp": ["{x}|'%Y'", "s|{x}"], "to_timestamp_seconds": ["{x}|'%Y'"], "to_timestamp_millis": ["{x}|'%Y'"],
    "to_timestamp_micros": ["{x}|'%Y'"], "to_timestamp_nanos": ["{x}|'%Y'"], "to_date": ["{x}|'%Y'"], "to_unixtime": ["{x}|'%Y'"],
    "to_time": ["{x}|'%H'"],
    "encode": ["{x}|'hex'", "{x}|'base64'"], "decode": ["{x}|'hex'", "{x}|'base64'"],
    "digest": ["{x}|'sha256'"],
    "get_field": ["st|'a'", "st|'b'", "stnn|'a'", "stnn!|'a'", "st!|'a'", "st|'nope'", "map|'k'", "map!|'k'", "st|NULL", "st|1", "{x}|'a'", "st|'a'|'b'", "st", "st|s"],
    "named_struct": ["'a'|{x}", "'a'|{x}|'b'|i64!", "'a'", "''|i64", "'a'|i64|'a'|s", "s|i64", "1|i64"],
    "struct": ["{x}|i64!", "i64|s|fsb20"],
    "approx_percentile_cont": ["{x}|0.5", "{x}|0.5|100", "i64|1", "i64|f64"],
    "approx_percentile_cont_with_weight": ["{x}|i64|0.5", "f64|{x}|0.5", "i64|i64|0.5|100"],
    "percentile_cont": ["{x}|0.5", "{x}|1"],
    "string_agg": ["{x}|','", "s|NULL", "s|{x}", "ls|','"],
    "nth_value": ["{x}|1"], "first_value": ["{x}"], "last_value": ["{x}"],
    "lag": ["{x}|1", "{x}|1|0", "{x}|1|NULL", "NULL|1|{x}", "i64|1|{x}"], "lead": ["{x}|1", "{x}|1|0", "NULL|1|{x}"],
    "ntile": ["1", "-1", "{x}"],
    "regexp_instr": ["s|s|i64|i64", "s|s|i64|i64|s", "s|s|i64|i64|s|i64", "sv|sv|i64|i64|sv|i64", "s|sv|1|1|'i'|1", "s|'a'|1|1|'i'|0", "{x}|s|i64|i64|s|i64"],
    "regexp_count": ["s|'a'|1|'i'", "sv|'a'|1|'i'", "{x}|'a'|1|'i'"],
    "regexp_like": ["s|'a'|'i'", "{x}|'a'"], "regexp_match": ["s|'a'|'i'", "{x}|'a'"], "regexp_replace": ["s|'a'|'b'|'g'", "sv|'a'|'b'|'g'", "{x}|'a'|'b'"],
    "range": ["date|date|INTERVAL '1 day'", "ts|ts|mdn", "tsz|tsz|mdn", "tsms|tsmsz|mdn", "s|s|mdn", "'2024-01-01'|date|mdn", "date|date|ym", "tsz|ts|mdn", "NULL|NULL|mdn"],
    "overlay": ["s|s|i64|i64", "sv|sv|1", "ls|s|1|2"],
    "substr": ["{x}|1", "{x}|1|2", "s|{x}", "s|1|{x}"],
    "left": ["{x}|1"], "right": ["{x}|1"], "lpad": ["{x}|1", "{x}|1|'x'", "sv|1|sv"], "rpad": ["{x}|1|'x'"],
    "split_part": ["{x}|','|1", "s|','|{x}"], "repeat": ["{x}|1", "s|{x}"], "round": ["{x}|1", "d128|{x}"], "trunc": ["{x}|1"],
    "log": ["2|{x}", "{x}|d128", "10.0|{x}"], "power": ["{x}|2", "{x}|0.5", "d128|{x}"],
    "array_element": ["{x}|1", "li|{x}"], "array_slice": ["{x}|1|2", "{x}|1|2|1", "li|u64|i64"],
    "array_sort": ["{x}|'ASC'", "{x}|'DESC'|'NULLS FIRST'"],
    "array_to_string": ["{x}|','", "{x}|','|'-'"], "string_to_array": ["{x}|','", "{x}|','|'-'"],
    "array_append": ["lfsb|{x}", "lstr|{x}", "lli|{x}", "ll|{x}", "fl3|{x}", "lnn|i64", "lnn|u64"],
    "array_prepend": ["{x}|lfsb", "{x}|ll", "{x}|fl3"],
    "array_concat": ["li!|lli!", "lli!|li!", "li!|ll!", "ll!|li!", "ll!|lli!", "lli!|ll!", "li!|lu!", "li!|lu!|ll!",
                     "li!|fl3!", "fl3!|fl3!", "li|i64", "li|lli|i64"],
    "array_has": ["lfsb|{x}", "lstr|{x}", "lstr|'a'", "lu|1", "lli|li"],
    "array_has_all": ["lfsb|{x}", "lu|{x}", "s!|{x}"], "array_has_any": ["lu|{x}"],
    "array_repeat": ["{x}|2", "i64|{x}", "li|2"], "array_resize": ["{x}|2", "{x}|2|0", "li|{x}"],
    "array_replace": ["li|1|{x}", "lstr|'a'|'b'", "lfsb|fsb20|fsb20"], "array_replace_n": ["li|1|2|3", "lu|1|2|3", "{x}|1|2|3", "li|1|2|u64"],
    "array_replace_all": ["li|1|{x}"], "array_remove_n": ["li|1|1", "li!|1|1", "lu|1|{x}"],
    "array_remove": ["li!|1", "lfsb|fsb20", "lnn|1", "lu|1", "fl3|1"], "array_remove_all": ["li!|1", "lnn|1"],
    "array_position": ["li|1|1", "lstr|'a'|{x}"], "array_length": ["{x}|1", "li|{x}"], "array_distance": ["li|{x}", "ll|li", "fl3|fl3", "lstr|li", "lli|lli"],
    "array_except": ["lu|{x}", "ll|{x}", "fl3|fl3"], "array_intersect": ["lu|{x}", "ll|{x}", "fl3|fl3"], "array_union": ["lu|{x}", "ll|{x}", "fl3|fl3"],
    "make_map": ["", "'a'|{x}", "'a'|1|'b'|2", "'a'|1|'b'|NULL", "s!|i64|'b'|u64", "1|'a'|2", "fsb20!|st"],
    "map": ["s!|i64", "fsb20!|{x}", "'a'|1|'b'|2", "lstr|li", "lstr|lfsb", "li|li", "fl3|fl3", "ll|ll", "NULL|NULL", "s!|{x}"],
    "map_extract": ["map|'a'", "map|sv", "map|{x}", "mapu|s"],
    "union_extract": ["i64|'a'"],
    "coalesce": ["{x}|i64!", "i64|i64!", "i64!|i64", "fsb20|fsb20", "fsb20|NULL", "fsb20|fsb32", "st|stu", "st|stx", "stnn|st", "u64|0", "s|0", "NULL|NULL|{x}", "li|lu", "lnn|li", "li|ll", "fl3|li"],
    "greatest": ["{x}|{x}", "NULL|{x}", "u64|i64|f32", "fsb20|fsb20"], "least": ["NULL|{x}", "i64|d128|f64"],
    "make_array": ["{x}|{x}", "NULL|{x}", "i64|u64|NULL", "fsb20|fsb20", "st|stu", "st|stx", "stnn|st", "i64!|i64!", "li|lli", "'1'|1"],
    "nullif": ["{x}|{x}", "{x}|NULL", "{x}|0", "NULL|{x}"],
    "nvl": ["{x}|{x}", "u64|0", "i64!|i64", "i64|i64!"], "nvl2": ["i64|{x}|{x}", "s|i64|i64", "i64|i64!|i64!", "i64!|i64|i64!", "b|fsb20|bin", "u64|s|s"],
    "concat": ["s|{x}|sv", "sv|'-'|{x}", "s!|s!"], "concat_ws": ["','|{x}|s", "sv|s|s"],
    "strpos": ["s!|s!", "s!|s", "s|s!", "sv|s", "ls|s"], "arrow_typeof": ["i64!"], "abs": ["i64!"], "count": ["i64|s", "i64!", "1"],
    "nth_value@window": ["{x}|1"], "make_date": ["2024|1|{x}", "'2024'|1|1", "u64|i8|s"], "make_time": ["1|1|{x}"],
    "corr": ["{x}|f64"], "gcd": ["i64|{x}"], "atan2": ["{x}|f32", "d128|f64"],
}

WINDOW_ONLY = {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead"}
WINDOW_TOO = {"first_value", "last_value", "nth_value", "sum", "count"}


# The catalog of functions lists none of those without arguments.
UNLISTED = {"now", "current_date", "current_time", "pi", "random", "uuid", "version", "make_array"}


def listed_functions():
    """The (name, kind) pairs of the session, aliases included, and the names that are not an alias of another."""
    rows = ctx.sql("SELECT DISTINCT routine_name AS name, function_type AS kind, syntax_example AS example FROM information_schema.routines").to_pylist()
    names = {row["name"] for row in rows}
    documented = {row["name"]: (row["example"] or "").split("(")[0] for row in rows}
    aliases = {name for name, other in documented.items() if other in names and other != name}
    return {(row["name"], row["kind"].lower()) for row in rows}, names - aliases | UNLISTED


def spell(argument):
    return "nn_" + argument[:-1] if argument.endswith("!") else argument


def call(answers, name, args):
    base, _, over = name.partition("@")
    expr = f"{base}({', '.join(spell(a) for a in args)})"
    if over:
        expr += " OVER (ORDER BY t.i64)"
    answers.add(name, ask_expression(expr, nullability=True), *args)


def spread(answers, name, combinations):
    """Ask all combinations of one arity; an arity that the function never takes leaves one refusal."""
    asked = Answers()
    for args in combinations:
        call(asked, name, args)
    got = asked.by_name.get(name, {})
    if set(got) == {"error"}:
        got = {"error": got["error"][:1]}
    for answer, cases in got.items():
        for case in cases:
            answers.add(name, answer, *case)


def functions(answers, names):
    rng = random.Random(52)
    everything = ["NULL", *TYPES]
    for name in names:
        if name in ("map", "make_map"):  # no key may be NULL, as all columns are
            for template in LITERALS[name]:
                spread_template(answers, name, template, everything)
            continue
        call(answers, name, [])
        spread(answers, name, [[x] for x in everything])
        pairs = list(itertools.product(POOL, POOL))
        spread(answers, name, [list(p) for p in pairs])
        spread(answers, name, [list(rng.choices(SMALL, k=3)) for _ in range(150)])
        spread(answers, name, [list(rng.choices(SMALL, k=4)) for _ in range(60)])
        for template in LITERALS.get(name, []):
            spread_template(answers, name, template, everything)


def spread_template(answers, name, template, everything):
    if "{x}" not in template:
        call(answers, name, template.split("|") if template else [])
        return
    for x in everything:
        call(answers, name, [a.replace("{x}", x) for a in template.split("|")])


def list_operators(answers):
    """Operators over lists, which the planner turns into function calls."""
    for left, right in itertools.product(TYPES, TYPES):
        for op in ["@>", "<@", "||"] if left in NESTED or right in NESTED else []:
            answers.add(op + "@operator", ask_expression(f"(l.{left} {op} r.{right})", nullability=True), left, right)


def main():
    setup()
    here = os.path.dirname(os.path.abspath(__file__))
    answers = Answers()
    operators(answers)
    answers.write(os.path.join(here, "..", "..", "coerce", "testdata", "oracle.json"))

    listed, own_names = listed_functions()
    own_names -= WINDOW_ONLY | {"grouping"}  # grouping(x) needs x in GROUP BY
    own_names |= {"make_map"}
    names = sorted(own_names | {n + "@window" for n in WINDOW_ONLY | WINDOW_TOO})
    answers = Answers()
    functions(answers, names)
    list_operators(answers)
    answers.write(os.path.join(here, "oracle.json"), functions=sorted(f"{n} {k}" for n, k in listed))


if __name__ == "__main__":
    main()
