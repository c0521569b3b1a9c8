"""What a batch of records costs a reasoner that has derived all: new operations, and moved ones."""

from __future__ import annotations

from random import Random
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING

from bench.lift.reference import PLANT, TYPE, XSD

if TYPE_CHECKING:
    from collections.abc import Collection

    from kg.reason import Reasoner
    from kg.records import Fact

RECORDS = 10
MOVED = 3
"""How many of a batch move an operation that was there to another machine."""
_WARM = 10
_ON_MACHINE = f"<{PLANT}def/onMachine>"


class WrongBatchError(Exception):
    """Following batches did not come to what deriving all anew gives."""


def measure_batches(reasoner: Reasoner, facts: Collection[Fact], batches: int) -> dict[str, float]:
    """Give the milliseconds of a batch: half of all, 19 of 20, and of the memory beside it.

    Raises:
        WrongBatchError: the outcome is not what deriving all anew gives.
    """
    draw = Random(1)
    machines = sorted(s for s, p, o in facts if p == TYPE and o == f"<{PLANT}def/Machine>")
    placed = sorted(fact for fact in facts if fact[1] == _ON_MACHINE)
    draw.shuffle(placed)
    jobs = sorted(s for s, p, o in facts if p == TYPE and o == f"<{PLANT}def/Job>")
    took, told = [], []
    _ = reasoner.memory  # it is filled when it is asked for first
    for number in range(_WARM + batches):
        removed: set[Fact] = set()
        added: set[Fact] = set()
        for row in range(RECORDS):
            machine = draw.choice(machines)
            if row < MOVED and placed:
                moved = placed.pop()
                removed.add(moved)
                added.add((moved[0], _ON_MACHINE, machine))
            else:
                added |= _operation(number * RECORDS + row, draw.choice(jobs), machine)
        start = perf_counter()
        reasoner.update(removed - added, added - removed)
        derived = perf_counter()
        _ = reasoner.memory
        took.append(derived - start)
        told.append(perf_counter() - derived)
    _check(reasoner)
    p95 = quantiles(took[_WARM:], n=20)[-1]
    return {
        "p50_ms": 1e3 * median(took[_WARM:]),
        "p95_ms": 1e3 * p95,
        "memory_p50_ms": 1e3 * median(told[_WARM:]),
    }


def _operation(number: int, job: str, machine: str) -> set[Fact]:
    operation = f"<{PLANT}operation/new-{number}>"
    return {
        (operation, TYPE, f"<{PLANT}def/Operation>"),
        (operation, f"<{PLANT}def/operationOf>", job),
        (operation, _ON_MACHINE, machine),
        (operation, f"<{PLANT}def/sequence>", f'"{number}"^^<{XSD}integer>'),
        (operation, f"<{PLANT}def/startedAt>", f'"2026-11-23T06:00:00Z"^^<{XSD}dateTime>'),
        (operation, f"<{PLANT}def/goodQuantity>", f'"0"^^<{XSD}integer>'),
    }


def _check(reasoner: Reasoner) -> None:
    gone, come = reasoner.derive()
    if gone or come:
        raise WrongBatchError(f"deriving all anew takes away {len(gone)} and adds {len(come)}")
