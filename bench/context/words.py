"""Reads facts out of a card's sentences: what waits, what blocks it, and why something is late.

Each kind of sentence is one pattern here, written from what the sentence means in English. A span
that is told to whole minutes or hours gives a moment that is right to within that.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from bench.context.cardtext import Said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bench.context.cardtext import CardText, Entry, Told

WITHIN = "within "
"""Before the seconds to which a moment that was told as a span is right."""
_ID = r"(?P<about>[\w-]+/[^\s,;()]+)"
_SPAN = r"(?P<span>\d+ (?:d|h|min)(?: \d+ (?:h|min))?)"
_SENTENCES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(rf"{_ID} should have ended {_SPAN} ago"), "plannedEnd", "span"),
    (re.compile(rf"{_ID} should have started {_SPAN} ago"), "plannedStart", "span"),
    (re.compile(rf"{_ID} should have ended .* ago and is (?P<value>[\w-]+)"), "status", "value"),
    (re.compile(rf"{_ID}, which comes before, is (?P<value>[\w-]+)"), "status", "value"),
    (re.compile(rf"{_ID} is with (?P<value>[\w-]+/\S+)"), "outsourcedTo", "value"),
)
_OF_STEP = {"machine": "plannedOn", "planned": "plannedStart"}
_SECONDS = {"d": 86_400, "h": 3_600, "min": 60}


def read_words(card: CardText, now: datetime) -> None:
    """Add to a card's facts what its sentences say."""
    for told in card.told:
        card.facts += _facts_of(told, now)
    for entry in card.entries:
        card.facts += _waiting(entry)


def _facts_of(told: Told, now: datetime) -> Iterator[Said]:
    for pattern, name, what in _SENTENCES:
        found = pattern.search(told.text)
        if found is None:
            continue
        value, within = found[what], ""
        if what == "span":
            seconds, step = _seconds(value)
            value = (now - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
            within = f"{WITHIN}{step}"
        about = found["about"]
        yield Said(about, name, value, within, frozenset(), "", told.records, told.section)


def _waiting(entry: Entry) -> Iterator[Said]:
    """Give what an entry says: of which job the operation is, where, when; when the job is due."""
    none: frozenset[str] = frozenset()
    yield Said(entry.operation, "operationOf", entry.job, "", none, "", entry.records, "Next")
    for name, value in entry.values:
        said = _OF_STEP.get(name, name)
        yield Said(entry.operation, said, value, "", none, "", entry.records, "Next")
    if entry.due:
        yield Said(entry.job, "due", entry.due, "", none, "", entry.due_records, "Next")


def _seconds(span: str) -> tuple[int, int]:
    """Give a span's seconds, and to how many it is told."""
    parts = re.findall(r"(\d+) (d|h|min)", span)
    total = sum(int(count) * _SECONDS[unit] for count, unit in parts)
    return total, 3_600 if parts[0][1] == "d" else 60
