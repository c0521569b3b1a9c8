"""The catalogue of questions is whole, each number is answered, and its page is up to date."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest

from kg.answer.asking.questions import Question, load_questions

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))
import questions_page

NUMBERS = range(1, 37)
SEVERAL: dict[int, int] = {}
"""How many files a number has, where it is more than one."""
QUESTIONS = load_questions()


def by_number() -> dict[int, list[Question]]:
    found: dict[int, list[Question]] = defaultdict(list)
    for question in QUESTIONS.values():
        found[int(question.number)].append(question)
    return found


def test_every_number_of_the_catalogue_has_its_question() -> None:
    assert sorted(by_number()) == list(NUMBERS)


def test_a_number_has_several_files_only_where_that_is_said() -> None:
    several = {number: len(files) for number, files in by_number().items() if len(files) > 1}
    assert several == SEVERAL


def test_the_groups_of_the_page_hold_every_number_once() -> None:
    grouped = [number for numbers in questions_page.GROUPS.values() for number in numbers]
    assert grouped == list(NUMBERS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_cases(name: str, root: Path) -> None:
    cases = list((root / "tests" / "questions" / name).glob("*/expected.json"))
    assert len(cases) >= 2, "one case with rows and one without"


def test_the_page_is_what_the_headers_say(root: Path) -> None:
    page = (root / "ontology" / "QUESTIONS.md").read_text(encoding="utf-8")
    assert page == questions_page.write_page(QUESTIONS.values()), "run `make questions`"
