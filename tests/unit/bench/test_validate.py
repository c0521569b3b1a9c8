"""The benchmark of validation from end to end, on plants that take no time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.engines import Engine
from bench.results import WIDTH
from bench.validate.__main__ import main
from bench.validate.measure import FINDERS, Measured, Run, count_empty_cells, measure


def test_engines_find_what_the_tables_say_and_batches_what_a_new_start_finds(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "RESULTS-validate.md"
    arguments = ["--jobs", "40", "80", "--runs", "1", "--peers", "pyshacl", "--followed", "20"]
    arguments += ["--batches", "3", "--folder", str(tmp_path), "--output", str(output)]
    code = main(arguments)
    told, progress = capfd.readouterr()
    assert code == 0, progress
    assert output.read_text(encoding="utf-8") == told
    assert max(len(line) for line in told.splitlines()) <= WIDTH
    assert "pySHACL" in told
    assert "× faster" in told
    assert " 20 |" in told
    assert list(tmp_path.iterdir()) == [output]


def test_results_are_counted_in_the_tables(tmp_path: Path) -> None:
    (tmp_path / "job.csv").write_text("id,order,part,batch\n1,,P,B\n2,O,,\n")
    (tmp_path / "operation.csv").write_text("id,machine\n1,M\n2,\n")
    assert count_empty_cells(tmp_path) == 2 + 1 + 1 + 1


def test_who_finds_another_number_has_no_times() -> None:
    measured = Measured(1, 30, 2, {"traveler": [Run(1.0, 1.0, 1.0, 3, 1)]})
    assert measured.half("traveler") is None
    measured.expected = 3
    assert measured.half("traveler") == 1.0


def test_an_engine_that_fails_is_told(tmp_path: Path) -> None:
    broken = Engine("broken", "Broken", (*FINDERS["pyshacl"]().command[:2], "raise SystemExit(3)"))
    measured = measure([broken], tmp_path, 4, 1, {"broken": 1}, timeout_seconds=60)
    assert measured.failed == {"broken": "exit code 3"}
