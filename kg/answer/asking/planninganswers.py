"""Answers of planning: what should run next, what blocks it, who could take over, what to stage."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, get_args

from kg import vocab
from kg.answer.planning.blockers import Blockers
from kg.answer.planning.forecast import shifts_of
from kg.answer.planning.next import DEFAULT_RULE, Rule, advise
from kg.answer.planning.planner import Finding
from kg.answer.planning.routing import frontier_of
from kg.answer.planning.staging import what_to_stage
from kg.answer.planning.takeover import find_takeovers
from kg.errors import ConfigError
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.answer.answers import Answers
    from kg.answer.asking.answerers import Row
    from kg.answer.asking.given import Given
    from kg.answer.planning.planner import Planner, Step, Verdict
    from kg.records import Term

_SAID = {"blocks": "blocked", "doubt": "cannot say"}


def what_runs_next(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer what a machine should run next: what can start by rank, then the rest."""
    planner = answers.planner(now)
    advice = advise(planner, given.terms["machine"], _rule(given))
    rows = []
    for place, one in enumerate(advice.ranked, start=1):
        is_ranked = one.key is not None and not one.is_blocked
        found = (*one.by, *one.findings)
        row = {
            "rank": str(place) if is_ranked else None,
            "state": "blocked" if one.is_blocked else "ready",
            "operation": planner.short(one.step.term),
            "job": planner.short(one.step.job),
            "why": _texts(found, "supports"),
            "blocked_by": _texts(found, "blocks"),
            "cannot_say": _texts(found, "doubt"),
        }
        rows.append(_told(row))
    return rows


def _rule(given: Given) -> Rule:
    asked = given.text("rule") or DEFAULT_RULE
    for rule in get_args(Rule):
        if rule == asked:
            return rule  # type: ignore[no-any-return]
    raise ConfigError(
        f"rule={asked!r} is no rule", hint=f"one of {', '.join(get_args(Rule))}", code="parameter"
    )


def _texts(found: Iterable[Finding], verdict: Verdict) -> str | None:
    return "; ".join(f.text for f in found if f.verdict == verdict) or None


def _told(row: dict[str, str | None]) -> Row:
    """Leave out the cells that have no value."""
    return {name: value for name, value in row.items() if value is not None}


def what_blocks_it(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer what blocks an operation, a job's open operations, or what waits for a machine."""
    planner = answers.planner(now)
    thing = given.terms["thing"]
    kinds = planner.values.of(thing, vocab.RDF_TYPE)
    blockers = Blockers(planner)
    if vocab.MACHINE in kinds:
        advice = advise(planner, thing)
        found = {one.step.term: list(one.findings) for one in advice.ranked}
        steps = [one.step for one in advice.ranked]
        uncovered: Sequence[Finding] = advice.remarks
    else:
        own = planner.steps([thing])
        listed = own or planner.steps_of([thing])[thing]
        steps = [s for s in listed if not s.is_over and s.status != "in-progress"]
        found = blockers.find(steps)
        uncovered = blockers.uncovered() if steps else ()
    rows = _blocking(planner, thing, [f for f in uncovered if f.verdict != "supports"])
    for step in steps:
        rows += _blocking(planner, step.term, found[step.term])
    return rows


def _blocking(planner: Planner, about: Term, findings: Iterable[Finding]) -> list[Row]:
    listed = sorted({(_SAID.get(f.verdict, ""), f.kind, f.text) for f in findings})
    name = planner.short(about)
    return [
        {"about": name, "state": state, "kind": kind, "what": text}
        for state, kind, text in listed
        if state
    ]


def who_can_take_over(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer which machines could do what runs on one, if that one stopped."""
    planner = answers.planner(now)
    return [
        _told(
            {
                "run": planner.short(found.run),
                "job": planner.short(found.job) if found.job else None,
                "operation": planner.short(found.operation) if found.operation else None,
                "machine": planner.short(found.machine) if found.machine else None,
                "how": found.how,
                "state": found.state or None,
                "why": found.why,
            }
        )
        for found in find_takeovers(planner, given.terms["machine"])
    ]


def what_to_stage_now(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer what must be at a machine before what runs there ends, for what should come next."""
    planner = answers.planner(now)
    machine = given.terms["machine"]
    advice = advise(planner, machine, _rule(given))
    running = _running(planner, machine)
    most = max(1, len(running))
    steps = [one.step for one in advice.ranked if not one.is_blocked][:most]
    by = min((step.end for step in running if step.end is not None), default=None)
    return [
        _told(
            {
                "before": format_time(by) if by else None,
                "operation": planner.short(one.operation),
                "job": planner.short(one.job),
                "what": one.what or None,
                "item": planner.short(one.item) if one.item else None,
                "state": one.state,
                "where": one.where,
            }
        )
        for one in what_to_stage(planner, machine, steps)
    ]


def _running(planner: Planner, machine: Term) -> list[Step]:
    rows = planner.store.select(
        f"SELECT DISTINCT ?step WHERE {{ ?run {vocab.RUNNING_ON} {machine} ; "
        f"{vocab.OF_OPERATION} ?step }} ORDER BY ?step"
    )
    return planner.steps(row["step"] for row in rows)


def jobs_that_cannot_start(answers: Answers, given: Given, now: datetime) -> list[Row]:
    """Answer which released jobs that nobody began cannot start today, by cause."""
    planner = answers.planner(now)
    rows = answers.store.select(given.query(now))
    jobs = planner.steps_of({row["job"] for row in rows})
    first = {job: frontier_of(planner, steps) for job, steps in jobs.items()}
    found = Blockers(planner).find([step for steps in first.values() for step in steps])
    told = []
    for job, steps in first.items():
        due = planner.values.text(job, vocab.DUE_DATE)
        name = planner.short(job)
        if not jobs[job]:
            text = "no record says which operations it has"
            told.append({"cause": "routing", "due": due, "job": name, "why": text})
        for step in steps:
            blocks = [f for f in found[step.term] if f.verdict == "blocks"]
            blocks += _no_shift(planner, step)
            told += [
                {
                    "cause": finding.kind,
                    "due": due,
                    "job": name,
                    "operation": planner.short(step.term),
                    "why": finding.text,
                }
                for finding in blocks
            ]
    told.sort(key=_order)
    return [_told(row) for row in told]


def _order(row: dict[str, str | None]) -> tuple[str, bool, str, str, str, str]:
    return (
        row["cause"] or "",
        row["due"] is None,
        row["due"] or "",
        row["job"] or "",
        row.get("operation") or "",
        row["why"] or "",
    )


def _no_shift(planner: Planner, step: Step) -> list[Finding]:
    """Say that the calendar of an operation's machine has no working time left today."""
    shifts, facts = shifts_of(planner, step)
    local = planner.now.astimezone(planner.zone)
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), planner.zone)
    ends = midnight.astimezone(UTC)
    if not shifts or any(opens < ends and closes > planner.now for opens, closes in shifts):
        return []
    return [Finding("machine", "blocks", "no shift is planned for the rest of today", facts)]
