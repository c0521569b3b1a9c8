"""Late orders: what makes an order late, and which lateness on its way does not.

A step is late by itself (it waited, or took longer), or because of what stands before it. From the
last step of a job the way goes back as long as a step was held up by the one before; what is late
beside that way, or before a step that could start as planned, was absorbed by slack.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.asking.orderlines import late_days, read_lines, shipped_of
from kg.answer.planning.blockers import Blockers, stop_of
from kg.answer.planning.durations import duration_of
from kg.answer.planning.outlook import Outlook
from kg.answer.planning.planner import STOPPED, hours_of, number_text, read_number
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.answer.asking.orderlines import OrderLine
    from kg.answer.planning.outlook import Look
    from kg.answer.planning.planner import Planner
    from kg.records import Term

_NOTHING = timedelta(0)
_LEAST = timedelta(minutes=1)
"""What is less is no lateness."""


def why_order_is_late(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer why an order is late: rows by line, by job, the last step first; none if on time."""
    planner = answers.planner(now)
    lines = read_lines(answers.store.select(given.query(now)))
    outlook = Outlook(planner, {job for line in lines for job in line.jobs})
    shipped = shipped_of(answers.store, [line.term for line in lines])
    rows: list[Row] = []
    for line in lines:
        ordered = read_number(planner.values.one(line.term, vocab.QUANTITY))
        sent = shipped.get(line.term)
        is_gone = sent and sent.quantity is not None and ordered and sent.quantity >= ordered
        if not is_gone:
            rows += _Lateness(planner, outlook, line).rows()
    return rows


@dataclass(frozen=True, slots=True)
class _Own:
    """By how much a step is late by itself, the word for it, and what is to be said."""

    late: timedelta
    cause: str
    why: str


class _Lateness:
    """Finds what makes one order line late."""

    def __init__(self, planner: Planner, outlook: Outlook, line: OrderLine) -> None:
        self._planner = planner
        self._outlook = outlook
        self._line = line
        self._due = line.due_at(planner)

    def rows(self) -> Iterator[Row]:
        if self._due is None:
            yield self._unknown(None, "no date was promised or requested")
            return
        jobs = sorted(self._line.jobs)
        if not jobs:
            yield self._unknown(None, "no job serves this line")
        for job in jobs:
            expected, why = self._outlook.last([job])
            if expected is None:
                yield self._unknown(job, why)
            elif expected > self._due:
                yield from self._of_job(job, expected)

    def _head(self, job: Term | None, expected: datetime | None) -> Row:
        row = {"line": self._planner.short(self._line.term)}
        row |= {"due": self._line.due} if self._line.due else {}
        if expected is not None and self._due is not None:
            row["expected"] = format_time(expected)
        reached = expected or self._planner.now
        if self._due is not None and reached > self._due:
            row["late_days"] = str(late_days(reached, self._due, self._planner))
        return row | ({"job": self._planner.short(job)} if job else {})

    def _unknown(self, job: Term | None, why: str) -> Row:
        return self._head(job, None) | {"role": "unknown", "why": why}

    def _of_job(self, job: Term, expected: datetime) -> Iterator[Row]:
        looks = self._outlook.of_job(job)
        head = self._head(job, expected)
        way = self._way(looks)
        yield from (head | row for row in self._planned_late(looks))
        for look in way:
            yield head | self._on_way(look)
        terms = {look.step.term for look in way}
        for look in reversed(looks):
            late = _after(look.end, look.step.end)
            if look.step.term not in terms and late >= _LEAST:
                why = f"over at {_said(look.end)}, planned for {_said(look.step.end)}"
                yield head | self._row(look, "absorbed", "", late, f"{why}: slack made it good")

    def _planned_late(self, looks: list[Look]) -> Iterator[Row]:
        """Tell where the plan itself ends too late."""
        last = max(looks, key=lambda look: look.step.end or self._planner.now)
        late = _after(last.step.end, self._due)
        if late >= _LEAST:
            why = f"it is planned to be over at {_said(last.step.end)}, after the line is due"
            yield self._row(last, "binding", "plan", late, why)

    def _way(self, looks: list[Look]) -> list[Look]:
        """Give the way of lateness back from the last step, as far as it was held up."""
        look: Look | None = max(looks, key=lambda one: one.end or self._planner.now)
        way: list[Look] = []
        while look is not None and look not in way:
            if self._own(look).late >= _LEAST or _inherited(look) >= _LEAST:
                way.append(look)
            look = self._before(look) if _inherited(look) >= _LEAST else None
        return way

    def _before(self, look: Look) -> Look | None:
        """Give the step that was over last of those right before."""
        found = [one for term in look.before if (one := self._outlook.at(term)) is not None]
        ended = [one for one in found if one.end is not None]
        return max(ended, key=lambda one: (one.end, one.step.term), default=None)

    def _on_way(self, look: Look) -> Row:
        own = self._own(look)
        if own.late >= _LEAST:
            return self._row(look, "binding", own.cause, own.late, own.why)
        before = self._before(look)
        name = self._planner.short(before.step.term) if before else "what stands before it"
        why = f"{name} is over at {_said(look.ready)}, and it was to start at"
        return self._row(
            look, "on the way", "predecessor", _inherited(look), f"{why} {_said(look.step.start)}"
        )

    def _own(self, look: Look) -> _Own:
        """Say by how much a step is late by itself: it waited, or took longer."""
        could = max(filter(None, (look.step.start, look.ready)), default=None)
        wait = _after(look.start, could)
        duration = duration_of(self._planner, look.step)
        over = _NOTHING
        if look.start and look.end and duration is not None:
            planned = timedelta(minutes=float(duration.minutes))
            over = max(_NOTHING, look.end - look.start - planned)
        if not look.is_begun and wait + over >= _LEAST:
            cause, why = self._waits(look, could)
            return _Own(wait + over, cause, why)
        if wait < _LEAST and over < _LEAST:
            return _Own(_NOTHING, "", "")
        told = []
        if wait >= _LEAST:
            told.append(f"started at {_said(look.start)}, and could have at {_said(could)}")
        if over >= _LEAST:
            took = "took" if look.is_over else "takes"
            told.append(f"{took} {number_text(hours_of(over), 1)} h more than planned")
        cause = "started late" if wait >= over else "took longer"
        stop = None if look.is_over or over < _LEAST else self._stop(look)
        if stop:
            cause, told = "machine", [*told, stop]
        return _Own(wait + over, cause, "; ".join(told))

    def _waits(self, look: Look, could: datetime | None) -> tuple[str, str]:
        """Say what a step that has not begun waits for."""
        if look.limit is not None and look.limit.bound == "purchase":
            name = self._planner.short(look.limit.thing)
            return "purchase", f"waits for {name}, which is expected at {_said(look.limit.at)}"
        findings = Blockers(self._planner).find([look.step])[look.step.term]
        blocking = [f for f in findings if f.verdict == "blocks" and f.kind != "predecessor"]
        if blocking:
            return blocking[0].kind, "; ".join(finding.text for finding in blocking)
        return "not started", f"it could have started at {_said(could)}, and no record keeps it"

    def _stop(self, look: Look) -> str:
        values = self._planner.values
        for machine in values.of(look.step.term, vocab.PLANNED_ON):
            if self._planner.word(values.one(machine, vocab.ACTIVITY)) in STOPPED:
                return stop_of(self._planner, machine).text
        return ""

    def _row(self, look: Look, role: str, cause: str, late: timedelta, why: str) -> Row:
        machines = self._planner.values.of(look.step.term, vocab.PLANNED_ON)
        row = {"role": role, "operation": self._planner.short(look.step.term)}
        row |= {"machine": self._planner.short(machines[0])} if machines else {}
        row |= {"cause": cause} if cause else {}
        return row | {"late_hours": number_text(hours_of(late), 1), "why": why}


def _inherited(look: Look) -> timedelta:
    """Give by how much a step was held up by what stands before it."""
    return _after(look.ready, look.step.start)


def _after(moment: datetime | None, planned: datetime | None) -> timedelta:
    """Give by how much a time is after another; nothing where one is not known."""
    if moment is None or planned is None:
        return _NOTHING
    return max(_NOTHING, moment - planned)


def _said(moment: datetime | None) -> str:
    return format_time(moment) if moment else "a time that nobody tells"
