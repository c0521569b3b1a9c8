"""Contradictions: rows of which two fields cannot both be right.

What compares two fields as they stand is a shape; what needs arithmetic is a rule here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.bundle import SlotGap
from kg.answer.evidence import literal_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.answer.evidence import Evidence
    from kg.store import Store

SHAPES = frozenset(
    vocab.TRS + name
    for name in (
        "CharacteristicLimitsAreInOrder",
        "NoteExpiresAfterItIsStated",
        "OperationIsPlannedToEndAfterItStarts",
        "RequirementLimitsAreInOrder",
        "RunEndsAfterItStarts",
    )
)
"""The shapes that compare two fields of one thing."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern over ``?e`` with two values, ``?v`` and ``?w``, that cannot both be right."""

    slot: str
    pattern: str
    message: str


RULES = (
    Rule(
        "goodQuantity",
        f"?e a {vocab.JOB} ; {vocab.GOOD_QUANTITY} ?v ; {vocab.PLANNED_QUANTITY} ?w"
        " FILTER(?w > 0 && ?v > 2 * ?w)",
        "Job has {v} good pieces of {w} planned, which is more than twice as many.",
    ),
    Rule(
        "scrapQuantity",
        f"?e a {vocab.JOB} ; {vocab.SCRAP_QUANTITY} ?v ; {vocab.PLANNED_QUANTITY} ?w"
        " FILTER(?w > 0 && ?v > 2 * ?w)",
        "Job has {v} scrapped pieces of {w} planned, which is more than twice as many.",
    ),
    Rule(
        "capacity",
        f"?e a {vocab.MACHINE} ; {vocab.CAPACITY} ?v BIND(1 AS ?w) FILTER(?v < 1)",
        "Machine is said to carry {v} runs at once, and it has at least room for one.",
    ),
)


def find_contradictions(store: Store, evidence: Evidence) -> Iterator[SlotGap]:
    """Find the things of which two numbers cannot both be right."""
    for rule in RULES:
        rows = store.select(f"SELECT ?e ?v ?w WHERE {{ {rule.pattern} }} ORDER BY ?e")
        for row in rows:
            record = evidence.record_of(row["e"], [])
            yield SlotGap(
                entity=evidence.short(row["e"]),
                slot=rule.slot,
                state="conflicting",
                shape=None,
                severity="warning",
                message=rule.message.format(v=literal_text(row["v"]), w=literal_text(row["w"])),
                source=record.split("/")[1] if record else None,
                record=record,
                kind="contradiction",
            )


def name_contradictions(gaps: Iterable[SlotGap]) -> list[SlotGap]:
    """Give the gaps of shapes that compare two fields the kind of a contradiction."""
    return [
        replace(gap, kind="contradiction", state="conflicting") if gap.shape in SHAPES else gap
        for gap in gaps
    ]
