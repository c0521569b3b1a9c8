"""A file that nobody has written since is not read again; its source vouches for it yet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kg.arrivals import Balance
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.shop_plant import csv_table, write_shop

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ROWS = 2_000
MAPPING = """\
  part:
    sources: [[part.csv~csv]]
    s: "part/$(id)"
    po: [[a, tr:Part], [tr:identifier, $(id)]]
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Pipeline]:
    write_shop(tmp_path, "shop", csv_table("part"), {"part": MAPPING})
    write(tmp_path, [f"P{number:06}" for number in range(ROWS)])
    with Pipeline.open(load_plant(tmp_path)) as opened:
        yield opened


def file_of(folder: Path) -> Path:
    (found,) = folder.rglob("part.csv")
    return found


def write(folder: Path, keys: list[str], age_seconds: float = 60.0) -> None:
    found = [*folder.rglob("part.csv")]
    file = found[0] if found else folder / "part.csv"
    file.write_text("id\n" + "".join(f"{key}\n" for key in keys))
    age(file, age_seconds)


def age(file: Path, seconds: float) -> None:
    at = file.stat().st_mtime - seconds
    os.utime(file, (at, at))


def bytes_read() -> int:
    """What this process has read so far, by Linux's own count."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


def read(work: Pipeline, now: datetime) -> tuple[Balance, int]:
    before = bytes_read()
    (balance,) = work.read(now)
    return balance, bytes_read() - before


def test_a_file_that_nobody_wrote_is_vouched_for_unread(work: Pipeline, tmp_path: Path) -> None:
    size = file_of(tmp_path).stat().st_size
    first, taken = read(work, NOW)
    assert (first.read, first.new) == (ROWS, ROWS)
    assert taken > size
    for minutes in (5, 6):
        now = NOW + timedelta(minutes=minutes)
        again, taken = read(work, now)
        assert (again.read, again.new, again.unchanged) == (ROWS, 0, ROWS)
        assert taken < size
        assert max(work.journal.confirmations().values()) == now


def test_other_rows_of_the_same_size_and_time_are_read(work: Pipeline, tmp_path: Path) -> None:
    read(work, NOW)
    before = file_of(tmp_path).stat()
    write(tmp_path, [f"P{number:06}" for number in range(1, ROWS + 1)], 0)
    os.utime(file_of(tmp_path), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file_of(tmp_path).stat().st_size == before.st_size
    again, _ = read(work, LATER)
    assert (again.new, again.unchanged, again.retired) == (1, ROWS - 1, 1)


def test_a_file_that_was_just_written_is_read_until_it_can_be_told(
    work: Pipeline, tmp_path: Path
) -> None:
    size = file_of(tmp_path).stat().st_size
    age(file_of(tmp_path), -60)
    for _ in range(2):
        _, taken = read(work, NOW)
        assert taken > size


def test_rows_that_wait_in_quarantine_are_looked_at_again(work: Pipeline, tmp_path: Path) -> None:
    write(tmp_path, ["P1", "P2,too,many", "P3"])
    for now in (NOW, LATER):
        balance, _ = read(work, now)
        assert (balance.read, balance.quarantined) == (3, 1)
    assert len(work.journal.waiting()) == 1
