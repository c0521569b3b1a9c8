"""Durations: how long an operation takes, and is still to take, by what planning says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from kg import vocab
from kg.answer.lookup import look_up
from kg.answer.planning.planner import number_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.planning.planner import Planner, Step
    from kg.records import Fact as Triple
    from kg.records import Term

_RUN = (vocab.GOOD_QUANTITY, vocab.STARTED_AT, vocab.ENDED_AT)
SAID = {
    "minutes": "planned minutes",
    "pieces": "setup and minutes per piece",
    "span": "from planned start to planned end, breaks included",
}


@dataclass(frozen=True, slots=True)
class Duration:
    """How many minutes of work an operation is, and by which facts.

    ``how``: planned ``minutes``, set-up and ``pieces``, or the ``span`` from planned start to
    planned end, which may hold breaks and nights.
    """

    minutes: Fraction
    how: Literal["minutes", "pieces", "span"]
    facts: tuple[Triple, ...]

    def __str__(self) -> str:
        return f"{number_text(self.minutes, 1)} min, {SAID[self.how]}"


def duration_of(planner: Planner, step: Step) -> Duration | None:
    """Give how long an operation takes in all; None where nobody says, or what is said cannot be.

    Planned minutes count first, then set-up and minutes per piece, then the plan's own times.
    """
    return _by_minutes(planner, step) or _by_pieces(planner, step) or _by_span(planner, step)


def _by_minutes(planner: Planner, step: Step) -> Duration | None:
    minutes = planner.values.number(step.term, vocab.PLANNED_MINUTES)
    facts = planner.values.facts(step.term, vocab.PLANNED_MINUTES)
    return Duration(minutes, "minutes", facts) if minutes is not None and minutes >= 0 else None


def _by_pieces(planner: Planner, step: Step) -> Duration | None:
    values = planner.values
    each = values.number(step.term, vocab.MINUTES_PER_PIECE)
    owner = counted_on(planner, step)
    if each is None or each < 0 or owner is None:
        return None
    quantity = values.number(owner, vocab.PLANNED_QUANTITY) or Fraction(0)
    setup = values.number(step.term, vocab.SETUP_MINUTES) or Fraction(0)
    facts = values.facts(step.term, vocab.SETUP_MINUTES, vocab.MINUTES_PER_PIECE)
    facts += values.facts(owner, vocab.PLANNED_QUANTITY)
    return Duration(max(setup, Fraction(0)) + each * max(quantity, Fraction(0)), "pieces", facts)


def _by_span(planner: Planner, step: Step) -> Duration | None:
    if step.start is None or step.end is None or step.end < step.start:
        return None
    minutes = Fraction((step.end - step.start) // timedelta(seconds=1), 60)
    facts = planner.values.facts(step.term, vocab.PLANNED_START, vocab.PLANNED_END)
    return Duration(minutes, "span", facts)


def counted_on(planner: Planner, step: Step) -> Term | None:
    """Give what says how many are to be made: the operation itself, else its job, else None."""
    owners = (step.term, step.job)
    has = planner.values.number
    return next((o for o in owners if has(o, vocab.PLANNED_QUANTITY) is not None), None)


def runs_of(planner: Planner, steps: Iterable[Step]) -> dict[Term, list[Term]]:
    """Give the runs that carried operations out, by operation, with what they say loaded."""
    wanted = [step.term for step in steps]
    rows = list(look_up(planner.store, wanted, f"?run {vocab.OF_OPERATION} ?entity"))
    planner.values.load([row["run"] for row in rows], _RUN)
    found: dict[Term, list[Term]] = {term: [] for term in wanted}
    for row in rows:
        found[row["entity"]].append(row["run"])
    return {term: sorted(set(runs)) for term, runs in found.items()}


def left_of(planner: Planner, step: Step, runs: Iterable[Term]) -> Duration | None:
    """Give how long an operation is still to take, by the good pieces of its runs.

    Where set-up is told apart it counts until a run has begun. Without a count of pieces all of
    the operation is left.
    """
    whole = duration_of(planner, step)
    begun = [run for run in runs if planner.values.one(run, vocab.STARTED_AT) is not None]
    owner = counted_on(planner, step)
    if whole is None or not begun or owner is None:
        return whole
    wanted = planner.values.number(owner, vocab.PLANNED_QUANTITY)
    good, facts = good_of(planner, begun)
    if not wanted or wanted <= 0 or good is None:
        return whole
    share = max(Fraction(0), 1 - good / wanted)
    facts = (*whole.facts, *facts)
    if whole.how != "pieces":
        return Duration(whole.minutes * share, whole.how, facts)
    each = planner.values.number(step.term, vocab.MINUTES_PER_PIECE) or Fraction(0)
    return Duration(each * wanted * share, "pieces", facts)


def good_of(planner: Planner, runs: Iterable[Term]) -> tuple[Fraction | None, tuple[Triple, ...]]:
    """Add up the good pieces of runs; None where none of them says how many."""
    total: Fraction | None = None
    facts: tuple[Triple, ...] = ()
    for run in runs:
        number = planner.values.number(run, vocab.GOOD_QUANTITY)
        if number is not None:
            total = (total or Fraction(0)) + number
            facts += planner.values.facts(run, vocab.GOOD_QUANTITY)
    return total, facts
