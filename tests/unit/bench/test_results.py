from __future__ import annotations

import re
from datetime import date

import pytest

from bench.results import MOST_SIZES, WIDTH, tell_results
from bench.stages import STAGES, Measured

DAY = date(2026, 6, 1)
MACHINE = {"Processor": "one that is described at length, " * 5, "Memory": "8.0 GiB"}


def _measured(jobs: int) -> Measured:
    one = Measured(jobs, 5 * jobs, 46 * jobs, 28 * jobs, 160 * jobs, jobs // 10)
    one.seconds = dict.fromkeys(STAGES, jobs / 100)
    one.cpu_seconds = dict.fromkeys(STAGES, jobs / 200)
    one.peak_bytes = dict.fromkeys(STAGES, jobs * 2**20)
    one.journal_bytes, one.store_bytes, one.again_seconds = 2**21, 2**25, 0.5
    return one


@pytest.mark.parametrize("count", range(1, MOST_SIZES + 1))
def test_the_page_fits_a_terminal_and_its_tables_are_even(count: int) -> None:
    measured = [_measured(100 * 10**power) for power in range(count)]
    lines = tell_results(measured, MACHINE, 1, DAY).splitlines()
    assert [line for line in lines if len(line) > WIDTH] == []
    tables = re.split(r"\n(?!\|)", "\n".join(lines))
    widths = [{len(row) for row in table.split("\n") if row.startswith("|")} for table in tables]
    assert sum(bool(found) for found in widths) == 4
    assert all(len(found) <= 1 for found in widths)


def test_the_page_tells_every_stage_its_growth_and_the_machine() -> None:
    page = tell_results([_measured(1_000), _measured(10_000)], MACHINE, 1, DAY)
    for stage in [*STAGES, "total"]:
        assert re.search(rf"^\| {stage} +\| +\S+ \| +\S+ \| +1\.00 \|$", page, re.MULTILINE)
    assert "8.0 GiB" in page
    assert "2026-06-01" in page


def test_one_size_alone_is_told_without_growth() -> None:
    assert "growth" not in tell_results([_measured(1_000)], MACHINE, 1, DAY).lower()
