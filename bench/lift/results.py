"""Tell what was measured as one Markdown page whose tables fit 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.lift.microbatch import PREDICATES, ROWS
from bench.results import verdict, wrapped, write_absences, write_item, write_page, write_table
from bench.stages import growth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bench.lift.engines import Engine
    from bench.lift.measure import Measured
    from bench.lift.microbatch import Latency

_MIB = 2**20
MOST_OF_SQL = 1.3
LEAST_OF_MORPH = 4.0
MOST_PEAK_GIB = 1.0
MOST_P50_MS = 15.0
MOST_GROWTH = 1.1
"""Up to here a fitted exponent counts as linear."""

_INTRODUCTION = """\
A made-up plant of seven CSV tables is lifted into N-Triples files by each engine in turn, every
run in a new process and an empty folder: from the program's start to its end, with everything that
it imports. Traveler, morph-kgc and SDM-RDFizer read the same RML; maplib has no RML and gets the
same mapping as OTTR templates. "SQL by hand" is the same mapping as somebody who knows the tables
would write it for DuckDB: it checks nothing and encodes nothing, and so is the least that a mapping
can cost on this engine. Every engine may use all cores{spark}."""

_COLUMNS_NOTE = """\
Seconds are the median and the fastest of {runs}; fewer where these take more than a minute.
1,000/s is how many thousand triples that makes a second, CPU the processor's seconds of all the
engine's processes (median), MiB the peak memory of its largest process. "/ SQL" is the time as a
multiple of SQL by hand, "morph /" how many times faster than morph-kgc."""

_SAME_NOTE = """\
What must come out is made from the CSV files row by row, without any engine. Lines are compared as
sorted sets; "rewritten" ones hold the same value in another form, a time without an offset being
taken as UTC."""


def tell_results(
    measured: Sequence[Measured],
    engines: Sequence[Engine],
    absent: Mapping[str, str],
    machine: Mapping[str, str],
    command: str,
    day: date,
    latency: Latency,
) -> str:
    """Write the page; ``measured`` is one entry a size, ``absent`` why an engine did not run."""
    largest = measured[-1]
    parts = [
        wrapped(_INTRODUCTION.format(spark=_spark_note(engines))),
        *_sizes(measured, engines),
        wrapped(_COLUMNS_NOTE.format(runs=_runs_note(measured))),
        *_growth(measured, engines),
        *_asked(measured),
        *_microbatch(latency),
        "## The same triples",
        wrapped(f"{_SAME_NOTE} At {largest.jobs:,} jobs:"),
        _same_table(largest, engines),
        "\n".join(_differences(largest, engines)),
        *write_absences(measured, absent),
    ]
    return write_page("The lift beside other engines", command, parts, machine, day)


def _spark_note(engines: Sequence[Engine]) -> str:
    if not any(engine.cores for engine in engines):
        return ""
    return '; the rows "Spark" are traveler lift --engine spark with so many'


def _sizes(measured: Sequence[Measured], engines: Sequence[Engine]) -> list[str]:
    parts = []
    for one in reversed(measured):
        parts.append(f"## {one.jobs:,} jobs: {one.rows:,} rows, {one.triples:,} triples")
        parts.append(_speed_table(one, engines))
    return parts


def _speed_table(one: Measured, engines: Sequence[Engine]) -> str:
    rows = [["engine", "seconds", "fastest", "/ SQL", "morph /", "1,000/s", "CPU", "MiB"]]
    sql, morph = one.median_seconds("sql"), one.median_seconds("morph-kgc")
    for engine in engines:
        seconds = one.median_seconds(engine.name)
        if seconds is None:
            rows.append(
                [engine.title, "failed" if engine.name in one.failed else "wrong", *6 * [""]]
            )
            continue
        runs = one.runs[engine.name]
        rows.append(
            [
                engine.title,
                f"{seconds:.2f}",
                f"{min(run.seconds for run in runs):.2f}",
                f"{seconds / sql:.2f}" if sql else "",
                f"{morph / seconds:.2f}" if morph else "",
                f"{one.triples / seconds / 1_000:,.1f}",
                f"{one.median_cpu_seconds(engine.name):.2f}",
                f"{_peak_mib(one, engine.name):,.0f}",
            ]
        )
    return write_table(rows)


def _peak_mib(one: Measured, name: str) -> float:
    return max(run.peak_bytes for run in one.runs[name]) / _MIB


def _runs_note(measured: Sequence[Measured]) -> str:
    counts = [(one.jobs, max(map(len, one.runs.values()), default=0)) for one in measured]
    return " and ".join(
        f"{count} run{'s' if count > 1 else ''} ({jobs:,} jobs)" for jobs, count in counts
    )


def _growth(measured: Sequence[Measured], engines: Sequence[Engine]) -> list[str]:
    rows = [["growth of", "seconds", "CPU", "MiB"]]
    for engine in engines:
        ran = [one for one in measured if one.median_seconds(engine.name) is not None]
        exponents = _exponents(ran, engine.name)
        if exponents:
            rows.append([engine.title, *(f"{exponent:.2f}" for exponent in exponents)])
    if len(rows) == 1:
        return []
    note = (
        "The exponent of the number of rows that fits best: 1 is linear, and less than 1 has a "
        "fixed cost in it, the program's start."
    )
    return ["## How cost grows", write_table(rows), wrapped(note)]


def _exponents(ran: Sequence[Measured], name: str) -> list[float]:
    """Fit seconds, processor seconds and memory; empty for less than two sizes."""
    rows = [one.rows for one in ran]
    series = (
        [one.median_seconds(name) or 0.0 for one in ran],
        [one.median_cpu_seconds(name) for one in ran],
        [_peak_mib(one, name) for one in ran],
    )
    fitted = (growth(rows, values) for values in series)
    return [exponent for exponent in fitted if exponent is not None]


def _asked(measured: Sequence[Measured]) -> list[str]:
    """Hold Traveler's figures on the largest plant against what was asked of it."""
    largest = measured[-1]
    seconds = largest.median_seconds("traveler")
    if seconds is None:
        return []
    rows = [["asked of Traveler", "most or least", "found", "by CPU", ""]]
    sql, morph = largest.median_seconds("sql"), largest.median_seconds("morph-kgc")
    cpu = largest.median_cpu_seconds("traveler")
    if sql:
        by_cpu = cpu / largest.median_cpu_seconds("sql")
        row = _most("time, as a multiple of SQL by hand", MOST_OF_SQL, seconds / sql)
        rows.append([*row[:3], f"{by_cpu:.2f}", row[4]])
    if morph:
        found, by_cpu = morph / seconds, largest.median_cpu_seconds("morph-kgc") / cpu
        figures = [f"at least {LEAST_OF_MORPH:.2f}", f"{found:.2f}", f"{by_cpu:.2f}"]
        met = verdict(found >= LEAST_OF_MORPH)
        rows.append(["times faster than morph-kgc", *figures, met])
    rows.append(_most("peak memory, GiB", MOST_PEAK_GIB, _peak_mib(largest, "traveler") / 1_024))
    ran = [one for one in measured if one.median_seconds("traveler") is not None]
    exponents = _exponents(ran, "traveler")
    if exponents:
        rows.append(_most("growth of seconds with rows", MOST_GROWTH, exponents[0]))
    return [f"## What was asked, at {largest.jobs:,} jobs", write_table(rows, texts={0, 4})]


def _microbatch(latency: Latency) -> list[str]:
    note = (
        f"{ROWS} rows of events become quads by ten triples maps of one source with {PREDICATES} "
        "predicates, in a process that goes on: what a live plant pays for each batch. The facts "
        "of the first batch are compared with the mapping's text. The first one compiles as well."
    )
    rows = [
        ["milliseconds of a batch", "most", "found", ""],
        [
            "half of all, by the clock (p50)",
            f"{MOST_P50_MS:.1f}",
            f"{latency.p50_ms:.1f}",
            verdict(latency.p50_ms <= MOST_P50_MS),
        ],
        ["19 of 20, by the clock (p95)", "", f"{latency.p95_ms:.1f}", ""],
        ["half of all, of the processor", "", f"{latency.cpu_ms:.1f}", ""],
        ["the first, by the clock", "", f"{latency.first_ms:.1f}", ""],
    ]
    return ["## A micro-batch", wrapped(note), write_table(rows, texts={0, 3})]


def _most(label: str, most: float, found: float) -> list[str]:
    return [label, f"at most {most:.2f}", f"{found:.2f}", "", verdict(found <= most)]


def _same_table(one: Measured, engines: Sequence[Engine]) -> str:
    rows = [["engine", "lines", "duplicates", "rewritten", "same triples"]]
    for engine in engines:
        found = one.compared.get(engine.name)
        if found is None:
            continue
        numbers = (found.lines, found.duplicates, found.rewritten)
        told = "yes" if found.is_same else "no"
        rows.append([engine.title, *(f"{number:,}" for number in numbers), told])
    return write_table(rows)


def _differences(one: Measured, engines: Sequence[Engine]) -> list[str]:
    told = []
    for engine in engines:
        found = one.compared.get(engine.name)
        if found and found.example:
            theirs, cell = found.example
            told.append(write_item(engine.title, f"writes {theirs} for {cell}"))
        if found and not found.is_same:
            sample = [f"lacks {line}" for line in found.missing[:1]]
            sample += [f"has {line}" for line in found.unexpected[:1]]
            told.append(write_item(engine.title, "; ".join(sample)))
    return told
