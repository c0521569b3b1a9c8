"""kill -9 of a served plant, again and again, while it is sent records and a file of it grows."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx

from kg.owner import owner_url
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.counts import FAULTS
from tests.faults.live.plant import START, key_of, line_of, state, write_plant
from tests.faults.live.served import Served

ROOT = Path(__file__).resolve().parents[3]
RESTART_SECONDS = FAULTS.times("restart_seconds", 60, 5)
"""How long it may take from the start of the process to its first answer."""
SENDERS = 3
MACHINES = 20
"""Of each sender, and of the file: all events of a machine are folded together."""
AGAIN = 0.2
"""The share of what was acknowledged that is sent once more all the same."""


class Sender(threading.Thread):
    """Sends states one after the other, each until it is acknowledged, and some again."""

    def __init__(self, served: Served, machine: str, ends: threading.Event) -> None:
        super().__init__(daemon=True)
        self._served = served
        self._machine = machine
        self._ends = ends
        self.acknowledged: list[str] = []
        self.again = 0
        self.broken = 0

    def run(self) -> None:
        chance = random.Random(self._machine)
        number = 0
        with httpx.Client(trust_env=False, timeout=10) as client:
            while not self._ends.is_set():
                row = self._state(number)
                while not self._send(client, row):
                    if self._ends.wait(0.01):
                        return
                self.acknowledged.append(key_of(row))
                number += 1
                if chance.random() < AGAIN:
                    self.again += 1
                    self._send(client, self._state(chance.randrange(number)))

    def _state(self, number: int) -> dict[str, str]:
        return state(f"{self._machine}-{number % MACHINES}", number)

    def _send(self, client: httpx.Client, row: dict[str, str]) -> bool:
        if not (url := self._served.url):
            return False
        try:
            answer = client.post(f"{url}/v1/records/line/state", json=row)
        except httpx.TransportError:
            self.broken += 1
            return False
        return answer.status_code == 202


class Writer(threading.Thread):
    """Lets a file grow, line by line."""

    def __init__(self, path: Path, ends: threading.Event) -> None:
        super().__init__(daemon=True)
        self._path = path
        self._ends = ends
        self.written: list[str] = []

    def run(self) -> None:
        number = 0
        with self._path.open("ab", buffering=0) as file:
            while not self._ends.wait(0.05):
                row = state(f"L{number % MACHINES}", number)
                file.write(line_of(row))
                self.written.append(key_of(row))
                number += 1


def test_nothing_acknowledged_is_lost_or_applied_twice_by_kill_9(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    count = FAULTS.times("kill", 3, 200)
    chance = random.Random(7)
    write_plant(tmp_path)
    served, ends = Served(tmp_path), threading.Event()
    senders = [Sender(served, f"M{number}", ends) for number in range(SENDERS)]
    writer = Writer(tmp_path / "data" / "state.jsonl", ends)
    served.start()
    for thread in (*senders, writer):
        thread.start()
    for _ in range(count):
        time.sleep(chance.uniform(0.05, 1.0))
        served.end(signal.SIGKILL)
        served.start()
    ends.set()
    for thread in (*senders, writer):
        thread.join()
    deadline = time.monotonic() + 60
    while not has_all(served.url, writer.written):
        assert time.monotonic() < deadline, "it does not catch up"
        time.sleep(0.1)
    served.end(signal.SIGINT)
    acknowledged = {key for sender in senders for key in sender.acknowledged}
    with Pipeline.open(load_plant(tmp_path)) as work:
        held = Counter((r.source, r.key) for r in work.journal.records_after(0, 10_000_000))
        assert not work.apply(START).is_rebuild
        lived = work.store.dump()
    with Pipeline.open(load_plant(tmp_path), is_rebuild=True) as work:
        work.rebuild(START)
        assert work.store.dump() == lived
    twice = [place for place, versions in held.items() if versions > 1]
    lost = [key for key in acknowledged if ("line", key) not in held]
    lost += [key for key in writer.written if ("log", key) not in held]
    slowest = max(served.restarts)
    tell(
        f"served plant killed {count} times: {len(acknowledged)} sent records acknowledged,"
        f" {sum(s.broken for s in senders)} broken off and {sum(s.again for s in senders)} others"
        f" sent again, {len(writer.written)} lines of a file; {len(lost)} lost,"
        f" {len(twice)} twice; slowest start {slowest:.1f} s"
    )
    assert acknowledged
    assert (lost, twice) == ([], [])
    assert slowest < RESTART_SECONDS


def has_all(url: str, written: list[str]) -> bool:
    """Tell whether the graph holds all that the journal does, and the journal the last line."""
    ready = httpx.get(f"{url}/ready", trust_env=False).json()
    if not ready.get("ready"):
        return False
    machine, at = written[-1].split("|")
    pattern = f"?s tr:eventTime ?t ; tr:onMachine <machine/{machine}>"
    query = f'ASK {{ GRAPH ?g {{ {pattern} FILTER(STR(?t) = "{at}") }} }}'
    told = httpx.get(f"{url}/sparql", params={"query": query}, trust_env=False).json()
    return bool(told.get("boolean"))


def test_a_second_owner_of_the_same_folder_is_refused_at_once(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    count = FAULTS.times("second_owner", 1, 5)
    write_plant(tmp_path)
    served = Served(tmp_path)
    served.start()
    slowest = 0.0
    try:
        for _ in range(count):
            for command in (["load"], ["serve", "--port", "0"], ["rebuild"]):
                began = time.monotonic()
                second = subprocess.run(
                    [sys.executable, "-m", "kg.cli", *command, "--plant", str(tmp_path)],
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                slowest = max(slowest, time.monotonic() - began)
                assert second.returncode == 2
                assert "is open in another process" in " ".join(second.stderr.split())
                assert owner_url(tmp_path / "store") == served.url
        assert httpx.get(f"{served.url}/ready", trust_env=False).json()["ready"]
    finally:
        served.end(signal.SIGINT)
    tell(f"second owner {3 * count} times: told in {slowest:.1f} s at most")
    assert slowest < RESTART_SECONDS
