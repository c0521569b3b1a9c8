"""No query, parameter or header leads the server to ask another one."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import httpx

from tests.hardening.canary import canary
from tests.hardening.conftest import Attacked

ADDRESSES = (
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://0.0.0.0:{port}/",
    "http://user:secret@127.0.0.1:{port}/redirect",
    "https://127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/x.nt",
    "http://169.254.169.254/latest/meta-data/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
)
QUERIES = (
    "SELECT * {{ SERVICE <{to}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ SERVICE SILENT <{to}> {{ ?s ?p ?o }} }}",
    "SELECT * FROM <{to}> {{ ?s ?p ?o }}",
    "SELECT * FROM NAMED <{to}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    "LOAD <{to}>",
    "DESCRIBE <{to}>",
)
ODD = (
    "SELECT * {{ VALUES ?to {{ <{to}> }} SERVICE ?to {{ ?s ?p ?o }} }}",
    "SELECT * {{ BIND(IRI('{to}') AS ?to) SERVICE SILENT ?to {{ ?s ?p ?o }} }}",
    "PREFIX x: <{to}> SELECT * {{ x:.SERVICE x: {{ ?s ?p ?o }} }}",
    "PREFIX x: <{to}> SELECT * {{ ?a ?b x: .SERVICE x: {{ ?s ?p ?o }} }}",
    "SELECT * {{ \\u0053ERVICE <{to}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ SERVICE#\n<{to}> {{ ?s ?p ?o }} }}",
    "BASE <{to}> SELECT * {{ SERVICE <x> {{ ?s ?p ?o }} }}",
    "SELECT * {{ ?s ?p ?o FILTER EXISTS {{ SERVICE <{to}> {{ ?a ?b ?c }} }} }}",
    "SELECT * {{ {{ SELECT * {{ SERVICE <{to}> {{ ?s ?p ?o }} }} }} }}",
    "CONSTRUCT {{ ?s ?p ?o }} WHERE {{ OPTIONAL {{ SERVICE <{to}> {{ ?s ?p ?o }} }} }}",
    "ASK {{ MINUS {{ SERVICE <{to}> {{ ?s ?p ?o }} }} }}",
    "INSERT DATA {{ <x:a> <x:b> <x:c> }} ; LOAD SILENT <{to}> INTO GRAPH <x:g>",
)


def test_the_canary_hears_who_comes() -> None:
    with canary() as bird:
        with socket.create_connection(("127.0.0.1", bird.port)) as guest:
            guest.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert guest.recv(100).startswith(b"HTTP/1.1 302")
        assert bird.heard == [b"GET / HTTP/1.0\r\n\r\n"]


def test_nothing_leads_to_the_canary(attacked: Attacked, tell: Callable[[str], None]) -> None:
    tried, statuses = 0, set()
    with canary() as bird, attacked.client() as client:
        for number, address in enumerate(ADDRESSES):
            to = address.format(port=bird.port)
            texts = [query.format(to=to) for query in QUERIES]
            texts += [query.format(to=to) for query in ODD] if number < 2 else []
            for text in texts:
                asked = {"query": text, "timeout": 3}
                statuses.add(client.get("/sparql", params=asked).status_code)
                tried += 1
            for answer in _by_parameters(client, to):
                statuses.add(answer.status_code)
                tried += 1
        heard = list(bird.heard)
    assert tried >= 40
    assert heard == []
    assert all(status < 500 or status == 504 for status in statuses), statuses
    assert attacked.is_alive()
    tell(f"requests to elsewhere: {tried} tried, {len(heard)} heard by the canary")


def _by_parameters(client: httpx.Client, to: str) -> list[httpx.Response]:
    """Name an address wherever one can be named that is no query."""
    every = "SELECT * { ?s ?p ?o } LIMIT 1"
    headers = {"Forwarded": f"host={to}", "X-Forwarded-Host": to, "Referer": to, "Origin": to}
    context = json.dumps({"@context": to, "@id": "x:a", "text": "b"})
    return [
        client.get("/sparql", params={"query": every, "default-graph-uri": to}),
        client.get("/sparql", params={"query": every, "named-graph-uri": to}),
        client.get("/v1/context", params={"q": to}),
        client.get(f"/v1/facts/{to}"),
        client.get("/v1/context/machine/M01", headers=headers),
        client.post(
            "/v1/records/shop/machine",
            content=context,
            headers={"Content-Type": "application/ld+json"},
        ),
    ]
