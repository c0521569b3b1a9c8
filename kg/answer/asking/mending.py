"""Mending: ids that no other system knows, and the repairs that mend most, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.mentions import mentioning

if TYPE_CHECKING:
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given


def ids_without_partner(answers: Answers, _given: Given, now: datetime) -> list[Row]:
    """Answer which ids the holder of such things does not know, each with its likely partners."""
    evidence = answers.evidence(now)
    candidates = answers.candidates(evidence)
    rows = []
    for strangers in candidates.strangers:
        for entity in strangers.all:
            graphs = mentioning(answers.store, [entity])
            row = {
                "id": evidence.short(entity),
                "kind": strangers.kind.word,
                "said_by": " and ".join(sorted({evidence.place(graph)[0] for graph in graphs})),
                "holder": strangers.holder,
                "described": "no" if entity in strangers.nobodys else "yes",
            }
            offered = candidates.of(entity)
            rows += [
                row
                | {
                    "candidate": one.entity,
                    "score": f"{one.score:.2f}",
                    "reasons": "; ".join(one.reasons),
                }
                for one in offered
            ] or [row]
    return sorted(rows, key=lambda row: (row["kind"], row["id"], -float(row.get("score", 0))))


def best_repairs(answers: Answers, _given: Given, now: datetime) -> list[Row]:
    """Answer which repairs make most answers whole, the best first."""
    rows = []
    for rank, repair in enumerate(answers.check(now).repairs, start=1):
        worth = "; ".join(f"{w.amount} {w.currency or ''}".strip() for w in repair.worth)
        row = {
            "rank": str(rank),
            "what": repair.what,
            "slot": repair.slot,
            "source": repair.source,
            "owner": repair.owner,
            "where": repair.where,
            "example": repair.example,
            "gaps": str(repair.gaps),
            "answers": str(repair.answers),
            "questions": ", ".join(repair.questions),
            "worth": worth,
        }
        rows.append({name: cell for name, cell in row.items() if cell})
    return rows
