"""What Prometheus reads: names, units and numbers, by its own parser."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kg.errors import SourceError
from kg.owner import Owner
from kg.records import Record
from tests.unit.api.test_stream import listening

ROOT = Path(__file__).resolve().parents[3]
UNITS = ("_seconds", "_bytes", "_total", "_info", "_seq", "_records", "_rows", "_open", "_clients")
PLAIN = {"traveler_accepting", "traveler_source_up", "traveler_source_stale"}


def read(client: httpx.Client) -> dict[str, dict[tuple[str, ...], float]]:
    """Give every sample by name and the values of its labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation.endswith("."), family.name
        for sample in family.samples:
            values = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[values] = sample.value
    return found


def test_every_name_has_its_unit_and_stands_apart(own_client: httpx.Client) -> None:
    families = list(text_string_to_metric_families(own_client.get("/metrics").text))
    names = {f.name + ("_total" if f.type == "counter" else "") for f in families}
    assert len(names) > 15
    assert {n for n in names if not n.startswith("traveler_")} == set()
    wrong = {n for n in names if not n.endswith(UNITS)} - PLAIN
    assert wrong == set()


def test_every_metric_stands_in_the_readme(own_client: httpx.Client) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    families = text_string_to_metric_families(own_client.get("/metrics").text)
    names = {f.name + ("_total" if f.type == "counter" else "") for f in families}
    assert {name for name in names if f"`{name}`" not in readme} == set()


def test_records_lag_stages_gaps_and_disk_are_counted(
    own_client: httpx.Client, own_owner: Owner
) -> None:
    work, now = own_owner.pipeline, own_owner.clock()
    told = read(own_client)
    assert told["traveler_records_appended_total"] == {("shop",): 8}
    assert told["traveler_records_applied_total"] == {("shop",): 8}
    assert told["traveler_records_quarantined_total"] == {("shop",): 0}
    assert told["traveler_graph_applied_seq"] == told["traveler_journal_last_seq"] == {(): 8}
    assert told["traveler_apply_lag_records"] == told["traveler_apply_lag_seconds"] == {(): 0}
    gaps = told["traveler_gaps_open"]
    assert sum(gaps.values()) == len(work.journal.open_gaps()) > 0
    assert told["traveler_accepting"] == {(): 1}
    assert all(free > 0 for free in told["traveler_disk_free_bytes"].values())
    assert told["traveler_source_up"] == {("shop",): 1}
    assert told["traveler_source_confirmed_timestamp_seconds"] == {("shop",): now.timestamp()}
    row = {"id": "SAW-09", "name": "Saw 9"}
    work.journal.append([Record("shop", "machine", "SAW-09", row, "by hand")], now)
    assert read(own_client)["traveler_apply_lag_records"] == {(): 1}
    work.apply(now)
    told = read(own_client)
    assert told["traveler_apply_lag_records"] == {(): 0}
    assert told["traveler_records_applied_total"] == {("shop",): 9}
    counts = told["traveler_stage_duration_seconds_count"]
    assert {("lift",), ("merge",), ("derive",), ("store",)} <= counts.keys()
    buckets = told["traveler_stage_duration_seconds_bucket"]
    assert buckets["+Inf", "lift"] == counts["lift",]
    assert told["traveler_stage_duration_seconds_sum"]["lift",] > 0


def test_queries_by_their_outcome_bad_rows_and_listeners_are_counted(
    own_client: httpx.Client, own_owner: Owner
) -> None:
    own_client.get("/sparql", params={"query": "ASK {}"})
    own_client.get("/sparql", params={"query": "ASK { SERVICE <http://x.example/> {} }"})
    own_client.get("/sparql", params={"query": "SELECT"})
    table = own_owner.pipeline.plant.folder / "data" / "machine.csv"
    table.write_text(table.read_text() + ",no key\n")
    own_owner.round()
    with listening(own_client):
        told = read(own_client)
    queries = told["traveler_queries_total"]
    assert queries["answered",] == 1
    assert sum(queries.values()) == 3
    assert told["traveler_records_quarantined_total"] == {("shop",): 1}
    assert told["traveler_quarantine_rows"] == {("shop",): 1}
    assert told["traveler_stream_clients"] == {(): 1}


def test_a_source_that_cannot_be_read_is_down(own_client: httpx.Client, own_owner: Owner) -> None:
    (own_owner.pipeline.plant.folder / "data" / "job.csv").unlink()
    with pytest.raises(SourceError, match=r"job\.csv"):
        own_owner.round()
    assert read(own_client)["traveler_source_up"] == {("shop",): 0}
