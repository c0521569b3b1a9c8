"""Let the engines derive from plants, each run in a new process, and compare what they derive."""

from __future__ import annotations

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
ONTOLOGY = HERE / "plant" / "onto.ttl"
BATCHES = 200


@dataclass(frozen=True, slots=True)
class Run:
    """One run; reasoning counts from the loaded data on. ``links`` are those compared."""

    load_seconds: float
    reason_seconds: float
    reason_cpu_seconds: float
    links: int
    digest: str
    digest_without_chains: str
    peak_bytes: int
    batches: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Measured:
    """One plant: what it holds, and by engine's name its runs or failure."""

    jobs: int
    triples: int
    runs: dict[str, list[Run]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def half(self, name: str, what: str = "reason_seconds") -> float | None:
        """Give the median of an engine's runs; None where it failed or did not run."""
        runs = self.runs.get(name, [])
        if name in self.failed or not runs:
            return None
        return float(median(getattr(run, what) for run in runs))

    def is_same(self, name: str, what: str = "digest") -> bool:
        """Tell whether an engine derived what Traveler did."""
        ours = {getattr(run, what) for run in self.runs.get("traveler", [])}
        theirs = {getattr(run, what) for run in self.runs.get(name, [])}
        return len(ours) == 1 and ours == theirs


FINDERS: Mapping[str, Callable[[], Engine]] = {
    "traveler": lambda: find_traveler(HERE / "run_traveler.py", str(BATCHES)),
    "reasonable": lambda: find_peer("reasonable", "reasonable", HERE / "run_reasonable.py"),
    "owlrl": lambda: find_installed("owlrl", "owlrl", HERE / "run_owlrl.py"),
}


def measure(
    engines: Sequence[Engine], folder: Path, jobs: int, seed: int, times: int, timeout: float
) -> Measured:
    """Write a plant below ``folder`` and let every engine derive from it, in turns."""
    say(f"{jobs:,} jobs: the plant")
    _, data, triples = write_triples(folder, jobs, seed)
    measured = Measured(jobs, triples)
    for turn in range(times):
        for engine in engines:
            # What takes very long is run once.
            is_slow = (measured.half(engine.name) or 0) > timeout / 20
            if engine.name not in measured.failed and not (turn and is_slow):
                _measure_once(engine, data, measured, timeout)
    return measured


def _measure_once(engine: Engine, data: Path, measured: Measured, timeout: float) -> None:
    told = run_engine(engine, measured, data, ONTOLOGY, timeout)
    if told is None:
        return
    measured.runs.setdefault(engine.name, []).append(Run(**told))
    say(
        f"{measured.jobs:,} jobs: {engine.title}: {told['reason_seconds']:.2f} s after loading "
        f"for {told['load_seconds']:.2f} s, {told['links']:,} links ({told['digest']})"
    )
