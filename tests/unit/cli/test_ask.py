from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.answer.asking.questions import load_questions
from tests.unit.cli.conftest import Traveler

Plant = Callable[..., Path]
NOW = ("--now", "2026-11-23T08:00:00Z")
AGES = ("ask", "-Q", "how-old-each-fact-is", "--set", "thing=job/1", *NOW)


@pytest.fixture
def loaded(plant: Plant, traveler: Traveler) -> Path:
    folder = plant()
    assert traveler("load", *NOW).returncode == 0
    return folder


@pytest.mark.usefixtures("loaded")
def test_every_form_gives_the_same_rows(traveler: Traveler) -> None:
    rows = json.loads(traveler(*AGES, "--format", "json").stdout)
    table = list(csv.DictReader(io.StringIO(traveler(*AGES, "--format", "csv").stdout)))
    text = traveler(*AGES).stdout
    assert rows
    assert [{n: c for n, c in row.items() if c} for row in table] == rows
    assert text.splitlines()[0].startswith("How old is each fact")
    assert "as of 2026-11-23T08:00:00Z" in " ".join(text.split())
    assert len(text.splitlines()) > len(rows)
    assert max(map(len, text.splitlines())) <= 80


def test_every_question_is_listed_with_its_parameters(traveler: Traveler) -> None:
    told = traveler("ask", "--list").stdout
    names = load_questions()
    assert all(name in told for name in names)
    assert "what-runs-on-a-machine machine=…" in told
    assert "running-states-that-are-stale [hours=…]" in told
    assert max(map(len, told.splitlines())) <= 80
    listed = json.loads(traveler("ask", "--list", "--format", "json").stdout)
    assert {row["name"] for row in listed} == names.keys()
    table = list(csv.DictReader(io.StringIO(traveler("ask", "--list", "-f", "csv").stdout)))
    assert {row["name"] for row in table} == names.keys()


@pytest.mark.usefixtures("loaded")
def test_readiness_is_told_in_words_and_as_json(traveler: Traveler) -> None:
    text = traveler("ask", "--ready").stdout
    told = json.loads(traveler("ask", "--ready", "--format", "json").stdout)
    assert text.startswith(f"Of {told['whole'] + told['part'] + told['none']} questions")
    assert "What to connect next" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "one of a question in words, --question NAME, --list and --ready is"),
        (["--list", "--ready"], "one of a question in words, --question NAME"),
        (["-Q", "what-is-the-weather"], "there is no question"),
        (["-Q", "what-runs-on-a-machine"], "the question needs machine"),
        (["-Q", "what-runs-on-a-machine", "--set", "machine"], "has no ="),
        (["-Q", "running-states-that-are-stale", "--set", "hours=x"], "is no number"),
        (["-Q", "running-states-that-are-stale", "--set", "hours=1", "--set", "hours=2"], "twice"),
        (["-Q", "running-states-that-are-stale", "--set", "shift=1"], "has no parameter"),
        (["--ready", "--format", "csv"], "--format 'csv' is unknown"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_a_hint(traveler: Traveler, words, told) -> None:
    ran = traveler("ask", *words)
    assert ran.returncode == 2
    assert told in ran.stderr.replace("\n", " ")
    assert "Traceback" not in ran.stderr
