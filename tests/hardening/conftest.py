"""A plant that a process of its own serves, how often each attack is tried, and the counts."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.live.served import Served
from tests.shop_plant import csv_table, write_shop

_TOLD: list[str] = []
_HERE = Path(__file__).parent
_MAPPINGS = {
    "machine": """
  machine:
    sources: [[machine~table]]
    s: machine/$(id)
    po:
      - [a, tr:Machine]
      - [rdfs:label, $(name)]
""",
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


def times(name: str, few: int, full: int) -> int:
    """Give how often: ``few`` in every run, ``full`` by `make hardening`, else what is set."""
    set_here = os.environ.get(f"TRAVELER_HARDENING_{name.upper()}")
    return int(set_here or (full if os.environ.get("TRAVELER_HARDENING") == "full" else few))


@pytest.fixture(scope="session")
def tell() -> Callable[[str], None]:
    """Say at the end of the run what was tried, and what became of it."""
    return _TOLD.append


class Attacked:
    """A served plant, and whether it still is the same process that answers."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.url = served.url
        assert served._process is not None
        self.process_id = served._process.pid

    def client(self, timeout: float = 60.0) -> httpx.Client:
        """Give a client; each thread has its own."""
        return httpx.Client(base_url=self.url, timeout=timeout, trust_env=False)

    def is_alive(self) -> bool:
        """Tell whether the process that was started answers what it always does."""
        process = self._served._process
        with self.client() as client:
            answer = client.get("/v1/context/machine/M01")
            return process is not None and process.poll() is None and answer.status_code == 200


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small plant of files: twenty machines, each with a run of every twentieth job."""
    folder = write_shop(
        tmp_path_factory.mktemp("attacked") / "plant",
        "small",
        csv_table("machine") + csv_table("job"),
        _MAPPINGS,
    )
    machines = "".join(f"M{n:02},Machine {n}\n" for n in range(MACHINES))
    (folder / "machine.csv").write_text(f"id,name\n{machines}")
    jobs = "".join(
        f"{1000 + n},M{n % MACHINES:02},2026-11-23T{n % 24:02}:00:00Z\n" for n in range(JOBS)
    )
    (folder / "job.csv").write_text(f"id,machine,since\n{jobs}")
    return folder


@pytest.fixture(scope="session")
def attacked(plant: Path) -> Iterator[Attacked]:
    """The plant as ``traveler serve`` serves it."""
    served = Served(plant)
    served.start()
    try:
        with httpx.Client(base_url=served.url, trust_env=False) as client:
            for _ in range(400):
                if client.get("/ready").is_success:
                    break
        yield Attacked(served)
    finally:
        served.end(signal.SIGINT)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _TOLD:
        terminalreporter.section("hardening")
        for line in _TOLD:
            terminalreporter.write_line(line)
