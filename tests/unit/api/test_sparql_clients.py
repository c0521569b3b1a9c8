"""Real clients of the SPARQL 1.1 Protocol: SPARQLWrapper, and curl where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from urllib.error import HTTPError

import httpx
import pytest
from rdflib import Graph
from SPARQLWrapper import (
    CSV,
    GET,
    JSON,
    JSONLD,
    N3,
    POST,
    POSTDIRECTLY,
    TSV,
    URLENCODED,
    XML,
    SPARQLWrapper,
)
from SPARQLWrapper import SPARQLExceptions as Refusals

JOBS = "SELECT ?job WHERE { ?job tr:forCustomer ?customer } ORDER BY ?job"
NAMES = [f"https://small.example/job/{id_}" for id_ in ("10%2046", "1043", "1045")]
RECORD = "https://small.example/record/shop/job/1043"
CURL = shutil.which("curl")


@pytest.fixture
def wrapper(client: httpx.Client) -> SPARQLWrapper:
    return SPARQLWrapper(f"{client.base_url}/sparql")


@pytest.mark.parametrize(
    ("method", "kind"), [(GET, URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)]
)
def test_each_way_of_asking_gives_the_same(wrapper: SPARQLWrapper, method: str, kind: str) -> None:
    wrapper.setMethod(method)
    wrapper.setRequestMethod(kind)
    wrapper.setReturnFormat(JSON)
    wrapper.setQuery(JOBS)
    found = wrapper.queryAndConvert()
    assert [row["job"]["value"] for row in found["results"]["bindings"]] == NAMES


def test_rows_come_in_each_format(wrapper: SPARQLWrapper) -> None:
    wrapper.setQuery(JOBS)
    wrapper.setReturnFormat(XML)
    results = wrapper.queryAndConvert().getElementsByTagName("uri")
    assert [node.firstChild.data for node in results] == NAMES
    wrapper.setReturnFormat(CSV)
    assert wrapper.queryAndConvert().decode().split() == ["job", *NAMES]
    wrapper.setReturnFormat(TSV)
    assert wrapper.queryAndConvert().decode().split() == ["?job", *(f"<{n}>" for n in NAMES)]


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib reads so
def test_graphs_come_in_each_format(wrapper: SPARQLWrapper) -> None:
    wrapper.setQuery("CONSTRUCT WHERE { ?job a tr:Job }")
    wrapper.setReturnFormat(N3)
    turtle = Graph().parse(data=wrapper.queryAndConvert(), format="turtle")
    wrapper.setReturnFormat(JSONLD)
    assert len(turtle) == 4
    assert set(wrapper.queryAndConvert()) == set(turtle)


def test_the_dataset_is_that_of_the_parameters(wrapper: SPARQLWrapper) -> None:
    wrapper.setReturnFormat(JSON)
    wrapper.addDefaultGraph(RECORD)
    wrapper.setQuery("SELECT ?job { ?job a tr:Job }")
    found = wrapper.queryAndConvert()["results"]["bindings"]
    assert [row["job"]["value"] for row in found] == ["https://small.example/job/1043"]
    # One that is not there is empty, and is not fetched.
    wrapper.resetQuery()
    wrapper.addDefaultGraph("http://127.0.0.1:9/nowhere")
    wrapper.setReturnFormat(JSON)
    wrapper.setQuery("ASK { ?s ?p ?o }")
    assert wrapper.queryAndConvert()["boolean"] is False


@pytest.mark.parametrize("method", [GET, POST])
def test_a_query_that_is_none_is_refused(wrapper: SPARQLWrapper, method: str) -> None:
    wrapper.setMethod(method)
    wrapper.setQuery("SELECT WHERE {")
    with pytest.raises(Refusals.QueryBadFormed):
        wrapper.query()


def test_an_update_is_refused(wrapper: SPARQLWrapper) -> None:
    wrapper.setMethod(POST)
    wrapper.setQuery("INSERT DATA { <x:a> <x:b> <x:c> }")
    with pytest.raises(HTTPError, match="403"):
        wrapper.query()


def _curl(client: httpx.Client, *words: str) -> tuple[str, str, str]:
    command = [CURL or "curl", "--silent", "--max-time", "20", "--noproxy", "*"]
    form = "\n%{http_code} %{content_type}"
    done = subprocess.run(
        [*command, "--write-out", form, *words, f"{client.base_url}/sparql"],
        capture_output=True,
        check=True,
        text=True,
    )
    body, _, last = done.stdout.rpartition("\n")
    status, _, media_type = last.partition(" ")
    return status, media_type, body


@pytest.mark.skipif(CURL is None, reason="curl is not installed")
@pytest.mark.parametrize(
    ("words", "status", "media_type"),
    [
        (["--get", "--data-urlencode", f"query={JOBS}"], "200", "application/sparql-results+json"),
        (["--data-urlencode", f"query={JOBS}"], "200", "application/sparql-results+json"),
        (
            ["-H", "Content-Type: application/sparql-query", "--data-binary", JOBS],
            "200",
            "application/sparql-results+json",
        ),
        (["-H", "Accept: text/turtle"], "200", "text/turtle; charset=utf-8"),
        (["-H", "Content-Type: text/plain", "--data-binary", JOBS], "415", ""),
        (["-H", "Content-Type;", "--data-binary", JOBS], "415", ""),
        (["-H", "Accept: image/png", "--data-urlencode", f"query={JOBS}"], "406", ""),
        (["-H", "Content-Type: application/sparql-update", "-d", "CLEAR ALL"], "403", ""),
        (["--data-urlencode", "update=CLEAR ALL"], "403", ""),
        (["-d", "query=ASK%7B%7D&query=ASK%7B%7D"], "400", ""),
        (["--request", "PUT", "--data-binary", JOBS], "405", ""),
    ],
)
def test_curl_is_answered_by_the_protocol(
    client: httpx.Client, words: list[str], status: str, media_type: str
) -> None:
    told, found, body = _curl(client, *words)
    assert told == status, body
    assert found == (media_type or "application/problem+json")
    if status != "200":
        assert json.loads(body)["hint"]
