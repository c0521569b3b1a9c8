from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

METHODS = {"get", "post", "delete"}


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    """The API's own description."""
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def test_the_page_and_its_files_come_from_here(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "://" not in page.text
    assert not re.search(r"<script>|\son\w+=", page.text), "the policy allows no script inside"
    files = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(files) >= 5
    for file in files:
        answer = client.get(f"/{file}")
        assert answer.status_code == 200, file
        assert answer.content


def test_the_policy_of_the_page_allows_this_host_only(client: httpx.Client) -> None:
    policy = client.get("/docs").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "http" not in policy


def test_no_other_file_of_the_package_is_given(client: httpx.Client) -> None:
    for name in ("redoc.standalone.js", "..%2F__init__.py"):
        answer = client.get(f"/docs/{name}")
        assert answer.status_code in {400, 404}
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_document_is_what_the_page_can_read(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/v1/context",
        "/v1/context.jsonld",
        "/v1/plant",
        "/v1/machines",
        "/v1/flows",
        "/v1/sources",
        "/v1/sources/{source}/{table}",
        "/v1/start",
        "/v1/notes",
        "/v1/notes/{note}/confirm",
        "/v1/terms",
        "/v1/context/{kind}/{entity}",
        "/v1/questions",
        "/v1/questions/{name}",
        "/v1/readiness",
        "/v1/trace",
        "/v1/epcis",
        "/v1/session",
        "/v1/trace/{kind}/{entity}",
        "/v1/recall",
        "/v1/gaps",
        "/v1/gaps/history",
        "/v1/gaps/{gap}/accept",
        "/v1/accepted",
        "/v1/facts/{fact}",
        "/v1/records/{source}/{table}",
        "/v1/quarantine",
        "/v1/quarantine/{number}/replay",
        "/v1/quarantine/{number}/discard",
        "/sparql",
        "/metrics",
        "/v1/stream",
        "/v1/checkpoint",
        "/health",
        "/ready",
    }


def test_every_route_says_which_question_it_answers(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        assert item.keys() <= METHODS, path
        for operation in item.values():
            assert operation["summary"].endswith("?"), path
            assert len(operation["description"]) > 60, path
            assert [*operation["responses"]["default"]["content"]] == ["application/problem+json"]
            assert "422" not in operation["responses"], path


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    references = re.findall(r"'\$ref': '([^']+)'", str(document))
    assert references
    assert {ref.removeprefix("#/components/schemas/") for ref in references} <= schemas.keys()
