"""A small plant that says who may ask, served over a real connection."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from api.serving import bind, make_server
from kg import assets
from kg.access.audit import NAME
from kg.access.gate import Gate
from kg.owner import Owner
from tests.unit.api.conftest import opened, write_plant

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ROLES = """
[access]
requests_per_minute = 60
burst = 500
[[role]]
name = "workshop"
scopes = ["context:read"]
hides = ["tr:orderedBy"]
"""


class Clock:
    """A wall clock and a steady one that a test moves."""

    def __init__(self) -> None:
        self.now = START
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return self.now

    def ticks(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass
class Guarded:
    """A served plant with its gate, its clock and ways to ask it."""

    url: str
    owner: Owner
    gate: Gate
    clock: Clock

    def key(self, role: str, name: str = "", **rest: Any) -> str:
        name = name or f"{role} {len(self.gate.keys.all())}"
        return self.gate.keys.add(name, role, self.clock(), **rest)[0]

    def client(self, key: str = "", **headers: str) -> httpx.Client:
        given = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=given | headers, timeout=30, trust_env=False)

    def ask(self, method: str, path: str, key: str = "", **rest: Any) -> httpx.Response:
        with self.client(key) as client:
            return client.request(method, path, **rest)

    def audited(self, count: int) -> list[dict[str, Any]]:
        """Give the log's lines once there are so many: each is written when its answer is sent."""
        path = self.owner.pipeline.plant.folder / "audit" / NAME
        for _ in range(200):
            lines = path.read_text("utf-8").splitlines()
            if len(lines) >= count:
                break
            time.sleep(0.05)
        return [json.loads(line) for line in lines]


@contextmanager
def guarded(
    folder: Path,
    settings: str = ROLES,
    prepare: Callable[[Path], None] = lambda _: None,
    prefix: str = "",
) -> Iterator[Guarded]:
    """Write a small plant with ``settings`` after its own, and serve it below a path."""
    plant = write_plant(folder)
    plant.write_text(plant.read_text("utf-8") + settings, encoding="utf-8")
    prepare(folder)
    with opened(plant) as owner, served(owner, prefix) as found:
        yield found


@contextmanager
def served(owner: Owner, prefix: str = "") -> Iterator[Guarded]:
    """Serve an owner's plant by its gate."""
    clock = Clock()
    plant, rules = owner.pipeline.plant, owner.pipeline.rules
    assert plant.access is not None
    gate = Gate(
        plant, plant.access, rules, assets.ontology_folder(), clock=clock, ticks=clock.ticks
    )
    is_up = threading.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        is_up.set()

    with closing(gate), bind("127.0.0.1", 0) as listener:
        server = make_server(owner, "127.0.0.1", listener, ready, gate, prefix)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert is_up.wait(30), "the server did not start"
            yield Guarded(urls[0], owner, gate, clock)
        finally:
            server.should_exit = True
            thread.join()
