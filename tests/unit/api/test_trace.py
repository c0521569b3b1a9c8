"""Traces and recalls over HTTP."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from api.traced import RecallAnswer, TraceAnswer


def test_a_job_is_traced_by_its_kind_and_id_or_by_any_name(client: httpx.Client) -> None:
    answer = client.get("/v1/trace/job/1043", params={"direction": "backward"})
    assert answer.status_code == 200, answer.text
    told = TraceAnswer.model_validate_json(answer.content)
    assert (told.entity.id, told.direction) == ("job/1043", "backward")
    named = client.get("/v1/trace", params={"q": "job/1043", "direction": "backward"})
    assert named.json() == answer.json()


def test_the_worst_case_is_told_on_demand(client: httpx.Client) -> None:
    assert client.get("/v1/trace", params={"q": "job/1043"}).json()["worst_case"] is None
    told = client.get("/v1/trace", params={"q": "job/1043", "worst_case": "true"}).json()
    assert TraceAnswer.model_validate(told).worst_case is not None


@pytest.mark.parametrize("path", ["/v1/trace", "/v1/recall"])
def test_what_was_on_record_is_traced_as_it_stands_where_nothing_was_corrected(
    client: httpx.Client, path: str
) -> None:
    asked = {"q": "job/1043"}
    now, then = (
        client.get(path, params=asked | more).json()
        for more in ({}, {"at": "2026-11-23T08:00:00Z", "believed_at": "2026-11-23T08:00:00Z"})
    )
    assert now["entity"]["id"] == "job/1043"
    assert then == now


@pytest.mark.parametrize("path", ["/v1/trace", "/v1/recall"])
def test_text_fits_a_terminal(client: httpx.Client, path: str) -> None:
    answer = client.get(path, params={"q": "job/1043", "format": "text"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert "job/1043" in answer.text
    assert max(map(len, answer.text.splitlines())) <= 80


def test_a_recall_is_a_list_that_a_spreadsheet_opens(client: httpx.Client) -> None:
    answer = client.get("/v1/recall", params={"q": "job/1043"})
    told = RecallAnswer.model_validate_json(answer.content)
    table = client.get("/v1/recall", params={"q": "job/1043", "format": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert len(rows) == len(told.rows)
    assert table.text.split("\r\n")[0].split(",") == told.columns


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/v1/trace", {}, 400, "parameter"),
        ("/v1/trace", {"q": "job/1043", "direction": "sideways"}, 400, "parameter"),
        ("/v1/trace", {"q": "job/1043", "most_things": "0"}, 400, "parameter"),
        ("/v1/trace", {"q": "job/1043", "depth": "3"}, 400, "parameter"),
        ("/v1/trace", {"q": "no such thing"}, 404, "unknown-entity"),
        ("/v1/trace", {"q": "machine/SAW-01"}, 404, "unknown-entity"),
        ("/v1/trace/job/none", {}, 404, "unknown-entity"),
        ("/v1/recall", {"q": "machine/SAW-01"}, 404, "unknown-entity"),
        ("/v1/trace", {"q": "job/1043", "at": "yesterday"}, 400, "parameter"),
        ("/v1/trace/job/1043", {"at": "2027-01-01T00:00:00Z"}, 400, "parameter"),
        ("/v1/trace", {"q": "job/1043", "at": "2020-01-01T00:00:00Z"}, 404, "unknown-entity"),
        ("/v1/recall", {"q": "job/1043", "believed_at": "0000-00-00"}, 400, "parameter"),
        ("/v1/recall", {"q": "job/1043", "believed_at": "2020-01-01"}, 404, "unknown-entity"),
    ],
)
def test_what_cannot_be_traced_is_a_problem(
    client: httpx.Client, path: str, query: dict[str, str], status: int, code: str
) -> None:
    answer = client.get(path, params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]


def test_a_plant_is_exported_as_events(client: httpx.Client) -> None:
    answer = client.get("/v1/epcis")
    assert answer.headers["content-type"] == "application/ld+json"
    assert answer.json()["type"] == "EPCISDocument"
