"""Let the engines derive from plants, each run in a new process, and compare what they derive."""

from __future__ import annotations

import compileall
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
ONTOLOGY = HERE / "plant" / "onto.ttl"
BATCHES = 200


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that can run here; its command is given the data and the ontology."""

    name: str
    title: str
    command: tuple[str, ...]
    more: tuple[str, ...] = ()
    versions: str = ""


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


def _traveler() -> Engine:
    # As in an installed wheel: no engine compiles its own code while it is measured.
    compileall.compile_dir(ROOT / "kg", quiet=1)
    command = _script("run_traveler.py")
    return Engine("traveler", "Traveler", command, (str(BATCHES),))


def _owlrl() -> Engine:
    versions = f"owlrl {version('owlrl')} (with rdflib {version('rdflib')})"
    return Engine("owlrl", "owlrl", _script("run_owlrl.py"), versions=versions)


def _reasonable() -> Engine:
    python = make_environment(PEERS / "reasonable", "reasonable", "reasonable")
    command = (str(python), str(HERE / "run_reasonable.py"))
    told = f"reasonable {locked_version('reasonable')}"
    return Engine("reasonable", "reasonable", command, versions=told)


def _script(name: str) -> tuple[str, ...]:
    # Traveler is imported from where this is run, as it need not be installed.
    start = f"import sys; sys.path[0] = {str(ROOT)!r}; import runpy; runpy.run_path("
    return (sys.executable, "-c", f"{start}{str(HERE / name)!r}, run_name='__main__')")


FINDERS: Mapping[str, Callable[[], Engine]] = {
    "traveler": _traveler,
    "reasonable": _reasonable,
    "owlrl": _owlrl,
}


def measure(
    engines: Sequence[Engine], folder: Path, jobs: int, seed: int, times: int, timeout: float
) -> Measured:
    """Write a plant below ``folder`` and let every engine derive from it, in turns."""
    tables, data = folder / "tables", folder / "plant.nt"
    tables.mkdir(parents=True)
    _say(f"{jobs:,} jobs: the plant")
    write_tables(tables, jobs, seed)
    write_reference(tables, data)
    with data.open("rb") as lines:
        measured = Measured(jobs, sum(1 for _ in lines))
    for turn in range(times):
        for engine in engines:
            # What takes very long is run once.
            is_slow = (measured.half(engine.name) or 0) > timeout / 20
            if engine.name not in measured.failed and not (turn and is_slow):
                _measure_once(engine, folder, data, measured, timeout)
    return measured


def _measure_once(
    engine: Engine, folder: Path, data: Path, measured: Measured, timeout: float
) -> None:
    log = folder / f"{engine.name}.txt"
    command = (*engine.command, str(data), str(ONTOLOGY), *engine.more)
    try:
        run = run_measured(command, folder, log, timeout)
        told = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    except EngineFailedError as error:
        measured.failed[engine.name] = str(error)
        _say(f"{measured.jobs:,} jobs: {engine.title} failed: {error}")
        return
    measured.runs.setdefault(engine.name, []).append(Run(**told, peak_bytes=run.peak_bytes))
    _say(
        f"{measured.jobs:,} jobs: {engine.title}: {told['reason_seconds']:.2f} s after loading "
        f"for {told['load_seconds']:.2f} s, {told['links']:,} links ({told['digest']})"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
