from __future__ import annotations

from dataclasses import replace

import httpx

from api.models import Health, Readiness
from kg.owner import Owner
from kg.records import Record


def test_a_process_that_answers_is_up(client: httpx.Client) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    told = Health.model_validate_json(answer.content)
    assert (told.status, told.is_accepting) == ("up", True)


def test_a_graph_that_holds_the_journal_is_ready(client: httpx.Client) -> None:
    answer = client.get("/ready")
    assert answer.status_code == 200
    told = Readiness.model_validate_json(answer.content)
    assert told.ready
    assert told.applied_seq == told.last_seq == told.checked_seq == 8
    assert [source.name for source in told.sources] == ["shop"]


def test_a_round_that_failed_is_told(client: httpx.Client, owner: Owner) -> None:
    owner.health.error, owner.health.hint = "there is no job.csv", "put it back"
    try:
        answer = client.get("/ready")
    finally:
        owner.health.error = owner.health.hint = ""
    assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
    assert answer.json()["reasons"] == ["the last round failed: there is no job.csv"]
    assert answer.json()["hint"] == "put it back"


def test_a_graph_behind_the_journal_is_not_ready(
    own_client: httpx.Client, own_owner: Owner
) -> None:
    record = Record("shop", "machine", "SAW-04", {"id": "SAW-04", "name": "Saw 4"}, "by hand")
    own_owner.pipeline.journal.append([replace(record, version="1")], own_owner.clock())
    answer = own_client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["the graph has reached record 8 of 9"]
    own_owner.pipeline.apply(own_owner.clock())
    assert own_client.get("/ready").status_code == 200
