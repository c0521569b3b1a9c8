"""A plant that is sent states and reads more from a file that grows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.live_plant import PREFIXES, STATE, write_live_plant

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SOURCE = """
[source]
name = "log"
system = "MES"
adapter = "files"
[[table]]
name = "state"
mapping = "state.yml"
file = "state.jsonl"
key = ["machine", "ts"]
arrives = "events"
row = "event"
event_time = "ts"
[table.fold]
kind = "latest"
subject = "tr:onMachine"
[lookup.activity]
RUN = "trc:activity/production"
STOP = "trc:activity/idle"
"""
TABLES = '\n[[source]]\nname = "log"\nmapping = "log"\npath = "data"\n'


def write_plant(folder: Path) -> Path:
    """Write a plant that takes states by HTTP, and follows a file of more."""
    settings = write_live_plant(folder)
    settings.write_text(settings.read_text() + TABLES)
    (folder / "log").mkdir()
    (folder / "log" / "source.toml").write_text(SOURCE)
    (folder / "log" / "state.yml").write_text(PREFIXES + STATE)
    (folder / "data").mkdir()
    (folder / "data" / "state.jsonl").touch()
    return settings


def state(machine: str, number: int) -> dict[str, str]:
    """Give a state of a machine at the second of that number."""
    ts = START + timedelta(seconds=number)
    activity = "RUN" if number % 3 else "STOP"
    return {"machine": machine, "ts": f"{ts:%Y-%m-%dT%H:%M:%SZ}", "activity": activity}


def key_of(row: dict[str, str]) -> str:
    """Give the key by which the journal has a state."""
    return f"{row['machine']}|{row['ts']}"


def line_of(row: dict[str, str]) -> bytes:
    """Give it as a line of a file, or of what is sent."""
    return json.dumps(row).encode() + b"\n"
