"""Events that come late, in any order, twice, and deletes: the graph is that of an orderly day."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.pipeline import Pipeline
from kg.records import Record
from kg.settings import load_plant
from kg.times import format_time
from tests.counts import FAULTS
from tests.shop_plant import write_shop

MORNING = datetime(2026, 11, 23, 6, tzinfo=UTC)
EVENING = datetime(2026, 11, 23, 20, tzinfo=UTC)
TABLES = """
[[table]]
name = "machine"
mapping = "machine.yml"
file = "machine.csv"
key = ["id"]
[[table]]
name = "run"
mapping = "run.yml"
file = "events.jsonl"
where = {type = ["start", "end", "count"]}
key = ["id"]
arrives = "events"
row = "event"
event_time = "ts"
fold = {kind = "open-close", pair = ["tr:onMachine", "tr:ofJob"], sum = ["tr:goodQuantity"]}
[[table]]
name = "state"
mapping = "state.yml"
file = "events.jsonl"
where = {type = "state"}
key = ["id"]
arrives = "events"
row = "event"
event_time = "ts"
fold = {kind = "latest", subject = "tr:onMachine"}
"""
MAPPINGS = {
    "machine": """
  machine:
    sources: [[machine~table]]
    s: machine/$(id)
    po:
      - [a, tr:Machine]
      - [tr:identifier, $(id)]
      - [tr:capacity, $(places), xsd:integer]
""",
    "state": """
  state:
    sources: [[state~table]]
    s: event/$(id)
    po:
      - [a, tr:MachineStateChanged]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:activity, trc:activity/$(state)~iri]
""",
    "run": "".join(
        f"""
  {name}:
    sources: [[run~table]]
    condition:
      function: idlab-fn:equal
      parameters: [[grel:valueParameter, $(type)], [grel:valueParameter2, {name}]]
    s: event/$(id)
    po:
      - [a, {kind}]
      - [tr:eventTime, $(ts), xsd:dateTime]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:ofJob, job/$(job)~iri]
      - [tr:goodQuantity, $(good), xsd:decimal]
"""
        for name, kind in {
            "start": "tr:RunStarted",
            "end": "tr:RunEnded",
            "count": "tr:QuantityReported",
        }.items()
    ),
}


@contextmanager
def opened():
    with TemporaryDirectory() as folder:
        write_shop(Path(folder), "order", TABLES, MAPPINGS, source="mes")
        with Pipeline.open(load_plant(Path(folder))) as work:
            yield work


@dataclass(frozen=True)
class Said:
    """One thing that happened: what was told of it, one after the other."""

    key: str
    kind: str
    versions: tuple[dict, ...]
    is_deleted: bool

    def messages(self) -> list[Record]:
        told = [self._message(row) for row in self.versions]
        gone = replace(told[-1], row={}, effective=None, effective_by="seen", deleted=True)
        return [*told, gone] if self.is_deleted else told

    def _message(self, row: dict) -> Record:
        at = row.get("ts")
        by = "event" if at else "seen"
        return Record("mes", self.kind, self.key, row, self.key, effective=at, effective_by=by)


def event(number: int, kind: str, machine: int, job: int, minute: int, good: int) -> dict:
    at = format_time(MORNING + timedelta(minutes=minute))
    row = {"id": f"E{number}", "ts": at, "machine": f"M{machine}"}
    if kind == "state":
        return row | {"type": kind, "state": ["idle", "production", "down"][good % 3]}
    return row | {"type": kind, "job": f"J{job}", "good": good if kind != "start" else None}


def deliver(work: Pipeline, batches: Iterable[Sequence[Record]]) -> None:
    for batch in batches:
        work.journal.append(batch, EVENING)
        work.apply(EVENING)


def dataset(work: Pipeline) -> list[str]:
    """Give all that the graph says but how far it has come, and of which journal."""
    return [line for line in work.store.dump() if "/graph/offset>" not in line]


def shuffled(happened: Sequence[Said], times: int, chance: random.Random) -> list[Record]:
    """Tell everything several times in any order; what is told of one thing stays in order.

    What is told again comes before the thing's next message: a source that tells of a thing after
    its delete means that it is there again.
    """
    queues = []
    for said in happened:
        told = said.messages()
        queues.append([m for m in told for _ in range(1 if m.deleted else times)])
    order = [n for n, queue in enumerate(queues) for _ in queue]
    chance.shuffle(order)
    waiting = [iter(queue) for queue in queues]
    return [next(waiting[n]) for n in order]


def cut(messages: Sequence[Record], chance: random.Random) -> list[Sequence[Record]]:
    cuts = sorted(chance.sample(range(1, len(messages)), min(4, len(messages) - 1)))
    return [messages[a:b] for a, b in zip([0, *cuts], [*cuts, len(messages)], strict=True)]


def happening(drawn: tuple) -> Said:
    number, kind, machine, job, minute, good, is_corrected, is_deleted = drawn
    first = event(number, kind, machine, job, minute, good)
    versions = (first,)
    if is_corrected:
        versions = (first, event(number, kind, 1 - machine, job, (minute + 7) % 60, good + 1))
    return Said(f"E{number}", "state" if kind == "state" else "run", versions, is_deleted)


MACHINES = [
    Said(f"M{n}", "machine", ({"id": f"M{n}", "places": places},), is_deleted=False)
    for n, places in ((0, 1), (1, 2))
]
kinds = st.sampled_from(["start", "start", "end", "count", "state"])
happenings = st.lists(
    st.tuples(
        *(kinds, st.integers(0, 1), st.integers(0, 2), st.integers(0, 59), st.integers(0, 5)),
        *(st.sampled_from([False, False, True]), st.sampled_from([False, False, False, True])),
    ),
    min_size=2,
    max_size=14,
).map(lambda drawn: [happening((number, *rest)) for number, rest in enumerate(drawn)])


def check_any_order(happened: list[Said], seed: int) -> None:
    chance = random.Random(seed)
    happened = [*MACHINES, *happened]
    with opened() as orderly, opened() as messy:
        in_order = sorted(happened, key=lambda said: str(said.versions[0].get("ts", "")))
        deliver(orderly, [list(chain.from_iterable(said.messages() for said in in_order))])
        deliver(messy, cut(shuffled(happened, 2, chance), chance))
        expected = dataset(orderly)
        assert dataset(messy) == expected
        messy.rebuild(EVENING)
        assert dataset(messy) == expected


@settings(max_examples=5, deadline=None)
@given(happenings, st.integers(0, 2**32))
def test_any_order_gives_the_graph_of_the_right_one(happened: list[Said], seed: int) -> None:
    check_any_order(happened, seed)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(happenings, st.integers(0, 2**32))
def test_many_more_orders_give_the_graph_of_the_right_one(happened: list[Said], seed: int) -> None:
    check_any_order(happened, seed)


def test_a_delete_takes_what_only_that_record_said() -> None:
    with opened() as work:
        deliver(work, [chain.from_iterable(said.messages() for said in MACHINES)])
        empty = dataset(work)
        told = [happening((n, "start", 0, n, 10 * n, 0, False, False)) for n in (1, 2)]
        deliver(work, [[m for said in told for m in said.messages()]])
        running = work.store.select("SELECT ?r { ?r tr:runningOn <machine/M0> }")
        assert [row["r"] for row in running] == ["<https://order.example/run/mes/run/E2>"]
        deliver(work, [[replace(told[1].messages()[0], row={}, deleted=True, effective=None)]])
        running = work.store.select("SELECT ?r { ?r tr:runningOn <machine/M0> }")
        assert [row["r"] for row in running] == ["<https://order.example/run/mes/run/E1>"]
        deliver(work, [[replace(told[0].messages()[0], row={}, deleted=True, effective=None)]])
        assert dataset(work) == empty


def day_of(count: int, chance: random.Random) -> list[Said]:
    """Give a long history: 40 machines, jobs that start, count and end, states in between."""
    said = []
    for number in range(count):
        kind = ("start", "count", "state", "count", "end")[number % 5]
        lot = number // 5
        minute = lot % 800 + chance.random() / 2
        said.append(happening((number, kind, lot % 40, lot, minute, number % 7, False, False)))
    return said


@pytest.mark.slow
def test_a_long_history_told_three_times_in_any_order_gives_the_graph_of_the_right_one() -> None:
    count = FAULTS.times("events", 10_000, 100_000)
    chance = random.Random(7)
    happened = day_of(count, chance)
    machines = [
        Said(f"M{n}", "machine", ({"id": f"M{n}", "places": 1 + n % 3},), is_deleted=False)
        for n in range(40)
    ]
    with opened() as orderly, opened() as messy:
        in_order = sorted(happened, key=lambda said: str(said.versions[0]["ts"]))
        deliver(orderly, [[m for said in [*machines, *in_order] for m in said.messages()]])
        expected = dataset(orderly)
        messages = shuffled([*machines, *happened], 3, chance)
        assert len(messages) == 3 * (count + 40)
        deliver(messy, (messages[n : n + 5_000] for n in range(0, len(messages), 5_000)))
        assert messy.journal.last_seq() == count + 40
        assert dataset(messy) == expected
