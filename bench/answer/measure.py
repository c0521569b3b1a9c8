"""Measure one size: Traveler while its machines publish, then the peers with the same graph."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.answer.check import JSON, differing_rows, untold_rows
from bench.answer.peers import PEERS
from bench.answer.plant import load
from bench.command import say
from bench.live.latency import LEAD_SECONDS
from bench.live.served import ServerError, mosquitto, served
from bench.machine import ROOT
from kg.pipeline import OWNER_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.answer.peers import Peer
    from bench.answer.plant import Loaded

EVENTS_A_SECOND = 100
LOADERS = 2
"""Processes that ask, at most: one for each core here."""
TRAVELER = "traveler"


@dataclass(frozen=True, slots=True)
class Asked:
    """What one round of questions came to; latencies in milliseconds, those of kept ones apart."""

    name: str
    clients: int
    seconds: float
    wrong: int
    bytes: int
    hits: list[float] = field(repr=False)
    others: list[float] = field(repr=False)

    @property
    def ms(self) -> list[float]:
        """All latencies."""
        return [*self.hits, *self.others]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.ms) / self.seconds


@dataclass(slots=True)
class Measured:
    """What one size came to: each question once, then many at once, by number of clients.

    ``differing`` names by server the things of which it tells otherwise than the bare query;
    ``absent`` why a server was not measured.
    """

    jobs: int
    questions: int
    facts: int
    checked: int
    once: Asked | None = None
    rounds: list[Asked] = field(default_factory=list)
    resident_bytes: int = 0
    differing: dict[str, list[str]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        """Whether every answer was one, and told what it should."""
        asked = [*self.rounds, *([self.once] if self.once else [])]
        return not any(self.differing.values()) and not any(one.wrong for one in asked)


@dataclass(frozen=True, slots=True)
class Course:
    """How is asked: by how many clients, for how many seconds a round, once for how many."""

    clients: Sequence[int]
    seconds: float
    once_seconds: float
    seed: int
    peers: Sequence[str]


def measure(folder: Path, place: Path, jobs: int, course: Course) -> Measured:
    """Load a plant below ``place`` unless it is there, serve it from ``folder`` and ask.

    Raises:
        ServerError: Traveler's server does not do what it is there for.
    """
    loaded = load(place, jobs, course.seed)
    found = Measured(jobs, len(loaded.things), loaded.facts, len(loaded.rows))
    with mosquitto(folder / "broker") as broker:
        plant, key = loaded.copy(folder / "plant", broker)
        with served(plant) as port:
            _ask_traveler(loaded, broker, port, key, course, found)
            found.resident_bytes = _resident_bytes(plant)
    shutil.rmtree(plant)
    for name in course.peers:
        peer = PEERS[name]
        if loaded.facts > peer.most_facts:
            found.absent[peer.title] = f"it is given {peer.most_facts:,} facts at most"
            continue
        try:
            _ask_peer(peer, folder, loaded, course, found)
        except (ServerError, OSError, subprocess.SubprocessError) as error:
            found.absent[peer.title] = str(error)
    return found


def _ask_traveler(
    loaded: Loaded, broker: int, port: int, key: str, course: Course, found: Measured
) -> None:
    paths = _write(loaded, "contexts", [f"/v1/context/{thing}" for thing in loaded.things])
    headers = [f"Authorization: Bearer {key}", "Accept: application/json"]
    say(f"{found.jobs:,} jobs: served; each question once, for {course.once_seconds:g} s at most")
    found.once = _ask(TRAVELER, port, paths, 0, course.once_seconds, course.seed, headers)
    found.differing[TRAVELER] = untold_rows(port, key, loaded.rows)
    for number in course.clients:
        with _publishing(broker, course.seconds, found.jobs):
            say(f"{found.jobs:,} jobs: {number} clients, {EVENTS_A_SECOND} events/s")
            asked = _ask(TRAVELER, port, paths, number, course.seconds, course.seed, headers)
            found.rounds.append(asked)


def _ask_peer(peer: Peer, folder: Path, loaded: Loaded, course: Course, found: Measured) -> None:
    def path_of(thing: str) -> str:
        return peer.path(loaded.bare(thing))

    paths = _write(loaded, peer.name, [path_of(thing) for thing in loaded.things])
    own = folder / peer.name
    own.mkdir()
    say(f"{found.jobs:,} jobs: {peer.title} is given the graph")
    with peer.serve(own, loaded.graph) as port:
        found.differing[peer.title] = differing_rows(port, path_of, loaded.rows)
        for number in course.clients:
            say(f"{found.jobs:,} jobs: {number} clients, {peer.title}")
            headers = [f"Accept: {JSON}"]
            asked = _ask(peer.title, port, paths, number, course.seconds, course.seed, headers)
            found.rounds.append(asked)
    shutil.rmtree(own)


def _write(loaded: Loaded, name: str, paths: list[str]) -> Path:
    file = loaded.graph.with_name(f"{name}.txt")
    file.write_text("\n".join(paths), encoding="utf-8")
    return file


def _ask(
    name: str,
    port: int,
    paths: Path,
    clients: int,
    seconds: float,
    seed: int,
    headers: Sequence[str],
) -> Asked:
    """Ask by so many clients for some seconds; by none each question once."""
    shares = [clients // LOADERS + (n < clients % LOADERS) for n in range(LOADERS)]
    command = [sys.executable, "-m", "bench.answer.load", str(paths), "--port", str(port)]
    command += ["--seconds", str(seconds), *(f"--header={header}" for header in headers)]
    loaders = [
        subprocess.Popen(
            [*command, "--clients", str(share), "--seed", str(seed + n)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for n, share in enumerate(shares if clients else [0])
        if share or not clients
    ]
    told = [json.loads(loader.communicate()[0] or b"{}") for loader in loaders]
    if any(loader.returncode for loader in loaders):
        raise ServerError(f"{name} does not answer all questions")
    return Asked(
        name,
        clients,
        max(one["seconds"] for one in told),
        sum(one["wrong"] for one in told),
        sum(one["bytes"] for one in told),
        [ms for one in told for ms in one["hits"]],
        [ms for one in told for ms in one["others"]],
    )


def _resident_bytes(plant: Path) -> int:
    """Read how much memory the server holds, where the system tells it."""
    told = json.loads((plant / "store" / OWNER_FILE).read_text(encoding="utf-8"))
    try:
        pages = int(Path(f"/proc/{told['pid']}/statm").read_text(encoding="utf-8").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def _publishing(broker: int, seconds: float, jobs: int) -> Iterator[None]:
    start = time.monotonic() + LEAD_SECONDS
    command = [sys.executable, "-m", "bench.live.generate", "--port", str(broker)]
    command += ["--rate", str(EVENTS_A_SECOND), "--seconds", str(seconds), "--jobs", str(jobs)]
    generator = subprocess.Popen(
        [*command, "--start", str(start)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    time.sleep(max(0.0, start - time.monotonic()))
    try:
        yield
    finally:
        if generator.wait() != 0:
            raise ServerError("the events were not published")
