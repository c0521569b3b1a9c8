from __future__ import annotations

import re
from datetime import date

import pytest

from bench.lift.comparison import Comparison
from bench.lift.engines import Engine
from bench.lift.measure import Measured
from bench.lift.microbatch import Latency
from bench.lift.processes import Run
from bench.lift.results import tell_results
from bench.results import WIDTH

DAY = date(2026, 6, 1)
MACHINE = {"Processor": "one that is described at length, " * 5, "Memory": "8.0 GiB"}
COMMAND = "python -m bench.lift --jobs 10000 100000" + " --peers morph-kgc maplib" * 2
TITLES = {
    "traveler": "Traveler",
    "sql": "SQL by hand",
    "morph-kgc": "morph-kgc",
    "spark-2": "Spark, 2 cores",
}
ENGINES = [
    Engine(name, title, (), cores=2 if name == "spark-2" else None)
    for name, title in TITLES.items()
]
LATENCY = Latency(p50_ms=8.04, p95_ms=12.5, cpu_ms=7.0, first_ms=200.0)
SECONDS = {"traveler": 1.2, "sql": 1.0, "morph-kgc": 6.0, "spark-2": 123.4}


def _measured(jobs: int) -> Measured:
    one = Measured(jobs, 5 * jobs, 30 * jobs)
    for name, seconds in SECONDS.items():
        one.runs[name] = [Run(seconds * jobs * slow / 10_000, 2.0, 2**28) for slow in (1, 1, 3)]
        one.compared[name] = Comparison(30 * jobs, 30 * jobs)
    return one


def _told(measured: list[Measured], absent: dict[str, str] | None = None) -> str:
    return tell_results(measured, ENGINES, absent or {}, MACHINE, COMMAND, DAY, LATENCY)


@pytest.mark.parametrize("sizes", [[10_000], [10_000, 100_000]])
def test_the_page_fits_a_terminal_and_its_tables_are_even(sizes: list[int]) -> None:
    page = _told([_measured(jobs) for jobs in sizes], {"maplib": "it is not there " * 10})
    assert [line for line in page.splitlines() if len(line) > WIDTH] == []
    tables = re.split(r"\n(?!\|)", page)
    widths = [{len(row) for row in table.split("\n") if row.startswith("|")} for table in tables]
    assert all(len(found) <= 1 for found in widths)


def test_ratios_are_of_medians() -> None:
    page = _told([_measured(10_000)])
    row = r"\| Traveler +\| +1\.20 \| +1\.20 \| +1\.20 \| +5\.00 \| +250\.0 \| +2\.00 \| +256 \|"
    assert re.search(row, page)
    assert "/ SQL" in page


def test_growth_is_told_for_two_sizes_and_not_for_one() -> None:
    both = _told([_measured(10_000), _measured(100_000)])
    assert re.search(r"\| Traveler +\| +1\.00 \| +0\.00 \| +0\.00 \|", both)
    assert "growth" not in _told([_measured(10_000)]).lower()


def test_what_was_asked_is_held_against_what_was_found() -> None:
    fast = _measured(10_000)
    assert re.findall(r"(met|not met) +\|", _told([fast])) == ["met"] * 4
    slow = _measured(10_000)
    slow.runs["traveler"] = [Run(5.0, 2.0, 2**31)]
    assert re.findall(r"(not met|met) +\|", _told([slow])) == ["not met"] * 3 + ["met"]


def test_wrong_triples_and_failures_have_no_seconds_and_are_said() -> None:
    one = _measured(10_000)
    one.compared["morph-kgc"] = Comparison(5, 5, missing=("<a:s> <a:p> <a:o> .",))
    one.failed["spark-2"] = "exit code 1: no Java"
    page = _told([one])
    assert re.search(r"\| morph-kgc +\| +wrong \|", page)
    assert "morph-kgc: lacks <a:s> <a:p> <a:o> ." in page
    assert re.search(r"\| Spark, 2 cores +\| +failed \|", page)
    assert "- spark-2 at 10,000 jobs: exit code 1: no Java" in page
    assert "at least 4.00" not in page


def test_a_literal_written_otherwise_is_said() -> None:
    one = _measured(10_000)
    one.compared["traveler"] = Comparison(9, 9, 7, ('"0.05"', '"0.0500"'))
    assert '- Traveler: writes "0.05" for "0.0500"' in _told([one])
