"""Saved questions: a case is a folder with ``parameters.json`` and ``expected.json``.

It is asked of the nearest ``plant.trig`` at or above it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kg.answer.questions import load_questions
from kg.errors import ConfigError, UnknownEntity

HERE = Path(__file__).resolve().parent
QUESTIONS = load_questions()
CASES = sorted(file.parent for file in HERE.glob("*/*/expected.json"))
NEVER_EMPTY = {"how-old-each-fact-is"}
"""Whatever has a name here has a type, and that is a fact about it."""
assert QUESTIONS
assert CASES


def name_of(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


def nearest_plant(case: Path) -> Path:
    return next(
        folder / "plant.trig"
        for folder in (case, *case.parents)
        if (folder / "plant.trig").is_file()
    )


def read(case: Path, name: str):
    return json.loads((case / name).read_text(encoding="utf-8"))


def order_of(query: str) -> list[str]:
    """The variables of the outermost ORDER BY, which ends the query."""
    return re.findall(r"\?(\w+)", query.rsplit("ORDER BY", 1)[1])


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_question_is_answered_with_exactly_the_expected_rows(case: Path, plant_of) -> None:
    answers = plant_of(nearest_plant(case))
    rows = answers.ask(case.parent.name, read(case, "parameters.json"))
    assert rows == read(case, "expected.json")


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_order_of_the_rows_does_not_hang_on_the_order_of_the_facts(case, plant_of) -> None:
    parameters, expected = read(case, "parameters.json"), read(case, "expected.json")
    for seed in (1, 2):
        answers = plant_of(nearest_plant(case), seed)
        assert answers.ask(case.parent.name, parameters) == expected
    keys = [
        tuple(row.get(name) for name in order_of(QUESTIONS[case.parent.name].query))
        for row in expected
    ]
    assert len(set(keys)) == len(keys), "ORDER BY leaves the order of some rows open"


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_a_case_with_rows_and_one_without(name: str) -> None:
    found = [bool(read(case, "expected.json")) for case in CASES if case.parent.name == name]
    assert set(found) == ({True} if name in NEVER_EMPTY else {True, False})


def test_every_folder_is_a_case_of_a_question() -> None:
    folders = [folder for folder in HERE.glob("*/*/") if "__pycache__" not in folder.parts]
    assert sorted(folders) == CASES
    assert {case.parent.name for case in CASES} <= QUESTIONS.keys()


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_case_gives_the_parameters_that_its_question_takes(case: Path) -> None:
    assert read(case, "parameters.json").keys() == QUESTIONS[case.parent.name].parameters.keys()


@pytest.mark.parametrize("name", [name for name, q in QUESTIONS.items() if q.parameters])
def test_a_question_without_its_parameter_is_not_asked(name: str, plant_of) -> None:
    with pytest.raises(ConfigError) as refused:
        plant_of(HERE / "plant.trig").ask(name, {})
    assert refused.value.code == "parameter"


@pytest.mark.parametrize("name", [name for name, q in QUESTIONS.items() if q.parameters])
def test_a_parameter_that_names_nothing_is_told(name: str, plant_of) -> None:
    given = dict.fromkeys(QUESTIONS[name].parameters, "no such thing")
    with pytest.raises(UnknownEntity):
        plant_of(HERE / "plant.trig").ask(name, given)


def test_every_row_has_only_what_its_question_selects(plant_of) -> None:
    for case in CASES:
        head = QUESTIONS[case.parent.name].query.split("WHERE", 1)[0]
        selected = set(re.findall(r"\?(\w+)", head.rsplit("SELECT", 1)[1]))
        for row in read(case, "expected.json"):
            assert row.keys() <= selected, name_of(case)


def test_there_is_no_question_by_another_name(plant_of) -> None:
    with pytest.raises(UnknownEntity, match="no question"):
        plant_of(HERE / "plant.trig").ask("what-is-the-weather", {})
