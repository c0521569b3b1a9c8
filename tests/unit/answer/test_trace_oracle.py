"""Traces of random genealogies, held to a slow and obvious reckoning of the same."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.answer.tracing.trace import begin, trace
from tests.unit.answer.genealogies import BASE, store_of, term

HOWS = ("certain", "possible", "excluded")
BATCHES = [f"batch/{n}" for n in range(5)]
JOBS = [f"job/{n}" for n in range(3)]
PIECES = [f"piece/{n}" for n in range(4)]
LINES = [f"line/{n}" for n in range(2)]


@dataclass
class Plant:
    """A genealogy by plain tables."""

    material: dict[str, str] = field(default_factory=dict)
    had: dict[str, int] = field(default_factory=dict)
    scanned: dict[tuple[str, str], int] = field(default_factory=dict)
    loaded: set[tuple[str, str]] = field(default_factory=set)
    made: set[tuple[str, str]] = field(default_factory=set)
    piece_job: dict[str, str] = field(default_factory=dict)
    cut: dict[str, str] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)
    lines: set[tuple[str, str]] = field(default_factory=set)

    def text(self) -> str:
        lines = [f"{b} suppliedBy supplier/S" for b in BATCHES]
        lines += [f"{b} ofMaterial part/{m}" for b, m in self.material.items()]
        lines += [f"{b} quantity {n}" for b, n in self.had.items()]
        for role, uses in (
            ("inputTo", self.scanned),
            ("loadedFor", self.loaded),
            ("outputOf", self.made),
        ):
            for batch, job in uses:
                amount = f" ; usedQuantity {self.scanned[batch, job]}" if role == "inputTo" else ""
                use = f"use/{role}-{batch[-1]}-{job[-1]}"
                lines.append(f"{use} ofBatch {batch} ; {role} {job}{amount}")
        lines += [f"{p} pieceOf {j}" for p, j in self.piece_job.items()]
        lines += [f"{p} cutFrom {b}" for p, b in self.cut.items()]
        lines += [f"{p} assembledInto {w}" for p, w in self.whole.items()]
        lines += [
            f"allocation/{j[-1]}-{line[-1]} allocationOf {j} ; toOrderLine {line}"
            for j, line in self.lines
        ]
        return "\n".join(lines)

    # The rules, each in one sentence of code.

    def same(self, one: str, other: str) -> bool:
        return one in self.material and self.material[one] == self.material.get(other)

    def into(self, batch: str, job: str) -> int:
        if (batch, job) in self.scanned:
            return 0
        if any(j == job and b != batch and self.same(b, batch) for b, j in self.scanned):
            return 2
        booked = [n for (b, _), n in self.scanned.items() if b == batch]
        return 2 if booked and batch in self.had and sum(booked) == self.had[batch] else 1

    def out(self, job: str, batch: str, thing: str) -> int:
        if thing in self.cut:
            if self.cut[thing] == batch:
                return 0
            if self.same(self.cut[thing], batch):
                return 2
        is_mixed = any(j == job and b != batch and self.same(b, batch) for b, j in self.scanned)
        kind = thing.split("/")[0]
        siblings = [x for x in self.out_of(job) if x.split("/")[0] == kind]
        return 1 if is_mixed and len(siblings) > 1 else 0

    def out_of(self, job: str) -> set[str]:
        made = {b for b, j in self.made if j == job}
        made |= {p for p, j in self.piece_job.items() if j == job}
        return made | {line for j, line in self.lines if j == job}

    def to_line(self, goods: str, job: str) -> int:
        if goods in BATCHES:
            alone = {b for b, j in self.made if j == job} == {goods}
            if not alone or {j for b, j in self.made if b == goods} != {job}:
                return 1
        return 1 if len({line for j, line in self.lines if j == job}) > 1 else 0

    def edges(self) -> list[tuple[str, str, int]]:
        """From a thing to one that holds it, jobs as one of each batch that they used."""
        found = []
        for batch, job in {*self.scanned, *self.loaded}:
            found.append((batch, f"{job} by {batch}", self.into(batch, job)))
            made = sorted(self.out_of(job))
            found += [(f"{job} by {batch}", x, self.out(job, batch, x)) for x in made]
        found += [(b, p, 0) for p, b in self.cut.items()]
        found += [(p, w, 0) for p, w in self.whole.items()]
        goods = [*self.made, *self.piece_job.items()]
        found += [
            (thing, line, self.to_line(thing, job))
            for thing, job in goods
            for j, line in self.lines
            if j == job
        ]
        return found

    def reached(self, start: str) -> dict[str, str]:
        """Try every step again and again, until nothing gets surer."""
        best = {start: 0}
        is_moving = True
        while is_moving:
            is_moving = False
            for one, other, grade in self.edges():
                if one in best and max(best[one], grade) < best.get(other, 3):
                    best[other] = max(best[one], grade)
                    is_moving = True
        things: dict[str, int] = {}
        for place, grade in best.items():
            thing = place.split(" by ")[0]
            if thing != start:
                things[thing] = min(grade, things.get(thing, 3))
        return {thing: HOWS[grade] for thing, grade in things.items()}


def _pairs(one: list[str], other: list[str], most: int):
    return st.sets(st.tuples(st.sampled_from(one), st.sampled_from(other)), max_size=most)


plants = st.builds(
    Plant,
    material=st.fixed_dictionaries({}, optional={b: st.sampled_from("aab") for b in BATCHES}),
    had=st.dictionaries(st.sampled_from(BATCHES), st.integers(1, 6), max_size=3),
    scanned=st.dictionaries(
        st.tuples(st.sampled_from(BATCHES), st.sampled_from(JOBS)),
        st.integers(1, 4),
        min_size=2,
        max_size=8,
    ),
    loaded=_pairs(BATCHES, JOBS, 6),
    made=_pairs(BATCHES, JOBS, 5),
    piece_job=st.dictionaries(
        st.sampled_from(PIECES), st.sampled_from(JOBS), min_size=2, max_size=4
    ),
    cut=st.dictionaries(st.sampled_from(PIECES), st.sampled_from(BATCHES), max_size=3),
    whole=st.dictionaries(st.sampled_from(PIECES), st.sampled_from(PIECES), max_size=3),
    lines=_pairs(JOBS, LINES, 4),
)


def walked(plant: Plant, start: str, direction: str) -> dict[str, str]:
    store = store_of(plant.text())
    found = trace(store, BASE, begin(store, term(start)), direction, 1_000)
    return {thing[1:-1].removeprefix(BASE): r.how for thing, r in found.things.items()}


@settings(max_examples=300, deadline=None)
@given(plant=plants, start=st.sampled_from(BATCHES))
def test_a_trace_reaches_what_the_slow_reckoning_reaches(plant: Plant, start: str) -> None:
    assert walked(plant, start, "forward") == plant.reached(start)


@settings(max_examples=60, deadline=None)
@given(plant=plants, start=st.sampled_from(BATCHES))
def test_what_a_batch_went_into_leads_back_to_it_as_surely(plant: Plant, start: str) -> None:
    store = store_of(plant.text())
    forward = trace(store, BASE, begin(store, term(start)), "forward", 1_000)
    for thing, reached in forward.things.items():
        if reached.place.kind in {"batch", "piece", "order-line"}:
            back = trace(store, BASE, begin(store, thing), "backward", 1_000)
            assert back.things[term(start)].how == reached.how


def test_a_batch_of_two_makers_leads_to_a_line_no_surer_from_the_line() -> None:
    store = store_of(
        "use/a ofBatch batch/0 ; outputOf job/0\n"
        "use/b ofBatch batch/0 ; outputOf job/1\n"
        "allocation/0 allocationOf job/0 ; toOrderLine line/0"
    )
    forward = trace(store, BASE, begin(store, term("batch/0")), "forward", 1_000)
    back = trace(store, BASE, begin(store, term("line/0")), "backward", 1_000)
    assert forward.things[term("line/0")].how == "possible"
    assert back.things[term("batch/0")].how == "possible"


@pytest.mark.parametrize("depth", [1, 40, 400])
def test_a_chain_of_any_depth_is_followed(depth: int) -> None:
    text = "\n".join(
        f"use/a{n} ofBatch batch/{n} ; inputTo job/{n}\n"
        f"use/b{n} ofBatch batch/{n + 1} ; outputOf job/{n}"
        for n in range(depth)
    )
    store = store_of(text)
    found = trace(store, BASE, begin(store, term("batch/0")), "forward", 10_000)
    assert found.things[term(f"batch/{depth}")].depth == 2 * depth
