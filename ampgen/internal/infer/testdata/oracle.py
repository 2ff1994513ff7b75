"""Records DataFusion's answers for corpus.sql in oracle.json.

Needs the package "datafusion" 52.3.0. tables.json, the catalog's tables, is written by the Go test (-update-tables).
For every query the answer is the announced schema (DESCRIBE: the plan as written) and the types of the data that one row
per table gives, or the error of planning or running it.

    python oracle.py
"""

import datetime
import decimal
import json
import pathlib
import re

import pyarrow as pa
from datafusion import SessionContext

HERE = pathlib.Path(__file__).parent
UNITS = {"Second": "s", "Millisecond": "ms", "Microsecond": "us", "Nanosecond": "ns"}
SIMPLE = {
    "Null": pa.null(), "Boolean": pa.bool_(), "Utf8": pa.string(), "Binary": pa.binary(), "Utf8View": pa.string_view(),
    "UInt8": pa.uint8(), "UInt32": pa.uint32(), "UInt64": pa.uint64(), "Int32": pa.int32(), "Int64": pa.int64(),
}


def message(e):
    """The first line of an error. Of several ambiguous fields the engine names any, so the name is left out."""
    line = str(e).split("\n")[0][:200]
    return re.sub(r"(Ambiguous reference to unqualified field) .*", r"\1", line)


def arrow_type(t):
    """The Arrow type of a manifest's JSON."""
    if isinstance(t, str):
        return SIMPLE[t]
    ((key, value),) = t.items()
    match key:
        case "FixedSizeBinary":
            return pa.binary(value)
        case "Timestamp":
            return pa.timestamp(UNITS[value[0]], value[1])
        case "Decimal128":
            return pa.decimal128(*value)
        case "List":
            return pa.list_(nested(value))
        case "Struct":
            return pa.struct([nested(f) for f in value])
    raise ValueError(key)


def nested(f):
    return pa.field(f["name"], arrow_type(f["data_type"]), f["nullable"])


def text(t):
    """An Arrow type as arrow-rs displays it, as far as the corpus has them."""
    i = pa.types
    names = {"string": "Utf8", "large_string": "LargeUtf8", "string_view": "Utf8View", "binary": "Binary", "binary_view": "BinaryView",
             "bool": "Boolean", "double": "Float64", "float": "Float32", "date32[day]": "Date32", "null": "Null",
             "month_day_nano_interval": "Interval(MonthDayNano)"}
    if str(t) in names:
        return names[str(t)]
    if i.is_integer(t):
        return str(t).replace("uint", "UInt").replace("int", "Int") if str(t)[0] == "i" else "UInt" + str(t)[4:]
    if i.is_decimal(t):
        return f"Decimal{t.bit_width}({t.precision}, {t.scale})"
    if i.is_fixed_size_binary(t):
        return f"FixedSizeBinary({t.byte_width})"
    if i.is_timestamp(t):
        return f'Timestamp({t.unit}, "{t.tz}")' if t.tz else f"Timestamp({t.unit})"
    if i.is_time64(t) or i.is_time32(t):
        return f"Time{t.bit_width}({t.unit})"
    if i.is_duration(t):
        return f"Duration({t.unit})"
    flag = lambda f: "" if f.nullable else "non-null "
    if i.is_list(t):
        name = "" if t.value_field.name == "item" else f", field: '{t.value_field.name}'"
        return f"List({flag(t.value_field)}{text(t.value_type)}{name})"
    if i.is_struct(t):
        return "Struct(" + ", ".join(f'"{f.name}": {flag(f)}{text(f.type)}' for f in t) + ")"
    if i.is_map(t):
        return f'Map("entries": non-null Struct("key": non-null {text(t.key_type)}, "value": {flag(t.item_field)}{text(t.item_type)}), unsorted)'
    raise ValueError(f"no text for {t}")


def sample(t):
    """A value of the type, so that a table has a row."""
    i = pa.types
    if i.is_boolean(t):
        return True
    if i.is_integer(t):
        return 1
    if i.is_decimal(t):
        return decimal.Decimal(1)
    if i.is_timestamp(t):
        return datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
    if i.is_fixed_size_binary(t):
        return bytes(t.byte_width)
    if i.is_binary(t):
        return b"\0" * 20
    if i.is_list(t):
        return [sample(t.value_type)]
    if i.is_struct(t):
        return {f.name: sample(f.type) for f in t}
    return "1"


def session():
    ctx = SessionContext()
    for dataset, tables in json.loads((HERE / "tables.json").read_text()).items():
        ctx.sql(f"create schema {dataset}").collect()
        for name, fields in tables.items():
            schema = pa.schema([pa.field(f["name"], arrow_type(f["type"]), f["nullable"]) for f in fields])
            batch = pa.record_batch([pa.array([sample(f.type)], f.type) for f in schema], schema=schema)
            ctx.register_record_batches("tmp", [[batch]])
            ctx.sql(f"create table {dataset}.{name} as select * from tmp").collect()
            ctx.deregister_table("tmp")
    return ctx


def answer(ctx, query):
    out = {"sql": query}
    try:
        described = ctx.sql("describe " + query).collect()
        rows = [r for b in described for r in b.to_pylist()]
        out["announced"] = [{"name": r["column_name"], "type": r["data_type"], "nullable": r["is_nullable"] == "YES"} for r in rows]
    except Exception as e:  # the package raises bare exceptions
        return out | {"error": message(e)}
    try:
        batches = ctx.sql(query).collect()
        if batches:
            out["actual"] = [text(f.type) for f in batches[0].schema]
    except BaseException as e:  # a panic is one too
        out["run_error"] = message(e)
    return out


def main():
    ctx = session()
    lines = (HERE / "corpus.sql").read_text().splitlines()
    answers = [answer(ctx, q) for q in lines if q.strip() and not q.startswith("--")]
    (HERE / "oracle.json").write_text("[\n" + ",\n".join(json.dumps(a) for a in answers) + "\n]\n")
    print(len(answers), "queries,", sum("error" in a for a in answers), "refused,", sum("run_error" in a for a in answers), "fail to run")


main()
