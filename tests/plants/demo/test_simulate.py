"""Time passes only when it is told to, and the same way every time."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from kg.demo import build_plant
from kg.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 20, 6, tzinfo=UTC)
HOURS = 30.0


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def read_contents(folder: Path) -> dict[str, object]:
    contents: dict[str, object] = dict(read_bytes(folder))
    with closing(sqlite3.connect(folder / "erp.sqlite")) as connection:
        contents["erp.sqlite"] = list(connection.iterdump())
    return contents


def test_the_same_seed_start_and_steps_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with build_plant(tmp_path / name, 7, START, HOURS) as simulation:
            simulation.advance(START + timedelta(hours=HOURS + 6))
    first, second = read_bytes(tmp_path / "one"), read_bytes(tmp_path / "two")
    assert sorted(first) == [
        "crosswalk.csv",
        "erp.sqlite",
        "events.jsonl",
        "flows.yml",
        "machines.csv",
        "notes.csv",
        "plant.toml",
    ]
    assert first == second


def test_the_size_of_steps_changes_nothing(tmp_path: Path) -> None:
    until = START + timedelta(hours=HOURS + 24)
    with build_plant(tmp_path / "leap", 7, START, HOURS) as simulation:
        simulation.advance(until)
    with build_plant(tmp_path / "steps", 7, START, HOURS) as simulation:
        while simulation.now < until:
            simulation.advance(min(until, simulation.now + timedelta(minutes=17, seconds=3)))
    assert read_contents(tmp_path / "leap") == read_contents(tmp_path / "steps")


def test_another_seed_gives_another_history(tmp_path: Path) -> None:
    for seed in (1, 2):
        build_plant(tmp_path / str(seed), seed, START, HOURS).close()
    first, second = read_bytes(tmp_path / "1"), read_bytes(tmp_path / "2")
    assert first["events.jsonl"] != second["events.jsonl"]
    assert first["machines.csv"] == second["machines.csv"]


def test_a_plant_is_written_over_an_earlier_one(tmp_path: Path) -> None:
    build_plant(tmp_path, 1, START, HOURS).close()
    build_plant(tmp_path, 2, START, HOURS).close()
    build_plant(tmp_path / "fresh", 2, START, HOURS).close()
    assert read_bytes(tmp_path / "fresh")["erp.sqlite"] == (tmp_path / "erp.sqlite").read_bytes()


def test_going_on_appends_whole_events_and_changes_rows(tmp_path: Path) -> None:
    end = START + timedelta(hours=HOURS)
    with build_plant(tmp_path, 7, START, HOURS) as simulation:
        before = (tmp_path / "events.jsonl").read_bytes()
        rows = read_contents(tmp_path)["erp.sqlite"]
        assert simulation.now == end
        assert simulation.advance(end + timedelta(hours=8)) > 0
        assert simulation.now == end + timedelta(hours=8)
        after = (tmp_path / "events.jsonl").read_bytes()
        assert after.startswith(before)
        assert after.endswith(b"\n")
        added = [json.loads(line) for line in after[len(before) :].splitlines()]
        assert {"run_end", "quantity", "machine_state"} <= {event["type"] for event in added}
        assert read_contents(tmp_path)["erp.sqlite"] != rows


def test_going_back_changes_nothing(tmp_path: Path) -> None:
    with build_plant(tmp_path, 7, START, HOURS) as simulation:
        now, before = simulation.now, read_contents(tmp_path)
        assert simulation.advance(START) == 0
        assert simulation.now == now
        assert read_contents(tmp_path) == before


def test_a_live_plant_keeps_every_machine_busy_again(tmp_path: Path) -> None:
    end = START + timedelta(hours=HOURS)
    with build_plant(tmp_path, 7, START, HOURS) as simulation:
        size = (tmp_path / "events.jsonl").stat().st_size
        simulation.advance(end + timedelta(hours=48))
        lines = (tmp_path / "events.jsonl").read_bytes()[size:].splitlines()
        starts = {e["machine"] for e in map(json.loads, lines) if e["type"] == "run_start"}
    assert len(starts) == 12


def test_too_short_a_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too short"):
        build_plant(tmp_path, 7, START, 10)


def test_a_start_without_a_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no zone"):
        build_plant(tmp_path, 7, START.replace(tzinfo=None), HOURS)
