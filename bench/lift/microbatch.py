"""How long a micro-batch of events takes from rows to quads: ten triples maps, fifty predicates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from kg.lift import Lifter
from kg.records import Record
from kg.settings import load_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kg.records import Fact

HERE = Path(__file__).resolve().parent / "event"
ROWS = 100
PREDICATES = 50
BATCHES = 200
BASE = "http://plant.example/"


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of one batch; ``cpu_ms`` is the processor's, ``first_ms`` to compile as well."""

    p50_ms: float
    p95_ms: float
    cpu_ms: float
    first_ms: float


def measure_latency(batches: int = BATCHES) -> Latency:
    """Lift batches of new rows one after another, in this process.

    Raises:
        ValueError: the first batch is not what the mapping says.
    """
    waiting = [[_event(number, row) for row in range(ROWS)] for number in range(batches + 1)]
    start = perf_counter()
    lifter = Lifter(load_source(HERE), BASE)
    check_facts(lifter.lift(waiting[0]).facts)
    first = perf_counter() - start
    seconds, cpu_seconds = [], []
    for records in waiting[1:]:
        start, cpu_start = perf_counter(), process_time()
        lifter.lift(records)
        seconds.append(perf_counter() - start)
        cpu_seconds.append(process_time() - cpu_start)
    lifter.close()
    p95 = quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
    return Latency(median(seconds) * 1e3, p95 * 1e3, median(cpu_seconds) * 1e3, first * 1e3)


def check_facts(made: list[list[Fact]]) -> None:
    """Compare facts with the mapping's text, line by line, with no engine in between.

    Raises:
        ValueError: they differ.
    """
    mapping = (HERE / "event.yml").read_text(encoding="utf-8")
    predicates = re.findall(r"\[def:(\w+),", mapping)
    for number, facts in enumerate(made):
        row = _event(0, number).row
        expected = []
        for part in mapping.split("    s: ")[1:]:
            template, *rules = part.splitlines()
            for rule in rules:
                match = re.match(r" +- \[def:(\w+), ([^,\]]+)(?:, ([^\]]+))?\]", rule)
                if match:
                    subject = f"<{BASE}{_filled(template, row)}>"
                    term = _term(_filled(match[2], row), match[3] or "")
                    expected.append((subject, f"<{BASE}def/{match[1]}>", term))
        if facts != expected or not len(facts) == len(set(predicates)) == PREDICATES:
            raise ValueError(f"row {number} became {facts}, not {expected}")


def _filled(template: str, row: Mapping[str, object]) -> str:
    return re.sub(r"\$\((\w+)\)", lambda match: str(row[match[1]]), template)


def _term(value: str, kind: str) -> str:
    if value.endswith("~iri"):
        return f"<{BASE}{value.removesuffix('~iri')}>"
    if kind.endswith("~lang"):
        return f'"{value}"@{kind.removesuffix("~lang")}'
    datatype = f"^^<http://www.w3.org/2001/XMLSchema#{kind.removeprefix('xsd:')}>" if kind else ""
    return f'"{value}"{datatype}'


def _event(batch: int, number: int) -> Record:
    """Make the row of an event; all of a batch differ, and no two batches are the same."""
    at = f"2026-11-23T{batch % 24:02}:{number % 60:02}:07.25Z"
    name = str(batch * ROWS + number)
    row = {
        "id": name,
        "at": at,
        "type": ("RunStarted", "QuantityReported", "RunEnded")[number % 3],
        "run": f"R{name}",
        "machine": f"MILL-{number % 12:02}",
        "machine_name": f"Milling machine {number % 12}",
        "state": "active",
        "cell": f"C{number % 4}",
        "load": f"{number}.25",
        "feed": f"{number + 800}.5",
        "job": f"J{1_000 + number}",
        "operation": str(number % 9 + 1),
        "phase": "production",
        "part": f"P-{number % 40}",
        "part_name": f"Spindle shaft {number % 40}",
        "planned": str(number + 1),
        "due": "2026-12-01",
        "priority": str(number % 5),
        "operation_name": "Mill the second side",
        "program": f"O{number % 40}",
        "minutes": "12.75",
        "revision": "C",
        "material": f"S{355 + number % 3}",
        "batch": f"B{4_700 + number % 50}",
        "heat": f"H{number}",
        "supplier": f"SUP{number % 6}",
        "good": str(number),
        "scrap": str(number % 2),
        "rework": "0",
        "unit": "pcs",
        "person": f"E{number % 20}",
        "characteristic": str(number % 7),
        "measured": f"19.9{number % 9 + 1}",
        "measured_unit": "mm",
        "gauge": f"G{number % 5}",
        "shift": "early",
        "badge": f"00{number}",
        "login": "2026-11-23T05:00:00Z",
    }
    return Record("mes", "event", name, row, f"event.jsonl:{number + 1}")
