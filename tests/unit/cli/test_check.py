from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import rdflib

from tests.faults.test_bad_input import ROWS
from tests.unit.cli.conftest import Traveler

Plant = Callable[..., Path]
FORMS = ("text", "json", "csv", "html", "turtle")


@pytest.fixture
def loaded(plant: Plant, traveler: Traveler) -> Path:
    folder = plant()
    assert traveler("load", "--now", "2026-11-23T08:00:00Z").returncode == 0
    return folder


def test_every_form_tells_of_the_same_jobs(loaded: Path, traveler: Traveler) -> None:
    told = {}
    for form in FORMS:
        ran = traveler("check", "--format", form, "--now", "2026-11-23T08:00:00Z")
        told[form] = ran.stdout
        assert ran.returncode in {0, 1}, ran.stderr
    gaps = json.loads(told["json"])["gaps"]
    assert gaps
    rows = list(csv.DictReader(io.StringIO(told["csv"], newline="")))
    assert [row["entity"] for row in rows] == [gap["entity"] for gap in gaps]
    assert rdflib.Graph().parse(data=told["turtle"], format="turtle")
    for gap in gaps:
        assert gap["entity"] in told["html"]


def test_a_form_that_is_none_is_refused(loaded: Path, traveler: Traveler) -> None:
    ran = traveler("check", "--format", "xml")
    assert ran.returncode == 2
    assert "turtle" in ran.stderr


def test_the_history_is_that_of_the_checks_before(loaded: Path, traveler: Traveler) -> None:
    assert "Nothing was checked yet" in traveler("check", "--history").stdout
    traveler("check", "--now", "2026-11-23T08:00:00Z")
    traveler("check", "--now", "2026-11-24T08:00:00Z")
    told = json.loads(traveler("check", "--history", "--format", "json").stdout)
    assert len(told["coverage"]) == 5
    assert {row["at"] for row in told["coverage"]} == {"2026-11-23T08:00:00Z"}
    (loaded / "jobs.csv").write_text(ROWS.splitlines()[0] + "\n")
    assert traveler("load", "--allow-drop", "erp.jobs").returncode == 0
    traveler("check")  # by this machine's clock, which is finer than a second
    ran = traveler("check", "--history")
    assert ran.returncode == 0
    assert ran.stdout.count("job-machine") == 2
    assert "job-machine" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80


def test_the_history_has_no_clock_and_is_no_table(loaded: Path, traveler: Traveler) -> None:
    assert traveler("check", "--history", "--format", "csv").returncode == 2
