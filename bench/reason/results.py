"""Tell what was measured as one Markdown page whose tables fit 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.reason.batches import MOVED, RECORDS
from bench.results import verdict, wrapped, write_absences, write_page, write_table
from bench.stages import growth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bench.engines import Engine
    from bench.reason.measure import Measured

_MIB = 2**20
LEAST_OF_REASONABLE = 3.0
LEAST_OF_OWLRL = 100.0
MOST_BATCH_MS = 5.0
MOST_OF_SMALLER = 1.3
COMPARED_JOBS = 10_000
"""Of the plant that a batch of the largest one is compared with."""

_INTRODUCTION = """\
A made-up plant and a small ontology of its terms (subclasses, a subproperty, domain and range, two
inverses, a transitive property, three property chains) are given to each engine in turn, every run
in a new process. Reasoning counts from the loaded data on, with all that the engine's call gives
back; Traveler's has reading and closing the ontology in it."""
_COLUMNS_NOTE = """\
Seconds are the median of the runs, CPU the processor's seconds of reasoning, MiB the peak memory of
the whole process. "Links" are the links between the plant's things and their types, given and
derived; "same" compares them with Traveler's, one by one. Whose are the same "but chains" follows
no property chains, and has that much less to do."""
_BATCHES_NOTE = f"""\
A batch has {RECORDS} records in a process that goes on: {RECORDS - MOVED} new operations, and
{MOVED} that move to another machine, whose old links go with all that they supported. "Memory" is
to write the outcome where validation reads it. In the end all is derived anew, which must change
nothing."""


def tell_results(
    measured: Sequence[Measured],
    engines: Sequence[Engine],
    absent: Mapping[str, str],
    machine: Mapping[str, str],
    command: str,
    day: date,
) -> str:
    """Write the page; ``measured`` is one entry a size, ``absent`` why an engine did not run."""
    parts = [
        wrapped(_INTRODUCTION),
        *(part for one in reversed(measured) for part in _size(one, engines)),
        wrapped(_COLUMNS_NOTE),
        *_batches(measured),
        *_asked(measured),
        *write_absences(measured, absent),
    ]
    return write_page("Reasoning beside other engines", command, parts, machine, day)


def _size(one: Measured, engines: Sequence[Engine]) -> list[str]:
    rows = [["engine", "load s", "reason s", "CPU", "MiB", "links", "same"]]
    for engine in engines:
        runs = one.runs.get(engine.name)
        if runs is None or engine.name in one.failed:
            continue
        rows.append(
            [
                engine.title,
                f"{one.half(engine.name, 'load_seconds'):.2f}",
                f"{one.half(engine.name):.2f}",
                f"{one.half(engine.name, 'reason_cpu_seconds'):.2f}",
                f"{max(run.peak_bytes for run in runs) / _MIB:,.0f}",
                f"{runs[0].links:,}",
                _same(one, engine.name),
            ]
        )
    return [f"## {one.jobs:,} jobs: {one.triples:,} triples", write_table(rows, texts={0, 6})]


def _same(one: Measured, name: str) -> str:
    if one.is_same(name):
        return "yes"
    return "but chains" if one.is_same(name, "digest_without_chains") else "no"


def _batches(measured: Sequence[Measured]) -> list[str]:
    rows = [["jobs", "half (p50), ms", "19 of 20 (p95), ms", "memory (p50), ms"]]
    for one in measured:
        told = [run.batches for run in one.runs.get("traveler", []) if run.batches]
        if told:
            cells = (min(run[what] for run in told) for what in told[0])
            rows.append([f"{one.jobs:,}", *(f"{cell:.2f}" for cell in cells)])
    if len(rows) == 1:
        return []
    return ["## A batch of records", write_table(rows), wrapped(_BATCHES_NOTE)]


def _asked(measured: Sequence[Measured]) -> list[str]:
    """Hold the figures against what was asked, each on the largest plant that has both."""
    rows = [["asked of Traveler", "most or least", "found", ""]]
    for name, least in (("reasonable", LEAST_OF_REASONABLE), ("owlrl", LEAST_OF_OWLRL)):
        both = [one for one in measured if one.half(name) and one.half("traveler")]
        if both:
            found = (both[-1].half(name) or 0) / (both[-1].half("traveler") or 1)
            label = f"times faster than {name}, {both[-1].jobs:,} jobs"
            rows.append([label, f"at least {least:.1f}", f"{found:.1f}", verdict(found >= least)])
    ran = [one for one in measured if one.half("traveler")]
    fitted = growth([one.triples for one in ran], [one.half("traveler") or 0 for one in ran])
    if fitted is not None:
        rows.append(["growth with triples (1 is linear)", "", f"{fitted:.2f}", ""])
    halves = {one.jobs: run.batches["p50_ms"] for one in ran for run in one.runs["traveler"][:1]}
    if halves:
        few, many = min(halves, key=lambda jobs: abs(jobs - COMPARED_JOBS)), max(halves)
        rows.append(_most(f"a batch at {many:,} jobs (p50), ms", MOST_BATCH_MS, halves[many]))
        label = f"that / a batch at {few:,} jobs"
        rows.append(_most(label, MOST_OF_SMALLER, halves[many] / halves[few]))
    return ["## What was asked", write_table(rows, texts={0, 3})] if len(rows) > 1 else []


def _most(label: str, most: float, found: float) -> list[str]:
    return [label, f"at most {most:.1f}", f"{found:.2f}", verdict(found <= most)]
