"""The order of what waits, held to one that is slow and obvious."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answer.planning.next import RULES, advise, entries_of, order_of, waiting_by_plan
from tests.unit.answer.planners import NOW, planner_of, term

DAY = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Op:
    """An operation as the oracle knows it; minutes are those of work."""

    name: str
    sequence: int | None
    status: str | None
    where: str
    minutes: int | None = None
    each: int | None = None
    start: int | None = None
    family: str | None = None
    priority: int | None = None
    is_running: bool = False


@dataclass
class Job:
    name: str
    status: str | None
    due: int | None
    quantity: int | None
    priority: int | None
    ops: list[Op] = field(default_factory=list)


class Maker:
    """Makes shops by chance, few enough of everything that ties and gaps are common."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.set_up_for = self.chance.choice([None, "a", "b"])
        self.jobs = [self.job(str(n)) for n in range(self.chance.randint(0, 5))]

    def job(self, name: str) -> Job:
        pick = self.chance.choice
        job = Job(
            name,
            pick(
                [None, "planned", "released", "released", "in-progress", "completed", "cancelled"]
            ),
            pick([None, 0, 1, 1, 2]),
            pick([None, 1, 10]),
            pick([None, None, 1, 2]),
        )
        job.ops = [self.op(f"{name}-{place}") for place in range(pick([1, 2, 3, 4]))]
        return job

    def op(self, name: str) -> Op:
        pick = self.chance.choice
        return Op(
            name,
            pick([None, 10, 10, 20, 20, 30]),
            pick(
                [None, "planned", "released", "released", "in-progress", "completed", "cancelled"]
            ),
            pick(["M", "M", "center", "both", "other"]),
            pick([None, None, 30, 60]),
            pick([None, 5]),
            pick([None, None, -90, 30]),
            pick([None, "a", "b"]),
            pick([None, None, None, 1, 3]),
            self.chance.random() < 0.1,
        )


def turtle(maker: Maker) -> str:
    """Write a shop down."""
    lines = ["<machine/M> a tr:Machine ; tr:inWorkCenter <center/C> ."]
    if maker.set_up_for:
        lines.append(f"<machine/M> tr:inSetupFamily <family/{maker.set_up_for}> .")
    for job in maker.jobs:
        lines += _job(job)
        for op in job.ops:
            lines += _op(job, op)
    return "\n".join(lines)


def _job(job: Job) -> list[str]:
    name = f"<job/{job.name}>"
    told = [f"{name} a tr:Job ."]
    if job.status:
        told.append(f"{name} tr:status status:{job.status} .")
    if job.due is not None:
        day = (DAY + timedelta(days=job.due)).date()
        told.append(f'{name} tr:dueDate "{day}"^^xsd:date .')
    if job.quantity is not None:
        told.append(f"{name} tr:plannedQuantity {job.quantity}.0 .")
    if job.priority is not None:
        told.append(f"{name} tr:priority {job.priority} .")
    return told


def _op(job: Job, op: Op) -> list[str]:
    name = f"<operation/{op.name}>"
    places = {
        "M": [f"{name} tr:plannedOn <machine/M> ."],
        "center": [f"{name} tr:plannedAt <center/C> ."],
        "both": [f"{name} tr:plannedAt <center/C> ; tr:plannedOn <machine/other> ."],
        "other": [f"{name} tr:plannedOn <machine/other> ."],
    }
    told = [f"{name} tr:operationOf <job/{job.name}> .", *places[op.where]]
    numbers = {
        "sequence": op.sequence,
        "priority": op.priority,
        "plannedMinutes": None if op.minutes is None else f"{op.minutes}.0",
        "minutesPerPiece": None if op.each is None else f"{op.each}.0",
    }
    told += [f"{name} tr:{key} {value} ." for key, value in numbers.items() if value is not None]
    if op.status:
        told.append(f"{name} tr:status step:{op.status} .")
    if op.start is not None:
        at = (NOW + timedelta(minutes=op.start)).strftime("%Y-%m-%dT%H:%M:%SZ")
        told.append(f'{name} tr:plannedStart "{at}"^^xsd:dateTime .')
    if op.family:
        told.append(f"{name} tr:inSetupFamily <family/{op.family}> .")
    if op.is_running:
        told.append(f"<run/{op.name}> tr:ofOperation {name} ; tr:runningOn <machine/other> .")
    return told


def oracle(maker: Maker, rule: str) -> list[tuple[str, bool, bool]]:
    """Say which operations stand where: name, whether ranked, whether blocked."""
    waiting = []
    for job in maker.jobs:
        for op in job.ops:
            is_here = op.where in {"M", "center"}
            is_open = op.status in {"planned", "released", "in-progress"}
            is_live = job.status in {None, "planned", "released", "in-progress"}
            if is_here and is_open and is_live and not op.is_running:
                waiting.append((job, op))
    made = []
    for job, op in waiting:
        blocked = is_blocked(job, op)
        value = value_of(maker, rule, job, op)
        made.append((blocked, value is None, value or (), ties(job, op), op.name))
    made.sort()
    return [(name, not unranked, blocked) for blocked, unranked, _, _, name in made]


def is_blocked(job: Job, op: Op) -> bool:
    if job.status == "planned":
        return True
    if op.sequence is None:
        return False
    before = [
        other
        for other in job.ops
        if other is not op
        and other.sequence is not None
        and other.sequence < op.sequence
        and other.status != "cancelled"
    ]
    nearest = max((other.sequence or 0 for other in before), default=None)
    return any(
        other.sequence == nearest and other.status in {"planned", "released", "in-progress"}
        for other in before
    )


def duration(job: Job, op: Op) -> int | None:
    if op.minutes is not None:
        return op.minutes
    if op.each is not None and job.quantity is not None:
        return op.each * job.quantity
    return None


def value_of(maker: Maker, rule: str, job: Job, op: Op) -> tuple[float, ...] | None:
    """Give what the rule compares, None where a fact is lacking."""
    hours = None if job.due is None else 24.0 * (job.due + 1) - 8.0
    if rule == "earliest-due-date":
        return None if hours is None else (hours,)
    if rule == "shortest-time":
        minutes = duration(job, op)
        return None if minutes is None else (minutes,)
    if rule == "critical-ratio":
        left = [duration(job, o) for o in job.ops if o.status not in {"completed", "cancelled"}]
        if hours is None or None in left or not sum(m or 0 for m in left):
            return None
        return (hours / (sum(m or 0 for m in left) / 60),)
    if maker.set_up_for is None or op.family is None:
        return None
    return (op.family != maker.set_up_for, hours is None)


def ties(job: Job, op: Op) -> tuple[object, ...]:
    last = 10**9
    priority = op.priority if op.priority is not None else job.priority
    return (
        last if job.due is None else job.due,
        last if priority is None else priority,
        last if op.start is None else op.start,
        op.name,
    )


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_is_that_of_the_oracle(rule, seed: int) -> None:
    maker = Maker(seed)
    advice = advise(planner_of(turtle(maker)), term("machine/M"), rule)
    found = [
        (one.step.term[1:-1].rsplit("/", 1)[-1], one.key is not None, one.is_blocked)
        for one in advice.ranked
    ]
    assert found == oracle(maker, rule)


def test_the_oracle_meets_every_case() -> None:
    """What is never made by chance is never compared."""
    kinds = {
        (rule, is_ranked, is_blocked)
        for seed in range(200)
        for rule in RULES
        for _, is_ranked, is_blocked in oracle(Maker(seed), rule)
    }
    assert len(kinds) == 4 * len(RULES)


def test_an_entry_cites_what_it_rests_on_and_counts_its_rank() -> None:
    planner = planner_of(
        """
        <job/1> tr:status status:released ; tr:dueDate "2026-11-24"^^xsd:date .
        <operation/1-10> tr:operationOf <job/1> ; tr:sequence 10 ; tr:status step:released ;
            tr:plannedOn <machine/M> .
        <job/2> tr:status status:planned ; tr:dueDate "2026-11-23"^^xsd:date .
        <operation/2-10> tr:operationOf <job/2> ; tr:sequence 10 ; tr:status step:planned ;
            tr:plannedOn <machine/M> .
        <machine/M> tr:activity activity:down ; tr:activityReason "spindle" .
        """
    )
    advice = advise(planner, term("machine/M"))
    first, second = entries_of(planner, advice)
    assert (first.operation, first.state, first.rank) == ("operation/1-10", "ready", 1)
    assert (second.operation, second.state, second.rank) == ("operation/2-10", "blocked", None)
    due = first.reasons[0]
    assert (due.kind, due.text) == ("rule", "job/1 is due 2026-11-24")
    assert [(f.id.split("~")[0], f.value, f.record) for f in due.facts] == [
        ("job/1", "2026-11-24", "record/erp/plant/1")
    ]
    assert [(r.kind, r.text) for r in second.blockers] == [("release", "job/2 is planned")]
    order = order_of(planner, advice)
    assert (order.ready, order.blocked, order.listed) == (1, 1, 2)
    assert order.remarks[0].text == "machine/M is down (spindle)"


@pytest.mark.parametrize(("over", "open_elsewhere"), [(0, 9), (9, 0), (9, 9)])
def test_whatever_there_is_more_of_a_work_center_is_told_what_waits_there(
    over: int, open_elsewhere: int
) -> None:
    waiting = ["tr:plannedOn <machine/M>", "tr:plannedAt <center/C>"]
    passed = ["tr:plannedAt <center/C> ; tr:plannedOn <machine/N>", "tr:plannedAt <center/D>"]
    lines = ["<machine/M> tr:inWorkCenter <center/C> . <job/1> tr:status status:released ."]
    listed = [(where, "step:released") for where in waiting + passed]
    listed += [("tr:plannedAt <center/C>", "step:completed")] * over
    listed += [("tr:plannedAt <center/D>", "step:planned")] * open_elsewhere
    lines += [
        f"<operation/{n}> tr:operationOf <job/1> ; tr:status {status} ; {where} ."
        for n, (where, status) in enumerate(listed)
    ]
    planner = planner_of("\n".join(lines))
    entries = entries_of(planner, advise(planner, term("machine/M")))
    assert [entry.operation for entry in entries] == ["operation/0", "operation/1"]
    by_plan = waiting_by_plan(planner.store, planner.evidence, term("machine/M"))
    assert [entry.operation for entry in by_plan] == ["operation/0", "operation/1"]


@pytest.mark.parametrize(
    ("needed", "said"),
    [
        (20, "part/bar: 20 kg needed, at least 25 kg left"),
        (150, "part/bar: 150 kg needed, at least 200 kg left"),
        (250, "part/bar: 250 kg needed, 250 kg left"),
        (251, "part/bar: 251 kg needed, 250 kg left"),
    ],
)
def test_no_more_batches_are_read_than_are_enough(needed: int, said: str) -> None:
    batches = "\n".join(
        f'<batch/{n:03}> tr:ofMaterial <part/bar> ; tr:quantity 1.0 ; tr:unit "kg" .'
        for n in range(250)
    )
    planner = planner_of(
        f"""
        <job/1> tr:status status:released ; tr:makes <part/P> ; tr:plannedQuantity {needed}.0 .
        <operation/1> tr:operationOf <job/1> ; tr:status step:released ; tr:sequence 10 ;
            tr:plannedOn <machine/M> .
        <component/1> tr:componentOf <part/P> ; tr:componentPart <part/bar> ;
            tr:quantityPer 1.0 ; tr:unit "kg" .
        {batches}
        """
    )
    (entry,) = entries_of(planner, advise(planner, term("machine/M")))
    found = entry.reasons if needed <= 250 else entry.blockers
    assert said in [one.text for one in found if one.kind == "material"]


def test_a_date_that_is_none_ranks_nothing() -> None:
    planner = planner_of(
        """
        <job/1> tr:status status:released ; tr:dueDate "soon" .
        <operation/1-10> tr:operationOf <job/1> ; tr:status step:released ;
            tr:plannedOn <machine/M> .
        <job/2> tr:status status:released ; tr:dueDate "9999-12-31"^^xsd:date .
        <operation/2-10> tr:operationOf <job/2> ; tr:status step:released ;
            tr:plannedOn <machine/M> .
        """
    )
    entries = entries_of(planner, advise(planner, term("machine/M")))
    assert [(e.operation, e.rank) for e in entries] == [
        ("operation/1-10", None),
        ("operation/2-10", None),
    ]
    assert all("cannot say when" in e.doubts[0].text for e in entries)


def test_a_due_date_lasts_until_its_day_ends_where_the_plant_is() -> None:
    text = '<job/1> tr:dueDate "2026-11-23"^^xsd:date .'
    assert planner_of(text, zone="Europe/Stockholm").due(term("job/1")) == datetime(
        2026, 11, 23, 23, tzinfo=UTC
    )
    assert planner_of(text).due(term("job/1")) == datetime(2026, 11, 24, tzinfo=UTC)
