"""Aging: an answer that was made before, as it is to be told now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg.answer.evidence import places_of
from kg.answer.keeping.watched import LAST_CHECK
from kg.answer.noted import state_of
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kg.answer.bundle import Context, Fact, Slot, SlotGap
    from kg.answer.freshness import Freshness


@dataclass(frozen=True, slots=True)
class Moment:
    """What is filled in: the clock, what sources said last, how far graph and gaps are."""

    now: datetime
    freshness: Freshness
    applied_seq: int
    checked_at: str


class Aging:
    """Fills in what only a moment tells; what is told of twice stays one object."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self._as_of = format_time(moment.now)
        self._facts: dict[int, Fact] = {}

    def aged(self, context: Context) -> Context:
        """Give an answer without a focus as of the moment."""
        moment = self._moment
        return replace(
            context,
            as_of=self._as_of,
            applied_seq=moment.applied_seq,
            slots={name: self._slot(slot) for name, slot in context.slots.items()},
            runs=[
                replace(run, slots={name: self._slot(slot) for name, slot in run.slots.items()})
                for run in context.runs
            ],
            gaps=[self._gap(gap) for gap in context.gaps],
            notes=[{**note, "state": state_of(note, self._as_of)} for note in context.notes],
            sources=[self._source(source) for source in context.sources],
        )

    def _slot(self, slot: Slot) -> Slot:
        gap = self._gap(slot.gap) if slot.gap is not None else None
        return replace(slot, facts=[self._fact(fact) for fact in slot.facts], gap=gap)

    def _fact(self, fact: Fact) -> Fact:
        found = self._facts.get(id(fact))
        if found is None:
            freshness = self._moment.freshness
            age = freshness.age(places_of(fact.via, freshness), self._moment.now)
            found = self._facts[id(fact)] = replace(
                fact, confirmed_at=age.confirmed_at, age_s=age.age_s, is_stale=age.is_stale
            )
        return found

    def _gap(self, gap: SlotGap) -> SlotGap:
        if gap.checked_at != LAST_CHECK:
            return gap
        return replace(gap, checked_at=self._moment.checked_at or None)

    def _source(self, source: dict[str, object]) -> dict[str, object]:
        freshness, name = self._moment.freshness, str(source["name"])
        return {
            **source,
            "confirmed_at": freshness.newest(name),
            "is_stale": freshness.is_source_stale(name, self._moment.now),
        }


def slots_of(context: Context) -> Iterator[Slot]:
    """Give all slots of an answer and of its runs."""
    yield from context.slots.values()
    for run in context.runs:
        yield from run.slots.values()
