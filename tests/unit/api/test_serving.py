from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.protocol import MOST_UNREAD_BYTES
from api.serving import bind, run
from kg.errors import ConfigError
from kg.owner import Owner
from tests.unit.api.access_plant import guarded


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_and_not_the_process(owner: Owner, number: signal.Signals) -> None:
    statuses: list[int] = []

    def visit(url: str) -> None:
        try:
            statuses.append(httpx.get(f"{url}/health", trust_env=False, timeout=20).status_code)
        finally:
            os.kill(os.getpid(), number)

    def ready(url: str) -> None:
        assert url.startswith("http://localhost:")
        assert not url.endswith(":0")
        threading.Thread(target=visit, args=(url,)).start()

    before = signal.getsignal(number)
    run(owner, "localhost", 0, ready)
    assert statuses == [200]
    assert signal.getsignal(number) == before


def test_an_address_that_is_taken_is_a_clear_error() -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(ConfigError, match="cannot listen") as error:
        bind("127.0.0.1", taken.getsockname()[1])
    assert "--port 0" in error.value.hint


def test_a_port_that_is_none_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="70000"):
        bind("127.0.0.1", 70_000)


def test_the_environment_makes_the_framework_tell_nobody(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    app = create_app(owner)
    assert not app._native_telemetry.enabled()
    assert app._telemetry["auto_configure"] is False


def test_a_head_that_does_not_end_is_refused_and_a_long_body_is_not(tmp_path: Path) -> None:
    begin = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: "
    fits = {"X-Long": "x" * (MOST_UNREAD_BYTES // 2)}
    with guarded(tmp_path) as plant:
        address = ("127.0.0.1", int(plant.url.rpartition(":")[2]))
        with socket.create_connection(address, timeout=30) as client:
            client.sendall(begin + b"x" * (MOST_UNREAD_BYTES // 2))
            client.sendall(b"x" * MOST_UNREAD_BYTES)
            assert client.recv(100).startswith(b"HTTP/1.1 400 ")
        with plant.client() as client:
            for _ in range(3):
                assert client.get("/health", headers=fits).status_code == 200
        body = b" " * (4 * MOST_UNREAD_BYTES)
        assert plant.ask("POST", "/v1/records/shop/job", content=body).status_code == 401
