from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from kg.errors import QueryError, TravelerError
from kg.store import EmbeddedStore
from kg.store.checkpoints import FRESH_SECONDS
from kg.store.query_text import QueryLimits
from kg.store.workers import QueryWorkers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

B = "https://d.example/"
TR = "https://w3id.org/traveler/ontology/"
MAKES = f"<{TR}makes>"
ERP, MES = f"<{B}record/erp/job/1>", f"<{B}record/mes/job/1>"
LIMITS = QueryLimits(rows=50, result_bytes=20_000, queued=1)
SELECT = "SELECT ?p { <job/1> tr:makes ?p }"
SLOW = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n0 ?o }"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    with EmbeddedStore.open(tmp_path_factory.mktemp("store") / "gen", B) as store:
        facts = [(f"<{B}job/{n}>", MAKES, f"<{B}part/{n}>", "") for n in range(100)]
        store.apply((), [*facts, (*facts[1][:3], ERP), (*facts[2][:3], MES)], 5)
        yield store


@pytest.fixture(scope="module")
def workers(
    store: EmbeddedStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QueryWorkers]:
    workers = QueryWorkers(store, tmp_path_factory.mktemp("checkpoints"), limits=LIMITS)
    yield workers
    workers.close()


def refusal(
    workers: QueryWorkers, query: str, accept: str = "*/*", timeout_seconds: float = 10.0
) -> TravelerError:
    with pytest.raises(TravelerError) as caught:
        workers.run(query, accept, timeout_seconds)
    return caught.value


def test_an_answer_carries_its_body_type_and_offset(workers: QueryWorkers) -> None:
    answer = workers.run(SELECT)
    assert json.loads(answer.body)["results"]["bindings"] == [
        {"p": {"type": "uri", "value": f"{B}part/1"}}
    ]
    assert answer.media_type == "application/sparql-results+json"
    assert answer.applied_seq == 5


@pytest.mark.parametrize(
    ("query", "accept", "body"),
    [
        (SELECT, "text/csv", f"p\r\n{B}part/1\r\n"),
        (SELECT, "text/tab-separated-values", f"?p\n<{B}part/1>\n"),
        ("ASK {}", "application/sparql-results+json", '{"head":{},"boolean":true}'),
        ("DESCRIBE <job/1>", "application/n-triples", f"<{B}job/1> {MAKES} <{B}part/1> .\n"),
        (
            "CONSTRUCT { <job/1> tr:priority 1 } { ?s tr:makes ?o }",
            "application/n-triples",
            f'<{B}job/1> <{TR}priority> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .\n',
        ),
        (
            "CONSTRUCT WHERE { <job/1> tr:makes ?o }",
            "application/ld+json",
            f'[{{"@id":"{B}job/1","{TR}makes":[{{"@id":"{B}part/1"}}]}}]',
        ),
    ],
)
def test_each_form_has_its_media_types(
    workers: QueryWorkers, query: str, accept: str, body: str
) -> None:
    answer = workers.run(query, accept)
    assert answer.body.decode() == body
    assert answer.media_type == accept


def test_turtle_has_prefixes_and_xml_is_xml(workers: QueryWorkers) -> None:
    turtle = workers.run("CONSTRUCT WHERE { <job/1> tr:makes ?o }").body.decode()
    assert f"<{B}job/1> tr:makes <{B}part/1> ." in turtle
    xml = workers.run(SELECT, "application/sparql-results+xml").body
    assert xml.startswith(b'<?xml version="1.0"?><sparql')


@pytest.mark.parametrize("media_type", ["json", "xml", "tsv"])
def test_counting_rows_on_the_way_changes_no_value(workers: QueryWorkers, media_type: str) -> None:
    query = """SELECT ?x ?y ?z { VALUES (?x ?y ?z) {
        ("a\\tb\\n\\r\\\\\\"'" 1 UNDEF) (UNDEF UNDEF UNDEF) ("" "x"@en-us 1.0)
        ("\u2028\u0085é" 1e0 "INF"^^xsd:double) (true <a:b> "x"^^<a:type>)
        ("?" "-" "_:a") ("<a>" "abc"^^xsd:integer "2026-01-01"^^xsd:date) } }"""
    format_ = ox.QueryResultsFormat.from_extension(media_type)
    assert format_ is not None
    direct = ox.Store().query(query, prefixes={"xsd": "http://www.w3.org/2001/XMLSchema#"})
    assert isinstance(direct, ox.QuerySolutions)
    assert workers.run(query, format_.media_type).body == direct.serialize(format=format_)


def test_the_dataset_of_the_protocol_confines_a_query(workers: QueryWorkers) -> None:
    query = "SELECT ?j { ?j tr:makes ?p }"
    confined = workers.run(query, "text/csv", default_graphs=[MES], named_graphs=[])
    assert confined.body.decode() == f"j\r\n{B}job/2\r\n"
    named = workers.run(
        "SELECT ?g { GRAPH ?g { ?s ?p ?o } }", "text/csv", default_graphs=[""], named_graphs=[ERP]
    )
    assert named.body.decode() == f"g\r\n{ERP[1:-1]}\r\n"


@pytest.mark.parametrize(
    ("query", "accept", "code"),
    [
        ("SELECT ?x {", "*/*", "query-syntax"),
        ("INSERT DATA { <x:s> <x:p> 1 }", "*/*", "query-syntax"),
        ("DELETE WHERE { ?s ?p ?o }", "*/*", "query-syntax"),
        ("LOAD <http://localhost/>", "*/*", "query-syntax"),
        ("SELECT (<x:f>(1) AS ?x) {}", "*/*", "query-failed"),
        ("SELECT ?s { ?s ?p ?o }", "*/*", "result-too-large"),
        ("CONSTRUCT { ?s a ?o } { ?s ?p ?o }", "*/*", "result-too-large"),
        (
            "SELECT (CONCAT(?a, ?a) AS ?b) { BIND('%s' AS ?a) }" % ("x" * 15_000),
            "*/*",
            "result-too-large",
        ),
        ("ASK {}", "text/html", "not-acceptable"),
        ("SELECT " + "(" * 5_000, "*/*", "query-too-deep"),
    ],
)
def test_a_refusal_has_a_code_and_keeps_the_worker(
    workers: QueryWorkers, query: str, accept: str, code: str
) -> None:
    before = workers.process_ids()
    error = refusal(workers, query, accept=accept)
    assert isinstance(error, QueryError)
    assert error.code == code
    assert workers.process_ids() == before
    assert workers.run(SELECT).applied_seq == 5


def test_exactly_the_allowed_number_of_rows_is_given_whole(workers: QueryWorkers) -> None:
    body = workers.run("SELECT ?s { ?s ?p ?o } LIMIT 50", "text/csv").body
    assert body.count(b"\r\n") == 51


def test_a_full_queue_is_busy_and_waiting_counts(store: EmbeddedStore, tmp_path: Path) -> None:
    workers = QueryWorkers(store, tmp_path, limits=LIMITS)
    with ThreadPoolExecutor(2) as threads:
        running = threads.submit(refusal, workers, SLOW, timeout_seconds=0.8)
        time.sleep(0.2)
        waiting = threads.submit(refusal, workers, SELECT, timeout_seconds=0.3)
        time.sleep(0.1)
        assert refusal(workers, SELECT).code == "busy"
        assert waiting.result().code == "query-timeout"
        assert running.result().code == "query-timeout"
    assert workers.run(SELECT).applied_seq == 5
    workers.close()
    assert refusal(workers, SELECT).code == "busy"


def test_two_workers_share_a_checkpoint_between_threads(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    workers = QueryWorkers(store, tmp_path, workers=2)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: workers.run(SELECT), range(40)))
    assert {answer.body for answer in answers} == {workers.run(SELECT).body}
    assert len(list(tmp_path.iterdir())) == 1
    workers.close()
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_is_at_most_a_second_old_or_as_new_as_asked(tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "checkpoint-00000077").mkdir(parents=True)
    (tmp_path / "checkpoints" / "notes").mkdir()
    store = EmbeddedStore.open(tmp_path / "gen", B)
    workers = QueryWorkers(store, tmp_path / "checkpoints")
    assert workers.run("ASK {}").applied_seq == 0
    store.apply((), [(f"<{B}job/1>", MAKES, f"<{B}part/1>", "")], 1)
    assert workers.run("ASK {}", min_seq=1).applied_seq == 1
    with pytest.raises(QueryError) as caught:
        workers.run("ASK {}", min_seq=2)
    assert caught.value.code == "behind"
    store.set_seq(2)
    time.sleep(FRESH_SECONDS)
    assert workers.run("ASK {}").applied_seq == 2
    names = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert names == {"checkpoint-00000003", "notes"}

    with EmbeddedStore.open(tmp_path / "rebuilt", B) as rebuilt:
        rebuilt.set_seq(9)
        workers.follow(rebuilt)
        store.close()
        assert workers.run("ASK {}").applied_seq == 9
        workers.close()
