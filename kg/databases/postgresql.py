"""PostgreSQL by psycopg: dates, intervals and its own types come as text, as SQL's CAST gives it.

The driver's own readers stop a whole result at a date that Python has not (``infinity``, one BC),
and take a month for 30 days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.databases.columns import Column, to_date, to_interval, to_moment, to_time

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

# Types by their OIDs in PostgreSQL's catalog (pg_type.dat).
_TEXT = 25
_BY_DRIVER = frozenset({16, 17, 18, 19, 20, 21, 23, _TEXT, 26, 700, 701, 1042, 1043, 1700})
"""bool, bytea, char, name, int8, int2, int4, text, oid, float4, float8, bpchar, varchar, numeric"""

_DECODED = {
    1082: ("date", to_date),
    1083: ("time", to_time),
    1114: ("dateTime", to_moment),
    1184: ("dateTime", to_moment),
    1186: ("duration", to_interval),
    1266: ("time", to_time),
}
"""date, time, timestamp, timestamp with time zone, interval, time with time zone"""


def prepare(connection: Connection) -> None:
    """Let all other types come as text, in ISO 8601, until the transaction ends."""
    connection.exec_driver_sql(
        "SELECT set_config('datestyle', 'ISO', true), set_config('intervalstyle', 'iso_8601', true)"
    ).close()
    driver: Any = connection.connection.driver_connection
    as_text = driver.adapters.get_loader(_TEXT, 0)
    for info in driver.adapters.types:
        for oid in (info.oid, info.array_oid):
            if oid and oid not in _BY_DRIVER:
                driver.adapters.register_loader(oid, as_text)


def describe(cursor: Any) -> list[Column]:
    """Name the columns of a cursor's result."""
    columns = []
    for name, oid, *_ in cursor.description:
        kind, decode = _DECODED.get(oid, ("", None))
        columns.append(Column(name, kind, decode=decode))
    return columns
