"""Next: the operations that wait for a machine, in an order by a stated rule, each with its why.

It explains an order; it does not seek the best one. What a rule has no facts for is not ranked, and
what blocks an operation is told instead of its rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from kg import vocab
from kg.answer.bundle import NextEntry, NextOrder
from kg.answer.evidence import literal_text
from kg.answer.lookup import are_fewer, look_up, may_lead
from kg.answer.planning.blockers import Blockers, stop_of
from kg.answer.planning.durations import SAID, duration_of, left_of, runs_of
from kg.answer.planning.planner import OPEN, STOPPED, Finding, hours_of, number_text, span_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kg.answer.evidence import Evidence
    from kg.answer.planning.planner import Planner, Step
    from kg.records import Term
    from kg.store import Store

Rule = Literal["earliest-due-date", "critical-ratio", "shortest-time", "setup-family"]
DEFAULT_RULE: Rule = "earliest-due-date"
RULES: dict[Rule, str] = {
    "earliest-due-date": "the job that is due first",
    "critical-ratio": "the least time until the due date for each hour of work that is left; "
    "below 1 the job is late by the clock, nights and breaks counted as time",
    "shortest-time": "the operation that takes the least time",
    "setup-family": "first what is of the setup family that the machine is set up for, then the "
    "job that is due first",
}
"""What each rule puts first. Ties: due date, priority (1 first), planned start, the IRI."""
BY_PLAN = "planned start, then due date"
MOST_LISTED = 20
MOST_WAITING = 5
_FAR = datetime.max.replace(tzinfo=UTC)
_WAITING = ("planned", "released")

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """An operation with what was found of it; ``key`` is None where the rule lacks a fact."""

    step: Step
    key: Key | None
    by: tuple[Finding, ...]
    findings: tuple[Finding, ...]

    @property
    def is_blocked(self) -> bool:
        """Tell whether a record says that it cannot start."""
        return any(finding.verdict == "blocks" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Advice:
    """What waits for a machine: those that can start by rank, the unranked, the blocked."""

    rule: Rule
    ranked: list[Ranked]
    remarks: tuple[Finding, ...]


def waiting_by_plan(store: Store, evidence: Evidence, machine: Term) -> list[NextEntry]:
    """List the operations that wait for a machine or its work center, in the plan's order.

    Nobody looks at what blocks them: that costs more, and is what the focus ``next`` is for.
    """
    centers = store.objects(machine, vocab.IN_WORK_CENTER)
    at_centers = may_lead(store, vocab.PLANNED_AT, centers)
    if not (at_centers or may_lead(store, vocab.PLANNED_ON, [machine])):
        return []
    rows = store.select(
        "SELECT DISTINCT ?operation ?job ?start ?due "
        f"WHERE {{ {_waiting(store, machine, centers, _WAITING)} "
        f"OPTIONAL {{ ?operation {vocab.PLANNED_START} ?start }} "
        f"OPTIONAL {{ ?job {vocab.DUE_DATE} ?due }} }} "
        f"ORDER BY ?start ?due ?operation LIMIT {MOST_WAITING}"
    )
    return [
        NextEntry(
            operation=evidence.short(row["operation"]),
            label=evidence.label(row["operation"]),
            job=evidence.short(row["job"]),
            planned_start=literal_text(row["start"]) if "start" in row else None,
            due=literal_text(row["due"]) if "due" in row else None,
            rule=BY_PLAN,
        )
        for row in rows
    ]


def _waiting(store: Store, machine: Term, centers: Sequence[Term], words: Sequence[str]) -> str:
    """Give the pattern of what waits for a machine, or for its work center and no machine.

    Of a work center there may be a hundred thousand operations that are over, and in a plant as
    many that wait: what is less is looked at first.
    """
    codes = [
        vocab.code(scheme, word) for scheme in ("operation-status", "job-status") for word in words
    ]
    is_open = f"?operation {vocab.STATUS} ?status . VALUES ?status {{ {' '.join(codes)} }} "
    ways = f"{{ ?operation {vocab.PLANNED_ON} {machine} . {is_open} }}"
    if centers:
        center = f"?operation {vocab.PLANNED_AT} ?center . {machine} {vocab.IN_WORK_CENTER} ?center"
        if are_fewer(store, (vocab.STATUS, codes), (vocab.PLANNED_AT, centers)):
            listed = " UNION ".join(f"{{ ?operation {vocab.STATUS} {code} }}" for code in codes)
            of_center = f"{{ SELECT ?operation {{ {listed} }} }} FILTER EXISTS {{ {center} }} "
        else:
            of_center = f"{center} . {is_open}"
        no_machine = f"FILTER NOT EXISTS {{ ?operation {vocab.PLANNED_ON} ?other }}"
        ways += f" UNION {{ {of_center} {no_machine} }}"
    return f"{ways} ?operation {vocab.OPERATION_OF} ?job . "


def advise(planner: Planner, machine: Term, rule: Rule = DEFAULT_RULE) -> Advice:
    """Order what waits for a machine by a rule, with what speaks for each and what blocks it."""
    centers = planner.values.of(machine, vocab.IN_WORK_CENTER)
    waiting = _waiting(planner.store, machine, centers, OPEN)
    rows = planner.store.select(f"SELECT DISTINCT ?operation WHERE {{ {waiting} }}")
    steps = planner.steps(sorted(row["operation"] for row in rows))
    jobs = planner.steps_of({step.job for step in steps})
    running = _running(planner, machine)
    begun = look_up(
        planner.store,
        [step.term for step in steps],
        f"?run {vocab.OF_OPERATION} ?entity ; {vocab.RUNNING_ON} ?anywhere",
    )
    busy = {row["entity"] for row in begun}
    steps = [step for step in steps if step.term not in busy and _is_open(planner, step)]
    blockers = Blockers(planner)
    found = blockers.find(steps, machine)
    rater = _Rater(planner, machine, rule, jobs, running)
    ranked = [
        Ranked(step, *rater.rate(step), tuple(f for f in found[step.term] if f.kind != "machine"))
        for step in steps
    ]
    ranked.sort(key=lambda one: (one.is_blocked, one.key is None, one.key or rater.ties(one.step)))
    remarks = [*_stopped(planner, machine), *blockers.uncovered()]
    return Advice(rule, ranked, tuple(remarks))


def _running(planner: Planner, machine: Term) -> tuple[Term, ...]:
    """Give the operations that run on a machine now."""
    rows = planner.store.select(
        f"SELECT DISTINCT ?operation WHERE {{ ?run {vocab.RUNNING_ON} {machine} ; "
        f"{vocab.OF_OPERATION} ?operation }} ORDER BY ?operation"
    )
    return tuple(row["operation"] for row in rows)


def _is_open(planner: Planner, step: Step) -> bool:
    """Tell whether an operation's job is neither finished nor given up."""
    status = planner.word(planner.values.one(step.job, vocab.STATUS))
    return status is None or status in OPEN


def _stopped(planner: Planner, machine: Term) -> list[Finding]:
    activity = planner.word(planner.values.one(machine, vocab.ACTIVITY))
    return [stop_of(planner, machine)] if activity in STOPPED else []


class _Rater:
    """Gives the keys by which a rule orders, and says what they are made of."""

    def __init__(
        self,
        planner: Planner,
        machine: Term,
        rule: Rule,
        jobs: Mapping[Term, list[Step]],
        running: Sequence[Term],
    ) -> None:
        self._planner = planner
        self._values = planner.values
        self._rule = rule
        self._jobs = jobs
        self._set_up_for = self._families(machine, running)
        left = [step for steps in jobs.values() for step in steps if not step.is_over]
        self._runs = runs_of(planner, left) if rule == "critical-ratio" else {}

    def ties(self, step: Step) -> Key:
        """Give what settles ties: due, priority, planned start, the IRI; the unsaid last."""
        own = self._values.number(step.term, vocab.PRIORITY)
        priority = own if own is not None else self._values.number(step.job, vocab.PRIORITY)
        return (
            self._planner.due(step.job) or _FAR,
            (priority is None, priority or Fraction(0)),
            step.start or _FAR,
            step.term,
        )

    def rate(self, step: Step) -> tuple[Key | None, tuple[Finding, ...]]:
        """Give an operation's key, None where the rule lacks a fact, and what it is made of."""
        rates = {
            "earliest-due-date": self._by_due,
            "critical-ratio": self._by_ratio,
            "shortest-time": self._by_time,
            "setup-family": self._by_family,
        }
        value, found = rates[self._rule](step)
        return None if value is None else (value, *self.ties(step)), (*found, *self._more(step))

    def _more(self, step: Step) -> list[Finding]:
        """Say what settles ties, where a record says it."""
        found: list[Finding] = []
        for owner in (step.term, step.job):
            facts = self._values.facts(owner, vocab.PRIORITY)
            if facts and not found:
                text = f"priority {literal_text(facts[0][2])}"
                found.append(Finding("rule", "supports", text, facts))
        start = self._values.facts(step.term, vocab.PLANNED_START)
        if step.start is not None:
            late = self._planner.now - step.start
            text = f"planned to start {literal_text(start[0][2])}"
            text += f", {span_text(late)} ago" if late.total_seconds() > 0 else ""
            found.append(Finding("plan", "supports", text, start))
        return found

    def _by_due(self, step: Step) -> tuple[datetime | None, list[Finding]]:
        facts = self._values.facts(step.job, vocab.DUE_DATE)
        due = self._planner.due(step.job)
        job = self._planner.short(step.job)
        if due is None:
            text = f"cannot say when {job} is due: no record gives it a date"
            return None, [Finding("rule", "doubt", text, facts)]
        text = f"{job} is due {literal_text(facts[0][2])}"
        over = self._planner.now - due
        text += f", over by {span_text(over)}" if over.total_seconds() > 0 else ""
        return due, [Finding("rule", "supports", text, facts)]

    def _by_time(self, step: Step) -> tuple[Fraction | None, list[Finding]]:
        duration = duration_of(self._planner, step)
        if duration is None:
            text = f"cannot say how long {self._planner.short(step.term)} takes: no record does"
            return None, [Finding("rule", "doubt", text)]
        return duration.minutes, [Finding("rule", "supports", f"takes {duration}", duration.facts)]

    def _by_ratio(self, step: Step) -> tuple[Fraction | None, list[Finding]]:
        due, found = self._by_due(step)
        if due is None:
            return None, found
        minutes = Fraction(0)
        facts = found[0].facts
        is_rough = False
        for other in self._jobs[step.job]:
            if other.is_over:
                continue
            left = left_of(self._planner, other, self._runs.get(other.term, []))
            if left is None:
                name = self._planner.short(other.term)
                text = f"cannot say how much work is left: no record says how long {name} takes"
                return None, [*found, Finding("rule", "doubt", text)]
            minutes += left.minutes
            facts += left.facts
            is_rough |= left.how == "span"
        return self._ratio(due, minutes, found, facts, is_rough=is_rough)

    def _ratio(
        self,
        due: datetime,
        minutes: Fraction,
        found: list[Finding],
        facts: Any,
        *,
        is_rough: bool,
    ) -> tuple[Fraction | None, list[Finding]]:
        hours, work = hours_of(due - self._planner.now), minutes / 60
        if work <= 0:
            return None, [*found, Finding("rule", "doubt", "no work is left by its durations")]
        ratio = hours / work
        text = (
            f"critical ratio {number_text(ratio, 2)}: {number_text(hours, 1)} h until it is due, "
            f"{number_text(work, 1)} h of work left"
        )
        text += f", some of it {SAID['span']}" if is_rough else ""
        return ratio, [Finding("rule", "supports", text, facts)]

    def _families(self, machine: Term, running: Sequence[Term]) -> tuple[Term, ...]:
        """Give the setup families that a machine is set up for: its own, else of what runs."""
        if self._rule != "setup-family":
            return ()
        own = self._values.of(machine, vocab.IN_SETUP_FAMILY)
        steps = self._planner.steps(running)
        self._planner.steps_of({step.job for step in steps})
        found = own or tuple(fact[2] for step in steps for fact in self._family(step))
        return tuple(dict.fromkeys(found))

    def _family(self, step: Step) -> Any:
        part = self._values.one(step.job, vocab.MAKES)
        own = self._values.facts(step.term, vocab.IN_SETUP_FAMILY)
        return own or (self._values.facts(part, vocab.IN_SETUP_FAMILY) if part else ())

    def _by_family(self, step: Step) -> tuple[Key | None, list[Finding]]:
        facts = self._family(step)
        if not self._set_up_for:
            text = "cannot order by setup family: no record says what the machine is set up for"
            return None, [Finding("rule", "doubt", text)]
        if not facts:
            text = f"cannot say which setup family {self._planner.short(step.term)} is of"
            return None, [Finding("rule", "doubt", text)]
        due, found = self._by_due(step)
        is_other = not any(fact[2] in self._set_up_for for fact in facts)
        names = self._planner.listed(dict.fromkeys(fact[2] for fact in facts))
        said = "which is not what the machine is set up for" if is_other else "as the machine is"
        found = [Finding("rule", "supports", f"of setup family {names}, {said}", facts), *found]
        return (is_other, due is None), found


def order_of(planner: Planner, advice: Advice) -> NextOrder:
    """Say by which rule the order is, of how many, and what holds for all."""
    blocked = sum(one.is_blocked for one in advice.ranked)
    return NextOrder(
        rule=advice.rule,
        means=RULES[advice.rule],
        ready=len(advice.ranked) - blocked,
        blocked=blocked,
        listed=min(len(advice.ranked), MOST_LISTED),
        remarks=tuple(planner.reason(finding) for finding in advice.remarks),
    )


def entries_of(planner: Planner, advice: Advice, most: int = MOST_LISTED) -> list[NextEntry]:
    """Give the first operations of an order, with their facts cited."""
    return [
        entry_of(planner, one, advice.rule, place)
        for place, one in enumerate(advice.ranked[:most], start=1)
    ]


def entry_of(planner: Planner, one: Ranked, rule: str, place: int) -> NextEntry:
    """Give an operation as an answer shows it."""
    grouped = {
        verdict: tuple(
            planner.reason(finding)
            for finding in (*one.by, *one.findings)
            if finding.verdict == verdict
        )
        for verdict in ("supports", "blocks", "doubt")
    }
    due = planner.values.text(one.step.job, vocab.DUE_DATE)
    is_ranked = one.key is not None and not one.is_blocked
    facts = planner.values.facts(
        one.step.term, vocab.OPERATION_OF, vocab.PLANNED_ON, vocab.PLANNED_START
    )
    machines = planner.values.of(one.step.term, vocab.PLANNED_ON)
    return NextEntry(
        operation=planner.short(one.step.term),
        label=planner.evidence.label(one.step.term),
        job=planner.short(one.step.job),
        planned_start=planner.values.text(one.step.term, vocab.PLANNED_START),
        due=due,
        rule=rule,
        state="blocked" if one.is_blocked else "ready",
        rank=place if is_ranked else None,
        reasons=grouped["supports"],
        blockers=grouped["blocks"],
        doubts=grouped["doubt"],
        facts=planner.cite((*facts, *planner.values.facts(one.step.job, vocab.DUE_DATE))),
        machine=planner.short(machines[0]) if len(machines) == 1 else None,
    )
