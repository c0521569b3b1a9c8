"""Placeholders: links that lack because somebody wrote a dash where an id was owed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from kg.answer.gaps.breaks import WAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kg.answer.bundle import SlotGap
    from kg.journal import Journal
    from kg.records import Record, Term
    from kg.settings import Plant

    Columns = Callable[[str, str, Term], tuple[str, ...]]
    """The columns that a source's table makes a property of."""


class Written(NamedTuple):
    """A placeholder, and the column that it stands in."""

    text: str
    column: str


class Placeholders:
    """Knows what in each table means nothing, and which columns make a link."""

    def __init__(self, plant: Plant, journal: Journal, columns: Columns) -> None:
        self._journal = journal
        self._columns = columns
        self._nothing: dict[tuple[str, str], frozenset[str]] = {}
        for source in plant.sources:
            for table in source.tables:
                said = {*source.placeholders, *table.placeholders}
                words = frozenset(word.strip() for word in said) - {""}
                self._nothing[source.name, table.name] = words

    def name(self, gaps: Sequence[SlotGap]) -> list[SlotGap]:
        """Say of each missing link whether a placeholder stands in its place, in the row cited."""
        asked = [gap for gap in gaps if gap.kind == "link" and gap.state == "missing"]
        paths = {gap.record for gap in asked if gap.record}
        records = self._journal.current_by_path(sorted(paths))
        of_place: dict[tuple[str, str, str], tuple[str, ...]] = {}
        named: dict[str, SlotGap] = {}
        for gap in asked:
            if record := records.get(gap.record or ""):
                place = (record.source, record.kind, gap.slot)
                if place not in of_place:
                    of_place[place] = self._columns_of(*place)
                if written := self._written(record, of_place[place]):
                    named[gap.id] = _named(gap, record, written)
        return [named.get(gap.id, gap) for gap in gaps]

    def _columns_of(self, source: str, table: str, slot: str) -> tuple[str, ...]:
        said = dict.fromkeys(step.said for way in WAYS.get(slot, ()) for step in way)
        found = [column for term in said for column in self._columns(source, table, term)]
        return tuple(dict.fromkeys(found))

    def _written(self, record: Record, columns: Sequence[str]) -> Written | None:
        nothing = self._nothing.get((record.source, record.kind), frozenset())
        for column in columns:
            value = record.row.get(column)
            if isinstance(value, str) and value.strip() in nothing:
                return Written(value.strip(), column)
        return None


def _named(gap: SlotGap, record: Record, written: Written) -> SlotGap:
    where = f"{record.source}.{record.kind}.{written.column}"
    told = f"{gap.message.removesuffix('.')}; {where} says {written.text!r}."
    return replace(gap, kind="placeholder", message=told)
