"""What a person meets who gave the command something broken: one line, a hint, exit code 2."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kg.applied import Applied
from kg.arrivals import Balance
from kg.cli.keep import check
from kg.cli.keep import load as load_command
from kg.cli.quarantine import list_rows
from kg.pipeline import Pipeline
from kg.report import applied_text, balance_text
from kg.settings import load_plant
from kg.sources import files

PLANT = """\
[plant]
name = "Test"
base = "https://test.example/"
zone = "{zone}"
[[source]]
name = "erp"
mapping = "mappings/erp"
{reach}
"""
SOURCE = """\
[source]
name = "erp"
system = "ERP"
adapter = "{adapter}"
placeholders = ["n/a"]
[[table]]
name = "jobs"
mapping = "jobs.yml"
{table}
key = ["id"]
changed = ["changed"]
"""
MAPPING = """\
prefixes:
  tr: https://w3id.org/traveler/ontology/
  xsd: http://www.w3.org/2001/XMLSchema#
mappings:
  job:
    sources: [[jobs~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [tr:identifier, $(number)]
      - [tr:dueDate, $(due), xsd:date]
"""
ROWS = "id,number,due,changed\n1,A-1,2026-12-01,2026-11-01T08:00:00Z\n"


def write_plant(
    folder: Path,
    *,
    zone: str = "UTC",
    reach: str = 'path = "."',
    adapter: str = "files",
    table: str = 'file = "jobs.csv"',
    mapping: str = MAPPING,
    rows: str | None = ROWS,
) -> None:
    (folder / "mappings" / "erp").mkdir(parents=True)
    (folder / "plant.toml").write_text(PLANT.format(zone=zone, reach=reach))
    (folder / "mappings/erp/source.toml").write_text(SOURCE.format(adapter=adapter, table=table))
    (folder / "mappings/erp/jobs.yml").write_text(mapping)
    if rows is not None:
        (folder / "jobs.csv").write_text(rows)


def traveler(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kg.cli", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_whole_plant_loads_and_checks(tmp_path: Path) -> None:
    write_plant(tmp_path)
    loaded = traveler(tmp_path, "load")
    assert loaded.returncode == 0, loaded.stderr
    assert "erp.jobs" in loaded.stdout
    checked = traveler(tmp_path, "check", "--format", "json")
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["coverage"][0]["of"] == 1


BROKEN = {
    "no plant": (None, "plant.toml"),
    "a missing file": ({"rows": None}, "jobs.csv"),
    "a wrong zone": ({"zone": "Europe/Stokholm"}, "Europe/Stokholm"),
    "a column that is not there": (
        {"mapping": MAPPING.replace("$(number)", "$(nummer)")},
        "nummer",
    ),
    "a key that is not there": ({"rows": ROWS.replace("id,", "ident,")}, "id"),
    "an unknown prefix": ({"mapping": MAPPING.replace("tr:dueDate", "te:dueDate")}, "te:dueDate"),
    "a mapping that is no YAML": ({"mapping": "mappings: [\n"}, "jobs.yml"),
    "a missing database": (
        {"adapter": "sql", "reach": 'url = "sqlite:///erp.sqlite"', "table": ""},
        "erp.sqlite",
    ),
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_what_is_broken_as_a_whole_is_one_error_that_names_it(case: str, tmp_path: Path) -> None:
    settings, named = BROKEN[case]
    if settings is not None:
        write_plant(tmp_path, **settings)
    result = traveler(tmp_path, "load")
    assert result.returncode == 2, result.stdout + result.stderr
    first, *rest = result.stderr.strip().splitlines()
    assert named in result.stderr.replace("\n", "")
    assert first.startswith("traveler: ")
    assert "Traceback" not in result.stderr
    assert rest, "there is no hint"


def test_a_mapping_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_plant(tmp_path)
    (tmp_path / "mappings/erp/jobs.yml").unlink()
    result = traveler(tmp_path, "load")
    assert result.returncode == 2
    assert "jobs.yml" in result.stderr.replace("\n", "")
    assert "Traceback" not in result.stderr


def test_a_missing_table_is_named_with_its_near_ones(tmp_path: Path) -> None:
    write_plant(
        tmp_path, adapter="sql", reach='url = "sqlite:///erp.sqlite"', table='table = "job"'
    )
    database = sqlite3.connect(tmp_path / "erp.sqlite")
    database.execute("CREATE TABLE jobs (id, number, due, changed)")
    database.close()
    result = traveler(tmp_path, "load")
    assert result.returncode == 2
    assert "job" in result.stderr
    assert "jobs" in result.stderr


def test_bad_rows_wait_in_quarantine_with_place_and_remedy_and_the_others_load(
    tmp_path: Path,
) -> None:
    rows = ROWS + (
        ",A-2,2026-12-01,2026-11-01T08:00:00Z\n"
        "n/a,A-3,2026-12-01,2026-11-01T08:00:00Z\n"
        "4,A-4,2026-02-30,2026-11-01T08:00:00Z\n"
        "5,A-5,2026-12-01,yesterday\n"
        "6,A-6\n"
        "7,A-7,n/a,2026-11-01T08:00:00Z\n"
    )
    write_plant(tmp_path, rows=rows)
    assert traveler(tmp_path, "load").returncode == 0
    quarantine = traveler(tmp_path, "quarantine").stdout
    for count, reason in (
        (2, "empty-key at read"),
        (1, "bad-time at read"),
        (1, "bad-row at read"),
    ):
        assert f"erp.jobs, {count}: {reason}." in quarantine
    assert "erp.jobs, 1: bad-literal at lift." in quarantine
    assert all(f"jobs.csv:{line}: " in quarantine for line in (3, 4, 5, 6, 7))
    assert "2026-02-30" in quarantine
    assert max(map(len, quarantine.splitlines())) <= 80
    checked = traveler(tmp_path, "check")
    assert checked.returncode == 1
    assert "INVALID erp.jobs, 2: empty-key" in checked.stdout
    asked = traveler(tmp_path, "context", "A-7", "--format", "json")
    assert json.loads(asked.stdout)["entity"]["id"] == "job/7"
    assert traveler(tmp_path, "context", "A-4").returncode == 2


def test_a_mended_row_leaves_quarantine_and_loads(tmp_path: Path) -> None:
    write_plant(tmp_path, rows=ROWS.replace("2026-12-01", "2026-02-30"))
    assert traveler(tmp_path, "load").returncode == 0
    assert "bad-literal" in traveler(tmp_path, "quarantine").stdout
    (tmp_path / "jobs.csv").write_text(ROWS)
    assert traveler(tmp_path, "load").returncode == 0
    assert "empty" in traveler(tmp_path, "quarantine").stdout
    assert traveler(tmp_path, "context", "A-1").returncode == 0


def test_an_unknown_name_is_told_with_near_ones(tmp_path: Path) -> None:
    write_plant(tmp_path)
    traveler(tmp_path, "load")
    result = traveler(tmp_path, "context", "A-11")
    assert result.returncode == 2
    assert "A-11" in result.stderr


def test_a_clock_that_is_none_is_told(tmp_path: Path) -> None:
    write_plant(tmp_path)
    result = traveler(tmp_path, "load", "--now", "yesterday")
    assert result.returncode == 2
    assert "yesterday" in result.stderr


def test_a_row_that_is_gone_from_a_snapshot_is_gone_from_the_graph(tmp_path: Path) -> None:
    second = ROWS.splitlines()[1].replace("1,A-1", "2,A-2")
    write_plant(tmp_path, rows=ROWS + second + "\n")
    traveler(tmp_path, "load")
    assert traveler(tmp_path, "context", "A-2").returncode == 0
    (tmp_path / "jobs.csv").write_text(ROWS)
    traveler(tmp_path, "load")
    assert traveler(tmp_path, "context", "A-2").returncode == 2
    assert traveler(tmp_path, "context", "A-1").returncode == 0


EMPTY = ROWS.splitlines()[0] + "\n"


def load(folder: Path) -> Balance:
    """Read the plant's only table into its journal."""
    with Pipeline.open(load_plant(folder)) as work:
        (balance,) = work.read(datetime(2026, 11, 23, tzinfo=UTC))
        return balance


@pytest.mark.parametrize(("rows", "named"), [(EMPTY, "it is empty now"), ("", "no header row")])
def test_an_empty_export_after_a_full_one_takes_nothing_back(
    rows: str, named: str, tmp_path: Path
) -> None:
    write_plant(tmp_path, rows=EMPTY)
    assert load(tmp_path).error is None
    (tmp_path / "jobs.csv").write_text(ROWS)
    assert load(tmp_path).new == 1
    (tmp_path / "jobs.csv").write_text(rows)
    balance = load(tmp_path)
    assert named in str(balance.error)
    assert balance.retired == 0


def test_an_empty_export_is_the_truth_where_that_is_allowed(tmp_path: Path) -> None:
    write_plant(tmp_path, table='file = "jobs.csv"\nallow_empty = true\nsettle_seconds = 0')
    assert load(tmp_path).new == 1
    (tmp_path / "jobs.csv").write_text(EMPTY)
    balance = load(tmp_path)
    assert (balance.error, balance.retired) == (None, 1)


def test_a_row_is_not_gone_while_its_export_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = ROWS.splitlines()[1].replace("1,A-1", "2,A-2")
    write_plant(tmp_path, rows=ROWS + second + "\n")
    assert load(tmp_path).new == 2
    (tmp_path / "jobs.csv").write_text(ROWS)

    def write_on(_seconds: float) -> None:
        (tmp_path / "jobs.csv").write_text(ROWS + second + "\n")

    monkeypatch.setattr(files, "sleep", write_on)
    balance = load(tmp_path)
    assert (balance.retired, balance.waits) == (
        0,
        "1 row(s) are missing while it is still being written",
    )
    with Pipeline.open(load_plant(tmp_path)) as work:
        assert set(work.journal.doubts()) == {"record/erp/jobs/2"}
    assert load(tmp_path).waits == ""
    with Pipeline.open(load_plant(tmp_path)) as work:
        assert work.journal.doubts() == {}


def test_an_export_waits_for_its_mark_and_says_so(tmp_path: Path) -> None:
    write_plant(tmp_path, table='file = "jobs.csv"\ndone = "jobs.done"')
    balance = load(tmp_path)
    assert (balance.error, balance.read, balance.waits) == (None, 0, "jobs.done is not there yet")
    assert "erp.jobs waits: jobs.done is not there yet" in balance_text([balance], 0)
    (tmp_path / "jobs.done").touch()
    assert load(tmp_path).new == 1


def test_bad_rows_of_the_last_export_wait_while_the_next_one_does(tmp_path: Path) -> None:
    write_plant(tmp_path, rows=ROWS + ",A-2,,\n", table='file = "jobs.csv"\ndone = "jobs.done"')
    (tmp_path / "jobs.done").touch()
    assert load(tmp_path).quarantined == 1
    (tmp_path / "jobs.done").unlink()
    assert load(tmp_path).waits
    with Pipeline.open(load_plant(tmp_path)) as work:
        assert [row.rejected.position for row in work.journal.waiting()] == ["jobs.csv:3"]
        assert work.journal.doubts() == {}


def test_a_balance_and_its_names_fit_a_terminal() -> None:
    name = "a-source-of-a-long-name"
    balances = [Balance(name, "and-a-table-of-another", read=7, waits="x " * 60), Balance("a", "b")]
    told = balance_text(balances, 3).splitlines()
    assert f"{name}.and-a-table-of-another" in told
    assert max(map(len, told)) <= 80
    applied = Applied(9, seconds=dict.fromkeys(("lift", "merge", "derive", "store"), 1234.5))
    assert max(map(len, applied_text(applied, 5).splitlines())) <= 80


def test_each_command_of_a_plant_ends_with_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = "".join(f"{number},A-{number},2026-02-30,2026-11-01\n" for number in range(2, 40))
    write_plant(tmp_path, rows=ROWS + bad)
    load_command(tmp_path)
    told = capsys.readouterr().err.strip().splitlines()
    assert told[-2:] == [
        f"Next: traveler quarantine --plant {tmp_path}",
        f"then: traveler check --plant {tmp_path}",
    ]
    list_rows(tmp_path)
    shown = capsys.readouterr().out
    assert shown.startswith("erp.jobs, 38: bad-literal at lift.")
    assert shown.count("jobs.csv:") == 5
    assert shown.rstrip().endswith("and 33 more: traveler quarantine list --all")
    list_rows(tmp_path, is_whole=True)
    assert capsys.readouterr().out.count("jobs.csv:") == 38
    with pytest.raises(SystemExit):
        check(tmp_path)
    assert f"Next: traveler context job/1 --plant {tmp_path}" in capsys.readouterr().err
