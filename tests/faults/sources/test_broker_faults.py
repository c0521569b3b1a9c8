"""Brokers that go down and processes that are killed: no event is lost and none is twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kg.journal import Journal
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.live_plant import NOW, write_live_plant
from tests.mqtt_broker import Mosquitto, Publisher, wait_until

pytestmark = pytest.mark.server
ROOT = Path(__file__).resolve().parents[3]
# A process that follows the plant; with HANG it dies where what was taken is not acknowledged.
FOLLOWER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.sources.broker import Broker
def hang(*_):
    print("taken", flush=True)
    time.sleep(600)
if len(sys.argv) > 2:
    Broker._acknowledge = hang
now = datetime(2026, 11, 23, 8, tzinfo=UTC)
owner = Owner(Pipeline.open(load_plant(Path(sys.argv[1]))), lambda: now)
owner.start(3600)
while not owner.feeds["line"].health.is_connected:
    time.sleep(0.01)
print("connected", flush=True)
time.sleep(600)
"""


def write(folder: Path, broker: Mosquitto) -> Path:
    return write_live_plant(
        folder,
        "mqtt",
        settings=f'url = "{broker.url}"',
        state='topic = "line/{machine}/state"',
        machine='topic = "line/{machine}/label"',
    )


def event(number: int) -> bytes:
    minutes, seconds = divmod(number, 60)
    ts = f"2026-11-23T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"
    return f'{{"ts": "{ts}", "activity": "RUN", "n": {number}}}'.encode()


class Flow:
    """Events that a machine sends steadily, whoever is there to hear them."""

    def __init__(self, broker: Mosquitto, pause_seconds: float = 0.002) -> None:
        self.sent = 0
        self._pause = pause_seconds
        self._publisher = Publisher(broker)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        while not self._is_over.wait(self._pause):
            self._publisher.send(f"line/M{self.sent % 7}/state", event(self.sent))
            self.sent += 1

    def end(self) -> int:
        """Stop, wait until the broker has taken all of it, and count it."""
        self._is_over.set()
        self._thread.join()
        wait_until(
            lambda: self._publisher.acknowledged == self.sent,
            f"the broker took {self._publisher.acknowledged} of {self.sent}",
            60,
        )
        self._publisher.close()
        return self.sent


@contextmanager
def followed(plant: Path) -> Iterator[Owner]:
    with Pipeline.open(load_plant(plant)) as pipeline:
        owner = Owner(pipeline, lambda: NOW)
        owner.start(3600)
        try:
            health = owner.feeds["line"].health
            wait_until(lambda: health.is_connected, f"not connected: {health}")
            yield owner
        finally:
            owner.stop()


def numbers(plant: Path) -> list[int]:
    with closing(Journal.open(plant.parent / "journal.sqlite")) as journal:
        return sorted(int(record.row["n"]) for record in journal.records_after(0, 1_000_000))


def all_of(owner: Owner, sent: int) -> Callable[[], bool]:
    return lambda: owner.pipeline.journal.last_seq() >= sent


@pytest.mark.parametrize("times", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_broker_that_goes_down_again_and_again_loses_no_event(
    tmp_path: Path, mosquitto: Mosquitto, times: int, record_property: Callable[..., None]
) -> None:
    plant = write(tmp_path, mosquitto)
    with followed(plant) as owner:
        health = owner.feeds["line"].health
        flow = Flow(mosquitto)
        for _ in range(times):
            time.sleep(0.3)
            mosquitto.stop()
            wait_until(lambda: not health.is_connected, "it was not noticed")
            time.sleep(0.2)
            mosquitto.start()
            wait_until(lambda: health.is_connected, f"not connected again: {health}", 90)
        sent = flow.end()
        wait_until(all_of(owner, sent), f"{owner.pipeline.journal.last_seq()} of {sent}", 60)
    assert numbers(plant) == list(range(sent))
    record_property("events", sent)
    print(f"broker down {times} x: {sent} events, 0 lost, 0 twice")


def start_follower(plant: Path, *arguments: str) -> subprocess.Popen[str]:
    follower = subprocess.Popen(
        [sys.executable, "-c", FOLLOWER, str(plant), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert follower.stdout is not None
    assert follower.stdout.readline() == "connected\n"
    return follower


def kill(follower: subprocess.Popen[str]) -> None:
    follower.send_signal(signal.SIGKILL)
    follower.communicate()


def test_what_was_taken_and_not_acknowledged_comes_again_and_is_not_applied_twice(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    plant = write(tmp_path, mosquitto)
    follower = start_follower(plant, "HANG")
    publisher = Publisher(mosquitto)
    try:
        for number in range(20):
            publisher.send("line/M1/state", event(number))
        assert follower.stdout is not None
        assert follower.stdout.readline() == "taken\n"
    finally:
        kill(follower)
        publisher.close()
    taken = numbers(plant)
    assert taken == list(range(len(taken)))
    assert taken
    with followed(plant) as owner:
        health = owner.feeds["line"].health
        wait_until(lambda: health.new + health.unchanged >= 20, f"not again: {health}")
        # Each came again, as none was acknowledged; those that were taken are known.
        assert (health.unchanged, health.new) == (len(taken), 20 - len(taken))
        wait_until(lambda: owner.pipeline.store.applied_seq() == 20, "the graph does not follow")
    assert numbers(plant) == list(range(20))


@pytest.mark.slow
@pytest.mark.parametrize("times", [20])
def test_a_process_that_is_killed_at_any_moment_loses_no_event(
    tmp_path: Path, mosquitto: Mosquitto, times: int
) -> None:
    plant = write(tmp_path, mosquitto)
    chance = random.Random(7)
    kill(start_follower(plant))
    flow = Flow(mosquitto)
    for _ in range(times):
        follower = start_follower(plant)
        time.sleep(chance.uniform(0.0, 0.6))
        kill(follower)
    sent = flow.end()
    with followed(plant) as owner:
        wait_until(all_of(owner, sent), f"{owner.pipeline.journal.last_seq()} of {sent}", 60)
    assert numbers(plant) == list(range(sent))
    print(f"killed {times} x: {sent} events, 0 lost, 0 twice")
