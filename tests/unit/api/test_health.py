from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from api.health import Health, Readiness
from kg.errors import SourceError
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


def test_a_source_that_cannot_be_read_is_told(own_client: httpx.Client, own_owner: Owner) -> None:
    jobs = own_owner.pipeline.plant.folder / "data" / "job.csv"
    away = jobs.rename(jobs.with_suffix(".away"))
    with pytest.raises(SourceError):
        own_owner.round()
    answer = own_client.get("/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
    (reason,) = answer.json()["reasons"]
    assert reason.startswith("shop cannot be read: ")
    assert "job.csv" in reason
    (source,) = Health.model_validate_json(own_client.get("/health").content).sources
    assert (source.name, source.failures) == ("shop", 1)
    assert source.hint == answer.json()["hint"]
    away.rename(jobs)
    own_owner.round()
    assert own_client.get("/ready").status_code == 200
    (source,) = Health.model_validate_json(own_client.get("/health").content).sources
    assert (source.error, source.failures, source.last_success) == ("", 0, source.last_read)


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
