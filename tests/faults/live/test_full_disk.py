"""A disk that fills up, again and again: nothing is lost or damaged, and it goes on by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.live.conftest import times

ROOT = Path(__file__).resolve().parents[3]


def test_a_disk_that_fills_up_loses_nothing_and_damages_nothing(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    count = times("disk_full", 2, 10)
    command = [sys.executable, "-m", "tests.faults.live.full_disk", str(count), str(tmp_path)]
    # A mount of its own, which is gone with the process.
    ran = subprocess.run(
        ["unshare", "--mount", "--map-root-user", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "no mount" in ran.stdout or "unshare" in ran.stderr.partition("\n")[0]:
        pytest.skip("a small disk of its own cannot be mounted here: no user namespaces")
    told = json.loads(ran.stdout) if ran.returncode == 0 else {"failed": ran.stderr}
    tell(f"disk full {count} times (tmpfs of 220 MB, every byte taken): {told}")
    assert told.pop("acknowledged", 0) > 0, told
    assert told.pop("refused") > 0
    assert told.pop("store met it") >= 0
    assert told == {
        "times": count,
        "lost": 0,
        "twice": 0,
        "error": "",
        "damaged journal": "ok",
        "same as rebuilt": True,
    }
