"""Prints a Parquet file as pyarrow reads it: the types of its columns, then each row as a JSON object on a line of its own.

Numbers that JSON's readers could round, times and binary are text; what is text and what is a number is up to the column's type,
which the reader knows.
"""

import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def date(days):
    """The date so many days after 1970, in the proleptic Gregorian calendar, also before the year 1 and after 9999."""
    days += 719468  # the calendar of 400 years begins in March of the year 0
    era, day = divmod(days, 146097)
    year_of_era = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year_of_era + year_of_era // 4 - year_of_era // 100
    month = (5 * day + 2) // 153
    day = day - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return f"{year_of_era + era * 400 + (month <= 2):04d}-{month:02d}-{day:02d}"


def clock(seconds, count, unit):
    """A time of day and its fraction, in units."""
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    nanos = count * (PER_SECOND["ns"] // PER_SECOND[unit])
    return text + (f".{nanos:09d}".rstrip("0") if nanos else "")


def plain(v):
    if not v.is_valid:
        return None
    t = v.type
    if pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_fixed_size_list(t):
        return [plain(v.values[i]) for i in range(len(v.values))]
    if pa.types.is_map(t):
        return {plain(entry["key"]): plain(entry["value"]) for entry in v.values}
    if pa.types.is_struct(t):
        return {f.name: plain(v[f.name]) for f in t}
    if pa.types.is_boolean(t):
        return v.as_py()
    if pa.types.is_floating(t):
        return repr(v.as_py()).replace("inf", "+Inf").replace("-+", "-").replace("nan", "NaN")
    if pa.types.is_binary(t) or pa.types.is_large_binary(t) or pa.types.is_fixed_size_binary(t):
        return "0x" + v.as_py().hex()
    if pa.types.is_timestamp(t):
        seconds, count = divmod(v.value, PER_SECOND[t.unit])
        days, seconds = divmod(seconds, 86400)
        return date(days) + "T" + clock(seconds, count, t.unit)
    if pa.types.is_date(t):
        return date(v.value if pa.types.is_date32(t) else v.value // 86400000)
    if pa.types.is_time(t):
        return clock(*divmod(v.value, PER_SECOND[t.unit]), t.unit)
    if pa.types.is_decimal(t) or pa.types.is_integer(t) or pa.types.is_string(t) or pa.types.is_large_string(t):
        return str(v.as_py())
    raise TypeError(f"no text for a {t}")


for path in sys.argv[1:]:
    table = pq.read_table(path)
    print(json.dumps({f.name: str(f.type) for f in table.schema}))
    for i in range(table.num_rows):
        print(json.dumps({f.name: plain(table.column(j)[i]) for j, f in enumerate(table.schema)}))
