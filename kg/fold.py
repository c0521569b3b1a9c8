"""Folds: how events, which are history, become the state that is true now.

``open-close`` makes runs: a start opens one, an end that agrees with it closes it.
``latest`` moves an event's properties to the thing it is about; the newest event wins.
The result is told apart by event, so that each present fact keeps the event it came from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from kg import vocab
from kg.times import sortable
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.records import Fact, Term
    from kg.settings import FoldSettings

_DIGITS = re.compile(r"(\d+)")
_NUMBER = re.compile(r'^"([^"]*)"')
_NOT_OF_RUNS = {RDF_TYPE, vocab.EVENT_TIME, vocab.RDFS_LABEL}
_XSD_DECIMAL = f"^^<{vocab.XSD}decimal>"


@dataclass(frozen=True, slots=True)
class Event:
    """One event record: its graph, when it happened (ISO 8601, UTC), its key and what it says."""

    graph: Term
    effective: str
    key: str
    facts: tuple[Fact, ...]

    def order(self) -> tuple[str, list[tuple[int, str]]]:
        """Sort by time, then by key as people count: 9 before 10."""
        parts = _DIGITS.split(self.key)
        return sortable(self.effective), [
            (int(p), "") if p.isdigit() else (-1, p) for p in parts if p
        ]

    def subject(self) -> Term:
        """Give the event's own IRI: what has a time, else what has a type."""
        timed = sorted(s for s, p, _ in self.facts if p == vocab.EVENT_TIME)
        typed = sorted(s for s, p, _ in self.facts if p == RDF_TYPE)
        return (timed or typed or [""])[0]

    def types(self) -> set[Term]:
        """Give the classes the record says the event has."""
        return set(self.values(RDF_TYPE))

    def predicates(self) -> set[Term]:
        """Give the properties that the event itself has."""
        subject = self.subject()
        return {p for s, p, _ in self.facts if s == subject}

    def values(self, predicate: Term) -> list[Term]:
        """Give what the event says for one of its own properties."""
        subject = self.subject()
        return [o for s, p, o in self.facts if s == subject and p == predicate]


Contribution = dict["Term", set["Fact"]]
"""Event graph → the present facts that come from that event."""


def predicate_of(name: str) -> Term:
    """Expand ``tr:onMachine`` of a source.toml into its IRI term."""
    return f"<{vocab.TR}{name.removeprefix('tr:')}>"


def group_of(fold: FoldSettings, event: Event, table: str) -> str:
    """Name the group of events that are folded together; ``""`` where the event lacks the link."""
    if fold.kind == "latest":
        subjects = event.values(predicate_of(fold.subject))
        return f"{table}/{subjects[0][1:-1]}" if subjects else ""
    pair = [min(event.values(predicate_of(name)), default="") for name in fold.pair]
    return f"{table}/{'|'.join(pair)}"


def fold_latest(fold: FoldSettings, events: Iterable[Event]) -> Contribution:
    """Give the newest event's properties to its subject; an activity gets the event's time."""
    event = max(events, key=Event.order, default=None)
    if event is None:
        return {}
    link = predicate_of(fold.subject)
    subject, own = event.values(link)[0], event.subject()
    skipped = {RDF_TYPE, link, vocab.EVENT_TIME}
    facts = {(subject, p, o) for s, p, o in event.facts if s == own and p not in skipped}
    if any(p == vocab.ACTIVITY for _, p, _ in facts):
        facts.add((subject, vocab.ACTIVITY_SINCE, _time(event.effective)))
    return {event.graph: facts}


def fold_runs(fold: FoldSettings, events: Iterable[Event], base: str) -> Contribution:
    """Pair starts with ends in time order; the IRI of a run is made from the event that opened it.

    A second start before an end leaves the first run open: its end was not recorded. An end or a
    quantity without a start is kept in history and makes no run.
    """
    result: Contribution = {}
    run: list[Event] = []
    for event in sorted(events, key=Event.order):
        types = event.types()
        if vocab.RUN_STARTED in types:
            _close(fold, run, base, result)
            run = [event]
        elif run:
            run.append(event)
            if vocab.RUN_ENDED in types:
                _close(fold, run, base, result)
                run = []
    _close(fold, run, base, result)
    return result


def _close(fold: FoldSettings, run: Sequence[Event], base: str, result: Contribution) -> None:
    if not run:
        return
    subject = run_iri(run[0].graph, base)
    first, last = run[0], run[-1]
    _give(result, first, {(subject, RDF_TYPE, vocab.RUN)})
    _give(result, first, {(subject, vocab.STARTED_AT, _time(first.effective))})
    if vocab.RUN_ENDED in last.types():
        _give(result, last, {(subject, vocab.ENDED_AT, _time(last.effective))})
    summed = {predicate_of(name) for name in fold.sum}
    said: dict[Term, list[Event]] = {}
    for event in run:
        for predicate in event.predicates() - _NOT_OF_RUNS:
            said.setdefault(predicate, []).append(event)
    for predicate, events in said.items():
        values = events[-1].values(predicate)
        if predicate in summed:
            total = sum((_number(event.values(predicate)) for event in events), Decimal(0))
            values = [f'"{_plain(total)}"{_XSD_DECIMAL}']
        _give(result, events[-1], {(subject, predicate, value) for value in values})


def _give(result: Contribution, event: Event, facts: set[Fact]) -> None:
    result.setdefault(event.graph, set()).update(facts)


def run_iri(graph: Term, base: str) -> Term:
    """Make a run's IRI from the record that opened it: ``{base}run/{source}/{kind}/{key}``."""
    return f"<{base}run/{graph[1:-1].removeprefix(base + 'record/')}>"


def _number(values: Iterable[Term]) -> Decimal:
    found = (_NUMBER.match(value) for value in values)
    return sum((Decimal(match.group(1)) for match in found if match), Decimal(0))


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _time(text: str) -> Term:
    return f'"{text}"^^<{vocab.XSD}dateTime>'


class Started(NamedTuple):
    """A run that started on a machine; ``start`` and ``end`` sort as times do, ``end`` "" is none.

    ``text`` is the start as it is written.
    """

    start: str
    run: Term
    end: str
    text: str

    @classmethod
    def of(cls, run: Term, start: str, end: str | None) -> Started:
        """Take times as they are written (ISO 8601, UTC)."""
        return cls(sortable(start), run, sortable(end or ""), start)


def start_one(
    active: tuple[Started, ...], one: Started, capacity: int
) -> tuple[tuple[Started, ...], list[Term]]:
    """Start a run beside those that are active; gives who is active then, and what that closed."""
    still = [other for other in active if not other.end or other.end > one.start]
    still.append(one)
    closed: list[Term] = []
    while len(still) > capacity:
        oldest = next((other for other in still if not other.end and other is not one), None)
        if oldest is None:
            break
        closed.append(oldest.run)
        still.remove(oldest)
    return tuple(still), closed


def infer_ends(runs: Iterable[tuple[Term, str, str | None]], capacity: int) -> dict[Term, str]:
    """Say when runs whose end was not recorded must have ended, on one machine.

    ``runs`` are (run, start, end or None), times in ISO 8601 UTC. A start beyond ``capacity``
    concurrent runs closes the oldest one that has no end. The order of the input does not matter.
    """
    active: tuple[Started, ...] = ()
    inferred: dict[Term, str] = {}
    for one in sorted(Started.of(*run) for run in runs):
        active, closed = start_one(active, one, capacity)
        inferred.update(dict.fromkeys(closed, one.text))
    return inferred
