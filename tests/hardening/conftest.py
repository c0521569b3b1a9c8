"""A plant that a process of its own serves, how often each attack is tried, and the counts."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.counts import HARDENING
from tests.faults.live.served import ROOT, Served
from tests.shop_plant import MACHINE, csv_table, write_shop

_HERE = Path(__file__).parent
_MAPPINGS = {
    "machine": MACHINE,
    "job": """
  job:
    sources: [[job~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [tr:identifier, $(id)]
      - [tr:status, trc:job-status/released~iri]
  run:
    sources: [[job~table]]
    s: run/$(id)
    po:
      - [a, tr:Run]
      - [tr:ofJob, job/$(id)~iri]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:startedAt, $(since), xsd:dateTime]
""",
}
MACHINES, JOBS = 20, 400


@pytest.fixture(scope="session")
def tell() -> Callable[[str], None]:
    """Say at the end of the run what was tried, and what became of it."""
    return HARDENING.told.append


class Attacked:
    """A served plant, and whether it still is the same process that answers."""

    def __init__(self, served: Served, folder: Path) -> None:
        self._served = served
        self._folder = folder
        self.url = served.url

    def client(self, timeout: float = 60.0) -> httpx.Client:
        """Give a client; each thread has its own."""
        return httpx.Client(base_url=self.url, timeout=timeout, trust_env=False)

    def is_alive(self) -> bool:
        """Tell whether the process that was started answers what it always does."""
        process = self._served._process
        with self.client() as client:
            answer = client.get("/health")
            return process is not None and process.poll() is None and answer.status_code == 200

    def key(self, role: str) -> str:
        """Make a key of a role, as whoever owns the plant makes one."""
        command = [sys.executable, "-m", "kg.cli", "keys", "add", f"a {role}", "--role", role]
        done = subprocess.run(
            [*command, "--quiet", "--plant", str(self._folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()[0]


def write_attacked(folder: Path) -> Path:
    """Write a small plant of files: twenty machines, each with a run of every twentieth job."""
    write_shop(folder, "small", csv_table("machine") + csv_table("job"), _MAPPINGS)
    machines = "".join(f"M{n:02},Machine {n}\n" for n in range(MACHINES))
    (folder / "machine.csv").write_text(f"id,name\n{machines}")
    jobs = "".join(
        f"{1000 + n},M{n % MACHINES:02},2026-11-23T{n % 24:02}:00:00Z\n" for n in range(JOBS)
    )
    (folder / "job.csv").write_text(f"id,machine,since\n{jobs}")
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[Attacked]:
    """Serve a plant as ``traveler serve`` does, until the end of the block."""
    served = Served(folder)
    try:
        served.start()
        with httpx.Client(base_url=served.url, trust_env=False) as client:
            for _ in range(400):
                if client.get("/ready").is_success:
                    break
        yield Attacked(served, folder)
    finally:
        served.end(signal.SIGINT)


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """The plant, of which everybody on this machine may ask everything."""
    with serving(write_attacked(tmp_path_factory.mktemp("attacked") / "plant")) as attacked:
        yield attacked


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    HARDENING.write(terminalreporter)
