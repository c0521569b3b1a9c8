"""Ranking: which gap to mend first, and which one repair mends most."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from kg.answer.bundle import Worth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.answer.bundle import SlotGap

LAST = "9999"
MAX_REPAIRS = 5


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that somebody could do, and what it would mend.

    ``what`` is ``record`` (mend one row), ``table`` (fill what a table lacks) or ``connect`` (a
    source that does not exist yet). ``answers`` counts each question once for each thing about
    which it would have a full answer; ``worth`` is what depends on the gaps that it closes.
    """

    what: Literal["record", "table", "connect"]
    slot: str
    source: str | None
    owner: str | None
    where: str | None
    gaps: int
    answers: int
    questions: tuple[str, ...]
    worth: tuple[Worth, ...]
    example: str

    def sentence(self) -> str:
        """Say it to a person."""
        whose = f" ({self.owner})" if self.owner else ""
        if self.what == "connect":
            do = f"Connect a source that holds the {self.slot}"
        elif self.what == "record":
            do = f"Mend {self.where} of {self.source}{whose}: the {self.slot} of {self.example}"
        else:
            do = f"Fill in the {self.slot} in {self.where or self.source}{whose}"
        some = "1 gap" if self.gaps == 1 else f"{self.gaps} gaps"
        return f"{do}: {some} closed, {self.answers} answer(s) made whole."


def ranked(gaps: Iterable[SlotGap]) -> list[SlotGap]:
    """Put the gap first that most depends on: money, else the date that is due, else questions.

    Amounts of two currencies do not compare: the dearest of each currency come first, then the
    second of each. What no connected source covers comes last, as there is nothing to mend.
    """
    gaps = list(gaps)
    places = _places_in_currency(gaps)

    def key(gap: SlotGap) -> tuple[object, ...]:
        due = gap.at_risk.due if gap.at_risk and gap.at_risk.due else LAST
        place = min((places[worth] for worth in gap.value_at_risk), default=len(places))
        return (
            gap.state == "unknown",
            place,
            due,
            -len(gap.questions),
            gap.entity,
            gap.slot,
            gap.id,
        )

    return sorted(gaps, key=key)


def _places_in_currency(gaps: Sequence[SlotGap]) -> dict[Worth, int]:
    amounts: dict[str | None, set[Worth]] = defaultdict(set)
    for gap in gaps:
        for worth in gap.value_at_risk:
            if Decimal(worth.amount) > 0:
                amounts[worth.currency].add(worth)
    places = {
        worth: place
        for group in amounts.values()
        for place, worth in enumerate(sorted(group, key=lambda worth: -Decimal(worth.amount)))
    }
    nothing = len(places)
    return {worth: places.get(worth, nothing) for gap in gaps for worth in gap.value_at_risk}


def find_repairs(gaps: Sequence[SlotGap], lost_at: Mapping[str, str]) -> list[Repair]:
    """Find the repairs by which most would be known, the best first; the best of each kind is in.

    ``lost_at`` names, by gap, the thing where the way of its link ends.
    """
    records: dict[tuple[str, ...], list[SlotGap]] = defaultdict(list)
    tables: dict[tuple[str, ...], list[SlotGap]] = defaultdict(list)
    sources: dict[tuple[str, ...], list[SlotGap]] = defaultdict(list)
    for gap in gaps:
        if gap.state == "unknown":
            # Of what may be a double nothing is lacking, and no source would tell.
            if gap.kind == "link":
                sources["connect", gap.slot].append(gap)
            continue
        if gap.record:
            records["record", gap.slot, gap.record].append(gap)
        if gap.source:
            tables["table", gap.slot, gap.source, gap.flow_step or ""].append(gap)
    made = [
        sorted((_repair(key, group, lost_at) for key, group in groups.items()), key=_merit)
        for groups in (records, tables, sources)
    ]
    best = [group[0] for group in made if group]
    rest = sorted((repair for group in made for repair in group[1:]), key=_merit)
    return sorted([*best, *rest[: MAX_REPAIRS - len(best)]], key=_merit)


def _merit(repair: Repair) -> tuple[object, ...]:
    return (-repair.answers, -repair.gaps, repair.what, repair.slot, repair.where or "")


def _repair(key: tuple[str, ...], gaps: Sequence[SlotGap], lost_at: Mapping[str, str]) -> Repair:
    kind, slot, *_ = key
    first = gaps[0]
    where = {"record": first.record, "table": first.flow_step}.get(kind)
    return Repair(
        what=kind,  # type: ignore[arg-type]
        slot=slot,
        source=None if kind == "connect" else first.source,
        owner=None if kind == "connect" else first.owner,
        where=where,
        gaps=len(gaps),
        answers=sum(len(gap.questions) for gap in gaps),
        questions=tuple(sorted({name for gap in gaps for name in gap.questions})),
        worth=_summed(gaps),
        example=lost_at.get(first.id, first.entity),
    )


def _summed(gaps: Sequence[SlotGap]) -> tuple[Worth, ...]:
    """Add up what depends on the things that the gaps are of, each thing once."""
    money: dict[str | None, Decimal] = defaultdict(Decimal)
    of_entity = {gap.entity: gap.value_at_risk for gap in gaps}
    for worth in (worth for worths in of_entity.values() for worth in worths):
        money[worth.currency] += Decimal(worth.amount)
    return tuple(Worth(f"{money[name]:f}", name) for name in sorted(money, key=str))
