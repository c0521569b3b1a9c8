"""A plant that was read several times while it worked: jobs change state, operations end."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.tables import PlantSize, job_id, machine_id, write_tables
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from collections.abc import Callable

    Row = dict[str, str]

READINGS = 4
"""How often the tables are read over the time in which all jobs are worked on."""
START = datetime(2026, 1, 1, tzinfo=UTC)
_BETWEEN_JOBS = timedelta(minutes=3)
_OPERATION = timedelta(minutes=45)
_PLANT = """
[plant]
name = "Past"
base = "https://past.example/"
[[source]]
name = "export"
mapping = "{mapping}"
path = "tables"
"""


def make_plant(folder: Path, jobs: int, seed: int, say: Callable[[str], None]) -> None:
    """Make a plant of so many jobs in a folder: its journal has each reading, and is folded."""
    (folder / "tables").mkdir(parents=True)
    (folder / "whole").mkdir()
    mapping = Path(__file__).resolve().parents[1] / "plant"
    (folder / "plant.toml").write_text(_PLANT.format(mapping=mapping))
    write_tables(folder / "whole", jobs, seed)
    with Pipeline.open(load_plant(folder)) as work:
        for reading in range(1, READINGS + 1):
            now = reading_time(jobs, reading)
            _write_as_of(folder, now)
            say(f"reading {reading} of {READINGS}")
            work.read(now, confirmed=[f"export.{table}" for table in ("job", "operation")])
        say("folding")
        work.apply(now)
        work.validate(now)


def reading_time(jobs: int, reading: int) -> datetime:
    """Give when a reading is made; the last one is after all operations."""
    whole = jobs * _BETWEEN_JOBS + timedelta(hours=4)
    return START + whole * reading / READINGS


def things(jobs: int) -> tuple[list[str], list[str]]:
    """Name all machines and jobs of a plant."""
    size = PlantSize(jobs)
    machines = [f"machine/{machine_id(number)}" for number in range(size.machines)]
    return machines, [f"job/{job_id(number)}" for number in range(size.jobs)]


def _write_as_of(folder: Path, now: datetime) -> None:
    """Write the tables as the system would have them at a time."""
    for table in (folder / "whole").iterdir():
        target = folder / "tables" / table.name
        if table.stem not in {"job", "operation"}:
            target.write_bytes(table.read_bytes())
    worked = _copy(folder, "operation", lambda row: _operation(row, now))
    started = {row["job"] for row in worked}
    running = {row["job"] for row in worked if not row["end"]}

    def job(row: Row) -> Row:
        state = "running" if row["id"] in running else "done" if row["id"] in started else "planned"
        return {**row, "status": state}

    _copy(folder, "job", job)


def _operation(row: Row, now: datetime) -> Row | None:
    """Give an operation as it stands: not started, under way, or over."""
    start = datetime.fromisoformat(row["start"]).replace(tzinfo=UTC)
    if start > now:
        return None
    end = start + _OPERATION
    return {**row, "end": end.replace(tzinfo=None).isoformat() if end <= now else ""}


def _copy(folder: Path, table: str, change: Callable[[Row], Row | None]) -> list[Row]:
    with (folder / "whole" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [changed for row in reader if (changed := change(row)) is not None]
        header = reader.fieldnames or ()
    with (folder / "tables" / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(rows)
    return rows
