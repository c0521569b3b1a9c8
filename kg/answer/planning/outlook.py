"""Outlook: when the steps of jobs will be over if the plan's times hold from here on.

A step starts when it is planned to, when what stands before it is over, when what was bought for it
has come, and not in the past; it lasts as long as planning says, and one that is done outside until
its supplier is expected to be done. Nothing is known of calendars and
queues here, so an outlook is what the plan comes to, and no promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Literal, NamedTuple

from kg import vocab
from kg.answer.evidence import literal_text
from kg.answer.lookup import look_up
from kg.answer.planning.durations import duration_of, left_of, runs_of
from kg.answer.planning.planner import DONE
from kg.answer.planning.routing import predecessors_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kg.answer.planning.planner import Planner, Step
    from kg.records import Term

MOST_BEFORE = 200
"""So many steps may stand one before the other that are of no routing that was read."""
Bound = Literal["plan", "predecessor", "purchase", "clock", "start"]
"""What says when a step starts; ``start`` is its recorded start."""


class Limit(NamedTuple):
    """A time before which a step cannot start, what says so, and which thing it is."""

    at: datetime
    bound: Bound
    thing: Term


@dataclass(frozen=True, slots=True)
class Look:
    """When one step started or will, and ended or will; None where that cannot be said, and why.

    ``limit`` is what decides the start, ``ready`` when all that stood before the step was there.
    """

    step: Step
    start: datetime | None
    end: datetime | None
    limit: Limit | None
    ready: datetime | None
    is_begun: bool
    is_over: bool
    before: tuple[Term, ...] = ()
    why: str = ""


class Outlook:
    """Looks at the steps of some jobs and at what they follow, each once.

    ``held`` puts off when steps can go on: by operation, not before that time.
    """

    def __init__(
        self,
        planner: Planner,
        jobs: Iterable[Term],
        held: Mapping[Term, datetime] | None = None,
    ) -> None:
        self._planner = planner
        self._held = held or {}
        self.steps = planner.steps_of(jobs)
        self._looks: dict[Term, Look] = {}
        self._runs: dict[Term, list[Term]] = {}
        self._awaited: dict[Term, list[tuple[Term, datetime | None]]] = {}
        self._load([step for steps in self.steps.values() for step in steps])

    def _load(self, steps: list[Step]) -> None:
        self._runs |= runs_of(self._planner, steps)
        self._awaited |= _awaited(self._planner, steps)

    def of_job(self, job: Term) -> list[Look]:
        """Give the looks of a job's steps that are not cancelled, in the order of its routing."""
        live = (step for step in self.steps.get(job, ()) if step.status != "cancelled")
        return [self.of(step) for step in live]

    def of(self, step: Step) -> Look:
        """Look at a step."""
        found = self._looks.get(step.term)
        return found if found is not None else self._look(step, frozenset())

    def at(self, operation: Term) -> Look | None:
        """Give the look of an operation that was looked at."""
        return self._looks.get(operation)

    def last(self, jobs: Iterable[Term]) -> tuple[datetime | None, str]:
        """Give when the last step of jobs will be over; None where that cannot be said, and why."""
        ends = []
        for job in jobs:
            looks = self.of_job(job)
            if not looks:
                return None, f"no record gives {self._planner.short(job)} any operation"
            for look in looks:
                if look.end is None:
                    return None, look.why
                ends.append(look.end)
        return max(ends, default=None), "" if ends else "no job serves it"

    def _look(self, step: Step, above: frozenset[Term]) -> Look:
        if step.term not in self._runs:
            self._load([step])
        name = self._planner.short(step.term)
        if step.term in above:
            return Look(step, None, None, None, None, False, False, (), f"{name} follows itself")
        if len(above) > MOST_BEFORE:
            why = f"more than {MOST_BEFORE} steps follow {name} one after the other"
            return Look(step, None, None, None, None, False, False, (), why)
        siblings = self.steps.get(step.job) or self._planner.steps_of({step.job})[step.job]
        named = predecessors_of(self._planner, step, siblings)
        before = [self._known(other, above | {step.term}) for other in named or []]
        look = self._judge(step, before)
        self._looks[step.term] = look
        return look

    def _known(self, step: Step, above: frozenset[Term]) -> Look:
        found = self._looks.get(step.term)
        return found if found is not None else self._look(step, above)

    def _judge(self, step: Step, before: list[Look]) -> Look:
        started, ended = self._recorded(step)
        names = tuple(look.step.term for look in before)
        is_over = step.status in DONE
        limits = [Limit(look.end, "predecessor", look.step.term) for look in before if look.end]
        ready = max((limit.at for limit in limits), default=None)
        if step.start is not None:
            limits.append(Limit(step.start, "plan", step.term))
        if started is not None or is_over:
            limit = Limit(started, "start", step.term) if started else None
            end, why = (ended, "") if is_over else self._goes_on(step, started)
            if is_over and end is None:
                # It is over, and nobody said when: by now, or by its plan where that is earlier.
                end = min(filter(None, (step.end, self._planner.now)))
            return Look(step, started, end, limit, ready, True, is_over, names, why)
        unknown = next((look for look in before if look.end is None), None)
        return self._to_come(step, limits, ready, names, unknown)

    def _to_come(
        self,
        step: Step,
        limits: list[Limit],
        ready: datetime | None,
        names: tuple[Term, ...],
        unknown: Look | None,
    ) -> Look:
        name = self._planner.short(step.term)
        awaited: list[Limit] = []
        for purchase, at in self._awaited[step.term]:
            if at is None:
                why = f"{self._planner.short(purchase)} has no expected date"
                return Look(step, None, None, None, ready, False, False, names, why)
            awaited.append(Limit(at, "purchase", purchase))
        if step.term in self._held:
            limits.append(Limit(self._held[step.term], "purchase", step.term))
        limits.append(Limit(self._planner.now, "clock", step.term))
        is_outside = vocab.OUTSIDE_OPERATION in self._planner.values.of(step.term, vocab.RDF_TYPE)
        limit = max(limits if is_outside else [*limits, *awaited])
        duration = duration_of(self._planner, step)
        why = ""
        if unknown is not None:
            why = unknown.why
        elif duration is None and not (is_outside and awaited):
            why = f"no record says how long {name} takes"
        if why:
            return Look(step, None, None, limit, ready, False, False, names, why)
        if is_outside and awaited:
            # A supplier says when he will be done: how long he takes is his.
            back = max(awaited)
            return Look(step, limit.at, max(limit.at, back.at), back, ready, False, False, names)
        minutes = duration.minutes if duration is not None else Fraction(0)
        return Look(step, limit.at, _later(limit.at, minutes), limit, ready, False, False, names)

    def _goes_on(self, step: Step, started: datetime | None) -> tuple[datetime | None, str]:
        """Say when a step that was begun will be over."""
        whole = duration_of(self._planner, step)
        left = left_of(self._planner, step, self._runs[step.term])
        if whole is None or left is None:
            return None, f"no record says how long {self._planner.short(step.term)} takes"
        now = max(self._planner.now, self._held.get(step.term, self._planner.now))
        if left.minutes < whole.minutes or step.term in self._held or started is None:
            return _later(now, left.minutes), ""
        # No count of pieces says how far it is: it is as far as time is.
        return max(now, _later(started, whole.minutes)), ""

    def _recorded(self, step: Step) -> tuple[datetime | None, datetime | None]:
        """Give the first recorded start of a step's runs and the last end, where all have one."""
        values = self._planner.values
        runs = self._runs[step.term]
        starts = [s for r in runs if (s := values.moment(r, vocab.STARTED_AT)) is not None]
        ends = [
            values.moment(run, vocab.ENDED_AT) or values.moment(run, vocab.INFERRED_END_AT)
            for run in runs
        ]
        known = [end for end in ends if end is not None]
        return min(starts, default=None), max(known, default=None)

    def latest_starts(self, job: Term, due: datetime) -> dict[Term, datetime]:
        """Give by which time each step of a job must go on, so that the job is over when due.

        Of a step that was begun it is the time by which it must go on with what is left. A step is
        absent where the duration of it, or of one after it, is not known.
        """
        looks = {look.step.term: look for look in self.of_job(job)}
        after: dict[Term, list[Look]] = {term: [] for term in looks}
        for look in looks.values():
            for term in look.before:
                after.setdefault(term, []).append(look)
        found: dict[Term, datetime] = {}
        for look in sorted(looks.values(), key=_by_place, reverse=True):
            nexts = [found.get(follower.step.term) for follower in after[look.step.term]]
            span = self._span(look)
            if span is not None and None not in nexts:
                found[look.step.term] = min((*filter(None, nexts), due)) - span
        return found

    def _span(self, look: Look) -> timedelta | None:
        if look.is_over:
            return timedelta(0)
        runs = self._runs[look.step.term]
        left = left_of(self._planner, look.step, runs) if look.is_begun else None
        duration = left or duration_of(self._planner, look.step)
        return None if duration is None else _later(_EPOCH, duration.minutes) - _EPOCH


_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def _by_place(look: Look) -> tuple[datetime, int, Term]:
    return (look.end or look.step.end or _EPOCH, look.step.sequence or 0, look.step.term)


def _later(moment: datetime, minutes: Fraction) -> datetime:
    """Add minutes, up to the full second; the last moment of all where there is none beyond."""
    try:
        return moment + timedelta(seconds=ceil(minutes * 60))
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _awaited(
    planner: Planner, steps: Iterable[Step]
) -> dict[Term, list[tuple[Term, datetime | None]]]:
    """Give the purchase-order lines that steps wait for, and when each is expected.

    What is bought for a job is awaited by its first step. What has arrived is not awaited; what was
    expected before today, and has not come, is expected today.
    """
    listed = list(steps)
    first: dict[Term, Step] = {}
    for step in listed:
        first.setdefault(step.job, step)
    found: dict[Term, set[tuple[Term, datetime | None]]] = {s.term: set() for s in listed}
    for predicate, owners in (
        (vocab.BOUGHT_FOR_OPERATION, {step.term: step.term for step in listed}),
        (vocab.BOUGHT_FOR_JOB, {job: step.term for job, step in first.items()}),
    ):
        pattern = (
            f"?purchase {predicate} ?entity "
            f"FILTER NOT EXISTS {{ ?purchase {vocab.ARRIVED_DATE} ?arrived }} "
            f"OPTIONAL {{ ?purchase {vocab.EXPECTED_DATE} ?date }}"
        )
        for row in look_up(planner.store, owners, pattern):
            at = _day_start(row.get("date"), planner)
            found[owners[row["entity"]]].add((row["purchase"], at))
    return {term: sorted(some, key=lambda one: one[0]) for term, some in found.items()}


def _day_start(term: Term | None, planner: Planner) -> datetime | None:
    try:
        day = date.fromisoformat(literal_text(term)[:10]) if term else None
    except ValueError:
        return None
    if day is None:
        return None
    return max(datetime.combine(day, time(), planner.zone).astimezone(UTC), planner.now)
