from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from bench.lift.processes import EngineFailedError, run_measured

if TYPE_CHECKING:
    from pathlib import Path

    from bench.lift.processes import Run


def _run(folder: Path, code: str, timeout_seconds: float = 60, cores: int | None = None) -> Run:
    command = [sys.executable, "-c", code]
    return run_measured(command, folder, folder / "log.txt", timeout_seconds, cores=cores)


def test_time_processor_and_memory_are_those_of_the_process(tmp_path: Path) -> None:
    code = "import time; time.sleep(0.3); held = b'.' * 80_000_000; sum(range(3_000_000))"
    run = _run(tmp_path, code)
    assert 0.3 < run.seconds < 30
    assert 0 < run.cpu_seconds < run.seconds
    assert 80 * 10**6 < run.peak_bytes < 300 * 10**6


def test_what_a_child_takes_counts_even_when_nobody_waits_for_it(tmp_path: Path) -> None:
    work = "held = b'.' * 80_000_000; sum(range(6_000_000))"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {work!r}])"
    run = _run(tmp_path, code)
    assert run.peak_bytes > 80 * 10**6


def test_the_memory_of_whoever_starts_it_is_not_its_own(tmp_path: Path) -> None:
    held = b"." * 200_000_000
    assert _run(tmp_path, "pass").peak_bytes < 50 * 10**6 < len(held)


def test_who_takes_too_long_is_stopped_with_all_that_it_started(tmp_path: Path) -> None:
    code = "import subprocess; subprocess.run(['sleep', '60'])"
    start = time.perf_counter()
    with pytest.raises(EngineFailedError, match="longer than it was given"):
        _run(tmp_path, code, timeout_seconds=0.5)
    assert time.perf_counter() - start < 40


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit('no such\\nfile')", "exit code 1: no such file"),
        ("import os; os.kill(os.getpid(), 9)", "ended by signal 9"),
        ("raise SystemExit('╭ Error ──╮\\n│ no     │\\n╰────────╯')", "exit code 1: Error no"),
        ("raise SystemExit(3)", "exit code 3"),
    ],
)
def test_a_failure_is_told_in_the_engines_last_words(code: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(EngineFailedError) as failed:
        _run(tmp_path, code)
    assert str(failed.value) == words


def test_one_core_is_one_core(tmp_path: Path) -> None:
    _run(tmp_path, "import os; print(len(os.sched_getaffinity(0)))", cores=1)
    assert (tmp_path / "log.txt").read_text() == "1\n"
