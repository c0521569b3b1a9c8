"""Every kind of store, empty, for the tests that must hold of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kg.store import Generations, Store
from kg.store.endpoint import Endpoint
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
    wipe(found)
    return found


@pytest.fixture(params=["embedded", *SERVERS])
def generations(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Generations]:
    """The generations of a new plant, of every kind in turn."""
    if request.param == "embedded":
        yield FolderGenerations(tmp_path / "store", BASE)
        return
    server = request.getfixturevalue(f"{request.param}_server")
    wipe(server)
    with closing(RemoteGenerations(endpoint_of(server), BASE, tmp_path / "store")) as found:
        yield found


@pytest.fixture
def empty_store(generations: Generations) -> Iterator[Store]:
    """The first generation of a new plant."""
    assert generations.current() is None
    with generations.write((), 0, "recipe") as store:
        yield store


def endpoint_of(server: SparqlServer, **changed: object) -> Endpoint:
    """Reach a server."""
    given = {
        "query": server.endpoint,
        "update": server.update,
        "graph_store": server.graph_store,
        "account": server.account,
    }
    return Endpoint(**(given | changed))


def wipe(server: SparqlServer) -> None:
    """Remove every graph of ours from a server."""
    endpoint = endpoint_of(server)
    found = endpoint.rows(
        "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } "
        f'FILTER(STRSTARTS(STR(?g), "{BASE}")) }}'
    )
    for row in found:
        endpoint.update(f"CLEAR SILENT GRAPH {row['g']}")
