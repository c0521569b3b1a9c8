from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from rdflib import RDF, Graph, URIRef

from api.description import SD
from kg.owner import Owner

CUSTOMERS = "SELECT ?job WHERE { ?job tr:forCustomer ?customer } ORDER BY ?job"
ENDLESS = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o } ORDER BY ?a ?l"
FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
RESULTS = "application/sparql-results+json"


def _jobs(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == RESULTS
    return [row["job"]["value"] for row in answer.json()["results"]["bindings"]]


def test_a_query_comes_by_get_by_form_and_by_itself(client: httpx.Client) -> None:
    answers = [
        client.get("/sparql", params={"query": CUSTOMERS}),
        client.post("/sparql", data={"query": CUSTOMERS}),
        client.post(
            "/sparql", content=CUSTOMERS, headers={"Content-Type": f"{QUERY};charset=utf-8"}
        ),
    ]
    jobs = [f"https://small.example/job/{id_}" for id_ in ("10%2046", "1043", "1045")]
    assert [_jobs(answer) for answer in answers] == [jobs] * 3
    assert [answer.headers["x-applied-seq"] for answer in answers] == ["8"] * 3


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        (CUSTOMERS, "text/csv", "text/csv; charset=utf-8"),
        (CUSTOMERS, "application/sparql-results+xml", "application/sparql-results+xml"),
        ("ASK { ?job a tr:Job }", "*/*", RESULTS),
        ("DESCRIBE <https://small.example/job/1043>", "*/*", "text/turtle; charset=utf-8"),
        ("CONSTRUCT WHERE { ?s a tr:Job }", "application/n-triples", "application/n-triples"),
    ],
)
def test_the_format_follows_accept(
    client: httpx.Client, query: str, accept: str, media_type: str
) -> None:
    answer = client.get("/sparql", params={"query": query}, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)


def test_a_graph_can_be_named(client: httpx.Client) -> None:
    record = "https://small.example/record/shop/job/1043"
    for name, query in (
        ("default-graph-uri", "SELECT ?job { ?job a tr:Job }"),
        ("named-graph-uri", "SELECT ?job { GRAPH ?g { ?job a tr:Job } }"),
    ):
        by_get = client.get("/sparql", params={"query": query, name: record})
        by_post = client.post(
            "/sparql", params={name: record}, content=query, headers={"Content-Type": QUERY}
        )
        assert _jobs(by_get) == _jobs(by_post) == ["https://small.example/job/1043"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("SELECT WHERE", 400, "query-syntax"),
        ("SELECT * { SERVICE <http://127.0.0.1:9999/> { ?s ?p ?o } }", 400, "query-failed"),
        ("SELECT * " + "{" * 70 + "}" * 70, 400, "query-too-deep"),
        ("", 400, "parameter"),
        ("INSERT DATA { <x:a> <x:b> <x:c> }", 403, "update-refused"),
        ("# tidy\nPREFIX x: <x:>\nBASE <x:y>\nclear all", 403, "update-refused"),
        ("LOAD <http://127.0.0.1:9999/>", 403, "update-refused"),
        (ENDLESS, 504, "query-timeout"),
    ],
)
def test_what_must_not_run_is_a_problem(
    client: httpx.Client, query: str, status: int, code: str
) -> None:
    answer = client.get("/sparql", params={"query": query, "timeout": 0.5})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert _jobs(client.get("/sparql", params={"query": CUSTOMERS}))


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"update=CLEAR+ALL", FORM, 403, "update-refused"),
        (b"query=ASK%7B%7D&update=CLEAR+ALL", FORM, 403, "update-refused"),
        (b"CLEAR ALL", "application/sparql-update", 403, "update-refused"),
        (b"query=ASK%7B%7D&query=ASK%7B%7D", FORM, 400, "parameter"),
        (b"query=ASK%7B%7D&time=9", FORM, 400, "parameter"),
        (b"query=ASK%7B%7D&default-graph-uri=here", FORM, 400, "parameter"),
        (b"", FORM, 400, "parameter"),
        (b"ASK {}", "text/plain", 415, "media-type"),
        (b"ASK {} # \xff", QUERY, 400, "query-syntax"),
        (b"ASK {} #" + b"x" * 65_536, QUERY, 413, "too-large"),
    ],
)
def test_a_body_that_is_no_query_is_a_problem(
    client: httpx.Client, content: bytes, media_type: str, status: int, code: str
) -> None:
    answer = client.post("/sparql", content=content, headers={"Content-Type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_a_body_without_a_stated_length_may_not_grow_either(client: httpx.Client) -> None:
    pieces = (b"#" * 1024 for _ in range(80))
    answer = client.post("/sparql", content=pieces, headers={"Content-Type": QUERY})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_two_queries_at_once_are_a_problem(client: httpx.Client) -> None:
    answer = client.get("/sparql", params=[("query", "ASK {}"), ("query", "ASK {}")])
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter")


def test_an_answer_can_wait_for_nothing_that_has_not_come(client: httpx.Client) -> None:
    assert client.get("/sparql", params={"query": "ASK {}", "min_seq": 8}).status_code == 200
    answer = client.get("/sparql", params={"query": "ASK {}", "min_seq": 9, "timeout": 0.2})
    assert (answer.status_code, answer.json()["code"]) == (503, "behind")
    assert answer.headers["retry-after"] == "1"


def test_a_timeout_over_the_limit_is_a_problem(client: httpx.Client) -> None:
    start = time.monotonic()
    answer = client.get("/sparql", params={"query": ENDLESS, "timeout": 61})
    assert answer.json()["code"] == "parameter"
    assert time.monotonic() - start < 30


def test_a_record_that_is_on_its_way_is_waited_for(
    own_client: httpx.Client, own_owner: Owner, own_plant: Path
) -> None:
    seq = own_owner.pipeline.store.applied_seq()
    names = own_plant.parent / "data" / "machine.csv"
    names.write_text(names.read_text() + "SAW-07,Saw 7\n", encoding="utf-8")
    with ThreadPoolExecutor() as pool:
        asked = {"query": "ASK { ?m rdfs:label 'Saw 7' }", "min_seq": seq + 1}
        answer = pool.submit(own_client.get, "/sparql", params=asked)
        own_owner.round()
    assert answer.result().json()["boolean"] is True
    assert answer.result().headers["x-applied-seq"] == str(seq + 1)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib reads so
@pytest.mark.parametrize(
    ("accept", "media_type", "format_"),
    [
        ("*/*", "text/turtle; charset=utf-8", "turtle"),
        ("application/n-triples", "application/n-triples", "nt"),
        ("application/ld+json;q=0.9, text/turtle;q=0.1", "application/ld+json", "json-ld"),
        ("text/html, */*;q=0.1", "text/turtle; charset=utf-8", "turtle"),
    ],
)
def test_without_a_query_the_endpoint_describes_itself(
    client: httpx.Client, accept: str, media_type: str, format_: str
) -> None:
    answer = client.get("/sparql", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    graph = Graph().parse(data=answer.text, format=format_)
    service = URIRef(f"{client.base_url}/sparql")
    assert (service, RDF.type, SD.Service) in graph
    assert list(graph.objects(service, SD.endpoint)) == [service]
    assert list(graph.objects(service, SD.supportedLanguage)) == [SD.SPARQL11Query]
    assert graph.value(service, SD.defaultDataset / SD.defaultGraph / RDF.type) == SD.Graph
    formats = {str(one).rsplit("/", 1)[-1] for one in graph.objects(service, SD.resultFormat)}
    assert formats >= {"SPARQL_Results_JSON", "SPARQL_Results_CSV", "Turtle", "JSON-LD"}


def test_what_it_cannot_be_described_in_is_406(client: httpx.Client) -> None:
    for parameters in ({}, {"query": "ASK {}"}, {"query": "DESCRIBE <x:y>"}):
        answer = client.get("/sparql", params=parameters, headers={"Accept": "image/png"})
        assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable"), parameters
