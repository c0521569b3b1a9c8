"""Sources: of each record that an answer cites, since when it is true, and how old it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.untrusted import id_text, value_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.answer.bundle import Citation, Context, Fact

RECORD = "record/"
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def source_lines(context: Context) -> dict[str, str]:
    """Write what a card says of each record, by its path, without its number.

    A fact is as old as the oldest of what it rests on: so the youngest fact that cites a record
    says how old that is at most.
    """
    cited: dict[str, Citation] = {}
    ages: dict[str, float] = {}
    for fact in facts_of(context):
        for citation in fact.via:
            cited.setdefault(citation.record, citation)
            if fact.age_s is not None:
                ages[citation.record] = min(fact.age_s, ages.get(citation.record, fact.age_s))
    day = context.as_of[:10]
    return {record: _line(one, ages.get(record), day) for record, one in cited.items()}


def _line(citation: Citation, age: float | None, day: str) -> str:
    name = id_text(citation.record.removeprefix(RECORD))
    at = citation.observed_at or citation.recorded_at
    since = value_text(at.removeprefix(f"{day}T")) if at else "-"
    mark = "~" if at and not citation.observed_at else ""
    return f"{name} {mark}{since} {'-' if age is None else f'{age_text(age)} ago'}"


def age_text(seconds: float) -> str:
    """Write an age for people: ``2 min``, ``3 h``."""
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def facts_of(context: Context) -> Iterator[Fact]:
    """Give every fact of an answer, some of them several times."""
    for slots in (context.slots, context.computed, *(run.slots for run in context.runs)):
        for slot in slots.values():
            yield from slot.facts
    yield from context.inputs
    for cause in context.causes:
        yield from cause.facts
    for entry in context.next:
        yield from entry.facts
        for reason in (*entry.reasons, *entry.blockers, *entry.doubts):
            yield from reason.facts
    for remark in context.order.remarks if context.order else ():
        yield from remark.facts
