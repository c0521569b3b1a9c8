"""Ad-hoc queries on a SPARQL server: the limits of here, the answers of there."""

from __future__ import annotations

import json
import time
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from kg.errors import QueryTimeout, TravelerError
from kg.store import endpoint_queries
from kg.store.endpoint_queries import EndpointQueries
from kg.store.query_text import QueryLimits
from kg.store.remote_generations import RemoteGenerations
from tests.sparql_servers import SparqlServer
from tests.unit.store.conftest import BASE as B
from tests.unit.store.conftest import SLOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TR = "https://w3id.org/traveler/ontology/"
MAKES = f"<{TR}makes>"
ERP = f"<{B}record/erp/job/1>"
LIMITS = QueryLimits(rows=50, result_bytes=20_000)


@pytest.fixture
def queries(server: SparqlServer, tmp_path: Path) -> Iterator[EndpointQueries]:
    generations = RemoteGenerations(server.open(), B, tmp_path)
    generations.current()
    facts = [(f"<{B}job/{n}>", MAKES, f"<{B}part/{n}>", "") for n in range(100)]
    with generations.write([*facts, (*facts[1][:3], ERP)], 5, "recipe") as store:
        yield EndpointQueries(store, LIMITS)


def refusal(queries: EndpointQueries, query: str, **given: object) -> TravelerError:
    with pytest.raises(TravelerError) as caught:
        queries.run(query, **given)
    return caught.value


@pytest.mark.parametrize(
    ("query", "accept", "body"),
    [
        ("SELECT ?p { <job/1> tr:makes ?p }", "text/csv", f"p\r\n{B}part/1\r\n"),
        ("SELECT ?p { <job/1> tr:makes ?p }", "text/tab-separated-values", f"?p\n<{B}part/1>\n"),
        ("ASK { <job/1> tr:makes ?p }", "*/*", '{"head":{},"boolean":true}'),
        ("ASK { <job/1> tr:none ?p }", "*/*", '{"head":{},"boolean":false}'),
        (
            "CONSTRUCT { ?p tr:madeBy ?j } { VALUES ?j { <job/1> } ?j tr:makes ?p }",
            "application/n-triples",
            f"<{B}part/1> <{TR}madeBy> <{B}job/1> .\n",
        ),
        (
            "SELECT ?g { GRAPH ?g { ?j tr:makes <part/1> } }",
            "text/csv",
            f"g\r\n{ERP[1:-1]}\r\n",
        ),
    ],
)
def test_an_answer_has_the_format_that_is_accepted(
    queries: EndpointQueries, query: str, accept: str, body: str
) -> None:
    answer = queries.run(query, accept)
    assert answer.body.decode() == body
    assert answer.applied_seq == 5


def test_a_dataset_of_its_own_replaces_the_current_graph(queries: EndpointQueries) -> None:
    count = "SELECT (COUNT(*) AS ?n) { ?j tr:makes ?p }"

    def counted(**dataset: list[str]) -> int:
        (row,) = json.loads(queries.run(count, **dataset).body)["results"]["bindings"]
        return int(row["n"]["value"])

    assert counted() == 100
    assert counted(default_graphs=[ERP]) == 1
    assert counted(default_graphs=["", ERP]) in {100, 101}  # a set, or what each graph gives


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT * {", "query-syntax"),
        ("INSERT DATA { <x:a> <x:b> 1 }", "query-syntax"),
        ("SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", "query-failed"),
        ("SELECT * { " + "{" * 70 + "}" * 70 + " }", "query-too-deep"),
        ("ASK {}" + " " * 70_000, "query-too-long"),
        ("SELECT * { ?s ?p ?o }", "result-too-large"),
        ("CONSTRUCT WHERE { ?s tr:makes ?o }", "result-too-large"),
        (f"SELECT ('{'x' * 500}' AS ?x) {{ ?s ?p ?o }} LIMIT 50", "result-too-large"),
    ],
)
def test_what_is_not_allowed_has_its_code(queries: EndpointQueries, query: str, code: str) -> None:
    assert refusal(queries, query).code == code


@pytest.mark.parametrize(
    "query", ["SELECT * { ?s ?p ?o }", f"SELECT ('{'x' * 500}' AS ?x) {{ ?s ?p ?o }} LIMIT 50"]
)
def test_any_thread_may_drop_the_error_of_a_query(
    queries: EndpointQueries,
    dropped_elsewhere: Callable[[Callable[[], object]], list[str]],
    query: str,
) -> None:
    assert dropped_elsewhere(lambda: queries.run(query)) == []
    endpoint = queries._store.endpoint
    assert dropped_elsewhere(lambda: endpoint.ask(query)) == []


def test_a_graph_that_has_not_come_so_far_is_behind(queries: EndpointQueries) -> None:
    assert refusal(queries, "ASK {}", min_seq=6).code == "behind"
    assert queries.run("ASK {}", min_seq=5).applied_seq == 5


def test_a_format_that_there_is_not_is_said(queries: EndpointQueries) -> None:
    assert refusal(queries, "ASK {}", accept="image/png").code == "not-acceptable"


def test_a_query_past_its_deadline_is_given_up(queries: EndpointQueries) -> None:
    began = time.monotonic()
    assert isinstance(refusal(queries, SLOW, timeout_seconds=0.3), QueryTimeout)
    assert time.monotonic() - began < 20


def test_where_there_is_no_room_within_the_deadline_the_lane_is_busy(
    queries: EndpointQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_queries, "AT_ONCE", 1)
    narrow = EndpointQueries(queries._store, LIMITS)
    first = Thread(target=refusal, args=(narrow, SLOW), kwargs={"timeout_seconds": 1.0})
    first.start()
    time.sleep(0.2)
    assert refusal(narrow, "ASK {}", timeout_seconds=0.2).code == "busy"
    first.join()
    assert narrow.run("ASK {}").body
