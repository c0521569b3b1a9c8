"""Every kind of store, empty, for the tests that must hold of all of them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from kg.errors import QueryError
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


@pytest.fixture
def dropped_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Callable[[], object]], list[str]]:
    """Let another thread drop the error that something raises; gives what that one complains of."""
    complaints: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda said: complaints.append(str(said.exc_value)))

    def drop(ask: Callable[[], object]) -> list[str]:
        errors = []
        try:
            ask()
        except QueryError as error:
            errors.append(error)
        assert errors
        gc.collect()  # what other tests have left is not meant
        complaints.clear()
        dropping = Thread(target=lambda: (errors.clear(), gc.collect()))
        dropping.start()
        dropping.join()
        return complaints

    return drop
