from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.tables import EMPTY, write_tables

ROOT = Path(__file__).resolve().parents[3]
TABLES = ("machine", "customer", "part", "batch", "order", "job", "operation")


def _read(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _shape(path: Path) -> tuple[str, int]:
    """The header and how many rows come after it."""
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    return header, len(rows)


@pytest.mark.parametrize("jobs", [2, 41, 6_000])
def test_the_plant_has_the_tables_and_sizes_of_the_one_that_peers_are_measured_on(
    jobs: int, tmp_path: Path
) -> None:
    script = Path(os.environ.get("TRAVELER_SHARED", ROOT.parent / "shared"), "peers/make_plant.py")
    if not script.is_file():
        pytest.skip("no script of the peers here: set TRAVELER_SHARED to the folder of peers/")
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    ours.mkdir()
    subprocess.run([sys.executable, script, str(jobs), theirs], check=True)
    write_tables(ours, jobs, seed=1)
    found = {path.name: _shape(path) for path in ours.iterdir()}
    assert found == {path.name: _shape(path) for path in theirs.iterdir()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "same", "other")]
    for folder, seed in zip(folders, (1, 1, 2), strict=True):
        folder.mkdir()
        write_tables(folder, 20, seed)
    one, same, other = (
        {path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders
    )
    assert one == same
    # Machines are counted, not drawn.
    assert {name for name in one if one[name] == other[name]} == {"machine.csv"}


def test_rows_are_counted_and_their_keys_are_unique(tmp_path: Path) -> None:
    counts = write_tables(tmp_path, 41, seed=1)
    assert tuple(counts) == TABLES
    for table, count in counts.items():
        assert len({row["id"] for row in _read(tmp_path, table)}) == count


def test_every_reference_leads_to_a_row(tmp_path: Path) -> None:
    write_tables(tmp_path, 41, seed=1)
    ids = {table: {row["id"] for row in _read(tmp_path, table)} for table in TABLES}
    for table in TABLES:
        for row in _read(tmp_path, table):
            for column in row.keys() & ids.keys():
                assert row[column] in ids[column] | {""}


def test_cells_are_empty_at_the_stated_rates_and_nowhere_else(tmp_path: Path) -> None:
    write_tables(tmp_path, 4_000, seed=1)
    for table in TABLES:
        rows = _read(tmp_path, table)
        for column in rows[0]:
            share = sum(not row[column] for row in rows) / len(rows)
            assert share == pytest.approx(EMPTY.get(f"{table}.{column}", 0), rel=0.25)
