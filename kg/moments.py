"""Moments: when a record counts as having become true, and whether its time can be believed.

A time that cannot be is no reason to lose a record, and none to let it win for ever. It is flagged,
and the record is put where it is likeliest to belong, by rules that ask for nothing but the record:

``ahead``        more than ten minutes after its receipt (a clock that runs fast, 9999-12-31):
                 it counts from its receipt
``reset``        before 2000-01-02 (1970-01-01 and what else clocks start at): the same
``missing-hour`` a local time that daylight saving leaves out: read with the offset before it
``double-hour``  a local time that there is twice: the first of the two
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from kg.times import format_time, offset_doubt, parse_time, sortable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from kg.records import Record
    from kg.settings import Plant, SourceSettings, TableSettings

Doubt = Literal["", "ahead", "reset", "missing-hour", "double-hour"]
EARLIEST = "2000-01-02T00:00:00"
AHEAD = timedelta(minutes=10)
SAID = {
    "ahead": "its time is ahead of its receipt: counted from its receipt",
    "reset": "its time is of a clock that was reset: counted from its receipt",
    "missing-hour": "its time is in the hour that daylight saving leaves out: read as winter time",
    "double-hour": "its time is in the hour that there is twice: read as the first one",
}
"""What each doubt is to people."""
IN_PLACE_OF_TIME = ("ahead", "reset")
"""Doubts by which a record counts from its receipt."""


class Moment(NamedTuple):
    """When a record counts from (ISO 8601, UTC; "" where only its receipt is known)."""

    at: str
    doubt: Doubt


class Moments:
    """Tells it for the records of one plant."""

    def __init__(self, plant: Plant) -> None:
        self._tables = {(s.name, t.name): (s, t) for s in plant.every_source for t in s.tables}

    def of(self, record: Record) -> Moment:
        """Tell when a record counts from."""
        found = counts_from(record.effective, record.recorded)
        if found.doubt or not found.at:
            return found
        return Moment(found.at, self._hour_doubt(record, found.at))

    def _hour_doubt(self, record: Record, said: str) -> Doubt:
        found = self._tables.get((record.source, record.kind))
        if found is None or not _has_change(found[0].zone_info, said[:10]):
            return ""
        source, table = found
        for value, form in _times(record, table):
            if _reads_as(value, form, source, said):
                return offset_doubt(value, form, source.zone_info)
        return ""


def counts_from(effective: str | None, recorded: str) -> Moment:
    """Tell when what says a time counts from; its row may still say that the hour is in doubt."""
    if not effective:
        return Moment("", "")
    if recorded:
        if sortable(effective) < EARLIEST:
            return Moment(recorded, "reset")
        if _is_ahead(effective, recorded):
            return Moment(recorded, "ahead")
    return Moment(effective, "")


def _times(record: Record, table: TableSettings) -> Iterator[tuple[object, str]]:
    for column in (table.event_time, *table.changed):
        if column and (value := record.row.get(column)) not in {None, ""}:
            yield value, table.time_form(column)


def _reads_as(value: object, form: str, source: SourceSettings, said: str) -> bool:
    try:
        return format_time(parse_time(value, form, source.zone_info)) == said
    except (ValueError, OverflowError):
        return False


def _is_ahead(said: str, recorded: str) -> bool:
    if sortable(said) <= sortable(recorded):
        return False
    return datetime.fromisoformat(said) - datetime.fromisoformat(recorded) > AHEAD


@lru_cache(maxsize=4_096)
def _has_change(zone: ZoneInfo, day: str) -> bool:
    """Tell whether a zone's offset changes around a day of UTC."""
    noon = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    try:
        around = [noon + timedelta(days=days) for days in (-2, -1, 0, 1, 2)]
        return len({moment.astimezone(zone).utcoffset() for moment in around}) > 1
    except OverflowError:  # at the ends of time
        return False
