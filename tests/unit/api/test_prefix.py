"""Below a path of a proxy's, which the proxy passes on or cuts off, everything is as without it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from rdflib import RDF, Graph, URIRef

from api.description import SD
from api.prefix import read_prefix
from kg.errors import ConfigError
from kg.owner import Owner
from tests.unit.api.conftest import served

PUBLIC = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3"}


@pytest.fixture(scope="module")
def below(owner: Owner) -> Iterator[httpx.Client]:
    """A client of the small plant's API, which is shown below /traveler."""
    with served(owner, "/traveler/") as client:
        yield client


@pytest.mark.parametrize("prefix", ["/traveler", ""], ids=["passed on", "cut off"])
def test_every_kind_of_page_is_found(below: httpx.Client, prefix: str) -> None:
    for path in ("/", "/docs", "/health", "/openapi.json", "/v1/questions", "/metrics"):
        assert below.get(prefix + path).status_code == 200, path
    for _ in range(2):  # the second time from the cache
        found = below.get(f"{prefix}/v1/context/machine/SAW-01").json()
        assert found["entity"]["id"] == "machine/SAW-01"
    assert below.get(f"{prefix}/nowhere").json()["code"] == "not-found"
    body = b'[{"id": "1"}]' + b" " * 100_000
    sent = below.post(
        f"{prefix}/v1/records/shop/job", content=body, headers={"Content-Type": "application/json"}
    )
    assert sent.json()["code"] == "push-refused"


@pytest.mark.parametrize("prefix", ["/traveler", ""], ids=["passed on", "cut off"])
def test_what_it_says_of_itself_leads_through_the_proxy(below: httpx.Client, prefix: str) -> None:
    assert below.get(f"{prefix}/openapi.json").json()["servers"] == [{"url": "/traveler"}]
    described = below.get(f"{prefix}/sparql", headers=PUBLIC).text
    service = Graph().parse(data=described, format="turtle").value(None, RDF.type, SD.Service)
    public = str(below.base_url.copy_with(scheme="https"))
    assert service == URIRef(f"{public}/traveler/sparql")


@pytest.mark.parametrize("text", ["traveler", "/a b", "/a?b", "//x", "/a/../b/%2e", "https://h/"])
def test_a_prefix_that_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no path"):
        read_prefix(text)


def test_a_prefix_is_read_without_its_last_slash() -> None:
    assert [read_prefix(text) for text in ("", "/", "/traveler/", "/a/b")] == [
        "",
        "",
        "/traveler",
        "/a/b",
    ]
