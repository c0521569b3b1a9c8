from __future__ import annotations

import csv
import json
import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from kg.demo import DEFAULT_HOURS, build_plant

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 20, 6, tzinfo=UTC)

Event = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """What a demo plant's folder says, read as a stranger would: SQL, JSON lines and CSV."""

    folder: Path
    start: datetime = START

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "erp.sqlite")) as connection:
            return connection.execute(query, values).fetchall()

    def one(self, query: str, *values: object) -> Any:
        (row,) = self.rows(query, *values)
        return row[0] if len(row) == 1 else row

    @cached_property
    def events(self) -> list[Event]:
        text = (self.folder / "events.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def sheet(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def open_runs(self, machine: str) -> list[Event]:
        """Starts without an end; one beyond the machine's capacity shows the oldest to be over."""
        capacity = next(
            int(row["capacity"]) for row in self.sheet("machines.csv") if row["mes_name"] == machine
        )
        found: dict[tuple[str, str | None], Event] = {}
        for event in self.events:
            if event.get("machine") == machine and "order" in event:
                key = event["order"], event["operation"]
                if event["type"] == "run_start":
                    found.pop(key, None)
                    found[key] = event
                    while len(found) > capacity:
                        found.pop(next(iter(found)))
                elif event["type"] == "run_end":
                    found.pop(key, None)
        return list(found.values())

    def last_state(self, machine: str) -> tuple[str, str | None]:
        states = [e for e in self.events if e["type"] == "machine_state" and e["id"] != ""]
        return next((e["state"], e["reason"]) for e in reversed(states) if e["machine"] == machine)

    def runs_of(self, order: str) -> dict[str, list[str]]:
        """The types of a job's events, by machine."""
        found: dict[str, list[str]] = defaultdict(list)
        for event in self.events:
            if str(event.get("order", "")).split(".")[0].removeprefix("WO-").lstrip("0") == order:
                found[event["machine"]].append(event["type"])
        return dict(found)

    def customers(self, job: str) -> set[str]:
        return {
            row[0].strip()
            for row in self.rows(
                "SELECT c.code FROM production_order p LEFT JOIN peg g ON g.prod_id = p.id"
                " JOIN sales_line l ON l.id = g.sales_line_id OR p.origin = 'SO-LINE,' || l.id"
                " JOIN sales_order o ON o.id = l.order_id JOIN customer c ON c.id = o.customer_id"
                " WHERE p.number = ?",
                job.zfill(7),
            )
        }


@pytest.fixture(scope="session", params=[1, 7, 2026], ids="seed {}".format)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("plant")
    build_plant(folder, request.param, START, DEFAULT_HOURS).close()
    return Written(folder)
