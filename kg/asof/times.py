"""Then: a time that is asked about, and a time up to which records are believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from kg.errors import ConfigError, HistoryError
from kg.times import format_time, parse_time, sortable

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


ALL_ON_RECORD = datetime.max.replace(tzinfo=UTC)
"""Believed by then is whatever was recorded."""
WELL_FORMED = "2026-11-23T14:32:00Z"


@dataclass(frozen=True)
class Then:
    """The clock ``at``, and ``believed_at``: what was recorded up to then, both included."""

    at: datetime
    believed_at: datetime

    @cached_property
    def at_text(self) -> str:
        """Give the clock as it sorts."""
        return sortable(format_time(self.at))

    @cached_property
    def believed_text(self) -> str:
        """Give up to when records are believed, as it sorts."""
        return sortable(format_time(self.believed_at))

    def holds(self, moment: str, recorded: str) -> bool:
        """Tell whether a version counts: true by ``at``, and on record by ``believed_at``.

        ``moment`` "" is a version of which only the receipt is known.
        """
        is_true = sortable(moment or recorded) <= self.at_text
        return is_true and sortable(recorded) <= self.believed_text


def read_then(at: str, believed_at: str, now: datetime, zone: ZoneInfo) -> Then:
    """Read what an answer shall be as of; "" is ``now``, and of ``believed_at`` all on record.

    Times without an offset are local to ``zone``.

    Raises:
        ConfigError: one is no time, or has not come yet.
    """
    believed = ALL_ON_RECORD if believed_at == "" else _read("believed_at", believed_at, now, zone)
    return Then(_read("at", at, now, zone), believed)


def _read(name: str, text: str, now: datetime, zone: ZoneInfo) -> datetime:
    if text in {"", "now"}:
        return now
    try:
        # In a query, a plus sign that nobody encoded arrives as a space.
        moment = parse_time(text.replace(" ", "+") if "T" in text else text, "iso", zone)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{name}={text[:100]!r} is no time", hint=f"{name}={WELL_FORMED}", code="parameter"
        ) from error
    if moment > now:
        raise ConfigError(
            f"{name}={text} has not come yet: it is {format_time(now)}",
            hint="ask for a time that has passed, or leave it out for now",
            code="parameter",
        )
    return moment.astimezone(UTC)


def check_horizon(then: Then, horizon: datetime | None) -> None:
    """Refuse what lies before the time up to which history was pruned.

    Raises:
        HistoryError: it does.
    """
    if horizon is not None and min(then.at, then.believed_at) < horizon:
        raise HistoryError(
            f"what was before {format_time(horizon)} is no longer kept",
            hint="ask for a later time; horizon_days in plant.toml says how long history is kept",
        )
