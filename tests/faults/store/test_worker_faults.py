from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from kg.errors import QueryError, QueryTimeout
from kg.store import EmbeddedStore
from kg.store.query_text import QueryLimits
from kg.store.workers import QueryWorkers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.store.fence import FenceKind

B = "https://d.example/"
TR = "https://w3id.org/traveler/ontology/"
LIMITS = QueryLimits(memory_bytes=256 * 1024 * 1024)
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
HOG = "SELECT ?a ?d ?g { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f ?i"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    with EmbeddedStore.open(tmp_path_factory.mktemp("store") / "gen", B) as store:
        store.bulk_load(f"<{B}job/{n}> <{TR}sequence> <http://e/> ." for n in range(1000))
        store.set_seq(1)
        yield store


@pytest.fixture(scope="module")
def workers(
    store: EmbeddedStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QueryWorkers]:
    workers = QueryWorkers(store, tmp_path_factory.mktemp("checkpoints"), limits=LIMITS)
    yield workers
    workers.close()


class Listener:
    """A server on this machine that counts what reaches it."""

    def __init__(self) -> None:
        self.requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.requests += 1
                body = b'{"head":{"vars":["x"]},"results":{"bindings":[]}}'
                self.send_response(200)
                self.send_header("Content-Type", "application/sparql-results+json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST  # noqa: N815 - the name that http.server calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    thread = Thread(target=listener.server.serve_forever)
    thread.start()
    yield listener
    listener.server.shutdown()
    thread.join()
    listener.server.server_close()


def services(url: str) -> list[str]:
    port = url.rsplit(":", 1)[1]
    return [
        f"SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE <http://localhost:{port}> {{ ?s ?p ?o }} }}",
        f"PREFIX x: <http://e/> SELECT * {{ ?s ?p x:.SERVICE <{url}> {{ ?a ?b ?c }} }} LIMIT 1",
        f"SELECT * {{ VALUES ?u {{ <{url}> }} SERVICE ?u {{ ?s ?p ?o }} }}",
    ]


def outcome(workers: QueryWorkers, query: str) -> str:
    try:
        workers.run(query)
    except QueryError as error:
        return error.code
    return "answered"


@pytest.mark.parametrize("fence", ["filter", "descriptors"])
def test_no_query_reaches_the_network(
    store: EmbeddedStore, tmp_path: Path, listener: Listener, fence: FenceKind
) -> None:
    workers = QueryWorkers(store, tmp_path, fence=fence)
    outcomes = {outcome(workers, query) for query in services(listener.url)}
    assert outcomes == {"query-failed", "answered"}  # SILENT answers, with nothing
    assert outcome(workers, f"LOAD <{listener.url}>") == "query-syntax"
    assert outcome(workers, f"ASK FROM <{listener.url}> {{ ?s ?p ?o }}") == "answered"
    assert listener.requests == 0
    assert b'"1000"' in workers.run(COUNT).body
    assert len(workers.process_ids()) == 1
    workers.close()


def test_the_same_queries_reach_it_without_the_fence(listener: Listener) -> None:
    engine = ox.Store()
    engine.update("INSERT DATA { <x:s> <x:p> <http://e/> }")
    for number, query in enumerate(services(listener.url)[:4], start=1):
        found = engine.query(query)
        assert isinstance(found, ox.QuerySolutions)
        assert list(found) == []
        assert listener.requests == number


def test_a_query_past_its_deadline_is_stopped_and_the_next_one_answers(
    workers: QueryWorkers,
) -> None:
    before = workers.process_ids()
    started = time.monotonic()
    with pytest.raises(QueryTimeout) as caught:
        workers.run(ENDLESS, timeout_seconds=0.5)
    assert time.monotonic() - started < 20
    assert caught.value.code == "query-timeout"
    assert workers.process_ids().isdisjoint(before)
    assert b'"1000"' in workers.run(COUNT).body


@pytest.mark.parametrize(
    "query",
    [
        HOG,
        "SELECT (" + "!" * 60_000 + "1 AS ?x) {}",
        "SELECT (" + "1+" * 30_000 + "1 AS ?x) {}",
    ],
    ids=["memory", "negations", "sums"],
)
def test_a_query_that_ends_its_worker_costs_nobody_else(workers: QueryWorkers, query: str) -> None:
    with pytest.raises(QueryError) as caught:
        workers.run(query)
    assert caught.value.code == "query-crashed"
    assert b'"1000"' in workers.run(COUNT).body


def test_a_worker_killed_while_idle_is_replaced_unnoticed(workers: QueryWorkers) -> None:
    (victim,) = workers.process_ids()
    os.kill(victim, signal.SIGKILL)
    os.waitid(os.P_PID, victim, os.WEXITED | os.WNOWAIT)
    assert b'"1000"' in workers.run(COUNT).body
    assert victim not in workers.process_ids()


def test_a_worker_killed_in_a_query_is_reported_and_replaced(workers: QueryWorkers) -> None:
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(workers.run, ENDLESS)
        time.sleep(0.3)
        (victim,) = workers.process_ids()
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(QueryError, match="SIGKILL") as caught:
            running.result()
    assert caught.value.code == "query-crashed"
    assert b'"1000"' in workers.run(COUNT).body


def test_closing_stops_a_running_query_and_leaves_no_process(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    workers = QueryWorkers(store, tmp_path)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(workers.run, ENDLESS)
        time.sleep(0.3)
        ids = workers.process_ids()
        workers.close()
        with pytest.raises(QueryError):
            running.result()
    for process_id in ids:
        with pytest.raises(ProcessLookupError):
            os.kill(process_id, 0)
    assert list(tmp_path.iterdir()) == []
