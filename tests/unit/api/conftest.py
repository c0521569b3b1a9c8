from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from api.serving import bind, make_server
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant
from tests.shop_plant import MACHINE, PREFIXES

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

PLANT = """
[plant]
name = "Small & <b>neat</b>"
base = "https://small.example/"
zone = "UTC"
[[source]]
name = "shop"
mapping = "shop"
path = "data"
"""
SOURCE = """
[source]
name = "shop"
title = "The shop's own lists"
system = "MES"
owner = "Production"
adapter = "files"
zone = "UTC"
""" + "".join(
    f"""
[[table]]
name = "{name}"
mapping = "{name}.yml"
file = "{name}.csv"
key = ["id"]
row = "{row}"
"""
    for name, row in [("machine", "state"), ("job", "state"), ("run", "interval")]
)
MAPPINGS = {
    "machine": MACHINE,
    "job": """
  job:
    sources: [[job~table]]
    s: job/$(id)
    po:
      - [a, tr:Job]
      - [tr:identifier, $(id)]
      - [rdfs:label, $(name)]
      - [tr:status, trc:job-status/$(status)~iri]
  allocation:
    sources: [[job~table]]
    s: allocation/$(id)
    po:
      - [a, tr:Allocation]
      - [tr:allocationOf, job/$(id)~iri]
      - [tr:toOrderLine, order-line/$(id)~iri]
  line:
    sources: [[job~table]]
    s: order-line/$(id)
    po:
      - [tr:lineOf, order/$(id)~iri]
  order:
    sources: [[job~table]]
    s: order/$(id)
    po:
      - [a, tr:SalesOrder]
      - [tr:orderedBy, customer/$(customer)~iri]
  customer:
    sources: [[job~table]]
    s: customer/$(customer)
    po:
      - [a, tr:Customer]
""",
    "run": """
  run:
    sources: [[run~table]]
    s: run/$(id)
    po:
      - [a, tr:Run]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:ofJob, job/$(job)~iri]
      - [tr:startedAt, $(started), xsd:dateTime]
      - [tr:endedAt, $(ended), xsd:dateTime]
""",
}
ROWS = {
    "machine": "id,name\nSAW-01,Saw 1\nSAW-02,Saw 2 <script>alert(1)</script>\nCELL/3,Cell 3\n",
    "job": (
        "id,name,status,customer\n"
        "1043,Valve body,in-progress,Nordwind\n"
        "1044,Bracket,released,\n"
        "1045,Bracket,planned,Nordwind\n"
        "10 46,Lid,released,Nordwind\n"
    ),
    "run": "id,machine,job,started,ended\n1,SAW-01,1043,2026-11-23T05:40:00Z,\n",
}


def write_plant(folder: Path) -> Path:
    """Write a plant of three machines, four jobs and one run; gives its plant.toml."""
    (folder / "shop").mkdir()
    (folder / "data").mkdir()
    (folder / "plant.toml").write_text(PLANT, encoding="utf-8")
    (folder / "shop" / "source.toml").write_text(SOURCE, encoding="utf-8")
    for name, mapping in MAPPINGS.items():
        (folder / "shop" / f"{name}.yml").write_text(PREFIXES + mapping, encoding="utf-8")
        (folder / "data" / f"{name}.csv").write_text(ROWS[name], encoding="utf-8")
    return folder / "plant.toml"


@contextmanager
def opened(plant: Path) -> Iterator[Owner]:
    """Own a plant whose sources were read once, and validate it."""
    with Pipeline.open(load_plant(plant)) as pipeline:
        owner = Owner(pipeline, lambda: NOW)
        owner.round()
        pipeline.validate(NOW)
        yield owner


@pytest.fixture(scope="session")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """The owner of a small plant that no test changes."""
    with opened(write_plant(tmp_path_factory.mktemp("plant"))) as owner:
        yield owner


@contextmanager
def served(owner: Owner, prefix: str = "") -> Iterator[httpx.Client]:
    """Serve an owner's answers on a free port, and give a client of them."""
    is_up = threading.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        is_up.set()

    with bind("127.0.0.1", 0) as listener:
        server = make_server(owner, "127.0.0.1", listener, ready, prefix=prefix)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert is_up.wait(10), "the server did not start"
            with httpx.Client(base_url=urls[0], timeout=30, trust_env=False) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def client(owner: Owner) -> Iterator[httpx.Client]:
    """A client of the small plant's API, over a real connection."""
    with served(owner) as client:
        yield client


@pytest.fixture
def own_plant(tmp_path: Path) -> Path:
    """The plant.toml of a small plant that a test may change."""
    return write_plant(tmp_path)


@pytest.fixture
def own_owner(own_plant: Path) -> Iterator[Owner]:
    """The owner of a small plant that a test may change."""
    with opened(own_plant) as owner:
        yield owner


@pytest.fixture
def own_client(own_owner: Owner) -> Iterator[httpx.Client]:
    """A client of the plant that a test may change."""
    with served(own_owner) as client:
        yield client
