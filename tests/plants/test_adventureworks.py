"""A sample of an ERP whose dates a spreadsheet has lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.adventureworks import count_specified, write_database
from tests.plants.conftest import NOW, load_whole

NOTHING = {"job-machine": 0, "job-customer": 0, "job-batch": 0}


@pytest.fixture
def plant_of(real_plant, shared_data: Path, tmp_path: Path):
    def make(most_rows: int | None = None) -> Path:
        database = tmp_path / "adventureworks.sqlite"
        write_database(shared_data, database, most_rows)
        return real_plant("adventureworks", "adventureworks", str(database))

    return make


def check_plant(folder: Path, jobs: int, with_spec: int) -> None:
    with load_whole(folder) as work:
        check = work.answers().check(NOW)
        waiting = Counter((row.rejected.kind, row.rejected.stage) for row in work.journal.waiting())
    have = {row.link: row.have for row in check.coverage if row.link in {*NOTHING, "job-spec"}}
    assert {row.of for row in check.coverage if row.link in have} == {jobs}
    assert have == NOTHING | {"job-spec": with_spec}
    assert waiting == {("due_date", "lift"): jobs}
    assert check.exit_code() == 1


def test_some_work_orders_are_covered_as_their_tables_say(plant_of, shared_data: Path) -> None:
    check_plant(plant_of(600), 600, count_specified(shared_data, 600))


@pytest.mark.slow
def test_coverage_is_what_was_counted_by_hand(plant_of) -> None:
    check_plant(plant_of(), 72_591, 8_878)
