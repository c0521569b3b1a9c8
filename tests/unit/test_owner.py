"""The owner's threads on a real plant: folding at once, reading apart, going on after failures."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest

from kg.owner import Owner
from kg.pipeline import SHORT_BATCH, Pipeline
from kg.records import Record
from kg.settings import load_plant
from kg.turns import Turns

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PLANT = """
[plant]
name = "Two sources"
base = "https://two.example/"
[[source]]
name = "mes"
mapping = "shop"
path = "mes"
every_seconds = 0.05
[[source]]
name = "erp"
mapping = "shop"
path = "erp"
every_seconds = 0.05
"""
SOURCE = """
[source]
name = "shop"
system = "MES"
adapter = "files"
[[table]]
name = "machine"
mapping = "machine.yml"
file = "machine.csv"
key = ["id"]
"""
MAPPING = """
prefixes: {tr: https://w3id.org/traveler/ontology/}
mappings:
  machine:
    sources: [[machine~table]]
    s: machine/$(id)
    po:
      - [a, tr:Machine]
      - [tr:identifier, $(id)]
"""


def write_plant(folder: Path) -> Path:
    for name in ("shop", "mes", "erp"):
        (folder / name).mkdir()
    (folder / "plant.toml").write_text(PLANT)
    (folder / "shop" / "source.toml").write_text(SOURCE)
    (folder / "shop" / "machine.yml").write_text(MAPPING)
    (folder / "mes" / "machine.csv").write_text("id\nSAW-1\n")
    (folder / "erp" / "machine.csv").write_text("id\nMILL-1\n")
    return folder


@contextmanager
def owned(folder: Path, every_seconds: float = 0.05) -> Iterator[Owner]:
    with Pipeline.open(load_plant(folder)) as pipeline:
        owner = Owner(pipeline, lambda: NOW, seed=1)
        owner.start(every_seconds)
        try:
            yield owner
        finally:
            owner.stop()


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return write_plant(tmp_path)


def until(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    end = monotonic() + seconds
    while not is_so():
        assert monotonic() < end, "it did not come to that"
        sleep(0.005)


def machines(owner: Owner) -> set[str]:
    rows = owner.pipeline.store.select("SELECT ?id { ?m a tr:Machine ; tr:identifier ?id }")
    return {row["id"].strip('"') for row in rows}


def test_what_is_appended_is_folded_as_soon_as_somebody_says_so(plant: Path) -> None:
    (plant / "plant.toml").write_text(PLANT.replace("every_seconds = 0.05\n", ""))
    with owned(plant, every_seconds=3600.0) as owner:
        took = []
        for number in range(5):
            record = Record("mes", "machine", f"NEW-{number}", {"id": f"NEW-{number}"}, "pushed")
            owner.pipeline.journal.append([record], NOW)
            began = monotonic()
            owner.wake()
            until(lambda key=record.key: key in machines(owner))
            took.append(monotonic() - began)
    assert min(took) < 60, took


def test_a_stream_is_folded_in_fewer_batches_than_it_has_records(plant: Path) -> None:
    with owned(plant, every_seconds=3600.0) as owner:
        until(lambda: machines(owner) == {"SAW-1", "MILL-1"})
        batches: list[int] = []
        owner.pipeline.changes.followers.append(lambda *_: batches.append(1) or [])
        for number in range(40):
            record = Record("mes", "machine", f"NEW-{number}", {"id": f"NEW-{number}"}, "pushed")
            owner.pipeline.journal.append([record], NOW)
            owner.wake()
            sleep(0.005)
        until(lambda: len(machines(owner)) == 42)
    assert len(batches) < 30


def test_batches_are_short_while_somebody_waits_for_an_answer(plant: Path) -> None:
    with Pipeline.open(load_plant(plant)) as pipeline:
        pipeline.read(NOW)
        pipeline.apply(NOW)
        batches: list[int] = []
        pipeline.changes.followers.append(lambda *_: batches.append(1) or [])
        keys = [f"NEW-{number}" for number in range(SHORT_BATCH + 1)]
        records = [Record("mes", "machine", key, {"id": key}, "pushed") for key in keys]
        pipeline.journal.append(records, NOW)
        pipeline.turns = Turns(patience_seconds=1.0)
        waiting = Thread(target=wait_to_answer, args=(pipeline.turns,))
        with pipeline.turns.take("answering"):
            waiting.start()
            until(lambda: pipeline.turns.is_wanted("answering"))
            pipeline.apply(NOW)
        waiting.join()
    assert len(batches) == 2


def wait_to_answer(turns: Turns) -> None:
    with turns.take("answering"):
        pass


def test_a_source_that_hangs_stops_neither_the_others_nor_the_folding(plant: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, says nothing
        hang(plant, silent.getsockname()[1])
        with owned(plant) as owner:
            until(lambda: machines(owner) == {"SAW-1"})
            (plant / "mes" / "machine.csv").write_text("id\nSAW-1\nSAW-2\n")
            until(lambda: machines(owner) == {"SAW-1", "SAW-2"})
            until(lambda: owner.sources()[1].lag_seconds > 0.2)
            mes, erp = owner.sources()
            assert (mes.error, erp.last_success) == ("", "")
            until(lambda: owner.sources()[1].error != "")


def hang(plant: Path, port: int) -> None:
    """Let the plant's second source be a web service that nobody answers for."""
    folder = plant / "hanging"
    folder.mkdir()
    (folder / "machine.yml").write_text(MAPPING)
    text = SOURCE.replace(
        'adapter = "files"', f'adapter = "http"\nurl = "http://127.0.0.1:{port}/"'
    )
    asked = "[source.http]\ntimeout_seconds = 1.5\n[[table]]"
    text = text.replace("[[table]]", asked).replace('file = "machine.csv"\n', "")
    (folder / "source.toml").write_text(text)
    described = PLANT.replace('mapping = "shop"\npath = "erp"', 'mapping = "hanging"')
    (plant / "plant.toml").write_text(described)


def test_a_source_that_failed_is_tried_again_and_the_others_go_on(plant: Path) -> None:
    away = (plant / "erp" / "machine.csv").rename(plant / "away.csv")
    with owned(plant) as owner:
        until(lambda: owner.sources()[1].failures >= 2)
        assert "machine.csv" in owner.sources()[1].error
        assert owner.sources()[1].hint
        until(lambda: machines(owner) == {"SAW-1"})
        away.rename(plant / "erp" / "machine.csv")
        until(lambda: machines(owner) == {"SAW-1", "MILL-1"})
        assert (owner.sources()[1].failures, owner.sources()[1].error) == (0, "")


def test_sources_that_stand_still_cost_no_batch(plant: Path) -> None:
    with owned(plant) as owner:
        until(lambda: owner.health.rounds >= 8 and owner.pipeline.store.applied_seq() == 2)
        assert owner.pipeline.store.applied_seq() == owner.pipeline.journal.last_seq() == 2


def test_each_source_is_read_by_its_own_schedule(plant: Path) -> None:
    text = PLANT.replace("every_seconds = 0.05\n", "", 1)
    (plant / "plant.toml").write_text(text)
    with owned(plant, every_seconds=3600.0) as owner:
        until(lambda: machines(owner) == {"MILL-1"})
        mes, erp = owner.sources()
        assert (mes.last_read, bool(erp.last_read)) == ("", True)
        assert mes.next_try == "2026-11-23T09:00:00Z"


def test_a_failing_store_is_told_and_folded_into_again_once_it_can_be(plant: Path) -> None:
    with owned(plant) as owner:
        until(lambda: machines(owner) == {"SAW-1", "MILL-1"})
        owner.pipeline.store.close()
        (plant / "mes" / "machine.csv").write_text("id\nSAW-1\nSAW-9\n")
        until(lambda: owner.health.error.startswith("folding failed"))
        assert owner.health.hint
        owner.pipeline.store = owner.pipeline._generations.current()
        until(lambda: "SAW-9" in machines(owner))
        until(lambda: owner.health.error == "")


def test_coverage_is_noted_although_nobody_asks(
    plant: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.owner.CHECK_EVERY_SECONDS", 0.05)
    with owned(plant) as owner:
        until(lambda: "machine-now" in {row.link for row in owner.pipeline.journal.checks.linked()})


def test_gaps_are_looked_for_as_soon_as_a_batch_is_folded(plant: Path) -> None:
    with owned(plant) as owner:
        record = Record("mes", "machine", "NEW", {"id": "NEW"}, "pushed")
        until(lambda: owner.health.rounds >= 2)
        owner.pipeline.journal.append([record], NOW)
        owner.wake()
        until(lambda: "NEW" in machines(owner))
        last = owner.pipeline.journal.last_seq()
        until(lambda: owner.pipeline.journal.checked_seq() == last)
        assert owner.health.error == ""
