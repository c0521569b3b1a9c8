from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "[::1", "a b"])
def test_another_host_name_is_misdirected(client: httpx.Client, host: str) -> None:
    answer = client.get("/health", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
def test_loopback_names_are_its_own(client: httpx.Client, host: str) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == 200


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
