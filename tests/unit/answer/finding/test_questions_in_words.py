from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg.errors import ConfigError, UnknownEntity

if TYPE_CHECKING:
    from kg.answer.find import Finder

with (Path(__file__).parent / "questions.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))
ANSWERED = [case for case in CASES if not case["refused"]]
REFUSED = [case for case in CASES if case["refused"]]


def test_there_are_questions_in_three_languages_and_some_to_refuse() -> None:
    languages = {case["language"] for case in ANSWERED}
    assert languages == {"en", "sv", "de"}
    assert len(ANSWERED) >= 50
    assert len(REFUSED) >= 20


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case["question"])
def test_a_question_is_about_what_it_names_and_asks_what_its_words_say(
    finder: Finder, case: dict[str, str]
) -> None:
    asked = finder.read_question(case["question"])
    assert asked.subject.id == case["subject"], asked
    assert asked.focus == case["focus"], asked
    assert {other.id for other in asked.others} == set(filter(None, case["others"].split("|")))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["question"])
def test_what_is_not_there_or_could_be_several_is_refused(
    finder: Finder, case: dict[str, str]
) -> None:
    with pytest.raises(UnknownEntity) as refused:
        finder.read_question(case["question"])
    assert refused.value.code == case["refused"], refused.value.message
    assert refused.value.hint


def test_the_best_five_have_what_is_meant_and_nothing_else_is_surely_meant(
    finder: Finder,
) -> None:
    found, wrong = 0, 0
    for case in ANSWERED:
        gold = {case["subject"], *filter(None, case["others"].split("|"))}
        matches = finder.find_entities(case["question"]).matches
        found += gold <= {match.id for match in matches}
        wrong += sum(match.score >= 0.8 and match.id not in gold for match in matches)
    assert found / len(ANSWERED) >= 0.95
    assert wrong / len(ANSWERED) <= 0.02


def test_a_refusal_names_what_has_the_same_number_and_what_else_is_known(finder: Finder) -> None:
    with pytest.raises(UnknownEntity) as refused:
        finder.read_question("why is batch 1043 late on mill 3")
    assert refused.value.message == ("there is no batch '1043'; by its number there is job/1043")
    assert "machine/mill-3" in refused.value.hint


def test_what_can_be_several_is_given_back_with_labels(finder: Finder) -> None:
    with pytest.raises(UnknownEntity, match=r"job/1051 '1051 Shaft', order/1051 '1051'"):
        finder.read_question("why is 1051 late")


def test_what_is_settled_is_not_read_anew(finder: Finder) -> None:
    asked = finder.read_question("why is 1051 late", kind="job", focus="full")
    assert (asked.subject.id, asked.focus) == ("job/1051", "full")
    assert asked.focus_why == "as was asked for"


def test_what_was_not_understood_is_told(finder: Finder) -> None:
    asked = finder.read_question("is 7075 in stock for job 1043")
    assert asked.remarks == ("nothing here goes by '7075'",)
    long = finder.read_question("job 1043 " + "very " * 100 + "late")
    assert "only the first 80 words were looked at" in long.remarks


@pytest.mark.parametrize(
    "question",
    ["", "   ", "?!", "\x00", "🤷", "x" * 2_001, "job 1043 " * 10_000, "\u202e" * 50, "%" * 10],
)
def test_what_is_no_question_is_refused_in_few_words(finder: Finder, question: str) -> None:
    with pytest.raises(ConfigError) as refused:
        finder.read_question(question)
    assert refused.value.code == "question"
    assert len(refused.value.message) + len(refused.value.hint) < 200


def test_a_query_without_a_sure_match_still_finds_what_is_near(finder: Finder) -> None:
    best = finder.find_entities("Nordwnd Hydraulics").matches[0]
    assert (best.id, best.by) == ("customer/nordwind", "likeness")
    assert best.score < 0.8


def test_kinds_and_a_limit_narrow_what_is_found(finder: Finder) -> None:
    assert {match.kind for match in finder.find_entities("shaft").matches} == {"job"}
    assert finder.find_entities("shaft", ["machine"]).matches == ()
    found = finder.find_entities("shaft", limit=1)
    assert (len(found.matches), found.total) == (1, 2)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("1043", 'its id is "1043"'),
        ("wo 1043", 'its identifier is "WO-001043"'),
        ("saege 7 or säge 7", 'its label is "Säge 07"'),
        ("815", 'a source calls it "0815"'),
        ("about 48213", 'the number ends its id "Heat 48213"'),
        ("what of Nordwind", 'its id is "nordwind"'),
        ("what of Ovansjö", 'the words stand in its name "Ovansjö Specialstål AB"'),
    ],
)
def test_a_match_says_what_matched(finder: Finder, query: str, why: str) -> None:
    assert finder.find_entities(query).matches[0].why == why
