"""Reckons by hand what an answer must have computed; nothing of the answers' own code is used."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)


def late_by(texts: Sequence[str], now: datetime, zone: ZoneInfo) -> Decimal:
    """Give the hours from the end of a due date, in the plant's zone, to the clock."""
    return Decimal((now - _end_of_day(texts[0], zone)) / HOUR)


def time_left(texts: Sequence[str], now: datetime, zone: ZoneInfo) -> Decimal:
    """Give the hours from the clock to the end of a due date."""
    return -late_by(texts, now, zone)


def remaining(texts: Sequence[str], _now: datetime, _zone: ZoneInfo) -> Decimal:
    """Give what is planned less what is good, never below nothing."""
    planned, good = (Decimal(text) for text in texts)
    return max(planned - good, Decimal(0))


RECKONED: dict[str, Callable[[Sequence[str], datetime, ZoneInfo], Decimal]] = {
    "lateBy": late_by,
    "timeLeft": time_left,
    "remainingQuantity": remaining,
}
"""By the names that the templates give them."""


def _end_of_day(text: str, zone: ZoneInfo) -> datetime:
    day = datetime.fromisoformat(text).date() + timedelta(days=1)
    return datetime.combine(day, time(), zone)
