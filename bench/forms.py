"""Lift one plant from every form that its tables can have: ``python -m bench.forms --help``."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import sys
import tempfile
import textwrap
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from bench.command import (
    add_folder,
    add_number,
    add_output,
    add_sizes,
    new_parser,
    publish,
)
from bench.lift.engines import MAPPING, Engine, find_engine
from bench.lift.measure import measure
from bench.machine import describe_machine, load_after
from bench.results import WIDTH, write_page, write_table
from bench.stages import growth
from bench.tables import write_tables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from bench.lift.measure import Measured

    Value = str | int | None
    Write = Callable[[Path, str, list[str], Iterator[list[Value]]], None]

SMALL_JOBS = 10_000
"""Up to here the plant is also written as spreadsheets, which are no form for more."""
_INTEGERS = {"qty", "seq", "good"}
_SOURCE = re.compile(
    r'rml:logicalSource \[ rml:source "(\w+)\.csv" ; rml:referenceFormulation ql:CSV \]'
)
_TRIAL_JOBS = 20
_COLUMNS_NOTE = """\
Every run is a new process and a new folder, from its start to its end, and what it wrote is what
must come out. Seconds and the processor's seconds (CPU) are medians; what 100,000 rows cost is
without what a plant of twenty jobs costs, which is starting; MiB is the peak memory."""
_GROWTH_NOTE = "The exponent of the number of rows that fits best, starting taken off: 1 is linear."
_DESCRIPTION = """\
Make a plant of seven tables, write them as CSV, Parquet, JSON, JSON lines, XML,
a SQLite database and (small plants only) spreadsheets, and lift each form by the
same mapping. What comes out is compared with triples made without any engine;
wrong triples have no times.

exit code: 0 measured, 1 a form failed, or its triples were wrong
"""


def write_forms(folder: Path, jobs: int, seed: int) -> None:
    """Write a plant's tables in every form into one folder."""
    write_tables(folder, jobs, seed)
    for table in sorted(folder.glob("*.csv")):
        for form, write in _WRITERS.items():
            if form != "xlsx" or jobs <= SMALL_JOBS:
                header, *_ = _cells(table)
                write(folder, table.stem, header, _rows(table, header))


def find_forms(jobs: int) -> list[Engine]:
    """Give the command that lifts each form of a plant of this size; CSV comes first."""
    plain = find_engine("traveler")
    engines = [Engine("csv", "CSV", plain.command)]
    for form, (title, source) in _FORMS.items():
        if form != "xlsx" or jobs <= SMALL_JOBS:
            mapping = _SOURCE.sub(source, MAPPING.read_text(encoding="utf-8"))
            engines.append(Engine(form, title, plain.command, {MAPPING.name: mapping}))
    return engines


def _cells(table: Path) -> Iterator[list[str]]:
    with table.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def _rows(table: Path, header: list[str]) -> Iterator[list[Value]]:
    """Give the rows as a database would hold them: numbers, and nothing for empty text."""
    are_integers = [name in _INTEGERS for name in header]
    rows = _cells(table)
    next(rows)
    for row in rows:
        yield [
            int(cell) if is_integer else cell or None
            for cell, is_integer in zip(row, are_integers, strict=True)
        ]


def _objects(header: list[str], rows: Iterator[list[Value]]) -> Iterator[str]:
    for row in rows:
        named = zip(header, row, strict=True)
        yield json.dumps({name: value for name, value in named if value is not None})


def _write_json(folder: Path, name: str, header: list[str], rows: Iterator[list[Value]]) -> None:
    with (folder / f"{name}.json").open("w", encoding="utf-8") as file:
        for number, text in enumerate(_objects(header, rows)):
            file.write((",\n" if number else "[\n") + text)
        file.write("\n]\n")


def _write_lines(folder: Path, name: str, header: list[str], rows: Iterator[list[Value]]) -> None:
    with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(f"{text}\n" for text in _objects(header, rows))


def _write_xml(folder: Path, name: str, header: list[str], rows: Iterator[list[Value]]) -> None:
    with (folder / f"{name}.xml").open("w", encoding="utf-8") as file:
        file.write("<table>\n")
        for row in rows:
            named = zip(header, row, strict=True)
            cells = (f"<{key}>{escape(str(v))}</{key}>" for key, v in named if v is not None)
            file.write(f"  <row>{''.join(cells)}</row>\n")
        file.write("</table>\n")


def _write_parquet(folder: Path, name: str, header: list[str], rows: Iterator[list[Value]]) -> None:
    columns = zip(*rows, strict=True)
    table = pa.table({key: list(column) for key, column in zip(header, columns, strict=True)})
    pq.write_table(table, folder / f"{name}.parquet")


def _write_sqlite(folder: Path, name: str, header: list[str], rows: Iterator[list[Value]]) -> None:
    types = ("INTEGER" if key in _INTEGERS else "TEXT" for key in header)
    columns = ", ".join(f'"{key}" {kind}' for key, kind in zip(header, types, strict=True))
    marks = ", ".join("?" * len(header))
    with closing(sqlite3.connect(folder / "plant.sqlite")) as database, database:
        database.execute(f'CREATE TABLE "{name}" ({columns})')
        database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)


def _write_sheet(folder: Path, name: str, header: list[str], rows: Iterator[list[Value]]) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(header)
    for row in rows:
        sheet.append(row)
    book.save(folder / f"{name}.xlsx")


_WRITERS: dict[str, Write] = {
    "parquet": _write_parquet,
    "json": _write_json,
    "jsonl": _write_lines,
    "xml": _write_xml,
    "sql": _write_sqlite,
    "xlsx": _write_sheet,
}


def _file(ending: str, formulation: str, iterator: str = "") -> str:
    """Write a logical source of the mapping, as the replacement of a CSV file's."""
    path = f' ; rml:iterator "{iterator}"' if iterator else ""
    source = rf'rml:source "\1.{ending}" ; rml:referenceFormulation ql:{formulation}'
    return f"rml:logicalSource [ {source}{path} ]"


_DATABASE = (
    r'rml:logicalSource [ rml:source "sqlite:///plant.sqlite" ; rr:tableName "\1" ; '
    "rml:referenceFormulation <http://w3id.org/rml/SQL2008Table> ]"
)
_FORMS = {
    "parquet": ("Parquet", _file("parquet", "CSV")),
    "json": ("JSON", _file("json", "JSONPath", "$[*]")),
    "jsonl": ("JSON lines", _file("jsonl", "JSONPath", "$")),
    "xml": ("XML", _file("xml", "XPath", "/table/row")),
    "sql": ("SQLite", _DATABASE),
    "xlsx": ("xlsx", _file("xlsx", "CSV")),
}


def tell_forms(
    trial: Measured,
    measured: Sequence[Measured],
    machine: Mapping[str, str],
    command: str,
    day: date,
) -> str:
    """Write the page; ``measured`` is one entry a size, the smallest first.

    ``trial`` is a plant of so few rows that its runs are those of starting and ending.
    """
    starts = {name: trial.median_cpu_seconds(name) for name in trial.runs}
    parts = []
    for one in reversed(measured):
        parts.append(f"## {one.jobs:,} jobs: {one.rows:,} rows, {one.triples:,} triples")
        parts.append(_speed_table(one, starts))
    parts += [textwrap.fill(_COLUMNS_NOTE, WIDTH), *_growth(measured, starts)]
    return write_page("The lift from every form", command, parts, machine, day)


def _speed_table(one: Measured, starts: Mapping[str, float]) -> str:
    rows = [["form", "seconds", "CPU", "rows/s", "CPU of 100,000 rows", "MiB"]]
    for engine in find_forms(one.jobs):
        seconds = one.median_seconds(engine.name)
        if seconds is None:
            rows.append(
                [engine.title, "failed" if engine.name in one.failed else "wrong", *4 * [""]]
            )
            continue
        cpu = one.median_cpu_seconds(engine.name)
        each = (cpu - starts[engine.name]) / one.rows
        peak = f"{_peak_mib(one, engine.name):,.0f}"
        rate = f"{one.rows / seconds:,.0f}"
        rows.append(
            [engine.title, f"{seconds:.2f}", f"{cpu:.2f}", rate, f"{each * 100_000:.2f}", peak]
        )
    return write_table(rows)


def _growth(measured: Sequence[Measured], starts: Mapping[str, float]) -> list[str]:
    rows = [["growth of", "CPU", "MiB"]]
    for engine in find_forms(measured[-1].jobs):
        ran = [one for one in measured if one.median_seconds(engine.name) is not None]
        sizes = [one.rows for one in ran]
        cpu = [one.median_cpu_seconds(engine.name) - starts[engine.name] for one in ran]
        peaks = [_peak_mib(one, engine.name) for one in ran]
        fitted = growth(sizes, cpu), growth(sizes, peaks)
        if None not in fitted:
            rows.append([engine.title, *(f"{exponent:.2f}" for exponent in fitted)])
    return (
        ["## How cost grows", write_table(rows), textwrap.fill(_GROWTH_NOTE, WIDTH)]
        if len(rows) > 1
        else []
    )


def _peak_mib(one: Measured, name: str) -> float:
    return max(run.peak_bytes for run in one.runs[name]) / 2**20


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size that is asked for, then print and write the page."""
    options = _parser().parse_args(arguments)
    sizes = sorted(set(options.jobs))
    machine = describe_machine()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        trial, *measured = [
            measure(find_forms(jobs), Path(name) / str(at), jobs, 1, runs, 600, write_forms)
            for at, (jobs, runs) in enumerate(
                [(_TRIAL_JOBS, 3), *((n, options.runs) for n in sizes)]
            )
        ]
    machine |= load_after()
    command = f"python -m bench.forms --jobs {' '.join(map(str, sizes))} --runs {options.runs}"
    page = tell_forms(trial, measured, machine, command, datetime.now(UTC).date())
    publish(page, options.output)
    are_right = [
        one.median_seconds(engine.name) is not None
        for one in (trial, *measured)
        for engine in find_forms(one.jobs)
    ]
    return int(not all(are_right))


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("bench.forms", _DESCRIPTION)
    add_sizes(parser, [10_000, 100_000])
    add_number(parser, "--runs", 1, 3, "how often each form is lifted")
    add_folder(parser, "where plants and output are for the time")
    add_output(parser, "RESULTS-forms.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
