"""Let the engines validate plants, each run in a new process, and count what they must find."""

from __future__ import annotations

import compileall
import csv
import json
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.lift.engines import PEERS, ROOT
from bench.lift.environments import locked_version, make_environment
from bench.lift.processes import EngineFailedError, run_measured
from bench.lift.reference import write_reference
from bench.tables import write_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
class Engine:
    """An engine that can run here; its command is given the data and the shapes."""

    name: str
    title: str
    command: tuple[str, ...]
    versions: str = ""


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


def _traveler() -> Engine:
    # As in an installed wheel: no engine compiles its own code while it is measured.
    compileall.compile_dir(ROOT / "kg", quiet=1)
    return Engine("traveler", "Traveler", _script("run_traveler.py"))


def _pyshacl() -> Engine:
    versions = f"pyshacl {version('pyshacl')} (with rdflib {version('rdflib')})"
    return Engine("pyshacl", "pySHACL", _script("run_pyshacl.py"), versions)


def _rudof() -> Engine:
    python = make_environment(PEERS / "pyrudof", "pyrudof", "pyrudof")
    command = (str(python), str(HERE / "run_rudof.py"))
    return Engine("rudof", "pyrudof", command, f"pyrudof {locked_version('pyrudof')}")


def _script(name: str) -> tuple[str, ...]:
    # Traveler is imported from where this is run, as it need not be installed.
    start = f"import sys; sys.path[0] = {str(ROOT)!r}; import runpy; runpy.run_path("
    return (sys.executable, "-c", f"{start}{str(HERE / name)!r}, run_name='__main__')")


FINDERS: Mapping[str, Callable[[], Engine]] = {
    "traveler": _traveler,
    "pyshacl": _pyshacl,
    "rudof": _rudof,
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
    tables, data = folder / "tables", folder / "plant.nt"
    tables.mkdir(parents=True)
    _say(f"{jobs:,} jobs: the plant, and what must be found")
    write_tables(tables, jobs, seed)
    write_reference(tables, data)
    with data.open("rb") as lines:
        triples = sum(1 for _ in lines)
    measured = Measured(jobs, triples, count_empty_cells(tables))
    for turn in range(max(times.values())):
        for engine in engines:
            if turn < times[engine.name] and engine.name not in measured.failed:
                _measure_once(engine, folder, data, measured, timeout_seconds)
    return measured


def _measure_once(
    engine: Engine, folder: Path, data: Path, measured: Measured, timeout_seconds: float
) -> None:
    log = folder / f"{engine.name}.txt"
    try:
        run = run_measured((*engine.command, str(data), str(SHAPES)), folder, log, timeout_seconds)
        told = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    except EngineFailedError as error:
        measured.failed[engine.name] = str(error)
        _say(f"{measured.jobs:,} jobs: {engine.title} failed: {error}")
        return
    measured.runs.setdefault(engine.name, []).append(Run(**told, peak_bytes=run.peak_bytes))
    _say(
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


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
