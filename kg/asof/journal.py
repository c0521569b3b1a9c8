"""The journal as of another time: versions, gaps, and who vouched for what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from kg.journal import OpenGap
from kg.records import record_path
from kg.times import format_time
from kg.validate.evaluate import Evaluator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.asof.store import StoreThen
    from kg.asof.times import Then
    from kg.asof.versions import Versions
    from kg.journal import Journal
    from kg.records import Record, Term
    from kg.validate.gaps import PlantShapes


class JournalThen:
    """What answers read of a journal besides the graph, as it was at one time."""

    def __init__(
        self,
        journal: Journal,
        versions: Versions,
        then: Then,
        store: StoreThen,
        shapes: PlantShapes,
    ) -> None:
        self._journal = journal
        self._versions = versions
        self._then = then
        self._store = store
        self._shapes = shapes
        self._gaps: dict[Term, list[OpenGap]] = {}

    def current(self, source: str, kind: str, key: str) -> Record | None:
        """Give the version of a record that counted; None where it was not there."""
        counted = self._versions.of((source, kind, key))
        if not counted.stands:
            return counted.record
        return self._journal.current(source, kind, key)

    def current_by_path(self, paths: Iterable[str]) -> dict[str, Record]:
        """Give each record path's version that counted."""
        today = self._journal.current_by_path(paths)
        found = {
            path: self.current(record.source, record.kind, record.key)
            for path, record in today.items()
        }
        return {path: record for path, record in found.items() if record is not None}

    def confirmations(self) -> dict[tuple[str, str], datetime | None]:
        """Give when each (source, table) was last read to its end; None: that is not on record."""
        vouched = self._journal.confirmed.at(min(self._then.at, self._then.believed_at))
        found: dict[tuple[str, str], datetime | None] = dict(vouched.confirmed)
        if vouched.from_ is not None and min(self._then.at, self._then.believed_at) < vouched.from_:
            found = dict.fromkeys(self._journal.confirmations()) | found
        return found

    def doubts(self) -> Mapping[str, datetime | None]:
        """Give the records whose newer version could not be lifted."""
        return _Doubts(self._versions)

    def gaps_of(self, entity: Term) -> list[OpenGap]:
        """Give the gaps of one thing: what shapes find lacking in the graph of then."""
        found = self._gaps.get(entity)
        if found is None:
            found = self._gaps[entity] = self._find_gaps(entity)
        return found

    def _find_gaps(self, entity: Term) -> list[OpenGap]:
        evaluator = Evaluator(self._shapes.shapes, self._store)
        found: dict[tuple[str, Term], OpenGap] = {}
        for shape in self._shapes.shapes.targeted():
            if shape.node in self._shapes.timed or not evaluator.is_target(shape, entity):
                continue
            for result in evaluator.results(shape, entity):
                gap = self._shapes.gap_of(result)
                told = OpenGap(
                    *(gap.entity, gap.slot, gap.shape, gap.severity, gap.message),
                    opened_at="",
                    checked_seq=self._store.applied_seq(),
                    checked_at=format_time(self._then.at),
                )
                found.setdefault((gap.slot, gap.shape), told)
        return list(found.values())


class _Doubts(Mapping[str, "datetime | None"]):
    """By the path of a record since when it is in doubt; who counts them counts those looked at."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def __getitem__(self, path: str) -> datetime | None:
        held = self._doubted()
        return held[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._doubted())

    def __len__(self) -> int:
        return len(self._doubted())

    def _doubted(self) -> dict[str, datetime | None]:
        return {
            record_path(*place): datetime.fromisoformat(record.recorded)
            for place, record in self._versions.standing_in()
        }
