from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kg.draft.preview import Cleaning, Loaded
from kg.pipeline import Pipeline
from kg.settings import load_plant

Write = Callable[[str, str], Path]
Draft = Callable[..., str]
Load = Callable[[], None]


@pytest.fixture
def jobs(plant: Path, file: Write, draft: Draft, load: Load) -> Loaded:
    """A plant that has loaded the jobs 1000 to 1339."""
    lines = "\n".join(str(1000 + number) for number in range(340))
    draft(file("jobs.csv", f"job_no\n{lines}\n"))
    load()
    return Loaded.read(load_plant(plant))


def test_values_are_compared_as_they_are_and_cleaned(jobs: Loaded) -> None:
    values = [str(1000 + number) for number in range(312)]
    values += [f"000{1312 + number}" for number in range(26)] + ["X1", "RUSH-7"]
    preview = jobs.compare("Job", values)
    assert preview.text("Job") == (
        "312 of 340 job ids match; 338 after stripping zeros; two do not: 'X1', 'RUSH-7'"
    )
    assert preview.cleaning == Cleaning(zeros=True)


def test_the_simplest_cleaning_that_brings_most_home_is_chosen(jobs: Loaded) -> None:
    preview = jobs.compare("Job", ["WO-1001.10", "WO-1002.20", "0001003", "1004"])
    assert preview.cleaning == Cleaning(split=".", strip="WO-", zeros=True)
    assert (preview.matched, preview.cleaned) == (1, 4)
    assert jobs.compare("Job", ["WO-1001", "WO-1002"]).cleaning == Cleaning(strip="WO-")


def test_the_name_of_a_source_is_put_before_its_row_numbers(
    plant: Path, file: Write, draft: Draft, load: Load
) -> None:
    draft(file("part.csv", "id,name\n7,Shaft\n8,Bush\n"), name="erp")
    load()
    preview = Loaded.read(load_plant(plant)).compare("Part", ["7", "8", "9"], is_row_id=True)
    assert preview.cleaning == Cleaning(put="erp-")
    assert preview.text("Part") == (
        "0 of 3 part ids match; 2 after putting 'erp-' before; one does not: '9'"
    )


def test_numbers_that_people_say_are_told_from_ids(
    plant: Path, file: Write, draft: Draft, load: Load
) -> None:
    draft(file("jobs.csv", "id,number\n1,RUSH\n2,SLOW\n"), name="erp", class_name="Job")
    (plant / "mappings/erp/jobs.yml").write_text(
        "mappings:\n  job:\n    sources: [[jobs~table]]\n    s: job/$(id)\n"
        "    po: [[a, tr:Job], [tr:identifier, $(number)]]\n",
        encoding="utf-8",
    )
    load()
    preview = Loaded.read(load_plant(plant)).compare("Job", ["RUSH", "OTHER"])
    assert "1 are numbers that people say" in preview.text("Job")


def test_a_plant_that_is_being_served_says_why_nothing_is_compared(
    plant: Path, file: Write, draft: Draft, load: Load
) -> None:
    draft(file("jobs.csv", "job_no\n1\n2\n"))
    load()
    with Pipeline.open(load_plant(plant)):
        said = draft(file("runs.csv", "id,job_no\n1,1\n2,2\n"), class_name="Run")
    assert "the plant is being served" in said
