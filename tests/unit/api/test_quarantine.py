from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api.models import GapsAnswer, QuarantineAnswer
from kg.owner import Owner, announce

BAD_ROWS = "id,machine,job,started,ended\n1,SAW-01,1043,yesterday,\n,SAW-02,1044,,\n"


@pytest.fixture
def write_runs(own_plant: Path, own_owner: Owner) -> Callable[[str], None]:
    """Write the plant's runs anew and read them."""

    def write(rows: str) -> None:
        (own_plant.parent / "data" / "run.csv").write_text(rows, encoding="utf-8")
        own_owner.round()

    return write


def waiting(client: httpx.Client, query: str = "") -> QuarantineAnswer:
    answer = client.get(f"/v1/quarantine{query}")
    assert answer.status_code == 200
    return QuarantineAnswer.model_validate_json(answer.content)


def test_nothing_waits_in_a_plant_of_good_rows(client: httpx.Client) -> None:
    assert waiting(client).rows == []
    assert client.get("/v1/quarantine?format=text").text == "Quarantine is empty.\n"


def test_bad_rows_are_told_with_what_to_do(
    own_client: httpx.Client, write_runs: Callable[[str], None]
) -> None:
    write_runs(BAD_ROWS)
    empty, bad = sorted(waiting(own_client).rows, key=lambda row: row.stage, reverse=True)
    assert (empty.code, empty.position, empty.raw) == ("empty-key", "run.csv:3", ",SAW-02,1044,,")
    assert (bad.code, bad.stage, bad.key, bad.table) == ("bad-literal", "lift", "1", "run")
    assert bad.is_mapping_current
    assert [row.id for row in waiting(own_client, "?code=bad-literal").rows] == [bad.id]
    assert waiting(own_client, "?source=other").rows == []
    none = own_client.get("/v1/quarantine?source=other&format=text").text
    assert none == "Quarantine has no such row.\n"
    text = own_client.get("/v1/quarantine?format=text").text
    assert "shop.run, 1: empty-key at read." in text
    assert f"#{bad.id} run.csv:2" in text
    gaps = GapsAnswer.model_validate_json(own_client.get("/v1/gaps").content)
    assert [(row.code, row.rows) for row in gaps.quarantine] == [
        ("bad-literal", 1),
        ("empty-key", 1),
    ]


def test_a_row_that_is_well_by_now_leaves_when_it_is_tried_again(
    own_client: httpx.Client, own_plant: Path, write_runs: Callable[[str], None]
) -> None:
    write_runs(BAD_ROWS)
    (row,) = waiting(own_client, "?code=empty-key").rows
    still = own_client.post(f"/v1/quarantine/{row.id}/replay")
    assert (still.status_code, still.json()) == (200, {"has_left": False, "waiting": 2})
    mended = BAD_ROWS.replace("\n,SAW", "\n2,SAW")
    (own_plant.parent / "data" / "run.csv").write_text(mended, encoding="utf-8")
    left = own_client.post(f"/v1/quarantine/{row.id}/replay")
    assert left.json() == {"has_left": True, "waiting": 1}
    assert own_client.get("/v1/context/run/2").status_code == 200
    gone = own_client.post(f"/v1/quarantine/{row.id}/replay")
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown-entity")


def test_a_discarded_row_is_not_shown_again_and_stands_in_history(
    own_client: httpx.Client, write_runs: Callable[[str], None]
) -> None:
    write_runs(BAD_ROWS)
    (row,) = waiting(own_client, "?code=empty-key").rows
    answer = own_client.post(f"/v1/quarantine/{row.id}/discard", json={"reason": "a test"})
    assert (answer.status_code, answer.json()) == (200, {"discarded": 1})
    write_runs("id,machine,job,started,ended\n1,SAW-01,1043,yesterday,\n\n,SAW-02,1044,,\n")
    assert [row.code for row in waiting(own_client).rows] == ["bad-literal"]
    (kept,) = waiting(own_client, "?discarded=true").rows
    assert (kept.discarded_why, kept.discarded_at) == ("a test", "2026-11-23T08:00:00Z")


def test_the_command_asks_the_owner_of_a_served_plant(
    own_client: httpx.Client, own_plant: Path, write_runs: Callable[[str], None]
) -> None:
    def traveler(*words: str) -> str:
        command = [sys.executable, "-m", "kg.cli", "quarantine", *words, "--plant", str(own_plant)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    write_runs(BAD_ROWS)
    announce(own_plant.parent / "store", str(own_client.base_url).rstrip("/"))
    (row,) = json.loads(traveler("list", "--json", "--code", "empty-key"))["rows"]
    assert "bad-literal at lift" in traveler()
    assert traveler("replay", "--code", "empty-key") == f"#{row['id']} waits still\n"
    assert traveler("discard", str(row["id"]), "--reason", "x") == "1 row(s) discarded\n"
    assert "discarded: x" in traveler("list", "--discarded")
    write_runs(BAD_ROWS.replace("yesterday", ""))
    assert waiting(own_client).rows == []


@pytest.mark.parametrize("body", ["", "{}", '{"reason": ""}', '{"reason": "x", "more": 1}', "["])
def test_a_row_is_not_discarded_without_a_reason(client: httpx.Client, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/quarantine/1/discard", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter")


def test_a_row_that_is_none_cannot_be_discarded(client: httpx.Client) -> None:
    answer = client.post("/v1/quarantine/99/discard", json={"reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[::1", "http://a b"])
@pytest.mark.parametrize("path", ["/v1/quarantine/1/replay", "/v1/quarantine/1/discard", "/sparql"])
def test_a_page_of_another_site_can_do_nothing_here(
    client: httpx.Client, origin: str, path: str
) -> None:
    headers = {"Origin": origin, "Content-Type": "text/plain"}
    answer = client.post(path, content='{"reason": "x"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin")


def test_a_page_of_its_own_may(client: httpx.Client) -> None:
    origin = str(client.base_url).rstrip("/")
    answer = client.post("/v1/quarantine/1/replay", headers={"Origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-entity")
