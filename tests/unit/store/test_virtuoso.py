"""What Virtuoso does otherwise than others, and what is made of it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kg.errors import QueryError, StoreError
from kg.store.endpoint_queries import EndpointQueries
from kg.store.remote_generations import RemoteGenerations
from tests.sparql_servers import SparqlServer, has_virtuoso, start_virtuoso
from tests.unit.store.conftest import BASE as B

if TYPE_CHECKING:
    from pathlib import Path

    from kg.store import Quad

XSD = "http://www.w3.org/2001/XMLSchema#"
P = "<https://w3id.org/traveler/ontology/text>"
pytestmark = pytest.mark.server


@pytest.fixture
def server(virtuoso_server: SparqlServer) -> SparqlServer:
    virtuoso_server.wipe(B)
    return virtuoso_server


def test_a_value_that_it_cannot_hold_is_named_and_the_rest_waits(
    server: SparqlServer, tmp_path: Path
) -> None:
    good: list[Quad] = [(f"<{B}job/{n}>", P, f'"{n}"', "") for n in range(50)]
    huge = (f"<{B}job/7>", P, f'"99999999999999999999"^^<{XSD}integer>', "")
    with closing(RemoteGenerations(server.open(graph_store=""), B, tmp_path)) as generations:
        generations.current()
        store = generations.write((), 0, "recipe")
        with pytest.raises(StoreError, match="99999999999999999999") as caught:
            store.apply((), [*good, huge], 1)
        assert caught.value.code == "store-refused"
        assert "datatype" in caught.value.hint
        assert store.applied_seq() == 0
        # A mended mapping is a new generation: what could not be written is no longer asked for.
        fresh = generations.write(good, 1, "mended")
        assert fresh.graph("") == {quad[:3] for quad in good}
        fresh.recover()
        assert fresh.applied_seq() == 1


def test_a_wrong_password_is_refused_and_not_repeated(server: SparqlServer) -> None:
    endpoint = server.open(account=("dba", "s3cret"))
    with pytest.raises(StoreError) as caught:
        endpoint.update(f"INSERT DATA {{ GRAPH <{B}g> {{ <x:s> <x:p> 1 }} }}")
    assert caught.value.code == "store-denied"
    assert "s3cret" not in caught.value.message + caught.value.hint


def test_whoever_may_only_ask_cannot_write(server: SparqlServer) -> None:
    endpoint = server.open(update=server.endpoint, account=None)
    with pytest.raises(StoreError, match="No permission"):
        endpoint.update(f"INSERT DATA {{ GRAPH <{B}g> {{ <x:s> <x:p> 1 }} }}")


@pytest.mark.slow
def test_a_result_that_is_cut_is_never_taken_for_the_whole(tmp_path: Path) -> None:
    if not has_virtuoso():
        pytest.skip("Virtuoso is not on this machine: `make servers` installs it")
    facts = [(f"<{B}job/{n}>", P, f'"{n}"', "") for n in range(1_200)]
    (tmp_path / "virtuoso").mkdir()
    with start_virtuoso(tmp_path / "virtuoso", max_rows=1_000) as server:
        generations = RemoteGenerations(server.open(), B, tmp_path / "plant")
        generations.current()
        with generations.write(facts, 1, "recipe") as store:
            for ask in (lambda: store.graph(""), lambda: store.select("SELECT * { ?s ?p ?o }")):
                with pytest.raises(StoreError, match="a part of the result") as caught:
                    ask()
                assert "ResultSetMaxRows" in caught.value.hint
            with pytest.raises(QueryError) as refused:
                EndpointQueries(store).run("SELECT * { ?s ?p ?o }")
            assert refused.value.code == "result-too-large"
            assert len(store.select("SELECT * { ?s ?p ?o } LIMIT 900")) == 900
