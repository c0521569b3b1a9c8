"""Values as sources hold them -> text and the datatype they have by nature.

"Natural mapping of source values" in RML-Core; R2RML, section 10.2, for values of databases.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from kg.lift.mapping import XSD

if TYPE_CHECKING:
    from collections.abc import Callable

Natural: TypeAlias = tuple[str, str | None]
"""A value's lexical form, and its datatype's IRI; None for plain text."""

_SOME_DAY = date(2000, 1, 1)
_END_OF_DAY = re.compile(r"24:00:00(?:\.0+)?")
_DURATION = re.compile(
    r"P(?:\d+[YMD])*(?:T(?:[\d.]+[HMS])+)?|P(?:-\d+[YMD])*(?:T(?:-[\d.]+[HMS])+)?"
)
"""ISO 8601 as PostgreSQL writes it; an xsd:duration has one sign for all its parts."""


def to_natural(value: object) -> Natural | None:
    """Write a single value; None for no value, and for lists, maps and other things."""
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    for kind, writer in _WRITERS.items():
        if isinstance(value, kind):
            return writer(value)
    return None


def to_natural_of(value: object, kind: str, width: int = 0) -> Natural | None:
    """Write a value of a database's column, as `kg.databases.Column` describes it.

    Raises:
        ValueError: the datatype has no such value.
    """
    if kind == "boolean" and value in {0, 1}:
        return "true" if value else "false", XSD + "boolean"
    if isinstance(value, str):
        return (_write_text(value, kind), XSD + kind) if kind else (value.ljust(width), None)
    return to_natural(value)


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
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    power = len(digits) - 1 + int(exponent) if any(digits) else 0
    text = "".join(map(str, digits)).rstrip("0")
    mantissa = f"{text[:1] or '0'}.{text[1:] or '0'}"
    return f"{'-' if sign else ''}{mantissa}E{power}"


def _decimal(value: object) -> Natural:
    assert isinstance(value, Decimal)
    if not value.is_finite():
        return write_double(float(value)), XSD + "double"
    plain = format(value, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain, XSD + "decimal"


def _float(value: object) -> Natural:
    assert isinstance(value, float)
    return write_double(value), XSD + "double"


def _moment(value: object) -> Natural:
    assert isinstance(value, datetime)
    if value.tzinfo is not None:
        return f"{_fraction(value.astimezone(UTC).replace(tzinfo=None))}Z", XSD + "dateTime"
    return _fraction(value), XSD + "dateTime"


def _fraction(value: datetime | time) -> str:
    text = value.isoformat()
    return text.rstrip("0") if value.microsecond else text


def _time(value: object) -> Natural:
    assert isinstance(value, time)
    if value.tzinfo is not None:
        of_some_day = datetime.combine(_SOME_DAY, value).astimezone(UTC)
        return f"{_fraction(of_some_day.time())}Z", XSD + "time"
    return _fraction(value), XSD + "time"


def _duration(value: object) -> Natural:
    assert isinstance(value, timedelta)
    minutes, rest = divmod(abs(value), timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    seconds = _decimal(Decimal(rest // timedelta(microseconds=1)) / 1_000_000)[0]
    parts = [(days, "D"), (hours, "H"), (minutes, "M"), (seconds, "S")]
    day, *clock = (f"{number}{unit}" if str(number) != "0" else "" for number, unit in parts)
    of_day = f"T{''.join(clock)}" if any(clock) else ""
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}P{day}{of_day}" if value else "PT0S", XSD + "duration"


_WRITERS: dict[type, Callable[[Any], Natural]] = {
    str: lambda value: (str(value), None),
    bool: lambda value: ("true" if value else "false", XSD + "boolean"),
    int: lambda value: (str(value), XSD + "integer"),
    float: _float,
    Decimal: _decimal,
    datetime: _moment,
    date: lambda value: (str(value), XSD + "date"),
    time: _time,
    timedelta: _duration,
    UUID: lambda value: (str(value), None),
    bytes: lambda value: (bytes(value).hex().upper(), XSD + "hexBinary"),
    memoryview: lambda value: (bytes(value).hex().upper(), XSD + "hexBinary"),
}
