"""Notes that contradict a system: by a value that is not its, or by saying that one is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.planning.planner import local_name
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.records import Fact, Term

_DENIALS = (
    f"SELECT DISTINCT ?note ?fact ?text ?person ?stated_at ?expires_at WHERE {{ "
    f"?note {vocab.CONTRADICTS_FACT} ?fact . "
    f"OPTIONAL {{ ?note {vocab.TEXT} ?text }} OPTIONAL {{ ?note {vocab.STATED_BY} ?person }} "
    f"OPTIONAL {{ ?note {vocab.STATED_AT} ?stated_at }} "
    f"OPTIONAL {{ ?note {vocab.EXPIRES_AT} ?expires_at }} }}"
)
_OF_NOTE = ("note", "person", "stated_at", "expires_at", "text")


def contradicting_notes(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer which notes say otherwise than a system: of one value, or that a fact is wrong.

    A fact that no record says any more is no longer contradicted.
    """
    rows = [*_other_values(answers, given, now), *_denials(answers, now)]
    return sorted(rows, key=lambda row: (row["note"], row["thing"], row["property"]))


def _denials(answers: Answers, now: datetime) -> Iterator[Row]:
    """Tell of each fact that a note says is wrong, and of each system that says it."""
    evidence = answers.evidence(now)
    for row in answers.store.select(_DENIALS):
        try:
            found = answers.explain(evidence.short(row["fact"]), now)
        except UnknownEntity:
            continue
        leaves = found.lineage.leaves()
        systems = {evidence.place(graph)[0] for leaf in leaves for graph in leaf.graphs}
        for system in sorted(systems):
            told = {name: row[name] for name in _OF_NOTE if name in row}
            yield _row(answers, told, found.fact, now) | {
                "note_says": f"not {evidence.short(found.fact[2])}",
                "system": system,
                "system_says": evidence.short(found.fact[2]),
            }


def _row(answers: Answers, told: dict[str, Term], fact: Fact, now: datetime) -> Row:
    """Tell of a note and a property of a thing what counts in answers."""
    evidence, (thing, property_, _) = answers.evidence(now), fact
    current = sorted(answers.store.objects(thing, property_))
    return answers.shortened({**told, "thing": thing}) | {
        "property": local_name(property_),
        "current": " and ".join(evidence.short(term) for term in current),
    }


def _other_values(answers: Answers, given: Given, now: datetime) -> Iterator[Row]:
    """Tell of each value that a note's record gives otherwise than a system's."""
    evidence = answers.evidence(now)
    found = answers.store.select(given.query(now))
    notes = {row["record"] for row in found}
    for row in found:
        thing, property_ = row["thing"], row["property"]
        if property_ not in answers.single_valued or not evidence.is_support(row["record"]):
            continue
        said = {
            (value, evidence.place(graph)[0])
            for value, graph in answers.store.claims(thing, property_)
            if graph not in notes and value != row["value"] and evidence.is_support(graph)
        }
        for value, system in sorted(said):
            told = {name: row[name] for name in _OF_NOTE if name in row}
            yield _row(answers, told, (thing, property_, value), now) | {
                "note_says": evidence.short(row["value"]),
                "system": system,
                "system_says": evidence.short(value),
            }
