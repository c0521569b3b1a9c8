"""Measure one size: Traveler while its machines publish, then the peer with the same graph."""

from __future__ import annotations

import csv
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from bench.command import say
from bench.live.latency import LEAD_SECONDS
from bench.live.served import ServerError, mosquitto, served, write_plant
from bench.machine import ROOT
from bench.measure import NOW
from kg import vocab
from kg.pipeline import OWNER_FILE, Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.store import Store

EVENTS_A_SECOND = 100
RUNS_AT_ONCE = 2
"""On a machine, by its export."""
LOADERS = 2
"""Processes that ask, at most: one for each core here."""
BARE = (
    "SELECT * WHERE {{ {{ ?run tr:runningOn {it} ; tr:ofJob ?job . OPTIONAL {{ ?run tr:startedAt"
    " ?since }} OPTIONAL {{ ?job tr:appliesSpec ?spec }} OPTIONAL {{ ?job tr:forCustomer"
    " ?customer }} OPTIONAL {{ ?job tr:consumes ?batch }} }} UNION {{ {it} tr:forCustomer ?customer"
    " OPTIONAL {{ {it} tr:madeOn ?machine }} OPTIONAL {{ {it} tr:appliesSpec ?spec }} OPTIONAL {{"
    " {it} tr:consumes ?batch }} }} }}"
)
"""What runs on a machine, or what a job is linked to: no sources, no ages, nothing missing."""
_PREFIX = "PREFIX tr: <https://w3id.org/traveler/ontology/> "
_OPEN = " ".join(vocab.code("job-status", name) for name in ("planned", "released", "in-progress"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What one round of questions came to; latencies in milliseconds."""

    name: str
    clients: int
    seconds: float
    wrong: int
    bytes: int
    ms: list[float] = field(repr=False)
    hits: int = 0
    misses: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.ms) / self.seconds


@dataclass(slots=True)
class Measured:
    """What one size came to: each question once, then many at once, by number of clients."""

    jobs: int
    questions: int
    facts: int
    first: Asked
    rounds: list[Asked] = field(default_factory=list)
    resident_bytes: int = 0
    absent: str = ""


def measure(folder: Path, jobs: int, clients: Sequence[int], seconds: float, seed: int) -> Measured:
    """Load a plant into an empty folder, serve it, ask; then let the peer answer.

    Raises:
        ServerError: a server does not do what it is there for.
    """
    plant, graph = folder / "plant", folder / "present.nt"
    with mosquitto(folder / "broker") as broker:
        write_plant(plant, jobs, seed, broker)
        end_what_ended(plant / "tables" / "operation.csv")
        say(f"{jobs:,} jobs: loaded")
        contexts, queries, facts = _load(plant, graph, folder)
        with served(plant) as port:
            say(f"{jobs:,} jobs: served; each of the questions once")
            first = _round("first", port, contexts, 1, 0, seed)
            questions = len(contexts.read_text(encoding="utf-8").splitlines())
            found = Measured(jobs, questions, facts, first)
            for number in clients:
                with _publishing(broker, seconds, jobs):
                    said = f"{jobs:,} jobs: {number} clients, {EVENTS_A_SECOND} events/s"
                    say(said)
                    found.rounds.append(_round("traveler", port, contexts, number, seconds, seed))
            found.resident_bytes = _resident_bytes(plant)
    try:
        with _oxigraph(folder, graph) as port:
            for number in clients:
                say(f"{jobs:,} jobs: {number} clients, oxigraph serve")
                found.rounds.append(_round("oxigraph", port, queries, number, seconds, seed))
    except ServerError as error:
        found.absent = str(error)
    return found


def end_what_ended(path: Path) -> None:
    """Give each operation an end, but the last two of each machine.

    The tables leave every tenth one without, as exports do: thousands of steps would be under way
    on a few machines, and the context of a machine would be that of all its history.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    last: dict[str, int] = {}
    for row in reversed(rows):
        last[row["machine"]] = last.get(row["machine"], 0) + 1
        if last[row["machine"]] > RUNS_AT_ONCE and row["start"] and not row["end"]:
            start = datetime.fromisoformat(row["start"])
            row["end"] = (start + timedelta(minutes=45)).isoformat(row["start"][10])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def _load(plant: Path, graph: Path, folder: Path) -> tuple[Path, Path, int]:
    """Load the plant; writes its present, and what is asked of Traveler and of the peer."""
    with Pipeline.open(load_plant(plant)) as pipeline:
        pipeline.read(NOW)
        pipeline.apply(NOW)
        pipeline.validate(NOW)
        facts = pipeline.store.graph("")
        graph.write_text("".join(f"{s} {p} {o} .\n" for s, p, o in sorted(facts)), "utf-8")
        things = _things(pipeline.store)
        base = pipeline.plant.base
    contexts, queries = folder / "contexts.txt", folder / "queries.txt"
    paths = [f"/v1/context/{thing[1:-1].removeprefix(base)}" for thing in things]
    contexts.write_text("\n".join(paths), "utf-8")
    asked = [quote(_PREFIX + BARE.format(it=thing), safe="") for thing in things]
    queries.write_text("\n".join(f"/query?query={one}" for one in asked), "utf-8")
    return contexts, queries, len(facts)


def _things(store: Store) -> list[str]:
    """Name all machines and all jobs that are open."""
    machines = store.select("SELECT ?it { ?it a tr:Machine } ORDER BY ?it")
    jobs = store.select(
        f"SELECT DISTINCT ?it {{ VALUES ?status {{ {_OPEN} }} ?it a tr:Job ; tr:status ?status }}"
    )
    return [row["it"] for row in machines] + sorted(row["it"] for row in jobs)


def _round(name: str, port: int, paths: Path, clients: int, seconds: float, seed: int) -> Asked:
    before = _counts(port) if name != "oxigraph" else (0, 0)
    shares = [clients // LOADERS + (n < clients % LOADERS) for n in range(LOADERS)]
    accept = "application/sparql-results+json" if name == "oxigraph" else "application/json"
    command = [sys.executable, "-m", "bench.answer.load", str(paths), "--port", str(port)]
    command += ["--seconds", str(seconds), "--accept", accept]
    loaders = [
        subprocess.Popen(
            [*command, "--clients", str(share), "--seed", str(seed + n)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for n, share in enumerate(shares)
        if share
    ]
    told = [json.loads(loader.communicate()[0] or b"{}") for loader in loaders]
    if any(loader.returncode for loader in loaders):
        raise ServerError(f"{name} does not answer all questions")
    after = _counts(port) if name != "oxigraph" else (0, 0)
    return Asked(
        name,
        clients,
        max(one["seconds"] for one in told),
        sum(one["wrong"] for one in told),
        sum(one["bytes"] for one in told),
        [ms for one in told for ms in one["ms"]],
        after[0] - before[0],
        after[1] - before[1],
    )


def _counts(port: int) -> tuple[int, int]:
    """Read how many contexts were given from memory, and how many were made."""
    lines = dict(line.rsplit(" ", 1) for line in _get(port, "/metrics").splitlines() if " " in line)
    name = 'traveler_context_answers_total{outcome="%s"}'
    return int(float(lines[name % "kept"])), int(float(lines[name % "new"]))


def _resident_bytes(plant: Path) -> int:
    """Read how much memory the server holds, where the system tells it."""
    told = json.loads((plant / "store" / OWNER_FILE).read_text(encoding="utf-8"))
    try:
        pages = int(Path(f"/proc/{told['pid']}/statm").read_text(encoding="utf-8").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _get(port: int, path: str) -> str:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        asked.request("GET", path)
        return asked.getresponse().read().decode()
    finally:
        asked.close()


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


@contextmanager
def _oxigraph(folder: Path, graph: Path) -> Iterator[int]:
    """Serve the present by ``oxigraph serve``, read only; gives its port."""
    program = Path(sys.executable).with_name("oxigraph")
    if not program.exists() and not shutil.which("oxigraph"):
        raise ServerError("oxigraph is not installed")
    place = str(folder / "oxigraph")
    subprocess.run(
        [program, "load", "--location", place, "--file", graph], check=True, capture_output=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    server = subprocess.Popen(
        [program, "serve-read-only", "--location", place, "--bind", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()
