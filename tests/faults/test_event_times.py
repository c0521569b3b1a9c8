"""Clocks that run fast, were reset, or were put forward and back: flagged, and the state right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kg.pipeline import Pipeline
from kg.settings import load_plant

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
PLANT = """
[plant]
name = "Clocks"
base = "https://clocks.example/"
zone = "Europe/Stockholm"
[[source]]
name = "mes"
mapping = "mes"
path = "."
"""
SOURCE = """
[source]
name = "mes"
system = "MES"
adapter = "files"
[[table]]
name = "state"
mapping = "state.yml"
file = "events.jsonl"
key = ["id"]
arrives = "events"
row = "event"
event_time = "ts"
fold = {kind = "latest", subject = "tr:onMachine"}
[lookup.activity]
RUN = "trc:activity/production"
STOP = "trc:activity/idle"
DOWN = "trc:activity/down"
"""
MAPPING = """
prefixes:
  tr: https://w3id.org/traveler/ontology/
  trc: https://w3id.org/traveler/code/
  trf: https://w3id.org/traveler/function/
  xsd: http://www.w3.org/2001/XMLSchema#
mappings:
  state:
    sources: [[state~table]]
    s: event/$(id)
    po:
      - [a, tr:MachineStateChanged]
      - [tr:onMachine, machine/$(machine)~iri]
      - p: tr:activity
        o:
          function: trf:lookup
          parameters: [[trf:value, $(state)], [trf:table, activity]]
          type: iri
  machine:
    sources: [[state~table]]
    s: machine/$(machine)
    po:
      - [a, tr:Machine]
      - [tr:identifier, $(machine)]
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Pipeline]:
    (tmp_path / "mes").mkdir()
    (tmp_path / "plant.toml").write_text(PLANT)
    (tmp_path / "mes" / "source.toml").write_text(SOURCE)
    (tmp_path / "mes" / "state.yml").write_text(MAPPING)
    (tmp_path / "events.jsonl").write_text("")
    with Pipeline.open(load_plant(tmp_path)) as opened:
        yield opened


def receive(work: Pipeline, time: str, state: str, received: datetime) -> None:
    file = work.plant.folder / "events.jsonl"
    number = len(file.read_text().splitlines()) + 1
    event = {"id": f"E{number}", "ts": time, "machine": "M1", "state": state}
    with file.open("a") as events:
        events.write(json.dumps(event) + "\n")
    work.read(received)
    work.apply(received)


def activity(work: Pipeline) -> tuple[str, str]:
    rows = work.store.select("SELECT ?a ?s { <machine/M1> tr:activity ?a ; tr:activitySince ?s }")
    assert len(rows) == 1
    return rows[0]["a"][1:-1].rsplit("/", 1)[-1], rows[0]["s"].split('"')[1]


def check_rebuild(work: Pipeline, now: datetime) -> None:
    """See that folding the whole journal at once gives the same."""
    before = work.store.dump()
    work.rebuild(now)
    assert work.store.dump() == before


@pytest.mark.parametrize("absurd", ["2099-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_a_time_far_ahead_wins_until_the_next_event_only(work: Pipeline, absurd: str) -> None:
    receive(work, "2026-11-23T07:59:00Z", "RUN", START)
    receive(work, absurd, "DOWN", START + timedelta(minutes=1))
    assert activity(work) == ("down", "2026-11-23T08:01:00Z")
    receive(work, "2026-11-23T08:02:00Z", "STOP", START + timedelta(minutes=2))
    assert activity(work) == ("idle", "2026-11-23T08:02:00Z")
    assert work.doubtful_times() == {"ahead": 1}
    check_rebuild(work, START + timedelta(hours=1))


def test_a_clock_that_was_reset_tells_the_state_of_its_receipt(work: Pipeline) -> None:
    receive(work, "2026-11-23T07:59:00Z", "RUN", START)
    receive(work, "1970-01-01T00:00:12Z", "DOWN", START + timedelta(minutes=1))
    assert activity(work) == ("down", "2026-11-23T08:01:00Z")
    receive(work, "1970-01-01T00:02:12Z", "STOP", START + timedelta(minutes=3))
    assert activity(work) == ("idle", "2026-11-23T08:03:00Z")
    assert work.doubtful_times() == {"reset": 2}
    check_rebuild(work, START + timedelta(hours=1))


def test_a_skew_of_less_than_ten_minutes_is_taken_as_it_stands(work: Pipeline) -> None:
    receive(work, "2026-11-23T08:09:00Z", "RUN", START)
    receive(work, "2026-11-23T08:05:00Z", "STOP", START + timedelta(minutes=5))
    assert activity(work) == ("production", "2026-11-23T08:09:00Z")
    assert work.doubtful_times() == {}


def test_the_clock_of_an_old_export_is_not_a_time_that_nobody_believes(work: Pipeline) -> None:
    receive(work, "2026-11-20T07:59:00Z", "RUN", START)
    receive(work, "9999-12-31T00:00:00Z", "DOWN", START)
    assert work.latest() == datetime(2026, 11, 20, 7, 59, tzinfo=UTC)


def test_the_missing_hour_comes_after_the_last_hour_of_winter_time(work: Pipeline) -> None:
    received = datetime(2026, 3, 29, 12, tzinfo=UTC)
    receive(work, "2026-03-29T01:59:00", "RUN", received)
    receive(work, "2026-03-29T02:30:00", "DOWN", received)  # 01:30 UTC, by the offset before
    assert activity(work) == ("down", "2026-03-29T01:30:00Z")
    receive(work, "2026-03-29T03:31:00", "STOP", received)
    assert activity(work) == ("idle", "2026-03-29T01:31:00Z")
    assert work.doubtful_times() == {"missing-hour": 1}
    check_rebuild(work, received)


def test_the_double_hour_is_the_first_and_an_offset_says_which(work: Pipeline) -> None:
    received = datetime(2026, 10, 25, 12, tzinfo=UTC)
    receive(work, "2026-10-25T02:30:00", "RUN", received)
    assert activity(work) == ("production", "2026-10-25T00:30:00Z")
    receive(work, "2026-10-25T02:15:00+01:00", "STOP", received)
    assert activity(work) == ("idle", "2026-10-25T01:15:00Z")
    assert work.doubtful_times() == {"double-hour": 1}
    check_rebuild(work, received)


def test_an_answer_says_that_a_time_is_not_believed(work: Pipeline) -> None:
    receive(work, "9999-12-31T00:00:00Z", "DOWN", START)
    answers = work.answers()
    said = answers.evidence(START).facts("<https://clocks.example/machine/M1>", ACTIVITY, "now")
    assert [(fact.value, fact.observed_at) for fact in said] == [("down", "2026-11-23T08:00:00Z")]
    assert "ahead of its receipt" in str(said[0].note)
    assert "9999-12-31T00:00:00Z" in str(said[0].note)


ACTIVITY = "<https://w3id.org/traveler/ontology/activity>"
