"""Tell what was measured as one Markdown page whose tables fit 80 columns."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from bench.results import verdict, wrapped, write_absences, write_page, write_table
from bench.stages import growth
from bench.validate.event import RECORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bench.engines import Engine
    from bench.validate.event import BatchCost
    from bench.validate.measure import Measured

_MIB = 2**20
LEAST_OF = {"pyshacl": 50.0, "rudof": 15.0}
_TITLES = {"pyshacl": "pySHACL", "rudof": "pyrudof"}
MOST_TENFOLD = 12.0
MOST_BATCH_MS = 10.0

_INTRODUCTION = """\
A made-up plant, as N-Triples, is validated by each engine in turn with the same two node shapes and
eight property shapes (bench/validate/plant/shapes.ttl): counts, classes, a path of two steps, a
datatype, a bound, and times that must follow each other. Every run is a new process. Validating
counts from the loaded data on and includes reading the shapes and making every result. How many
results there must be is counted in the CSV files, without any engine; who finds another number has
no times."""

_BATCH_NOTE = """\
A plant that is followed takes in batches of {records} records, states and runs that its machines
publish, with all rules of the ontology and all of its shapes. Deriving and validating are what
follows from the batch; lifting it and writing the graph are not counted. "everything" is one look
at all focus nodes. In the end the graph is folded anew and validated from scratch, which must find
the same gaps."""


def tell_results(
    measured: Sequence[Measured],
    engines: Sequence[Engine],
    absent: Mapping[str, str],
    batches: Sequence[BatchCost],
    machine: Mapping[str, str],
    command: str,
    day: date,
) -> str:
    """Write the page; ``measured`` is one entry a size, ``absent`` why an engine did not run."""
    parts = [
        wrapped(_INTRODUCTION),
        *(part for one in measured for part in _size(one, engines)),
        *_growth(measured, engines),
        "## A batch of records",
        wrapped(_BATCH_NOTE.format(records=RECORDS)),
        _batch_table(batches),
        "## What was asked",
        _asked(measured, batches),
        *write_absences(measured, absent),
    ]
    return write_page("Validation beside other engines", command, parts, machine, day)


def _size(one: Measured, engines: Sequence[Engine]) -> list[str]:
    rows = [["engine", "runs", "validate s", "CPU s", "load s", "MiB", "Traveler is"]]
    ours = one.half("traveler")
    for engine in engines:
        runs = one.runs.get(engine.name, [])
        half = one.half(engine.name)
        if half is None:
            if runs or engine.name in one.failed:
                found = f"found {runs[-1].results:,}" if runs else "failed"
                rows.append([engine.title, found, *5 * [""]])
            continue
        times = f"{half / ours:.1f} × faster" if ours and engine.name != "traveler" else ""
        rows.append(
            [
                engine.title,
                str(len(runs)),
                f"{half:.2f}",
                f"{one.half(engine.name, 'validate_cpu_seconds') or 0:.2f}",
                f"{one.half(engine.name, 'load_seconds') or 0:.2f}",
                f"{max(run.peak_bytes for run in runs) / _MIB:,.0f}",
                times,
            ]
        )
    title = f"## {one.jobs:,} jobs: {one.triples:,} triples, {one.expected:,} results"
    return [title, write_table(rows)]


def _growth(measured: Sequence[Measured], engines: Sequence[Engine]) -> list[str]:
    rows = [["growth of", "seconds", "CPU", "load"]]
    for engine in engines:
        ran = [one for one in measured if one.half(engine.name) is not None]
        sizes = [one.triples for one in ran]
        kinds = ("validate_seconds", "validate_cpu_seconds", "load_seconds")
        fitted = [
            growth(sizes, [one.half(engine.name, kind) or 0 for one in ran]) for kind in kinds
        ]
        exponents = [f"{exponent:.2f}" for exponent in fitted if exponent is not None]
        if exponents:
            rows.append([engine.title, *exponents])
    if len(rows) == 1:
        return []
    note = "The exponent of the number of triples that fits best: 1 is linear, 2 is quadratic."
    return ["## How cost grows", write_table(rows), wrapped(note)]


def _batch_table(batches: Sequence[BatchCost]) -> str:
    rows = [["jobs", "quads", "derive", "validate", "both", "p95", "everything", "gaps"]]
    rows += [
        [
            f"{one.jobs:,}",
            f"{one.quads:,}",
            f"{one.derive_ms:.2f} ms",
            f"{one.validate_ms:.2f} ms",
            f"{one.both_ms:.2f} ms",
            f"{one.both_p95_ms:.2f} ms",
            f"{one.full_ms:,.0f} ms",
            f"{one.gaps[1]:,}",
        ]
        for one in batches
    ]
    return write_table(rows, texts=())


def _asked(measured: Sequence[Measured], batches: Sequence[BatchCost]) -> str:
    rows = [["asked of Traveler", "most or least", "found", ""]]
    for name, least in LEAST_OF.items():
        both = [one for one in measured if one.half(name) and one.half("traveler")]
        for one in both[-1:]:
            times = (one.half(name) or 0) / (one.half("traveler") or 1)
            label = f"times faster than {_TITLES[name]}, {one.jobs:,} jobs"
            rows.append([label, f"at least {least:.0f}", f"{times:.1f}", verdict(times >= least)])
    ran = [one for one in measured if one.half("traveler") is not None]
    for small, large in pairwise(ran):
        times = (large.half("traveler") or 0) / (small.half("traveler") or 1)
        most = MOST_TENFOLD * large.triples / small.triples / 10
        label = f"{large.triples:,} triples, times of {small.triples:,}"
        rows.append([label, f"at most {most:.1f}", f"{times:.1f}", verdict(times <= most)])
    for cost in batches[-1:]:
        label = f"batch of {RECORDS}, derive and validate, p50 ms"
        is_met = cost.both_ms <= MOST_BATCH_MS
        rows.append([label, f"at most {MOST_BATCH_MS:.0f}", f"{cost.both_ms:.2f}", verdict(is_met)])
    return write_table(rows, texts={0, 3})
