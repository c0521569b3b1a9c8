"""Values as sources hold them -> text and the datatype they have by nature.

"Natural mapping of source values" in RML-Core; R2RML, section 10.2, for values of databases.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from kg.lift.mapping import XSD

if TYPE_CHECKING:
    from collections.abc import Callable

Natural: TypeAlias = tuple[str, str | None]
"""A value's lexical form, and its datatype's IRI; None for plain text."""


def to_natural(value: object) -> Natural | None:
    """Write a single value; None for no value, and for lists, maps and other things."""
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    for kind, writer in _WRITERS.items():
        if isinstance(value, kind):
            return writer(value)
    return None


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
    return _fraction(value), XSD + "time"


_WRITERS: dict[type, Callable[[Any], Natural]] = {
    str: lambda value: (str(value), None),
    bool: lambda value: ("true" if value else "false", XSD + "boolean"),
    int: lambda value: (str(value), XSD + "integer"),
    float: _float,
    Decimal: _decimal,
    datetime: _moment,
    date: lambda value: (str(value), XSD + "date"),
    time: _time,
    UUID: lambda value: (str(value), None),
    bytes: lambda value: (bytes(value).hex().upper(), XSD + "hexBinary"),
    memoryview: lambda value: (bytes(value).hex().upper(), XSD + "hexBinary"),
}
