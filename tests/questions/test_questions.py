"""Saved questions: a case is a folder with ``parameters.json`` and ``expected.json``.

It is asked of the nearest ``plant.trig`` at or above it, as of the time in ``clock.txt`` where it
has one.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.answer.asking.answerers import ANSWERERS
from kg.answer.asking.questions import load_questions
from kg.errors import ConfigError, UnknownEntity
from tests.unit.asof.past_shop import busy_shop

HERE = Path(__file__).resolve().parent
QUESTIONS = load_questions()
CASES = sorted(file.parent for file in HERE.glob("*/*/expected.json"))
NEVER_EMPTY = {"how-old-each-fact-is"}
"""Whatever has a name here has a type, and that is a fact about it."""
OF_HISTORY = {
    "answers-that-would-be-different-today",
    "what-changed-since",
    "what-was-believed-about-a-machine",
    "what-was-true-on-a-machine",
}
"""They are asked of a mill to which something happened: ``busy_shop``."""
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
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


def clock_of(case: Path) -> datetime:
    file = case / "clock.txt"
    return datetime.fromisoformat(file.read_text("utf-8").strip()) if file.is_file() else NOW


def asked(case: Path, answers, parameters=None):
    given = read(case, "parameters.json") if parameters is None else parameters
    return answers.ask(case.parent.name, given, clock_of(case))


@pytest.fixture(scope="session")
def answers_of(plant_of, tmp_path_factory: pytest.TempPathFactory):
    """Gives the answers that a case is asked of, its facts put in as a seed shuffles them."""
    with busy_shop(tmp_path_factory.mktemp("past") / "shop") as shop:

        def answers(case: Path, seed: int = 0):
            if case.parent.name in OF_HISTORY:
                return shop.work.answers()
            return plant_of(nearest_plant(case), seed)

        yield answers


def order_of(query: str) -> list[str]:
    """The variables of the outermost ORDER BY, which ends the query."""
    return re.findall(r"\?(\w+)", query.rsplit("ORDER BY", 1)[1])


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_question_is_answered_with_exactly_the_expected_rows(case: Path, answers_of) -> None:
    rows = asked(case, answers_of(case))
    assert rows == read(case, "expected.json")


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_order_of_the_rows_does_not_hang_on_the_order_of_the_facts(case, answers_of) -> None:
    expected = read(case, "expected.json")
    for seed in (1, 2):
        assert asked(case, answers_of(case, seed)) == expected
    question = QUESTIONS[case.parent.name]
    names = question.columns() if question.computed else order_of(question.query)
    keys = [tuple(row.get(name) for name in names) for row in expected]
    assert len(set(keys)) == len(keys), "the order of some rows is open"


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
    question = QUESTIONS[case.parent.name]
    given = read(case, "parameters.json").keys()
    assert given <= question.parameters.keys() <= given | question.optional


def required(name: str) -> list[str]:
    question = QUESTIONS[name]
    return sorted(question.parameters.keys() - question.optional)


def is_named(kind: str) -> bool:
    return not kind.startswith("xsd:")


@pytest.mark.parametrize("name", [name for name in QUESTIONS if required(name)])
def test_a_question_without_its_parameter_is_not_asked(name: str, plant_of) -> None:
    with pytest.raises(ConfigError) as refused:
        plant_of(HERE / "plant.trig").ask(name, {}, NOW)
    assert refused.value.code == "parameter"


@pytest.mark.parametrize(
    "name", [name for name, q in QUESTIONS.items() if any(map(is_named, q.parameters.values()))]
)
def test_a_parameter_that_names_nothing_is_told(name: str, plant_of) -> None:
    kinds = QUESTIONS[name].parameters
    given = {p: "no such thing" if is_named(k) else "2026-11-23" for p, k in kinds.items()}
    with pytest.raises(UnknownEntity):
        plant_of(HERE / "plant.trig").ask(name, given, NOW)


@pytest.mark.parametrize(
    "name", [name for name, q in QUESTIONS.items() if "xsd:dateTime" in q.parameters.values()]
)
@pytest.mark.parametrize("time", ["2026-02-30", "yesterday", "24:00", "-1"])
def test_a_time_that_cannot_be_is_told(name: str, time: str, plant_of) -> None:
    kinds = QUESTIONS[name].parameters
    given = {p: "machine/SAW" if is_named(kind) else time for p, kind in kinds.items()}
    with pytest.raises((ConfigError, UnknownEntity)) as refused:
        plant_of(HERE / "plant.trig").ask(name, given, NOW)
    assert refused.value.code in {"parameter", "unknown-entity"}


def test_a_parameter_that_the_question_does_not_take_is_told(plant_of) -> None:
    with pytest.raises(ConfigError, match="no parameter 'shift'"):
        plant_of(HERE / "plant.trig").ask("machines-that-run-a-closed-job", {"shift": "1"}, NOW)


def test_every_row_has_only_what_its_question_selects() -> None:
    for case in CASES:
        columns = QUESTIONS[case.parent.name].columns()
        for row in read(case, "expected.json"):
            assert row.keys() <= set(columns), name_of(case)


def test_the_questions_that_are_computed_are_those_that_somebody_computes() -> None:
    assert {q.computed for q in QUESTIONS.values() if q.computed} == set(ANSWERERS)


def test_there_is_no_question_by_another_name(plant_of) -> None:
    with pytest.raises(UnknownEntity, match="no question"):
        plant_of(HERE / "plant.trig").ask("what-is-the-weather", {}, NOW)
