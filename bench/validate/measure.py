"""Let the engines validate plants, each run in a new process, and count what they must find."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.command import say
from bench.engines import (
    find_installed,
    find_peer,
    find_traveler,
    run_engine,
    write_triples,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.engines import Engine

HERE = Path(__file__).resolve().parent
SHAPES = HERE / "plant" / "shapes.ttl"
# Table and column -> how many results an empty cell is: a job without an order has no customer too.
_EMPTY_CELLS = {
    ("job", "order"): 2,
    ("job", "part"): 1,
    ("job", "batch"): 1,
    ("operation", "machine"): 1,
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run; validating counts from the loaded data on, and reads the shapes."""

    load_seconds: float
    validate_seconds: float
    validate_cpu_seconds: float
    results: int
    peak_bytes: int


@dataclass(slots=True)
class Measured:
    """One plant: what it holds, what must be found, and by engine's name its runs or failure."""

    jobs: int
    triples: int
    expected: int
    runs: dict[str, list[Run]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def half(self, name: str, what: str = "validate_seconds") -> float | None:
        """Give the median of an engine's runs; None where it failed or found something else."""
        runs = self.runs.get(name, [])
        if name in self.failed or not runs or any(r.results != self.expected for r in runs):
            return None
        return float(median(getattr(run, what) for run in runs))


FINDERS: Mapping[str, Callable[[], Engine]] = {
    "traveler": lambda: find_traveler(HERE / "run_traveler.py"),
    "pyshacl": lambda: find_installed("pySHACL", "pyshacl", HERE / "run_pyshacl.py"),
    "rudof": lambda: find_peer("rudof", "pyrudof", HERE / "run_rudof.py"),
}


def measure(
    engines: Sequence[Engine],
    folder: Path,
    jobs: int,
    seed: int,
    times: Mapping[str, int],
    timeout_seconds: float,
) -> Measured:
    """Write a plant below ``folder`` and let every engine validate it, in turns."""
    say(f"{jobs:,} jobs: the plant, and what must be found")
    tables, data, triples = write_triples(folder, jobs, seed)
    measured = Measured(jobs, triples, count_empty_cells(tables))
    for turn in range(max(times.values())):
        for engine in engines:
            if turn < times[engine.name] and engine.name not in measured.failed:
                _measure_once(engine, data, measured, timeout_seconds)
    return measured


def _measure_once(engine: Engine, data: Path, measured: Measured, timeout_seconds: float) -> None:
    told = run_engine(engine, measured, data, SHAPES, timeout_seconds)
    if told is None:
        return
    measured.runs.setdefault(engine.name, []).append(Run(**told))
    say(
        f"{measured.jobs:,} jobs: {engine.title}: {told['validate_seconds']:.2f} s after loading "
        f"for {told['load_seconds']:.2f} s, {told['results']:,} of {measured.expected:,} results"
    )


def count_empty_cells(tables: Path) -> int:
    """Count the results that a plant must have, in its CSV files, without any engine."""
    count = 0
    for name in sorted({table for table, _ in _EMPTY_CELLS}):
        with (tables / f"{name}.csv").open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                for (table, column), results in _EMPTY_CELLS.items():
                    if table == name and not row[column]:
                        count += results
    return count
