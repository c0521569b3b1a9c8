"""A plant with many machines, and what they publish while somebody looks at the board."""

from __future__ import annotations

import csv
import time
from datetime import UTC, datetime
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING, Self

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from bench.live.events import Event
from bench.live.served import ServerError, write_plant
from bench.tables import WORK_CENTERS, job_id, machine_id

if TYPE_CHECKING:
    from pathlib import Path

_ROUND = 12
"""Events of a machine from the start of a run to its end."""
_ACKNOWLEDGED_SECONDS = 120.0


def write_machines(folder: Path, machines: int, jobs: int, seed: int, port: int) -> None:
    """Write a plant of so many jobs and machines, which publish at the broker on a port."""
    write_plant(folder, jobs, seed, port)
    with (folder / "tables" / "machine.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "name", "area"))
        for number in range(machines):
            area = f"WC{number % WORK_CENTERS:02}"
            rows.writerow((machine_id(number), f"Milling machine {number}", area))


def event_of(number: int, machines: int, jobs: int, at: float) -> Event:
    """Make an event of a machine, at a time in seconds since 1970; the machines take turns.

    Of twelve events of a machine one starts a run of a job and one ends it; between them it counts
    what it made, stands still and goes on.
    """
    machine, turn = number % machines, number // machines
    name, step = machine_id(machine), turn % _ROUND
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    if step % 2 == 0 or step == _ROUND - 1:
        kind = {0: "start", _ROUND - 1: "end"}.get(step, "count")
        job = job_id((machine + turn // _ROUND * machines) % jobs)
        run: dict[str, object] = {"ts": moment, "type": kind, "job": job}
        if kind == "count":
            run["good"] = 1
        return Event(name, "run", run)
    state = "STOP" if step % 4 == 3 else "RUN"
    said = {"ts": moment, "state": state, "reason": "material" if state == "STOP" else "cutting"}
    return Event(name, "machine_state", said)


class Publisher:
    """Publishes events at a rate, each at its planned time, until it is left."""

    def __init__(self, port: int, machines: int, jobs: int) -> None:
        self._machines, self._jobs = machines, jobs
        self.published = 0
        self._acknowledged = 0
        self._stop = Flag()
        self._thread: Thread | None = None
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="board", protocol=MQTTv5)
        self._client.max_queued_messages_set(0)
        self._client.on_publish = self._acknowledge
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._client.disconnect()
        self._client.loop_stop()
        self._client.reinitialise()  # closes the sockets between its threads

    def publish(self, count: int) -> None:
        """Publish the next events at once."""
        for _ in range(count):
            event = event_of(self.published, self._machines, self._jobs, time.time())
            self._client.publish(event.topic, event.payload, qos=1)
            self.published += 1

    def start(self, rate: int) -> None:
        """Publish so many events a second from now on, in a thread of its own."""
        self._thread = Thread(target=self._run, args=(rate,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publish no more, and wait until the broker has acknowledged all of it.

        Raises:
            ServerError: it does not.
        """
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        deadline = time.monotonic() + _ACKNOWLEDGED_SECONDS
        while self._acknowledged < self.published:
            if time.monotonic() > deadline:
                missing = self.published - self._acknowledged
                raise ServerError(f"{missing} events were not acknowledged")
            time.sleep(0.05)

    def _run(self, rate: int) -> None:
        start = time.monotonic()
        number = 0
        while not self._stop.wait(max(0.0, start + number / rate - time.monotonic())):
            self.publish(1)
            number += 1

    def _acknowledge(self, *_: object) -> None:
        self._acknowledged += 1
