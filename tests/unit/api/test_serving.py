from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from api.serving import bind
from kg.errors import ConfigError

SERVE = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from api.serving import run
from kg.owner import Owner
from kg.pipeline import Pipeline
from kg.settings import load_plant

with Pipeline.open(load_plant(Path(sys.argv[1]))) as pipeline:
    owner = Owner(pipeline, lambda: datetime(2026, 11, 23, 8, tzinfo=UTC))
    run(owner, "localhost", 0, lambda url: print(url, flush=True))
print("tidied up", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_and_lets_its_owner_tidy_up(
    own_plant: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", SERVE, str(own_plant)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watch = threading.Timer(30, process.kill)
        watch.start()
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://localhost:")
            assert not url.endswith(":0")
            query = {"query": "ASK {}"}
            answer = httpx.get(f"{url}/sparql", params=query, trust_env=False, timeout=20)
            assert answer.status_code == 200
            process.send_signal(number)
            assert process.stdout.read() == "tidied up\n"
        finally:
            watch.cancel()
    assert process.returncode == 0


def test_an_address_that_is_taken_is_a_clear_error() -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(ConfigError, match="cannot listen") as error:
        bind("127.0.0.1", taken.getsockname()[1])
    assert "--port 0" in error.value.hint


def test_a_port_that_is_none_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="70000"):
        bind("127.0.0.1", 70_000)
