"""Timeline: a machine's runs in the order of their starts, and which ends are inferred from it.

A change is played again from its moment on; what was before it stands.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from kg.fold import Started, start_one

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.records import Term


class Timeline:
    """The runs of one machine with so many places."""

    def __init__(self, capacity: int, runs: Iterable[Started]) -> None:
        self._capacity = capacity
        self._starts = sorted(runs)
        self._place = {one.run: one for one in self._starts}
        self._before: list[tuple[Started, ...]] = []
        self._closed: list[list[Term]] = []
        self._inferred: dict[Term, str] = {}
        self._play(0)

    def inferred_end(self, run: Term) -> str | None:
        """Give when a run whose end was not recorded must have ended; None: it did not yet."""
        return self._inferred.get(run)

    def runs(self) -> list[Term]:
        """Give the runs of the machine."""
        return list(self._place)

    def replace(self, changes: Iterable[tuple[Term, Started | None]]) -> set[Term]:
        """Take in how runs stand now (None: no longer here); gives those whose end may differ."""
        first = len(self._starts)
        for run, now in changes:
            old = self._place.pop(run, None)
            if old is not None:
                at = bisect_left(self._starts, old)
                del self._starts[at]
                first = min(first, at)
            if now is not None:
                self._place[run] = now
                insort(self._starts, now)
                first = min(first, bisect_left(self._starts, now))
        return self._play(first)

    def _play(self, first: int) -> set[Term]:
        """Play the starts from one on; what was inferred from them before is forgotten."""
        touched = {run for closed in self._closed[first:] for run in closed}
        for run in touched:
            del self._inferred[run]
        active = self._before[first] if first < len(self._before) else self._at_end(first)
        del self._before[first:], self._closed[first:]
        for one in self._starts[first:]:
            self._before.append(active)
            active, closed = start_one(active, one, self._capacity)
            self._closed.append(closed)
            self._inferred.update(dict.fromkeys(closed, one.text))
            touched.update(closed)
        return touched

    def _at_end(self, first: int) -> tuple[Started, ...]:
        """Give who was active after the start before ``first``, where nothing was played since."""
        if first == 0:
            return ()
        active, _ = start_one(self._before[first - 1], self._starts[first - 1], self._capacity)
        return active
