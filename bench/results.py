"""Tell what was measured as one Markdown page whose tables fit 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from bench.stages import STAGES, growth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from bench.engines import Plant
    from bench.stages import Measured

WIDTH = 80
MOST_SIZES = 5
"""Columns of sizes that fit beside the stages' names."""
_MIB = 2**20

_INTRODUCTION = """\
A made-up plant is written as seven CSV files and loaded for the first time; each size in a new
process and an empty folder. A job has three operations and runs; two jobs share an order; some
links are missing, as in real exports. Every result is checked before its time is told: facts,
derived links and gaps against counts made from the CSV files alone, and a second load must change
nothing. Another processor or another day gives other seconds: compare ratios."""

_WEIGHTS: dict[str, Callable[[Measured], int | float]] = {
    "rows and records": lambda one: one.records,
    "asserted facts": lambda one: one.facts,
    "facts a job": lambda one: one.facts / one.jobs,
    "derived facts": lambda one: one.derived,
    "quads stored": lambda one: one.quads,
    "gaps found": lambda one: one.gaps,
    "journal, MiB": lambda one: one.journal_bytes / _MIB,
    "store, MiB": lambda one: one.store_bytes / _MIB,
    "peak memory, MiB": lambda one: max(one.peak_bytes.values()) / _MIB,
    "loaded again, s": lambda one: one.again_seconds,
}


def tell_results(
    measured: Sequence[Measured], machine: Mapping[str, str], seed: int, day: date
) -> str:
    """Write the page; ``measured`` is one entry a size, the smallest first."""
    sizes = " ".join(str(one.jobs) for one in measured)
    parts = [
        wrapped(_INTRODUCTION),
        "## Seconds by stage and number of jobs",
        _stages_by_size(measured, lambda one: one.seconds),
        wrapped(_growth_note(measured)),
        "## Processor seconds, which other programs on the machine disturb less",
        _stages_by_size(measured, lambda one: one.cpu_seconds),
        f"## Each stage at {measured[-1].jobs:,} jobs",
        _stages_table(measured[-1]),
        "## What was loaded",
        _weights_table(measured),
    ]
    command = f"python -m bench --jobs {sizes} --seed {seed}"
    return write_page("What a first load costs", command, parts, machine, day)


def _stages_by_size(
    measured: Sequence[Measured], seconds_of: Callable[[Measured], Mapping[str, float]]
) -> str:
    sizes = [one.jobs for one in measured]
    columns = [dict(seconds_of(one)) for one in measured]
    for column in columns:
        column["total"] = sum(column.values())
    rows = []
    for stage in [*STAGES, "total"]:
        seconds = [column[stage] for column in columns]
        fitted = growth(sizes, seconds)
        last = [] if fitted is None else [f"{fitted:.2f}"]
        rows.append([stage, *(_decimal(value) for value in seconds), *last])
    last = ["growth"] if len(measured) > 1 else []
    return write_table([["stage", *(f"{count:,}" for count in sizes), *last], *rows])


def _growth_note(measured: Sequence[Measured]) -> str:
    if len(measured) < 2:
        return ""
    return (
        "Growth is the exponent of the number of jobs that fits best: 1 is linear, 2 is quadratic, "
        "and less than 1 has a fixed cost in it."
    )


def _stages_table(one: Measured) -> str:
    rows = [["stage", "facts/s", "peak MiB", "what it does"]]
    for stage, what in STAGES.items():
        seconds = one.seconds[stage]
        rate = f"{one.facts / seconds:,.0f}" if seconds and stage != "open" else ""
        peak = f"{one.peak_bytes[stage] / _MIB:,.0f}" if one.peak_bytes[stage] else ""
        rows.append([stage, rate, peak, what])
    return write_table(rows, texts={0, 3})


def _weights_table(measured: Sequence[Measured]) -> str:
    rows = [["", *(f"{one.jobs:,}" for one in measured)]]
    for label, weight in _WEIGHTS.items():
        values = [weight(one) for one in measured]
        rows.append([label, *(_number(value) for value in values)])
    return write_table(rows)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else _decimal(value)


def _decimal(value: float) -> str:
    return f"{value:,.1f}" if value >= 100 else f"{value:.2f}"


def write_table(rows: Sequence[Sequence[str]], texts: Iterable[int] = (0,)) -> str:
    """Lay a Markdown table out in columns; those of ``texts`` are flush left."""
    left = set(texts)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        "| "
        + " | ".join(
            cell.ljust(width) if at in left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = [
        "-" * (width + 2) if at in left else "-" * (width + 1) + ":"
        for at, width in enumerate(widths)
    ]
    return "\n".join([lines[0], "|" + "|".join(rule) + "|", *lines[1:]])


def wrapped(text: str) -> str:
    """Break a paragraph into lines; words with hyphens stay whole."""
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


def write_code(command: str) -> str:
    """Write a command as code, over several lines where it is long."""
    lines = textwrap.wrap(command, WIDTH - 8, break_on_hyphens=False, break_long_words=False)
    return " \\\n".join(f"    {'  ' * bool(at)}{line}" for at, line in enumerate(lines))


def verdict(is_met: bool) -> str:
    """Say whether what was asked for was found."""
    return "met" if is_met else "not met"


def write_item(label: str, text: str) -> str:
    return textwrap.fill(f"- {label}: {text}", WIDTH, subsequent_indent="  ")


def write_page(
    title: str, command: str, parts: Iterable[str], machine: Mapping[str, str], day: date
) -> str:
    """Write a page around its parts, of which empty ones are left out."""
    head = [f"# {title}", f"Made on {day}, not written by hand:", write_code(command)]
    measured_on = "\n".join(write_item(label, text) for label, text in machine.items())
    whole = [*head, *parts, "## Measured on", measured_on]
    return "\n\n".join(part for part in whole if part) + "\n"


def write_absences(measured: Iterable[Plant], absent: Mapping[str, str]) -> list[str]:
    """Tell why engines have no times: ``absent`` of any plant, or failed on one."""
    told = [write_item(name, reason) for name, reason in absent.items()]
    told += [
        write_item(f"{name} at {one.jobs:,} jobs", reason)
        for one in measured
        for name, reason in one.failed.items()
    ]
    return ["## Not measured", "\n".join(told)] if told else []
