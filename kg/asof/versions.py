"""Versions: which version of a record counted then, and what it says by today's mapping."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from kg.moments import counts_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kg.asof.past import Place
    from kg.asof.times import Then
    from kg.journal import Dated, History, Standing
    from kg.records import Fact, Record

    Rewrite = Callable[[list[Fact]], list[Fact]]
    LiftVersions = Callable[
        [Sequence[Record]], tuple[list[tuple[Record, list[Fact]]], list[Record]]
    ]
    """Gives what versions say, and those of them that cannot be lifted."""


class Counted(NamedTuple):
    """The version of a record that counted then.

    ``at`` is since when it counts (ISO 8601, UTC; "": its receipt is all that is known), and
    ``recorded`` when it was ("": the record was not there). Where it ``stands`` in today's graph
    its row and facts are read there.
    """

    at: str
    recorded: str
    stands: bool = False
    stands_in: bool = False
    record: Record | None = None
    facts: tuple[Fact, ...] = ()

    @property
    def is_there(self) -> bool:
        """Tell whether the record was there."""
        return bool(self.recorded)


NOT_THERE = Counted("", "")


class Versions:
    """Finds the versions that counted at one time, each once.

    ``seq`` is the last record that is in today's graph: later ones do not count.
    ``moved`` are the records that speak of things by other names today than then: they are lifted
    even where the newest version counted.
    """

    def __init__(
        self,
        then: Then,
        history: History,
        lift: LiftVersions,
        seq: int,
    ) -> None:
        self._seq = seq
        self._then = then
        self._history = history
        self._lift = lift
        self._found: dict[Place, Counted] = {}
        self.until = f"{then.at_text}Z"
        """The clock, as literals write it."""
        self.moved: set[Place] = set()
        self.rewrite: Rewrite = list

    def rename(self, moved: set[Place], rewrite: Rewrite) -> None:
        """Call things from now on as they were called then."""
        self._found.clear()
        self.moved = moved
        self.rewrite = rewrite

    def of(self, place: Place) -> Counted:
        """Give what counted of a record."""
        found = self._found.get(place)
        if found is None:
            self.find([place])
            found = self._found[place]
        return found

    def standing(self) -> set[Place]:
        """Give the records looked at so far that today's graph has as they were."""
        return {place for place, counted in self._found.items() if counted.stands}

    def last_seq(self) -> int:
        """Give the last record that was on record then."""
        return min(self._seq, self._history.seq_at(self._then.believed_text))

    def standing_in(self) -> list[tuple[Place, Record]]:
        """Give those looked at so far that stand in for a version that cannot be lifted."""
        return [
            (place, counted.record)
            for place, counted in self._found.items()
            if counted.stands_in and counted.record is not None
        ]

    def find(self, places: Iterable[Place]) -> None:
        """Look at many records at once."""
        wanted = {place for place in places if place not in self._found}
        changed = []
        for (source, kind), keys in _by_table(wanted).items():
            standing = self._history.standing(source, kind, keys)
            for key in keys:
                place = (source, kind, key)
                newest = standing.get(key)
                if newest is None:
                    self._found[place] = NOT_THERE
                elif (counted := self._standing(place, newest)) is not None:
                    self._found[place] = counted
                else:
                    changed.append(place)
        if changed:
            self._look_back(changed)

    def _standing(self, place: Place, newest: Standing) -> Counted | None:
        """Give the newest version, where it counted and today's graph is of it; else None."""
        if newest.is_stood_in or newest.seq > self._seq or place in self.moved:
            return None
        at = counts_from(newest.effective, newest.recorded).at
        if not self._then.holds(at, newest.recorded):
            return None
        return NOT_THERE if newest.is_deleted else Counted(at, newest.recorded, stands=True)

    def _look_back(self, places: Sequence[Place]) -> None:
        """Look at all versions of records; the last one that counted and can be lifted is it."""
        left: dict[Place, list[Dated]] = {place: [] for place in places}
        for (source, kind), keys in _by_table(places).items():
            for version in self._history.dated(source, kind, keys):
                place = (source, kind, version.key)
                at = counts_from(version.effective, version.recorded).at
                if version.seq <= self._seq and self._then.holds(at, version.recorded):
                    left[place].append(version)
        is_first = True
        while left:
            tops: list[int] = []
            for place, versions in left.items():
                if not versions or versions[-1].is_deleted:
                    self._found[place] = NOT_THERE
                else:
                    tops.append(versions.pop().seq)
            lifted, failed = self._lift(self._history.of_seqs(tops)) if tops else ([], [])
            for record, facts in lifted:
                self._found[_place(record)] = Counted(
                    counts_from(record.effective, record.recorded).at,
                    record.recorded,
                    stands_in=not is_first,
                    record=record,
                    facts=tuple(self.rewrite(facts)),
                )
            is_first = False
            left = {_place(record): left[_place(record)] for record in failed}


def _place(record: Record) -> Place:
    return record.source, record.kind, record.key


def _by_table(places: Iterable[Place]) -> Mapping[tuple[str, str], list[str]]:
    tables: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source, kind, key in places:
        tables[source, kind].append(key)
    return tables
