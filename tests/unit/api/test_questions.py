from __future__ import annotations

import httpx
import pytest

from api.models import QuestionAnswer, QuestionList

RUNS = "/v1/questions/what-runs-on-a-machine"
NAMES = {
    "tr:Machine": "SAW-01",
    "tr:Job": "1043",
    "tr:Customer": "Nordwind",
    "owl:Thing": "machine/SAW-01",
}


def test_every_question_is_listed_and_can_be_asked(client: httpx.Client) -> None:
    listed = QuestionList.model_validate_json(client.get("/v1/questions").content).questions
    asked = 0
    for question in listed:
        if NAMES.keys() >= set(question.parameters.values()):
            given = {name: NAMES[kind] for name, kind in question.parameters.items()}
            answer = client.get(f"/v1/questions/{question.name}", params=given)
            assert answer.status_code == 200, answer.text
            assert QuestionAnswer.model_validate_json(answer.content).question == question.question
            asked += 1
    assert asked >= 5


def test_an_answer_has_rows_and_says_as_of_when(client: httpx.Client) -> None:
    answer = client.get(RUNS, params={"machine": "Saw 1"}).json()
    assert answer["parameters"] == {"machine": "Saw 1"}
    assert answer["as_of"] == "2026-11-23T08:00:00Z"
    assert {"slot": "job", "value": "job/1043"}.items() <= answer["rows"][1].items()
    assert set(answer["columns"]) >= {"run", "since", "slot", "value"}


def test_no_rows_is_an_answer(client: httpx.Client) -> None:
    assert client.get(RUNS, params={"machine": "SAW-02"}).json()["rows"] == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "parameter"),
        ("machine=SAW-01&machine=SAW-02", 400, "parameter"),
        ("machine=SAW-01&shift=early", 400, "parameter"),
        ("machine=LATHE-7", 404, "unknown-entity"),
    ],
)
def test_a_wrong_parameter_is_a_problem(
    client: httpx.Client, query: str, status: int, code: str
) -> None:
    answer = client.get(f"{RUNS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_question_that_nobody_saved_names_those_there_are(client: httpx.Client) -> None:
    answer = client.get("/v1/questions/why")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")
    assert "what-runs-on-a-machine" in answer.json()["hint"]
