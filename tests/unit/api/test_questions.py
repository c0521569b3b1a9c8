from __future__ import annotations

import httpx
import pytest

from api.asked import QuestionAnswer, QuestionList, ReadinessAnswer

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
    answer = client.get("/v1/questions/what-runs-on-machine")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")
    assert "what-runs-on-a-machine" in answer.json()["hint"]
    assert "/v1/questions" in client.get("/v1/questions/why").json()["hint"]


def test_an_answer_can_be_a_table_for_a_spreadsheet(client: httpx.Client) -> None:
    answer = client.get(RUNS, params={"machine": "SAW-01", "format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    header, *rows = answer.text.split("\r\n")
    assert header == "run,since,slot,value,state"
    assert any(",job,job/1043,known" in row for row in rows)


def test_an_empty_answer_still_says_its_columns(client: httpx.Client) -> None:
    assert client.get(RUNS, params={"machine": "SAW-02"}).json()["columns"][0] == "run"
    table = client.get(RUNS, params={"machine": "SAW-02", "format": "csv"}).text
    assert table == "run,since,slot,value,state\r\n"


@pytest.mark.parametrize("until", ["yesterday", "2026-02-30", "2026-11-23T25:00", "9" * 40])
def test_a_time_that_cannot_be_is_a_problem(client: httpx.Client, until: str) -> None:
    path = "/v1/questions/whom-a-breakdown-or-a-late-purchase-hits"
    answer = client.get(path, params={"thing": "SAW-01", "until": until})
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter")
    assert until in answer.json()["detail"]


@pytest.mark.parametrize("hours", ["eight", "NaN", "Infinity", "1e999999999", "1e-99", ""])
def test_a_number_that_cannot_be_is_a_problem(client: httpx.Client, hours: str) -> None:
    answer = client.get("/v1/questions/running-states-that-are-stale", params={"hours": hours})
    expected = (200, None) if not hours else (400, "parameter")
    assert (answer.status_code, answer.json().get("code")) == expected


def test_readiness_says_what_sources_can_answer_and_what_comes_next(client: httpx.Client) -> None:
    ready = ReadinessAnswer.model_validate_json(client.get("/v1/readiness").content)
    assert ready.whole + ready.part + ready.none == len({q.number for q in ready.questions})
    states = {question.name: question for question in ready.questions}
    assert states["where-the-facts-arise"].state == "none"
    assert "carries" in states["where-the-facts-arise"].lacks
    assert all(bool(one.lacks) is (one.state != "whole") for one in ready.questions)
    text = client.get("/v1/readiness", params={"format": "text"}).text
    assert text.startswith(f"Of {len({q.number for q in ready.questions})} questions")
    assert max(map(len, text.splitlines())) <= 80
