"""Gaps that a planner can act on: row by row on whole plants, and what becomes of them."""

from __future__ import annotations

import csv
import io
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from kg.answer.gaps.history import told_history
from kg.answer.gaps.table import gaps_csv
from kg.demo import DEFAULT_HOURS, build_plant
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.plants.conftest import NOW, load_whole

SEED = 7
ROWS = Path(__file__).parent / "gaps"
# What is offered as a partner is another test's; times are those of the test's own clock.
LEFT_OUT = {"candidates", "since", "checked_at"}


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    build_plant(folder, SEED, NOW - timedelta(hours=DEFAULT_HOURS)).close()
    with load_whole(folder, NOW):
        return folder


@pytest.fixture
def demo(demo_folder: Path, tmp_path: Path) -> Path:
    """The loaded demo plant, a copy of one's own."""
    return Path(shutil.copytree(demo_folder, tmp_path / "demo"))


def told(work: Pipeline) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(gaps_csv(work.answers().check(NOW).gaps), newline=""))
    return [{name: cell for name, cell in row.items() if name not in LEFT_OUT} for row in rows]


def expected(name: str) -> list[dict[str, str]]:
    with (ROWS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    return rows


def test_every_gap_of_the_demo_plant_is_told_in_full(demo: Path) -> None:
    with Pipeline.open(load_plant(demo)) as work:
        assert told(work) == expected("demo")


def test_every_gap_of_tryton_is_told_in_full(real_plant) -> None:
    with load_whole(real_plant("tryton", "tryton", "tryton/factory.sqlite")) as work:
        assert told(work) == expected("tryton")


def test_the_repair_that_answers_most_is_told_first(demo: Path) -> None:
    with Pipeline.open(load_plant(demo)) as work:
        repairs = work.answers().check(NOW).repairs
    assert repairs[0].sentence() == (
        "Fill in the customer in erp.production_order (Planning office): "
        "4 gaps closed, 32 answer(s) made whole."
    )
    record = next(repair for repair in repairs if repair.what == "record")
    assert (record.where, record.example, record.gaps) == ("record/erp/item/15", "part/P-190", 2)


def test_a_gap_keeps_its_name_and_its_age_over_a_rebuild(demo: Path) -> None:
    later = NOW + timedelta(days=2)
    with Pipeline.open(load_plant(demo)) as work:
        before = {gap.id: gap.since for gap in work.answers().check(NOW).gaps}
        history = told_history(work.journal.checks)
    with Pipeline.open(load_plant(demo), is_rebuild=True) as work:
        work.rebuild(later)
        work.validate(later)
        after = {gap.id: gap.since for gap in work.answers().check(later).gaps}
        assert told_history(work.journal.checks) == history
    assert after == before
    assert set(after.values()) == {"2026-11-23T09:00:00Z"}


def test_a_plant_sees_its_coverage_grow(tmp_path: Path) -> None:
    simulation = build_plant(tmp_path, SEED, NOW - timedelta(hours=DEFAULT_HOURS))
    with load_whole(tmp_path, NOW) as work:
        work.answers().check(NOW)
        first = {row.link: row for row in work.journal.checks.linked_now()}
        later = NOW + timedelta(hours=6)
        simulation.advance(later)
        simulation.close()
        work.read(later)
        work.apply(later)
        work.validate(later)
        check = work.answers().check(later)
        now = {row.link: row for row in work.journal.checks.linked_now()}
        steps = work.journal.checks.linked()
    assert {row.link: (row.have, row.of) for row in check.coverage} == {
        name: (row.have, row.of) for name, row in now.items()
    }
    assert now["job-machine"].of > first["job-machine"].of
    grown = [row for row in steps if row.link == "job-machine"]
    assert [row.at for row in grown] == ["2026-11-23T09:00:00Z", "2026-11-23T15:00:00Z"]


@pytest.mark.parametrize(
    ("job", "slot"),
    [
        ("job/1051", "customer"),  # a declared rule says none: it is made to stock
        ("job/1111", "batch"),  # what is only planned owes none yet
        ("job/1115", "machine"),
    ],
)
def test_nothing_is_accused_that_is_not_owed(demo: Path, job: str, slot: str) -> None:
    with Pipeline.open(load_plant(demo)) as work:
        found = work.answers().check(NOW).gaps
        state = work.answers().context(job, NOW).slots[slot].state
    assert state in {"none", "not_due"}
    assert (job, slot) not in {(gap.entity, gap.slot) for gap in found}
