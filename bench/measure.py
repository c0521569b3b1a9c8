"""Measure one plant, in a process and a folder of its own: ``python -m bench.measure --help``.

Writes what it measured to standard output as JSON. A result that is not the expected one ends the
process with exit code 1 and no JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from bench.apart import WrongResultError, measure_here
from bench.expected import Counts, expected_counts
from bench.stages import STAGES, Measured
from bench.tables import write_tables
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.arrivals import Balance

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""The clock of every run: nothing that is stored depends on when the benchmark runs."""
ALL_QUADS = "{ ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } }"
BASE = "https://bench.example/"
MAPPING = Path(__file__).resolve().parent / "plant"
_PLANT = '[plant]\nname = "Benchmark"\nbase = "{base}"\n\n[[source]]\nname = "export"\n{mapping}\n'
_KIB = 1 if sys.platform == "darwin" else 1_024
"""What one unit of ``ru_maxrss`` is, in bytes."""


class Watch:
    """Follows the pipeline's reports: says where it is, and what each stage took of the machine.

    ``cpu_seconds`` are of all threads; ``peak_bytes`` is the most memory held up to a stage's end.
    """

    def __init__(self, jobs: int) -> None:
        self.cpu_seconds: dict[str, float] = defaultdict(float)
        self.peak_bytes: dict[str, int] = {}
        self._jobs = jobs
        self._stage = ""
        self._start = perf_counter()
        self._cpu = process_time()

    def __call__(self, stage: str, what: str) -> None:
        """Begin a stage (or its next part) and so end the one before."""
        self._end()
        self._stage = stage
        elapsed = perf_counter() - self._start
        print(f"{self._jobs:>9,} jobs {elapsed:7.1f} s  {stage:8} {what}", file=sys.stderr)

    def _end(self) -> None:
        cpu, before = process_time(), self._cpu
        self._cpu = cpu
        # What the second load takes is no part of the first.
        if "again" not in self.cpu_seconds:
            self.cpu_seconds[self._stage] += cpu - before
            self.peak_bytes[self._stage] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


def measure(folder: Path, jobs: int, seed: int) -> Measured:
    """Write a plant into an empty folder, load it, check the result, and load it again.

    Raises:
        WrongResultError: what was loaded is not what the tables say.
        TravelerError: it cannot be loaded at all.
    """
    watch = Watch(jobs)
    watch("write", "seven CSV tables")
    tables = folder / "tables"
    tables.mkdir(parents=True)
    write_tables(tables, jobs, seed)
    mapping = f"mapping = {json.dumps(str(MAPPING))}"
    (folder / "plant.toml").write_text(_PLANT.format(base=BASE, mapping=mapping), "utf-8")
    measured = _load(folder, jobs, watch)
    plant = load_plant(folder)
    journal = plant.journal_path.name
    sizes = {path: path.stat().st_size for path in _files(plant.store_path)}
    measured.journal_bytes = sum(n for path, n in sizes.items() if path.name.startswith(journal))
    measured.store_bytes = sum(sizes.values()) - measured.journal_bytes
    return measured


def _load(folder: Path, jobs: int, watch: Watch) -> Measured:
    seconds: dict[str, float] = {}
    watch("open", "ontology, shapes and mappings")
    start = perf_counter()
    with Pipeline.open(load_plant(folder), watch) as pipeline:
        seconds["open"], start = perf_counter() - start, perf_counter()
        balances = pipeline.read(NOW)
        seconds["journal"], start = perf_counter() - start, perf_counter()
        watch("other", "the journal is read back")
        applied = pipeline.apply(NOW)
        seconds |= applied.seconds
        seconds["other"] = perf_counter() - start - sum(applied.seconds.values())
        start = perf_counter()
        pipeline.validate(NOW)
        seconds["validate"] = perf_counter() - start
        watch("check", "against the tables")
        _check_read(balances)
        measured = _counted(pipeline, jobs, expected_counts(folder / "tables"))
        watch("again", "the same tables")
        measured.again_seconds = _load_again(pipeline)
    measured.seconds = {stage: seconds[stage] for stage in STAGES}
    measured.cpu_seconds = {stage: watch.cpu_seconds[stage] for stage in STAGES}
    measured.peak_bytes = {stage: watch.peak_bytes[stage] for stage in STAGES}
    return measured


def _check_read(balances: Sequence[Balance]) -> None:
    for balance in balances:
        if balance.new != balance.read:
            raise WrongResultError(f"not every row became a record: {balance}")


def _counted(pipeline: Pipeline, jobs: int, expected: Counts) -> Measured:
    """Count what the store and the journal hold, and compare it with what they should hold."""
    derived = _count(pipeline, f"GRAPH <{BASE}graph/derived> {{ ?s ?p ?o }}")
    of_record = f'FILTER (STRSTARTS(STR(?g), "{BASE}record/"))'
    found = Counts(
        records=_count(pipeline, f"GRAPH <{BASE}graph/records> {{ ?s a tr:Record }}"),
        facts=_count(pipeline, f"GRAPH ?g {{ ?s ?p ?o }} {of_record}"),
        links={link: _count(pipeline, f"?s tr:{link} ?o") for link in expected.links},
        gaps=dict(Counter(gap.slot for gap in pipeline.journal.open_gaps())),
    )
    if found != expected:
        raise WrongResultError(f"the tables say\n  {expected}\nbut there is\n  {found}")
    present = _count(pipeline, "?s ?p ?o")
    if present != found.facts + derived:
        raise WrongResultError(
            f"{found.facts:,} facts are asserted and {derived:,} derived, but the current graph "
            f"holds {present:,}"
        )
    gaps = sum(found.gaps.values())
    return Measured(jobs, found.records, found.facts, derived, _count(pipeline, ALL_QUADS), gaps)


def _count(pipeline: Pipeline, pattern: str) -> int:
    (row,) = pipeline.store.select(f"SELECT (COUNT(*) AS ?n) WHERE {{ {pattern} }}")
    return int(row["n"].split('"')[1])


def _load_again(pipeline: Pipeline) -> float:
    """Load the same tables once more, which must change nothing; gives the seconds it takes."""
    before = (pipeline.journal.last_seq(), _count(pipeline, ALL_QUADS))
    start = perf_counter()
    balances = pipeline.read(NOW)
    applied = pipeline.apply(NOW)
    seconds = perf_counter() - start
    after = (pipeline.journal.last_seq(), _count(pipeline, ALL_QUADS))
    if before != after or applied.records or any(one.new or one.retired for one in balances):
        raise WrongResultError(f"the second load changed something: {before} became {after}")
    return seconds


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(measure_here("bench.measure", __doc__, measure))
