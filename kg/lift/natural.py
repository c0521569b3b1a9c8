"""Values as sources hold them -> text and the datatype they have by nature.

"Natural mapping of source values" in RML-Core; R2RML, section 10.2, for values of databases.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from uuid import UUID

from kg.lift.mapping import XSD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Natural: TypeAlias = tuple[str, str | None]
"""A value's lexical form, and its datatype's IRI; None for plain text."""

_SOME_DAY = date(2000, 1, 1)
_END_OF_DAY = re.compile(r"24:00:00(?:\.0+)?")
_DURATION = re.compile(
    r"P(?:\d+[YMD])*(?:T(?:[\d.]+[HMS])+)?|P(?:-\d+[YMD])*(?:T(?:-[\d.]+[HMS])+)?"
)
"""ISO 8601 as PostgreSQL writes it; an xsd:duration has one sign for all its parts."""


class Written(NamedTuple):
    """A value that no type of Python holds, in its lexical form and with its datatype."""

    text: str
    datatype: str


def to_natural(value: object) -> Natural | None:
    """Write a single value; None for no value, and for lists, maps and other things."""
    if isinstance(value, Written):
        return value
    if isinstance(value, Decimal) and not value.is_finite():
        return write_double(float(value)), XSD + "double"
    written = _WRITERS.get(type(value))
    if written is None:
        written = next((found for kind, found in _WRITERS.items() if isinstance(value, kind)), None)
    if written is None:
        return None
    write, datatype = written
    return write(value), datatype


def to_naturals(
    values: Sequence[Any],
) -> tuple[Sequence[str | None], Sequence[str | None] | str | None]:
    """Write a column of values, each as `to_natural` does: their texts, and their datatypes.

    One datatype stands for those of all values where they have no other.
    """
    kinds = set(map(type, values)) - {NoneType}
    if kinds <= {str}:
        return values, None
    if len(kinds) == 1 and not (kinds == {Decimal} and _is_any_infinite(values)):
        written = _WRITERS.get(kinds.pop())
        if written is not None:
            write, datatype = written
            return [None if value is None else write(value) for value in values], datatype
    naturals = [to_natural(value) or (None, None) for value in values]
    return [text for text, _ in naturals], [datatype for _, datatype in naturals]


def _is_any_infinite(values: Sequence[Decimal | None]) -> bool:
    return any(value is not None and not value.is_finite() for value in values)


def read_value(value: object, kind: str, width: int = 0) -> object:
    """Take a value of a database's column for what `kg.databases.Column` says it is.

    Raises:
        ValueError: the datatype has no such value.
    """
    if kind == "boolean" and value in {0, 1}:
        return bool(value)
    if isinstance(value, str):
        return Written(_write_text(value, kind), XSD + kind) if kind else value.ljust(width)
    return value


def _write_text(text: str, kind: str) -> str:
    """Write what no value of Python holds: the end of a day, and months."""
    if kind == "time" and _END_OF_DAY.fullmatch(text):
        return "24:00:00"
    if kind == "duration" and _DURATION.fullmatch(text):
        return text if "-" not in text else f"-{text.replace('-', '')}"
    raise ValueError(text)


def write_double(value: float) -> str:
    """Write a double in its canonical form: ``3.05E1``, ``INF``, ``NaN``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    plain, _, exponent = repr(value).partition("e")
    sign = "-" if plain[0] == "-" else ""
    whole, _, fraction = plain.removeprefix("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return f"{sign}0.0E0"
    zeros = len(whole) + len(fraction) - len(digits)
    power = int(exponent or 0) + len(whole) - 1 - zeros
    return f"{sign}{digits[0]}.{digits[1:].rstrip('0') or '0'}E{power}"


def _decimal(value: Decimal) -> str:
    plain = format(value, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def _moment(value: datetime) -> str:
    if value.tzinfo is not None:
        return f"{_fraction(value.astimezone(UTC).replace(tzinfo=None))}Z"
    return _fraction(value)


def _fraction(value: datetime | time) -> str:
    text = value.isoformat()
    return text.rstrip("0") if value.microsecond else text


def _time(value: time) -> str:
    if value.tzinfo is not None:
        return f"{_fraction(datetime.combine(_SOME_DAY, value).astimezone(UTC).time())}Z"
    return _fraction(value)


def _duration(value: timedelta) -> str:
    minutes, rest = divmod(abs(value), timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    seconds = _decimal(Decimal(rest // timedelta(microseconds=1)) / 1_000_000)
    parts = [(days, "D"), (hours, "H"), (minutes, "M"), (seconds, "S")]
    day, *clock = (f"{number}{unit}" if str(number) != "0" else "" for number, unit in parts)
    of_day = f"T{''.join(clock)}" if any(clock) else ""
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}P{day}{of_day}" if value else "PT0S"


def _bytes(value: bytes | memoryview) -> str:
    return bytes(value).hex().upper()


_WRITERS: dict[type, tuple[Callable[[Any], str], str | None]] = {
    str: (str, None),
    bool: (lambda value: "true" if value else "false", XSD + "boolean"),
    int: (str, XSD + "integer"),
    float: (write_double, XSD + "double"),
    Decimal: (_decimal, XSD + "decimal"),
    datetime: (_moment, XSD + "dateTime"),
    date: (str, XSD + "date"),
    time: (_time, XSD + "time"),
    timedelta: (_duration, XSD + "duration"),
    UUID: (str, None),
    bytes: (_bytes, XSD + "hexBinary"),
    memoryview: (_bytes, XSD + "hexBinary"),
}
