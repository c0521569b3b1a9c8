"""A server that is killed while records are sent to it holds all that it had accepted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path

import httpx
import pytest

from kg.journal import Journal
from tests.live_plant import write_live_plant

ROOT = Path(__file__).resolve().parents[3]
SENDERS = 4


def serve(plant: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "kg.cli", "serve", "--plant", str(plant), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert server.stdout is not None
    for line in server.stdout:
        if found := re.search(r"http://[\d.:]+", line):
            return server, found[0]
    raise AssertionError(f"it does not serve: {server.wait()}")


def kill(server: subprocess.Popen[str]) -> None:
    server.send_signal(signal.SIGKILL)
    server.communicate()


def record(key: str) -> dict[str, str]:
    return {"machine": key, "ts": "2026-11-23T06:00:00Z", "activity": "RUN"}


def send_until_killed(server: subprocess.Popen[str], url: str, name: str, most: int) -> list[str]:
    """Send records three at a time; gives the keys that were accepted, and kills the server."""
    accepted: list[str] = []
    with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
        for batch in count():
            keys = [f"{name}-{batch}-{part}" for part in "abc"]
            try:
                answer = client.post("/v1/records/line/state", json=[record(key) for key in keys])
            except httpx.TransportError:
                return accepted
            assert answer.status_code == 202
            assert answer.json()["new"] == 3
            accepted += keys
            if len(accepted) >= most:
                server.send_signal(signal.SIGKILL)
    raise AssertionError


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_what_was_accepted_is_there_whole_and_sent_again_it_is_known(
    tmp_path: Path, times: int
) -> None:
    plant = write_live_plant(tmp_path)
    accepted: list[str] = []
    for number in range(times):
        server, url = serve(plant)
        with ThreadPoolExecutor(SENDERS) as pool:
            senders = [
                pool.submit(send_until_killed, server, url, f"{number}-{part}", 30 + 3 * number)
                for part in range(SENDERS)
            ]
            accepted += [key for sender in senders for key in sender.result()]
        kill(server)
    with closing(Journal.open(tmp_path / "journal.sqlite")) as journal:
        held = {record.key.partition("|")[0] for record in journal.live_records()}
    assert set(accepted) <= held
    batches = {key[:-2] for key in held}
    assert held == {f"{batch}-{part}" for batch in batches for part in "abc"}
    server, url = serve(plant)
    try:
        again = httpx.post(
            f"{url}/v1/records/line/state",
            json=[record(key) for key in sorted(held)],
            trust_env=False,
            timeout=60,
        ).json()
        assert (again["new"], again["unchanged"], again["seq"]) == (0, len(held), len(held))
    finally:
        kill(server)
    print(f"killed {times} x: {len(accepted)} records accepted, 0 lost, 0 twice")
