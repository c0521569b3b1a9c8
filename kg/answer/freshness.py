"""Freshness: when what an answer cites was last vouched for, how old that is, and whether stale."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from kg.times import format_time
from kg.touched import of_record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kg.settings import Plant


class Place(NamedTuple):
    """What vouches for a citation: its source's table; or the record itself, where in doubt."""

    source: str
    table: str
    doubted: str = ""


class Age(NamedTuple):
    """When it was vouched for last (ISO 8601, UTC; None: never), seconds since, and if stale.

    Where it is not on record whether it was, neither is told, and ``is_on_record`` is false.
    """

    confirmed_at: str | None
    age_s: float | None
    is_stale: bool
    is_on_record: bool = True


class _Span(NamedTuple):
    """What rests on some places, before the clock says how old it is.

    ``oldest`` is the last time of the place that was vouched for longest ago, ``told`` the same as
    text. ``bounds`` are times with the seconds after which what was vouched for then is stale.
    """

    oldest: datetime | None
    told: str | None
    bounds: tuple[tuple[datetime, float], ...]
    is_stale: bool
    is_on_record: bool

    def age(self, now: datetime) -> Age:
        """Tell how old it is."""
        is_stale = self.is_stale or any(
            (now - confirmed).total_seconds() > limit for confirmed, limit in self.bounds
        )
        if self.oldest is None or not self.is_on_record:
            return Age(None, None, is_stale, self.is_on_record)
        return Age(self.told, max(0.0, (now - self.oldest).total_seconds()), is_stale)


class Freshness:
    """Tells it as of any clock, of what a journal said at one moment.

    ``confirmed`` is when each (source, table) was last read to its end (None: that is not on
    record), ``doubts`` the paths of
    records that their source did not vouch for then, and when it last did.
    """

    def __init__(
        self,
        plant: Plant,
        confirmed: Mapping[tuple[str, str], datetime | None],
        doubts: Mapping[str, datetime | None],
    ) -> None:
        self._confirmed = confirmed
        self.doubts = doubts
        self._stale_after = {s.name: s.stale_after_seconds for s in plant.every_source}
        self._spans: dict[tuple[Place, ...], _Span] = {}
        self._told: dict[str, str | None] = {}
        self._newest: dict[str, datetime] = {}
        self._untold: set[str] = set()
        for (source, _), moment in confirmed.items():
            if moment is None:
                self._untold.add(source)
            elif source not in self._newest or moment > self._newest[source]:
                self._newest[source] = moment

    @cached_property
    def doubted_keys(self) -> frozenset[int]:
        """What of all that can be read is in doubt: see `kg.touched`."""
        return frozenset(map(of_record, self.doubts))

    def place(self, source: str, record: str) -> Place:
        """Give what vouches for a record, by its path below the plant's base."""
        return Place(source, unquote(record.split("/")[2]), record if record in self.doubts else "")

    def age(self, places: tuple[Place, ...], now: datetime) -> Age:
        """Tell how old what rests on all these is: as old as the oldest of them."""
        span = self._spans.get(places)
        if span is None:
            span = self._spans[places] = self._span(places)
        return span.age(now)

    def _span(self, places: tuple[Place, ...]) -> _Span:
        """Find what the clock need not be known for: many facts rest on the same places."""
        moments: list[datetime] = []
        bounds: dict[float, datetime] = {}
        is_stale, is_on_record = False, True
        for place in places:
            if place.doubted:
                confirmed, limit = self.doubts.get(place.doubted), -1.0
            else:
                confirmed = self._confirmed.get((place.source, place.table))
                limit = self._stale_after.get(place.source, 0.0)
                if confirmed is None and (place.source, place.table) in self._confirmed:
                    is_on_record = False
                    continue
            if confirmed is not None:
                moments.append(confirmed)
                bounds[limit] = min(confirmed, bounds.get(limit, confirmed))
            is_stale = is_stale or confirmed is None or limit < 0
        oldest = min(moments, default=None)
        told = oldest.strftime("%Y-%m-%dT%H:%M:%SZ") if oldest is not None else None
        within = tuple((confirmed, limit) for limit, confirmed in bounds.items())
        return _Span(oldest, told, within, is_stale, is_on_record)

    def newest(self, source: str) -> str | None:
        """Give when a source last vouched for anything (ISO 8601, UTC); None: never."""
        if source not in self._told:
            moment = self._newest.get(source)
            self._told[source] = None if moment is None else format_time(moment)
        return self._told[source]

    def is_source_stale(self, source: str, now: datetime) -> bool:
        """Tell whether a source has not vouched for anything within its own schedule."""
        newest = self._newest.get(source)
        if newest is None:
            return source not in self._untold
        return (now - newest).total_seconds() > self._stale_after[source]
