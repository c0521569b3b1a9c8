from __future__ import annotations

import os
import signal
import threading

import httpx
import pytest

from api.serving import bind, run
from kg.errors import ConfigError
from kg.owner import Owner


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
