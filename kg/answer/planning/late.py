"""Late: why a job is late or behind its plan, as a chain of causes that records tell.

The chain is walked backwards from the operation that holds the job up now. It goes on to what
stands before an operation only where that really came too late for it: lateness that slack took up
on the way is no cause. Where the records end, so does the chain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.bundle import Cause
from kg.answer.lookup import look_up
from kg.answer.planning.blockers import Blockers, stop_of
from kg.answer.planning.durations import runs_of
from kg.answer.planning.planner import OVER, STOPPED, hours_of, number_text, span_text
from kg.answer.planning.routing import frontier_of, predecessors_of
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from kg.answer.bundle import ReasonKind
    from kg.answer.planning.planner import Planner, Step
    from kg.records import Fact as Triple
    from kg.records import Term

_RUN = (vocab.STARTED_AT, vocab.ENDED_AT, vocab.RUNNING_ON, vocab.SCRAP_QUANTITY, vocab.ON_MACHINE)
_NOTHING = timedelta(0)
MOST_CAUSES = 20


@dataclass(frozen=True, slots=True)
class Link:
    """A cause before its facts are cited."""

    kind: ReasonKind
    about: Term
    text: str
    since: datetime | None = None
    late: timedelta | None = None
    facts: tuple[Triple, ...] = ()


@dataclass(slots=True)
class _Done:
    """How an operation really went: when its first run began, when the last ended."""

    runs: list[Term] = field(default_factory=list)
    started: datetime | None = None
    ended: datetime | None = None


def why_late(planner: Planner, job: Term) -> list[Cause]:
    """Give the chain of causes for which a job is late or behind its plan, the nearest first.

    Empty where it is neither: not past its due date, and no operation past its planned times.
    """
    return [
        Cause(
            kind=link.kind,
            about=planner.short(link.about),
            text=link.text,
            since=None if link.since is None else format_time(link.since),
            hours=None if link.late is None else number_text(hours_of(link.late), 1),
            facts=planner.cite(link.facts),
        )
        for link in chain_of(planner, job)
    ]


def chain_of(planner: Planner, job: Term) -> list[Link]:
    """Give the chain of `why_late` with facts as triples, for whoever looks at many jobs."""
    steps = planner.steps_of([job])[job]
    status = planner.word(planner.values.one(job, vocab.STATUS))
    if status in OVER:
        return []
    walk = _Walk(planner, steps)
    held = frontier_of(planner, steps)
    links = [link for step in held for link in walk.of(step)]
    due = planner.due(job)
    if due is not None and planner.now > due:
        facts = planner.values.facts(job, vocab.DUE_DATE, vocab.STATUS)
        over = planner.now - due
        text = f"{planner.short(job)} is {span_text(over)} past its due date"
        links.insert(0, Link("due", job, text, due, over, facts))
    return links[:MOST_CAUSES]


class _Walk:
    """Walks back through the operations of one job."""

    def __init__(self, planner: Planner, steps: Sequence[Step]) -> None:
        self._planner = planner
        self._values = planner.values
        self._steps = steps
        self._runs = runs_of(planner, steps)
        self._values.load([run for runs in self._runs.values() for run in runs], _RUN)
        self._blockers = Blockers(planner)
        self._seen: set[Term] = set()

    def of(self, step: Step) -> Iterator[Link]:
        """Give what made an operation late, and then what made that late."""
        if step.term in self._seen:
            return
        self._seen.add(step.term)
        done = self._done(step)
        own = list(self._own(step, done))
        yield from own
        if own and (done.started is None or self._is_after(done.started, step.start)):
            yield from self._before(step)

    def _done(self, step: Step) -> _Done:
        runs = self._runs.get(step.term, [])
        started = [m for run in runs if (m := self._values.moment(run, vocab.STARTED_AT))]
        ended = [m for run in runs if (m := self._values.moment(run, vocab.ENDED_AT))]
        is_over = bool(runs) and len(ended) == len(runs) and step.is_over
        return _Done(
            runs, min(started, default=None), max(ended, default=None) if is_over else None
        )

    def _own(self, step: Step, done: _Done) -> Iterator[Link]:
        """Give what is late in an operation itself: its end, its start, what holds it up."""
        yield from self._end(step, done)
        yield from self._start(step, done)
        if step.is_over:
            return
        if done.started is None:
            yield from self._not_started(step)
        else:
            yield from self._under_way(step, done)

    def _end(self, step: Step, done: _Done) -> Iterator[Link]:
        name = self._planner.short(step.term)
        facts = self._values.facts(step.term, vocab.PLANNED_END)
        if step.is_over and done.ended is not None and self._is_after(done.ended, step.end):
            late = done.ended - (step.end or done.ended)
            cited = (*facts, *self._said(done.runs, vocab.ENDED_AT))
            text = f"{name} ended {span_text(late)} after its planned end"
            yield Link("work", step.term, text, done.ended, late, cited)
        elif not step.is_over and self._is_after(self._planner.now, step.end):
            late = self._planner.now - (step.end or self._planner.now)
            text = f"{name} should have ended {span_text(late)} ago and is {step.status or 'open'}"
            cited = (*facts, *self._values.facts(step.term, vocab.STATUS))
            yield Link("work", step.term, text, step.end, late, cited)

    def _start(self, step: Step, done: _Done) -> Iterator[Link]:
        name = self._planner.short(step.term)
        facts = self._values.facts(step.term, vocab.PLANNED_START)
        moment = done.started
        if moment is None and not step.is_over:
            moment = self._planner.now
        if step.start is None or moment is None or moment <= step.start:
            return
        late = moment - step.start
        if done.started is not None:
            text = f"{name} started {span_text(late)} after its planned start"
            facts += self._said(done.runs, vocab.STARTED_AT)
        else:
            text = f"{name} should have started {span_text(late)} ago and has not"
        yield Link("start", step.term, text, done.started or step.start, late, facts)

    def _not_started(self, step: Step) -> Iterator[Link]:
        for finding in self._blockers.find([step])[step.term]:
            if finding.verdict == "blocks" and finding.kind != "predecessor":
                yield Link(finding.kind, step.term, finding.text, facts=finding.facts)
        for supplier in self._values.of(step.term, vocab.OUTSOURCED_TO):
            text = f"{self._planner.short(step.term)} is with {self._planner.short(supplier)}"
            facts = self._values.facts(step.term, vocab.OUTSOURCED_TO)
            yield Link("supplier", step.term, text, facts=facts)
        yield from self._busy(step)

    def _busy(self, step: Step) -> Iterator[Link]:
        """Say which other job an operation's machine is full with."""
        machines = self._values.of(step.term, vocab.PLANNED_ON)
        for machine in machines:
            rows = look_up(self._planner.store, [machine], f"?run {vocab.RUNNING_ON} ?entity")
            runs = sorted({row["run"] for row in rows})
            capacity = self._values.number(machine, vocab.CAPACITY) or 1
            if len(runs) < capacity:
                continue
            for run in runs:
                yield self._taken(step, machine, run)

    def _taken(self, step: Step, machine: Term, run: Term) -> Link:
        jobs = self._values.of(run, vocab.OF_JOB)
        what = self._planner.listed(jobs) or "a run that names no job"
        text = f"{self._planner.short(machine)} runs {what}"
        since = self._values.moment(run, vocab.STARTED_AT)
        facts = (*self._values.facts(run, vocab.OF_JOB), (run, vocab.RUNNING_ON, machine))
        return Link("machine", step.term, text, since, facts=facts)

    def _under_way(self, step: Step, done: _Done) -> Iterator[Link]:
        open_runs = [run for run in done.runs if self._values.of(run, vocab.RUNNING_ON)]
        if not open_runs:
            text = f"{self._planner.short(step.term)} was begun and does not run now"
            facts = self._said(done.runs, vocab.ENDED_AT)
            yield Link("start", step.term, text, facts=facts)
        machines = {m for run in open_runs for m in self._values.of(run, vocab.RUNNING_ON)}
        for machine in sorted(machines):
            if self._planner.word(self._values.one(machine, vocab.ACTIVITY)) in STOPPED:
                stop = stop_of(self._planner, machine)
                since = self._values.moment(machine, vocab.ACTIVITY_SINCE)
                yield Link("machine", step.term, stop.text, since, facts=stop.facts)
        for run in done.runs:
            scrap = self._values.number(run, vocab.SCRAP_QUANTITY)
            if scrap:
                text = f"{number_text(scrap)} scrapped in {self._planner.short(run)}"
                facts = self._values.facts(run, vocab.SCRAP_QUANTITY)
                yield Link("scrap", step.term, text, facts=facts)

    def _before(self, step: Step) -> Iterator[Link]:
        """Go on to the operations before one that came too late for its planned start."""
        for other in predecessors_of(self._planner, step, self._steps) or []:
            ended = self._done(other).ended
            if other.is_over and not self._is_after(ended, step.start):
                continue
            name, own = self._planner.short(other.term), self._planner.short(step.term)
            facts = self._values.facts(other.term, vocab.STATUS)
            if ended is not None and step.start is not None:
                late = ended - step.start
                text = f"{name}, which comes before, ended {span_text(late)} after {own} "
                text += "should have started"
                facts = (*self._said(self._done(other).runs, vocab.ENDED_AT), *facts)
                yield Link("predecessor", other.term, text, ended, late, facts)
            elif not other.is_over:
                text = (
                    f"{name}, which comes before, is {other.status or 'not known to be finished'}"
                )
                yield Link("predecessor", other.term, text, facts=facts)
            yield from self.of(other)

    def _said(self, runs: Sequence[Term], predicate: Term) -> tuple[Triple, ...]:
        return tuple(fact for run in runs for fact in self._values.facts(run, predicate))

    @staticmethod
    def _is_after(moment: datetime | None, planned: datetime | None) -> bool:
        return moment is not None and planned is not None and moment - planned > _NOTHING
