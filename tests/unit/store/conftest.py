"""Every kind of store, empty, for the tests that must hold of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kg.store import Generations, Store
from kg.store.generations import FolderGenerations
from kg.store.remote_generations import RemoteGenerations
from tests.sparql_servers import SparqlServer

BASE = "https://d.example/"
_NUMBERS = " ".join(map(str, range(100)))
SLOW = (
    "SELECT (COUNT(*) AS ?n) { "
    + " ".join(f"VALUES ?v{n} {{ {_NUMBERS} }}" for n in range(4))
    + " FILTER(?v0 + ?v1 + ?v2 + ?v3 = 7) }"
)
"""A query that takes long on an empty store, and comes to an end."""
SERVERS = ["oxigraph", pytest.param("virtuoso", marks=pytest.mark.server)]


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> SparqlServer:
    """A SPARQL server without a graph of ours in it."""
    found: SparqlServer = request.getfixturevalue(f"{request.param}_server")
    found.wipe(BASE)
    return found


@pytest.fixture(params=["embedded", *SERVERS])
def generations(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Generations]:
    """The generations of a new plant, of every kind in turn."""
    if request.param == "embedded":
        yield FolderGenerations(tmp_path / "store", BASE)
        return
    server = request.getfixturevalue(f"{request.param}_server")
    server.wipe(BASE)
    with closing(RemoteGenerations(server.open(), BASE, tmp_path / "store")) as found:
        yield found


@pytest.fixture
def empty_store(generations: Generations) -> Iterator[Store]:
    """The first generation of a new plant."""
    assert generations.current() is None
    with generations.write((), 0, "recipe") as store:
        yield store
