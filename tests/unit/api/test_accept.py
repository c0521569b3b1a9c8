from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.models import Accepted, AcceptedList, GapsAnswer
from kg.owner import Owner, announce
from tests.unit.api.conftest import opened, served
from tests.unit.two_names import write_two_names

GAP = "job/RUSH-7~identity~533c0cce"
PATH = f"/v1/gaps/{GAP}/accept"
BODY = {"candidate": "job/1043", "by": "P12", "why": "The paper says so."}


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return write_two_names(tmp_path)


@pytest.fixture
def client(plant: Path) -> Iterator[httpx.Client]:
    with opened(plant) as owner, served(owner) as client:
        yield client


def gap_ids(client: httpx.Client) -> set[str]:
    told = GapsAnswer.model_validate_json(client.get("/v1/gaps").content)
    return {gap.id for gap in told.gaps}


def test_a_candidate_is_accepted_told_and_taken_back(client: httpx.Client) -> None:
    assert GAP in gap_ids(client)
    answer = client.post(PATH, json=BODY)
    assert answer.status_code == 200, answer.text
    accepted = Accepted.model_validate_json(answer.content)
    assert (accepted.canonical, accepted.alias, accepted.is_new) == ("job/1043", "job/RUSH-7", True)
    assert client.get("/v1/context/job/RUSH-7").json()["entity"]["id"] == "job/1043"
    assert GAP not in gap_ids(client)
    again = client.post(PATH, json=BODY)
    assert Accepted.model_validate_json(again.content).is_new is False
    listed = AcceptedList.model_validate_json(client.get("/v1/accepted").content)
    assert [(one.gap, one.by, one.why) for one in listed.accepted] == [
        (GAP, "P12", "The paper says so.")
    ]
    undone = client.request("DELETE", PATH, json={"by": "P13", "why": "It was another job."})
    assert (undone.status_code, undone.json()["alias"]) == (200, "job/RUSH-7")
    assert GAP in gap_ids(client)
    assert client.get("/v1/accepted").json() == {"accepted": []}
    gone = client.delete(PATH)
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown-entity")


def test_what_cannot_be_accepted_is_a_problem_with_a_hint(client: httpx.Client) -> None:
    never = client.post(PATH, json=BODY | {"candidate": "job/1044"})
    assert (never.status_code, never.json()["code"]) == (409, "not-offered")
    assert never.json()["hint"] == "it offers job/1043"
    assert client.post(PATH, json=BODY).status_code == 200
    other = client.post(PATH, json=BODY | {"candidate": "job/1044"})
    assert (other.status_code, other.json()["code"]) == (409, "accepted-otherwise")
    closed = client.post("/v1/gaps/job/1043~machine~00000000/accept", json=BODY)
    assert (closed.status_code, closed.json()["code"]) == (410, "gap-closed")
    unknown = client.post("/v1/gaps/job/9~machine~00000000/accept", json=BODY)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-entity")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[",
        "{}",
        '{"candidate": "job/1043"}',
        '{"candidate": "", "by": "P12"}',
        '{"candidate": "job/1043", "by": ""}',
        '{"candidate": "job/1043", "by": "P12", "more": 1}',
        '{"candidate": "job/1043", "by": "\\u0000"}',
        '{"candidate": "job/1043", "by": "\\ud800"}',
    ],
)
def test_a_body_that_says_too_little_or_too_much_accepts_nothing(
    client: httpx.Client, body: str
) -> None:
    answer = client.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert client.get("/v1/accepted").json() == {"accepted": []}


def test_a_page_of_another_site_can_neither_accept_nor_take_back(client: httpx.Client) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    for method in ("POST", "DELETE"):
        answer = client.request(method, PATH, json=BODY, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin")


def test_nobody_may_send_decisions_as_records(client: httpx.Client) -> None:
    answer = client.post("/v1/records/traveler/accepted", json={"alias": "job/1"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")


def test_the_command_asks_the_owner_of_a_served_plant(plant: Path) -> None:
    def traveler(*words: str) -> str:
        command = [sys.executable, "-m", "kg.cli", "accept", *words, "--plant", str(plant)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    with opened(plant) as owner, served(owner) as client:
        _announce(owner, client)
        told = traveler(GAP, "job/1043", "--by", "P12", "--why", "The paper says so.")
        assert told == "job/RUSH-7 is job/1043 from now on.\n"
        assert json.loads(traveler("--list", "--json"))["accepted"][0]["by"] == "P12"
        assert traveler(GAP, "--undo", "--by", "P12") == "job/RUSH-7 is job/1043 no longer.\n"
        assert client.get("/v1/accepted").json() == {"accepted": []}


def _announce(owner: Owner, client: httpx.Client) -> None:
    announce(owner.pipeline.plant.store_path, str(client.base_url).rstrip("/"))
