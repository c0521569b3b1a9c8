"""The benchmark from end to end, on the smallest plant that has everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench import expected
from bench.__main__ import main
from bench.apart import WrongResultError
from bench.measure import measure

ROOT = Path(__file__).resolve().parents[3]


def test_a_small_plant_is_measured_and_the_page_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "RESULTS.md"
    folder = tmp_path / "plants"
    code = main(["--jobs", "20", "--folder", str(folder), "--output", str(output)])
    told, progress = capfd.readouterr()
    assert code == 0, progress
    assert output.read_text(encoding="utf-8") == told
    assert "| rows and records" in told
    assert "20 jobs" in progress
    assert (folder / "20" / "plant.toml").is_file()


def test_a_result_that_is_not_the_expected_one_has_no_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, lost = expected.FACTS["job"]
    monkeypatch.setitem(expected.FACTS, "job", (full + 1, lost))
    with pytest.raises(WrongResultError, match="the tables say"):
        measure(tmp_path, 4, seed=1)


def test_a_folder_in_use_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "20" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine", encoding="utf-8")
    assert main(["--jobs", "20", "--folder", str(tmp_path), "--output", "-"]) == 2
    assert "not empty" in capsys.readouterr().err
    assert kept.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("jobs", [["1"], ["many"], ["2", "3", "4", "5", "6", "7"]])
def test_impossible_sizes_are_refused(
    jobs: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as ended:
        sys.exit(main(["--jobs", *jobs, "--folder", str(tmp_path), "--output", "-"]))
    assert ended.value.code == 2
    assert "error" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_a_folder_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "nowhere" / "RESULTS.md"
    folder = tmp_path / "plants"
    assert main(["--jobs", "20", "--folder", str(folder), "--output", str(output)]) == 2
    assert "no folder" in capsys.readouterr().err
    assert not folder.exists()


def test_help_teaches() -> None:
    command = [sys.executable, "-m", "bench", "--help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for word in ("--jobs", "--folder", "--seed", "--output", "examples:", "exit code:"):
        assert word in told
    assert max(map(len, told.splitlines())) <= 80
