"""Columns of a result: which values they hold, and how the database's text becomes these.

What Python cannot hold (``infinity``, a time of 101 hours) stays the text that the database wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Decode: TypeAlias = "Callable[[Any], object]"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTERVAL = re.compile(r"P(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and what its type says of its values.

    ``kind`` is the XML Schema datatype of a type whose values do not all say it ("Natural mapping
    of SQL values", R2RML, section 10.2), ``width`` the length of fixed-length text that the
    database gives without its blanks; ``decode`` makes a value of what the driver gives.
    """

    name: str
    kind: str = ""
    width: int = 0
    decode: Decode | None = None


def to_date(text: str) -> object:
    """Read an ISO date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def to_moment(text: str) -> object:
    """Read an ISO date with its time, and an offset if there is one."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def to_time(text: str) -> object:
    """Read a time of day."""
    try:
        return time.fromisoformat(text)
    except ValueError:
        return text


def to_interval(text: str) -> object:
    """Read an ISO 8601 interval; one of years or months has no length and stays text."""
    found = _INTERVAL.fullmatch(text)
    if found is None:
        return text
    days, hours, minutes, seconds = (Decimal(part or 0) for part in found.groups())
    microseconds = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000
    try:
        return timedelta(days=int(days), microseconds=int(microseconds))
    except OverflowError:
        return text
