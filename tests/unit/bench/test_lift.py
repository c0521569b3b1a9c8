"""The lift's benchmark from end to end, with the engines that need no environment of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.lift import engines
from bench.lift.__main__ import main
from bench.lift.engines import Engine, find_engine
from bench.lift.environments import LOCKS, MissingPeerError, locked_version
from bench.lift.measure import Measured, measure

ROOT = Path(__file__).resolve().parents[3]


def _writer(name: str, code: str) -> Engine:
    return Engine(name, name.title(), (sys.executable, "-c", code))


def test_traveler_and_the_sql_by_hand_give_the_triples_of_the_tables(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "RESULTS-lift.md"
    arguments = ["--jobs", "30", "--runs", "1", "--peers", "--output", str(output)]
    code = main([*arguments, "--folder", str(tmp_path)])
    told, progress = capfd.readouterr()
    assert code == 0, progress
    assert output.read_text(encoding="utf-8") == told
    assert told.count("| 0 |") + told.count(" yes |") >= 2
    assert "30 jobs: SQL by hand" in progress
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["morph-kgc", "maplib", "rdfizer"])
def test_a_peer_gives_the_triples_of_the_tables(name: str, tmp_path: Path) -> None:
    try:
        engine = find_engine(name)
    except MissingPeerError as missing:
        pytest.skip(f"{name}: {missing}")
    measured = measure([engine], tmp_path, 30, 1, 1, timeout_seconds=300)
    assert measured.failed == {}
    assert measured.compared[name].is_same
    assert measured.compared[name].duplicates == 0


def test_an_engine_that_fails_is_told_with_its_last_words_and_the_others_are_measured(
    tmp_path: Path,
) -> None:
    broken = _writer("broken", "raise SystemExit('no such mapping')")
    measured = measure([broken, find_engine("sql")], tmp_path, 4, 1, 1, timeout_seconds=60)
    assert measured.failed == {"broken": "exit code 1: no such mapping"}
    assert measured.median_seconds("broken") is None
    assert measured.median_seconds("sql") is not None


def test_wrong_triples_have_no_time(tmp_path: Path) -> None:
    wrong = _writer("wrong", "open('out/x.nt', 'w').write('<a:a> <a:b> <a:c> .\\n')")
    measured = measure([wrong], tmp_path, 4, 1, 1, timeout_seconds=60)
    assert measured.compared["wrong"].unexpected == ("<a:a> <a:b> <a:c> .",)
    assert measured.compared["wrong"].missing
    assert measured.median_seconds("wrong") is None


def test_runs_that_do_not_write_the_same_have_no_time(tmp_path: Path) -> None:
    code = "import os; open('out/x.nt', 'w').write('<a:a> <a:b> \"%s\" .\\n' % (os.getpid() * '.'))"
    measured = measure([_writer("random", code)], tmp_path, 4, 1, 2, timeout_seconds=60)
    assert measured.failed == {"random": "its runs did not write the same"}


def test_engines_take_turns_and_begin_in_turn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [_writer(name, "open('out/x.nt', 'w')") for name in ("one", "two")]
    measure(both, tmp_path, 4, 1, 2, timeout_seconds=60)
    lines = capsys.readouterr().err.splitlines()
    runs = [line.split(":")[1].strip() for line in lines if " MiB" in line]
    assert runs == ["One", "Two", "Two", "One"]


def test_a_peer_that_cannot_run_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engines, "ROOT", tmp_path)
    arguments = ["--jobs", "4", "--runs", "1", "--peers", "spark-1", "--output", "-"]
    assert main([*arguments, "--folder", str(tmp_path)]) == 0
    assert "- spark-1: this version has no --engine spark" in capfd.readouterr().out


def test_spark_is_measured_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A session of this process leaves word of its own gateway, which is not for another process.
    for name in [name for name in os.environ if "SPARK" in name]:
        monkeypatch.delenv(name)
    try:
        engine = find_engine("spark-1")
    except MissingPeerError as missing:
        pytest.skip(str(missing))
    measured = measure([engine], tmp_path, 30, 1, 1, timeout_seconds=300)
    assert measured.failed == {}
    assert measured.compared["spark-1"].is_same


def test_the_locks_have_hashes_and_no_address() -> None:
    locks = sorted(LOCKS.glob("*.lock"))
    assert [lock.stem for lock in locks] == [
        "maplib",
        "morph-kgc",
        "pyrudof",
        "rdfizer",
        "reasonable",
    ]
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")
        assert locked_version(lock.stem)


# With pandas 3 an empty cell becomes a link to "nan", and the triples are wrong.
def test_rdfizer_is_locked_with_the_pandas_that_it_understands() -> None:
    assert locked_version("rdfizer", "pandas").startswith("2.")


@pytest.mark.parametrize("words", [["--jobs", "1"], ["--peers", "nobody"], ["--runs", "0"]])
def test_impossible_wishes_are_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "error" in capsys.readouterr().err


def test_help_teaches() -> None:
    command = [sys.executable, "-m", "bench.lift", "--help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for word in ("--jobs", "--runs", "--peers", "--seed", "examples:", "unixodbc", "exit code:"):
        assert word in told
    assert max(map(len, told.splitlines())) <= 80


def test_nothing_measured_has_no_median() -> None:
    assert Measured(4, 20, 100).median_seconds("traveler") is None
