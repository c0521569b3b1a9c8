"""Notes that contradict a system: two records, one of them a note's, that cannot both be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.planning.planner import local_name

if TYPE_CHECKING:
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given


def contradicting_notes(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer which notes give a value otherwise than a system, where one value is allowed."""
    evidence = answers.evidence(now)
    found = answers.store.select(given.query(now))
    notes = {row["record"] for row in found}
    rows = []
    for row in found:
        thing, property_ = row["thing"], row["property"]
        if property_ not in answers.single_valued or not evidence.is_support(row["record"]):
            continue
        current = answers.store.objects(thing, property_)
        said = {
            (value, evidence.place(graph)[0])
            for value, graph in answers.store.claims(thing, property_)
            if graph not in notes and value != row["value"] and evidence.is_support(graph)
        }
        for value, system in sorted(said):
            told = {"note", "person", "stated_at", "expires_at", "thing", "text"}
            rows.append(
                answers.shortened({name: term for name, term in row.items() if name in told})
                | {
                    "property": local_name(property_),
                    "note_says": evidence.short(row["value"]),
                    "system": system,
                    "system_says": evidence.short(value),
                    "current": " and ".join(evidence.short(term) for term in sorted(current)),
                }
            )
    return rows
