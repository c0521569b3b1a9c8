"""MySQL and MariaDB by PyMySQL: what the wire says of columns, and what it rounds or hides.

A FLOAT is sent with six digits, and a TIMESTAMP in the time zone of the session. Both are asked for
exactly, by a query around the query.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from kg.databases.columns import EPOCH, Column, to_date, to_moment, to_time
from kg.errors import SourceError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from kg.databases.columns import Decode

# Types, flags and character sets by their numbers in the protocol (column definition packet).
_TINY, _FLOAT, _TIMESTAMP, _BIT, _STRING = 1, 4, 7, 16, 254
_UNSIGNED, _ENUM, _SET = 0x20, 0x100, 0x800
_BINARY_CHARSET = 63
_CHARACTER_BYTES = 4
"""Lengths are sent in bytes, for the longest characters of utf8mb4, which sessions speak."""

_SECONDS_UNTIL_LOST = 3_600


def prepare(connection: Connection) -> None:
    """Let all values come as text or bytes, and the server wait while what it sent is worked on."""
    connection.exec_driver_sql(f"SET SESSION net_write_timeout = {_SECONDS_UNTIL_LOST}")
    driver: Any = connection.connection.driver_connection
    driver.decoders = {}


def describe(cursor: Any) -> list[Column]:
    """Name the columns of a cursor's result."""
    return [_column(field) for field in _fields(cursor)]


def exact(connection: Connection, sql: str, *, is_zoned: bool) -> tuple[str, list[Column]]:
    """Give a query whose values are exact, and its columns; none where it runs only as it stands.

    ``is_zoned``: a TIMESTAMP becomes an instant instead of the session's local time.
    """
    plain = connection.execution_options(no_parameters=True)
    try:
        result = plain.exec_driver_sql(f"SELECT * FROM ({sql}\n) AS q LIMIT 0")
    except SQLAlchemyError:
        return sql, []
    fields = _fields(result.cursor)
    result.close()
    columns = [_column(field) for field in fields]
    functions = _EXACT if is_zoned else {_FLOAT: _EXACT[_FLOAT]}
    if not functions.keys() & {field.type_code for field in fields}:
        return sql, columns
    quote = connection.dialect.identifier_preparer.quote_identifier
    parts = [quote(column.name) for column in columns]
    for place, field in enumerate(fields):
        if field.type_code in functions:
            before, after, decode = functions[field.type_code]
            parts[place] = f"{before}{parts[place]}{after} AS {parts[place]}"
            columns[place] = replace(columns[place], decode=decode)
    return f"SELECT {', '.join(parts)} FROM ({sql}\n) AS q", columns


def refuse_rounded(columns: list[Column], where: str) -> None:
    """Refuse what `exact` could not ask for.

    Raises:
        SourceError: a column is a FLOAT.
    """
    for column in columns:
        if column.decode is _single:
            raise SourceError(
                f"{where}: the server sends only six digits of {column.name!r}, a FLOAT",
                hint=f"write CAST({column.name} AS DOUBLE) AS {column.name} in the query",
            )


def abandon(connection: Connection, cursor: Any) -> None:
    """Cut a connection whose rows are not all read: its driver would read them to the end."""
    result = cursor._result  # noqa: SLF001 - closing the cursor is what must not be done
    if result is not None and result.unbuffered_active:
        result.unbuffered_active = False
        connection.invalidate()


def _fields(cursor: Any) -> list[Any]:
    fields: list[Any] = cursor._result.fields  # noqa: SLF001 - the flags stand nowhere else
    return fields


def _column(field: Any) -> Column:
    kind, decode = _DECODED.get(field.type_code, ("", None))
    width = 0
    if field.type_code in {_TINY, _BIT} and field.length == 1:
        kind = "boolean"
    elif field.type_code == _BIT:
        decode = _bits(field.length)
    elif field.type_code == _STRING and field.charsetnr != _BINARY_CHARSET:
        # UUID and INET6 travel as text without a sign; ENUM and SET are marked.
        is_fixed = not field.flags & (_ENUM | _SET | _UNSIGNED)
        width = field.length // _CHARACTER_BYTES if is_fixed else 0
    return Column(field.name, kind, width, decode)


def _bits(length: int) -> Decode:
    return lambda content: format(int.from_bytes(content), f"0{length}b")


def _single(text: str) -> object:
    """Give the shortest number that is the same in single precision: 1.65, not 1.64999997."""
    value = float(text)
    shorter = (float(f"{value:.{digits}g}") for digits in range(6, 9))
    same = struct.pack("f", value)
    return next((number for number in shorter if struct.pack("f", number) == same), value)


def _instant(text: str) -> object:
    """Read seconds since 1970; 0 stands for the zero date, which is no time."""
    microseconds = int(Decimal(text) * 1_000_000)
    return EPOCH + timedelta(microseconds=microseconds) if microseconds else None


def _date(text: str) -> object:
    """Read a date; the zero date is MySQL's way to say that there is none."""
    return None if text == "0000-00-00" else to_date(text)


def _moment(text: str) -> object:
    return None if text.startswith("0000-00-00 00:00:00") else to_moment(text)


_DECODED: dict[int, tuple[str, Decode]] = {
    0: ("", Decimal),
    _TINY: ("", int),
    2: ("", int),
    3: ("", int),
    _FLOAT: ("", _single),
    5: ("", float),
    _TIMESTAMP: ("dateTime", _moment),
    8: ("", int),
    9: ("", int),
    10: ("date", _date),
    11: ("time", to_time),
    12: ("dateTime", _moment),
    13: ("", int),
    _BIT: ("", int.from_bytes),
    246: ("", Decimal),
}
"""DECIMAL, TINYINT, SMALLINT, INT, FLOAT, DOUBLE, TIMESTAMP, BIGINT, MEDIUMINT, DATE, TIME,
DATETIME, YEAR, BIT, DECIMAL"""

_EXACT: dict[int, tuple[str, str, Decode]] = {
    _FLOAT: ("", " + 0e0", _single),
    _TIMESTAMP: ("UNIX_TIMESTAMP(", ")", _instant),
}
"""What to write before and after a column, and how to read what comes then."""
