"""What the machines of a made-up plant publish: states, and runs of its jobs; and the probe."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.tables import PlantSize, job_id, machine_id

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBE = "PROBE"
"""The machine whose context is asked for: nothing else is ever said of it."""
PROBES_A_SECOND = 20
BETWEEN = timedelta(milliseconds=50)
"""From one event to the next where they are taken in without a broker."""
_TYPES = ("start", "count", "end")
_ROUND = 10


@dataclass(frozen=True, slots=True)
class Event:
    """A message of a machine, for one of the tables of ``mappings/mqtt-machines``."""

    machine: str
    table: str
    said: Mapping[str, object]

    @property
    def topic(self) -> str:
        """Where the machine publishes it."""
        return f"factory/{self.machine}/{'run' if self.table == 'run' else 'state'}"

    @property
    def payload(self) -> bytes:
        """Give it as JSON."""
        return json.dumps(self.said).encode()


def event_of(number: int, jobs: int, at: float) -> Event:
    """Make an event of one of the plant's machines, at a time in seconds since 1970.

    The machines take turns. Of ten events of a machine seven are states, and three a run of a job:
    its start, what was made, its end. At 2,000 events a second no two have the same key.
    """
    machines = PlantSize(jobs).machines
    machine, turn = number % machines, number // machines
    name, step = machine_id(machine), turn % _ROUND
    if step < len(_TYPES):
        job = job_id((machine + turn // _ROUND * machines) % jobs)
        run: dict[str, object] = {"ts": _time(at), "type": _TYPES[step], "job": job}
        if _TYPES[step] == "count":
            run["good"] = 1 + number % 7
        return Event(name, "run", run)
    state = "STOP" if step % 2 else "RUN"
    return Event(name, "machine_state", {"ts": _time(at), "state": state})


def probe_of(rate: int, number: int, at: float) -> Event:
    """Make a state of the probe's machine, whose reason tells it from all others."""
    state = "STOP" if number % 2 else "RUN"
    said = {"ts": _time(at), "state": state, "reason": reason_of(rate, str(number))}
    return Event(PROBE, "machine_state", said)


def reason_of(rate: int, number: str) -> str:
    """Give the reason that a probe carries."""
    return f"probe {number} at {rate}/s"


def planned(number: int, rate: int, jobs: int, start: float) -> Event:
    """Give the event that is due after ``number / rate`` seconds: 20 a second are probes."""
    every = rate // PROBES_A_SECOND
    at = start + number / rate
    return event_of(number, jobs, at) if number % every else probe_of(rate, number // every, at)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
