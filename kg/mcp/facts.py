"""Facts: what is said of one thing by its properties, as data in pages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

from kg import vocab
from kg.access.hiding import last_word
from kg.answer.untrusted import clean
from kg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.access.sight import Sight
    from kg.answer import Answers
    from kg.answer.bundle import Fact
    from kg.answer.evidence import Evidence
    from kg.answer.find import Entity
    from kg.records import Term

NOT_TOLD = frozenset({vocab.RDF_TYPE})
"""Of what kind a thing is stands in its id; the classes that follow from it are many."""
MOST_VALUE = 500
WRITTEN = frozenset({vocab.TEXT})
"""What people wrote: in cards it stands apart, and here it is counted as withheld."""


class FactRow(TypedDict, total=False):
    """One fact; what it has no value for is left out. Times are ISO 8601, UTC."""

    id: str
    predicate: str
    value: str
    label: str
    unit: str
    datatype: str
    state: str
    trust: str
    is_current: bool
    is_stale: bool
    record: str
    observed_at: str
    confirmed_at: str
    note: str


class FactsPage(TypedDict):
    """A page of facts about one entity; ``next_cursor`` is "" on the last."""

    entity: str
    as_of: str
    total: int
    facts: list[FactRow]
    next_cursor: str
    withheld: int


def facts_about(
    answers: Answers,
    evidence: Evidence,
    entity: Entity,
    predicates: Sequence[str],
    sight: Sight | None,
) -> tuple[list[Fact], int]:
    """Give what is said of a thing, sorted by property, and how much that people wrote is not.

    ``predicates`` are last words of properties; none means all.

    Raises:
        ConfigError: nothing is said of the thing by one of them, or nothing that is shown; those
            that are stand in the hint.
    """
    said = {p for p, _, graph in answers.store.about(entity.term) if not graph} - NOT_TOLD
    if sight is not None:
        said -= sight.hiding.properties
    words: dict[str, Term] = {last_word(predicate): predicate for predicate in sorted(said)}
    asked = [name.rpartition(":")[2] for name in predicates]
    if unknown := [name for name in asked if name not in words]:
        listed = ", ".join(words) if sight is None else "see get_facts without predicates"
        raise ConfigError(
            f"nothing is said of {entity.id} by {unknown[0]}",
            hint=f"its properties: {listed or 'none'}",
            code="parameter",
        )
    found: list[Fact] = []
    withheld = 0
    for name in asked or words:
        facts = evidence.facts(entity.term, words[name], name)
        if words[name] in WRITTEN:
            withheld += len(facts)
        else:
            found += facts
    return found, withheld


def shown_facts(facts: Sequence[Fact], sight: Sight | None) -> list[Fact]:
    """Leave out what is not shown to whoever asks."""
    if sight is None:
        return list(facts)
    return [
        replace(fact, label=sight.label(fact.value) if fact.is_entity else fact.label, note=None)
        for fact in facts
        if sight.sees(fact)
    ]


def page_of(facts: Sequence[Fact], cursor: str, limit: int) -> tuple[list[Fact], str]:
    """Give the facts after the one that a cursor names, and the cursor of the next page, or "".

    Raises:
        ConfigError: there is no such fact any more.
    """
    start = 0
    if cursor:
        places = {fact.id: place for place, fact in enumerate(facts, 1)}
        if cursor not in places:
            raise ConfigError(
                "the facts have changed since that page",
                hint="ask again without a cursor",
                code="parameter",
            )
        start = places[cursor]
    page = list(facts[start : start + limit])
    is_last = start + limit >= len(facts)
    return page, "" if is_last or not page else page[-1].id


def row_of(fact: Fact) -> FactRow:
    """Give a fact as data."""
    told = {
        "id": fact.id,
        "predicate": fact.predicate,
        "value": clean(fact.value, MOST_VALUE, is_id=fact.is_entity),
        "label": clean(fact.label) if fact.label != fact.value else None,
        "unit": clean(fact.unit) if fact.unit else None,
        "datatype": fact.datatype,
        "state": fact.state,
        "trust": fact.trust,
        "is_current": None if fact.is_current else False,
        "is_stale": fact.is_stale or None,
        "record": fact.record,
        "observed_at": fact.observed_at,
        "confirmed_at": fact.confirmed_at,
        "note": clean(fact.note) if fact.note else None,
    }
    return {name: value for name, value in told.items() if value is not None}  # type: ignore[return-value]
