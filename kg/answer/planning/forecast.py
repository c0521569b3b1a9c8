"""Forecast: when a job would be finished, by what is left of it and the shifts that are planned.

It reckons the job's own operations one after the other, without waiting for other jobs. Without
durations, machines or shifts there is no forecast, and the answer says which of them lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.planning.durations import left_of, runs_of
from kg.answer.planning.planner import OVER
from kg.times import format_time

if TYPE_CHECKING:
    from kg.answer.planning.planner import Planner, Step
    from kg.records import Fact as Triple
    from kg.records import Term

_SPAN = (vocab.PLANNED_START, vocab.PLANNED_END)
_MOST_MINUTES = 10 * 366 * 1_440
ASSUMED = "its own operations one after the other, without waiting for other jobs"


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a job would be finished; None with the reason why nobody can say."""

    end: datetime | None
    why: str
    facts: tuple[Triple, ...] = ()


def forecast_end(planner: Planner, job: Term) -> Forecast:
    """Reckon when a job would be finished."""
    steps = planner.steps_of([job])[job]
    name = planner.short(job)
    status = planner.word(planner.values.one(job, vocab.STATUS))
    if status in OVER:
        return Forecast(None, f"{name} is {status}")
    if not steps:
        return Forecast(None, f"no record says which operations {name} has")
    unplaced = [step for step in steps if step.sequence is None]
    if unplaced and len(steps) > 1:
        return Forecast(None, f"no record gives {planner.short(unplaced[0].term)} a place")
    runs = runs_of(planner, steps)
    moment = planner.now
    facts: tuple[Triple, ...] = ()
    for step in steps:
        if not step.is_over:
            after = _after(planner, step, runs[step.term], moment)
            if after.end is None:
                return after
            moment, facts = after.end, (*facts, *after.facts)
    return Forecast(moment, ASSUMED, facts)


def _after(planner: Planner, step: Step, runs: list[Term], start: datetime) -> Forecast:
    """Reckon when an operation would be finished that could begin at a time."""
    name = planner.short(step.term)
    left = left_of(planner, step, runs)
    if left is None or left.how == "span":
        return Forecast(None, f"no record says how many minutes of work {name} is")
    if left.minutes > _MOST_MINUTES:
        return Forecast(None, f"{name} would take more than ten years")
    shifts, facts = shifts_of(planner, step)
    if not shifts:
        return Forecast(None, f"no calendar says when anybody works on {name}")
    need = timedelta(minutes=float(left.minutes))
    for opens, closes in shifts:
        begins = max(opens, start)
        if closes <= begins:
            continue
        if closes - begins >= need:
            return Forecast(begins + need, "", (*left.facts, *facts))
        need -= closes - begins
        start = closes
    last = format_time(shifts[-1][1].astimezone(UTC))
    return Forecast(None, f"the calendar for {name} ends on {last}, before the work does")


def shifts_of(
    planner: Planner, step: Step
) -> tuple[list[tuple[datetime, datetime]], tuple[Triple, ...]]:
    """Give the shifts of an operation's machine, else of its work center, in order."""
    values = planner.values
    machines = values.of(step.term, vocab.PLANNED_ON)
    centers = values.of(step.term, vocab.PLANNED_AT)
    more = tuple(c for m in machines for c in values.of(m, vocab.IN_WORK_CENTER))
    for owner in (*machines, *centers, *more):
        shifts = values.of(owner, vocab.WORKS_SHIFT)
        values.load(shifts, _SPAN)
        spans = []
        for shift in shifts:
            opens, closes = (values.moment(shift, predicate) for predicate in _SPAN)
            if opens is not None and closes is not None and opens < closes:
                spans.append((opens, closes))
        if spans:
            return sorted(spans), values.facts(owner, vocab.WORKS_SHIFT)[:1]
    return [], ()
