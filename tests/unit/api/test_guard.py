from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from api.app import ROUTERS
from api.guard import MAX_BODY_BYTES


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "[::1", "a b"])
def test_another_host_name_is_misdirected(client: httpx.Client, host: str) -> None:
    answer = client.get("/health", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
def test_loopback_names_are_its_own(client: httpx.Client, host: str) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == 200


def test_every_body_that_is_read_for_a_route_has_a_limit() -> None:
    routes = [route for module in ROUTERS for route in module.router.routes]
    reading = [route for route in routes if getattr(route, "body_field", None) is not None]
    assert {route.path for route in reading} >= {"/v1/quarantine/{number}/discard"}
    for route in reading:
        module = next(one for one in ROUTERS if route in one.router.routes)
        assert module.router.max_body_size == MAX_BODY_BYTES, route.path


@pytest.mark.parametrize(
    "path", ["/v1/quarantine/1/discard", "/v1/gaps/job/1~x~00000000/accept", "/sparql"]
)
def test_a_body_that_does_not_tell_its_length_is_not_read_beyond_the_limit(
    client: httpx.Client, path: str
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"reason": "'
        for _ in range(100):
            yield b"x" * 8192
        yield b'"}'

    kind = "application/sparql-query" if path == "/sparql" else "application/json"
    answer = client.post(path, content=pieces(), headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert answer.json()["hint"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE"])
def test_only_methods_that_some_route_has_are_allowed(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/v1/gaps")
    assert (answer.status_code, answer.json()["code"]) == (405, "method")
    assert answer.headers["allow"] == "GET, HEAD, POST, DELETE"


def test_a_method_that_a_route_lacks_is_not_allowed(client: httpx.Client) -> None:
    answer = client.post("/v1/gaps")
    assert (answer.status_code, answer.json()["code"]) == (405, "method")


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/docs", "/openapi.json", "/health", "/ready", "/v1/gaps", "/v1/questions"),
        *("/v1/context/job/1043", "/sparql?query=ASK%7B%7D", "/nowhere"),
    ],
)
def test_a_head_is_a_get_without_its_body(client: httpx.Client, path: str) -> None:
    whole, head = client.get(path), client.head(path)
    assert head.content == b""
    assert head.status_code == whole.status_code
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize("path", ["/plain", "/docs", "/health", "/nowhere", "/v1/context/job/9"])
def test_every_answer_carries_safe_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
