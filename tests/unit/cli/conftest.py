from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kg.cli import main
from tests.faults.test_bad_input import write_plant


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


Traveler = Callable[..., Ran]


@pytest.fixture
def traveler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Traveler:
    """Run a command in the test's folder, in this process: it need not be started each time."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["traveler", *words])
        capsys.readouterr()
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        else:
            code = 0
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def plant(tmp_path: Path) -> Callable[..., Path]:
    """Write a plant of one table of jobs, and give its folder."""

    def write(**settings: str) -> Path:
        write_plant(tmp_path, **settings)
        return tmp_path

    return write
