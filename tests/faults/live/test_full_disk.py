"""A disk that fills up, again and again: nothing is lost or damaged, and it goes on by itself."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.counts import FAULTS
from tests.faults.live.plant import state, write_plant
from tests.faults.live.served import Served

ROOT = Path(__file__).resolve().parents[3]


def test_a_disk_that_fills_up_loses_nothing_and_damages_nothing(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    count = FAULTS.times("disk_full", 2, 10)
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


def test_a_plant_is_served_on_a_disk_that_was_full_before(tmp_path: Path) -> None:
    settings = write_plant(tmp_path)
    served = Served(tmp_path)
    served.start()
    pushed = f"{served.url}/v1/records/line/state"
    assert httpx.post(pushed, json=state("M1", 1), trust_env=False).status_code == 202
    served.end(signal.SIGINT)
    text = settings.read_text()
    settings.write_text(text.replace("[[source]]", "[store]\nfree_mb_stop = 1e12\n[[source]]", 1))
    served.start()
    try:
        health = httpx.get(f"{served.url}/health", trust_env=False).json()
        assert (health["status"], health["is_accepting"]) == ("up", False)
        pushed = f"{served.url}/v1/records/line/state"
        refused = httpx.post(pushed, json=state("M1", 2), trust_env=False)
        assert (refused.status_code, refused.json()["code"]) == (507, "disk-full")
        query = {"query": "ASK { <machine/M1> tr:activity ?a }"}
        answer = httpx.get(f"{served.url}/sparql", params=query, trust_env=False)
        assert answer.json()["boolean"] is True
    finally:
        served.end(signal.SIGINT)
