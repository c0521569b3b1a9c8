"""Computed facts: what follows from facts by reckoning, with the clock, and is stored nowhere.

Each names the facts that it was computed from and is as sure as the least sure of them. What cannot
be computed is unknown, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.bundle import Fact, Slot
from kg.answer.evidence import literal_text
from kg.answer.planning.durations import good_of, runs_of
from kg.answer.planning.forecast import forecast_end
from kg.answer.planning.limits import judge_measurements
from kg.answer.planning.planner import OVER, hours_of, number_text, span_text
from kg.times import format_time, sortable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.answer.bundle import Citation, FactState, SlotState
    from kg.answer.planning.planner import Planner
    from kg.records import Fact as Triple
    from kg.records import Term

PREDICATES = frozenset(
    {
        vocab.LATE_BY,
        vocab.TIME_LEFT,
        vocab.REMAINING_QUANTITY,
        vocab.OUT_OF_LIMITS_BY,
        vocab.FORECAST_END,
        vocab.NEEDED_QUANTITY,
        vocab.UNUSED_QUANTITY,
    }
)
"""The properties of computed facts, which stand in no graph."""
NAMES = frozenset(term[1:-1].removeprefix(vocab.TR) for term in PREDICATES)
"""Their names, as answers and the ids of facts have them."""
_CERTAINTY: tuple[FactState, ...] = ("conflicting", "inferred", "known")
"""The least sure first."""
HOURS = "h"


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What is computed about a thing: of which property, how much, and from which facts."""

    about: Term
    predicate: Term
    value: str
    unit: str | None
    note: str
    facts: tuple[Triple, ...]
    key: str = ""
    """What tells several of one property of one thing apart."""
    datatype: str = "xsd:decimal"


def computed_fact(planner: Planner, made: Reckoned, *, is_inferred: bool = False) -> Fact:
    """Make an answer's fact of what was computed; it is as old as the oldest of its inputs."""
    inputs = planner.cite(made.facts)
    planner.inputs |= {fact.id: fact for fact in inputs}
    via: tuple[Citation, ...] = tuple(dict.fromkeys(c for fact in inputs for c in fact.via))
    states: set[FactState] = {fact.state for fact in inputs}
    if is_inferred:
        states.add("inferred")
    about = planner.short(made.about)
    name = made.predicate[1:-1].removeprefix(vocab.TR)
    main = via[0] if via else None
    return Fact(
        id=planner.evidence.fact_id((made.about, name, made.key), name),
        about=about,
        predicate=name,
        value=made.value,
        label=made.value,
        state=min(states, key=_CERTAINTY.index, default="known"),
        source=main.source if main else None,
        record=main.record if main else None,
        via=via,
        observed_at=max((c.observed_at for c in via if c.observed_at), key=sortable, default=None),
        recorded_at=max((c.recorded_at for c in via if c.recorded_at), key=sortable, default=None),
        confirmed_at=min(
            (f.confirmed_at for f in inputs if f.confirmed_at), key=sortable, default=None
        ),
        age_s=max((f.age_s for f in inputs if f.age_s is not None), default=None),
        is_stale=any(fact.is_stale for fact in inputs),
        unit=made.unit,
        note=made.note,
        inputs=tuple(fact.id for fact in inputs),
        trust="computed",
        datatype=made.datatype,
    )


def filled(facts: Sequence[Fact], note: str | None = None) -> Slot:
    """Fill a slot with computed facts; it is as sure as the least sure of them."""
    states: set[FactState] = {fact.state for fact in facts}
    state: SlotState = min(states, key=_CERTAINTY.index)
    return Slot(state, list(facts), note=note)


def late_by(planner: Planner, job: Term) -> Slot:
    """Compute by how many hours a job is late, by its due date and the clock.

    A job is due until the end of its date in the plant's zone. It is none that is not late, or that
    is over; unknown without a date.
    """
    due = planner.due(job)
    name = planner.short(job)
    if due is None:
        return Slot("unknown", note=f"no record gives {name} a due date")
    status = planner.word(planner.values.one(job, vocab.STATUS))
    if status in OVER:
        return Slot("none", note=f"{name} is {status}")
    over = planner.now - due
    said = _said(planner, job, vocab.DUE_DATE)
    if over.total_seconds() <= 0:
        return Slot("none", note=f"not late: due {said}, in {span_text(over)}")
    facts = planner.values.facts(job, vocab.DUE_DATE, vocab.STATUS)
    note = f"{span_text(over)} past the end of {said}"
    made = Reckoned(job, vocab.LATE_BY, number_text(hours_of(over), 1), HOURS, note, facts)
    return filled([computed_fact(planner, made)])


def time_left(planner: Planner, job: Term) -> Slot:
    """Compute how many hours are left until the end of a job's due date."""
    due = planner.due(job)
    if due is None:
        return Slot("unknown", note=f"no record gives {planner.short(job)} a due date")
    status = planner.word(planner.values.one(job, vocab.STATUS))
    left = due - planner.now
    if status in OVER or left.total_seconds() <= 0:
        said = status if status in OVER else "past its due date"
        return Slot("none", note=f"{planner.short(job)} is {said}")
    facts = planner.values.facts(job, vocab.DUE_DATE)
    note = f"until the end of {_said(planner, job, vocab.DUE_DATE)}: {span_text(left)}"
    made = Reckoned(job, vocab.TIME_LEFT, number_text(hours_of(left), 1), HOURS, note, facts)
    return filled([computed_fact(planner, made)])


def remaining(planner: Planner, job: Term) -> Slot:
    """Compute how much of a job is still to make: planned less good, never below nothing.

    Good is what the job's own record counts; else what the runs of the last step of its routing do.
    """
    name = planner.short(job)
    planned = planner.values.number(job, vocab.PLANNED_QUANTITY)
    if planned is None:
        return Slot("unknown", note=f"no record says how much {name} is to make")
    facts = planner.values.facts(job, vocab.PLANNED_QUANTITY)
    good = planner.values.number(job, vocab.GOOD_QUANTITY)
    counted = planner.values.facts(job, vocab.GOOD_QUANTITY)
    if good is None:
        good, counted = _good_of_last(planner, job)
    if good is None:
        return Slot("unknown", note=f"no record counts what {name} has made")
    unit = planner.values.text(job, vocab.UNIT)
    note = f"{number_text(planned)} planned, {number_text(good)} good"
    left = max(planned - good, Fraction(0))
    made = Reckoned(
        job, vocab.REMAINING_QUANTITY, number_text(left), unit, note, (*facts, *counted)
    )
    return filled([computed_fact(planner, made)])


def _good_of_last(planner: Planner, job: Term) -> tuple[Fraction | None, tuple[Triple, ...]]:
    live = [step for step in planner.steps_of([job])[job] if step.status != "cancelled"]
    placed = [step for step in live if step.sequence is not None]
    last = placed[-1:] if placed else live if len(live) == 1 else []
    runs = [run for listed in runs_of(planner, last).values() for run in listed]
    return good_of(planner, runs)


def out_of_limits(planner: Planner, jobs: Iterable[Term]) -> Slot:
    """Compute by how much each measured value of jobs is beyond its limits, in the limits' unit.

    Where a customer of the job demands other limits, those count. None out of limits is none;
    without measurements, or without limits to judge by, it is unknown.
    """
    judged = judge_measurements(planner, jobs)
    facts = [
        computed_fact(
            planner,
            Reckoned(
                one.measurement,
                vocab.OUT_OF_LIMITS_BY,
                number_text(one.beyond),
                one.unit,
                one.text,
                one.facts,
            ),
        )
        for one in judged
        if one.beyond is not None and one.beyond > 0
    ]
    unjudged = [one.text for one in judged if one.beyond is None]
    note = "; ".join(unjudged[:3]) or None
    if facts:
        return filled(facts, note)
    if not judged:
        return Slot("unknown", note="no record gives a measured value")
    if unjudged:
        return Slot("unknown", note=note)
    return Slot("none", note=f"{len(judged)} measured values, all within their limits")


def forecast(planner: Planner, job: Term) -> Slot:
    """Compute when a job would be finished; unknown, with the reason, where that cannot be said."""
    found = forecast_end(planner, job)
    if found.end is None:
        return Slot("unknown", note=found.why)
    end, datatype = format_time(found.end), "xsd:dateTime"
    made = Reckoned(job, vocab.FORECAST_END, end, None, found.why, found.facts, datatype=datatype)
    return filled([computed_fact(planner, made, is_inferred=True)])


def _said(planner: Planner, subject: Term, predicate: Term) -> str:
    term = planner.values.one(subject, predicate)
    return "" if term is None else literal_text(term)
