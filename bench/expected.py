"""What a plant's graph must hold, counted from its CSV files without any of Traveler's code.

A benchmark that does not look at the result rewards whatever skips work.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Facts of a row with every cell filled, and how many an empty cell takes away.
FACTS: dict[str, tuple[int, dict[str, int]]] = {
    "machine": (4, {}),
    "customer": (3, {}),
    "part": (9, {}),
    "batch": (5, {}),
    "order": (6, {}),
    "job": (11, {"order": 3, "part": 1, "batch": 3}),
    "operation": (10, {"machine": 1, "end": 1}),
}
BEGUN = {"running", "done"}
"""Statuses from which on a job owes each of its links."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a loaded plant is counted by.

    ``facts`` are asserted ones, each said by one record; ``links`` are derived ones by the local
    name of their property, ``gaps`` by their slot.
    """

    records: int
    facts: int
    links: Mapping[str, int]
    gaps: Mapping[str, int]


def expected_counts(folder: Path) -> Counts:
    """Count the rows, facts, derived links and gaps that follow from the tables in ``folder``."""
    records = facts = 0
    for table, (full, lost) in FACTS.items():
        for row in _rows(folder, table):
            records += 1
            facts += full - sum(count for column, count in lost.items() if not row[column])
    machines, running = _machines_by_job(folder)
    links: Counter[str] = Counter(runningOn=running)
    gaps: Counter[str] = Counter()
    for job in _rows(folder, "job"):
        found = {
            "customer": bool(job["order"]),
            "spec": bool(job["part"]),
            "batch": bool(job["batch"]),
            "machine": job["id"] in machines,
        }
        links["forCustomer"] += found["customer"]
        links["presumedSpec"] += found["spec"]
        links["consumes"] += found["batch"]
        links["madeOn"] += len(machines.get(job["id"], ()))
        if job["status"] in BEGUN:
            gaps.update(slot for slot, is_there in found.items() if not is_there)
    return Counts(records, facts, dict(links), dict(gaps))


def _machines_by_job(folder: Path) -> tuple[dict[str, set[str]], int]:
    """Give the machines that each job ran on, and how many runs still hold a machine."""
    machines: dict[str, set[str]] = {}
    running = 0
    for row in _rows(folder, "operation"):
        if row["machine"]:
            machines.setdefault(row["job"], set()).add(row["machine"])
            running += not row["end"]
    return machines, running


def _rows(folder: Path, table: str) -> Iterator[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
