"""Measure the engines on one plant: in turns, each run in a new process and an empty folder."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from bench.command import say
from bench.lift.comparison import Comparison, compare, sort_lines
from bench.lift.engines import fill_folder, written_files
from bench.lift.processes import EngineFailedError, Run, run_measured
from bench.lift.reference import write_reference
from bench.tables import write_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.lift.engines import Engine

ENOUGH_SECONDS = 60.0
"""Whose runs on a plant have taken so long together is not run on it again."""


@dataclass(slots=True)
class Measured:
    """One plant: what it holds, and by engine's name its runs, its comparison, or its failure."""

    jobs: int
    rows: int
    triples: int
    runs: dict[str, list[Run]] = field(default_factory=dict)
    compared: dict[str, Comparison] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def median_seconds(self, name: str) -> float | None:
        """Give the median of an engine's runs; None where it failed, or its triples are wrong."""
        if name in self.failed or not self.runs.get(name) or not self.compared[name].is_same:
            return None
        return median(run.seconds for run in self.runs[name])

    def median_cpu_seconds(self, name: str) -> float:
        """Give the median of the processor's seconds of an engine that has run."""
        return median(run.cpu_seconds for run in self.runs[name])


def measure(
    engines: Sequence[Engine],
    folder: Path,
    jobs: int,
    seed: int,
    times: int,
    timeout_seconds: float,
    write: Callable[[Path, int, int], object] = write_tables,
) -> Measured:
    """Write a plant below ``folder`` and let every engine lift it ``times`` times, in turns."""
    tables, reference = folder / "tables", folder / "reference.nt"
    tables.mkdir(parents=True)
    say(f"{jobs:,} jobs: the plant, and what must come out")
    write(tables, jobs, seed)
    rows = write_reference(tables, reference)
    measured = Measured(jobs, rows, sort_lines([reference], reference))
    sizes: dict[str, int] = {}
    for turn in range(times):
        # Nobody is always the one who comes after the most demanding.
        first = turn % len(engines)
        for engine in (*engines[first:], *engines[:first]):
            if not _is_done(measured, engine.name):
                _measure_once(engine, folder, measured, sizes, timeout_seconds)
    reference.unlink()
    return measured


def _is_done(measured: Measured, name: str) -> bool:
    runs = measured.runs.get(name, ())
    return name in measured.failed or sum(run.seconds for run in runs) > ENOUGH_SECONDS


def _measure_once(
    engine: Engine,
    folder: Path,
    measured: Measured,
    sizes: dict[str, int],
    timeout_seconds: float,
) -> None:
    place = folder / engine.name
    fill_folder(engine, folder / "tables", place)
    # What the engine before has left to be written to disk is not this one's to wait for.
    os.sync()
    try:
        run = run_measured(
            engine.command,
            place,
            place / "log.txt",
            timeout_seconds,
            cores=engine.cores,
        )
    except EngineFailedError as error:
        measured.failed[engine.name] = str(error)
        say(f"{measured.jobs:,} jobs: {engine.title} failed: {error}")
        return
    say(
        f"{measured.jobs:,} jobs: {engine.title}: {run.seconds:.2f} s, "
        f"{run.cpu_seconds:.2f} s of processor, {run.peak_bytes / 2**20:,.0f} MiB"
    )
    measured.runs.setdefault(engine.name, []).append(run)
    _check(engine, folder, measured, sizes)
    shutil.rmtree(place)


def _check(engine: Engine, folder: Path, measured: Measured, sizes: dict[str, int]) -> None:
    """Compare the first run with the reference; the later ones must write as many bytes."""
    files = written_files(folder / engine.name)
    size = sum(path.stat().st_size for path in files)
    if engine.name not in sizes:
        found = compare(files, folder / "reference.nt", folder / engine.name)
        sizes[engine.name], measured.compared[engine.name] = size, found
        for line in (*found.missing, *found.unexpected):
            say(f"  {engine.title}, {'missing' if line in found.missing else 'wrong'}: {line}")
    elif size != sizes[engine.name]:
        measured.failed[engine.name] = "its runs did not write the same"
