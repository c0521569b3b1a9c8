"""Hindsight: what was true on a machine, what was believed, and what was changed since."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kg.errors import ConfigError, HistoryError
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.answer.bundle import Context, Fact, Slot
    from kg.records import Term


class Times(NamedTuple):
    """The time that is asked about, and up to when records are believed; None: all on record."""

    at: datetime
    believed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A property of a thing that had other values: short ids or plain texts, sorted.

    ``record`` is the path of a record that says so, the newest one.
    """

    about: str
    predicate: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    record: str | None
    recorded_at: str | None


class Hindsight(Protocol):
    """What answers need of a plant's history."""

    def context_at(self, entity: Term, times: Times) -> Context | None:
        """Give the context of a thing at a time; None where it was not known then."""
        ...

    def differences(self, one: Times, other: Times, entity: Term | None = None) -> list[Difference]:
        """Give what records said otherwise at one time than at another, sorted.

        With an entity, of what its context spoke of at either time.
        """
        ...


def what_was_true(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer what was true on a machine at a time, by all that is on record today."""
    at = _passed(given, "at", now)
    return _told(_hindsight(answers).context_at(_machine(given), Times(at)))


def what_was_believed(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer what was believed of a machine at a time, before what was recorded later."""
    at = _passed(given, "at", now)
    return _told(_hindsight(answers).context_at(_machine(given), Times(at, at)))


def what_changed(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer what changed since a time, on a machine or in the whole plant."""
    return _differences(answers, given, Times(_passed(given, "since", now)), Times(now))


def what_was_corrected(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer what would be said otherwise today of a time than it was said then."""
    at = _passed(given, "at", now)
    return _differences(answers, given, Times(at, at), Times(at))


def _differences(answers: Answers, given: Given, one: Times, other: Times) -> list[Row]:
    found = _hindsight(answers).differences(one, other, given.entity("machine"))
    return [_row(difference) for difference in found]


def _facts(context: Context | None) -> Iterator[tuple[str, str, Fact]]:
    """Give each fact of a context with its run ("" for those of the thing itself) and slot."""
    if context is None:
        return
    own = [("", name, slot) for name, slot in context.slots.items()]
    of_runs = [(run.run, name, slot) for run in context.runs for name, slot in run.slots.items()]
    seen = {fact.id for _, _, slot in of_runs for fact in slot.facts}
    for run, name, slot in chain(of_runs, own):
        for fact in slot.facts:
            if run or fact.id not in seen:
                yield run, name, fact


def _told(context: Context | None) -> list[Row]:
    """Give a context as rows: each fact, and why a slot has none."""
    if context is None:
        return []
    rows = [_fact_row(run, slot, fact) for run, slot, fact in _facts(context)]
    places = [("", context.slots), *((run.run, run.slots) for run in context.runs)]
    rows += [
        {"run": run, "slot": name, "state": slot.state}
        for run, slots in places
        for name, slot in slots.items()
        if _is_owed(slot)
    ]
    return sorted(({k: v for k, v in row.items() if v} for row in rows), key=_order)


def _is_owed(slot: Slot) -> bool:
    """Tell whether that a slot is empty says something: it should not be, or nothing is there."""
    return not slot.facts and slot.state in {"missing", "none"}


def _fact_row(run: str, slot: str, fact: Fact) -> Row:
    return {
        "run": run,
        "slot": slot,
        "value": fact.value,
        "label": fact.label,
        "state": fact.state,
        "since": fact.observed_at or "",
        "record": fact.record or "",
    }


def _order(row: Row) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in ("run", "slot", "value", "state"))


def _row(difference: Difference) -> Row:
    row = {
        "about": difference.about,
        "property": difference.predicate,
        "before": ", ".join(difference.before),
        "after": ", ".join(difference.after),
        "record": difference.record or "",
        "recorded_at": difference.recorded_at or "",
    }
    return {name: value for name, value in row.items() if value}


def _machine(given: Given) -> Term:
    machine = given.entity("machine")
    assert machine is not None
    return machine


def _passed(given: Given, name: str, now: datetime) -> datetime:
    moment = given.time(name)
    assert moment is not None
    if moment > now:
        raise ConfigError(
            f"{name}={format_time(moment)} has not come yet: it is {format_time(now)}",
            hint="give a time that has passed",
            code="parameter",
        )
    return moment


def _hindsight(answers: Answers) -> Hindsight:
    if answers.hindsight is None:
        raise HistoryError(
            "these answers have no history", hint="ask the plant itself", code="as-of-everything"
        )
    return answers.hindsight
