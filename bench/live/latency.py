"""Measure from the planned time of an event to the journal and to the answers of a served plant."""

from __future__ import annotations

import http.client
import json
import re
import sqlite3
import subprocess
import sys
import time
from bisect import bisect_left
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

from bench.live.events import PROBE, PROBES_A_SECOND, reason_of
from bench.live.served import SOURCE, ServerError, is_ready
from bench.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEAD_SECONDS = 2.0
"""From the generator's start to its first event."""
LOOK_SECONDS = 0.002
"""Between two looks into the journal."""
PAUSE_SECONDS = 0.01
"""Between an answer and the next question."""
_LONGEST_SECONDS = 300.0
_SEQS = "SELECT MAX(seq) FROM record"
_PROBES = (
    "SELECT seq FROM record WHERE source = ? AND kind = 'machine_state' AND key LIKE ?"
    " AND seq > ? ORDER BY seq"
)
_COUNT = "SELECT COUNT(*) FROM record WHERE source = ? AND kind <> 'machine' AND seq > ?"


@dataclass(frozen=True, slots=True)
class Latencies:
    """What one rate came to; latencies in milliseconds, of each probe in the order of the plan.

    ``seconds`` are from the first event's planned time until all were visible; ``looks`` and
    ``asks`` say, in milliseconds, how far apart two looks at the journal and two answers were.
    """

    rate: int
    events: int
    in_journal: int
    refused: int
    seconds: float
    generator_late_ms: float
    durable: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    asks: list[float] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Events that were acknowledged by the broker, and are not in the journal."""
        return self.events - self.in_journal

    @property
    def achieved(self) -> float:
        """Events that became visible a second."""
        return self.events / self.seconds


class Watch:
    """Looks again and again, in a thread of its own, at a number that grows."""

    def __init__(self, look: Callable[[], int], pause_seconds: float) -> None:
        self.seen: list[tuple[float, int]] = []
        """Moments after which the number was this."""
        self._look, self._pause_seconds = look, pause_seconds
        self._stop = Event()
        self._failed: BaseException | None = None
        self._thread = Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for(self, number: int, seconds: float) -> None:
        """Wait until the number is that.

        Raises:
            ServerError: it takes longer than so many seconds, or nothing can be seen.
        """
        deadline = time.monotonic() + seconds
        while not self.seen or self.seen[-1][1] < number:
            if self._failed is not None:
                raise ServerError(f"nothing can be seen: {self._failed}") from self._failed
            if time.monotonic() > deadline:
                raise ServerError(f"{number} was not seen; the last was {self.seen[-1:]}")
            time.sleep(0.01)

    def when(self, number: int) -> float:
        """Give the moment at which the number was first seen to be that or more."""
        return self.seen[bisect_left([seen for _, seen in self.seen], number)][0]

    def gaps(self) -> list[float]:
        """Give the milliseconds between one look and the next."""
        moments = [moment for moment, _ in self.seen]
        return [1e3 * (b - a) for a, b in pairwise(moments)]

    def _work(self) -> None:
        try:
            while not self._stop.wait(self._pause_seconds):
                number = self._look()
                self.seen.append((time.monotonic(), number))
        except (OSError, http.client.HTTPException, sqlite3.Error) as error:
            self._failed = error


def measure_rate(
    folder: Path, broker_port: int, port: int, rate: int, seconds: float, jobs: int
) -> Latencies:
    """Publish at a rate for a while, and watch the journal and the context of the probe.

    Raises:
        ServerError: not all of it becomes visible.
    """
    every = rate // PROBES_A_SECOND
    start = time.monotonic() + LEAD_SECONDS
    command = [sys.executable, "-m", "bench.live.generate", "--port", str(broker_port)]
    command += ["--rate", str(rate), "--seconds", str(seconds), "--jobs", str(jobs)]
    command += ["--start", str(start)]
    with (
        closing(_Journal(folder / "journal.sqlite")) as journal,
        closing(_Probe(port, rate)) as probe,
    ):
        before, refused = journal.last_seq(), journal.refused()
        durable = Watch(journal.last_seq, LOOK_SECONDS)
        visible = Watch(probe.newest, PAUSE_SECONDS)
        with durable, visible:
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
            if done.returncode != 0:
                raise ServerError(f"the generator ended with code {done.returncode}")
            told = json.loads(done.stdout)
            events = int(told["events"])
            probes = (events - 1) // every + 1
            visible.wait_for(probes, _LONGEST_SECONDS)
            _wait_until_ready(port)
        due = [start + number * every / rate for number in range(probes)]
        seqs = journal.probes(before)
        return Latencies(
            rate,
            events,
            journal.count(before),
            journal.refused() - refused,
            visible.when(probes) - start,
            1e3 * told["latest_seconds"],
            [1e3 * (durable.when(seq) - at) for seq, at in zip(seqs, due, strict=True)],
            [1e3 * (visible.when(number + 1) - at) for number, at in enumerate(due)],
            durable.gaps(),
            visible.gaps(),
        )


class _Journal:
    """Reads a journal that another process writes; what it sees is synced to the disk."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def last_seq(self) -> int:
        """Give the newest record's number."""
        return self._number(_SEQS)

    def count(self, after: int) -> int:
        """Count the machines' events after a record."""
        return self._number(_COUNT, SOURCE, after)

    def refused(self) -> int:
        """Count what is in quarantine."""
        return self._number("SELECT COUNT(*) FROM quarantine")

    def probes(self, after: int) -> list[int]:
        """Give the numbers of the probes' records after a record, in order."""
        rows = self._connection.execute(_PROBES, (SOURCE, f"{PROBE}%", after))
        return [seq for (seq,) in rows]

    def _number(self, query: str, *parameters: object) -> int:
        (number,) = self._connection.execute(query, parameters).fetchone()
        return int(number or 0)


class _Probe:
    """Asks for the context of the probe's machine, in one connection that stays open."""

    def __init__(self, port: int, rate: int) -> None:
        self._asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._reason = re.compile(reason_of(rate, r"(\d+)").encode())

    def close(self) -> None:
        """Let go of it."""
        self._asked.close()

    def newest(self) -> int:
        """Give how many of a rate's probes are visible: their numbers begin at 0."""
        self._asked.request("GET", f"/v1/context/machine/{PROBE}")
        answer = self._asked.getresponse().read()
        return max((int(found) + 1 for found in self._reason.findall(answer)), default=0)


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not is_ready(port):
        if time.monotonic() > deadline:
            raise ServerError("the graph does not reach the journal's last record")
        time.sleep(0.05)
