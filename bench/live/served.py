"""A plant that ``traveler serve`` serves, and the Mosquitto that it follows: processes."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.machine import ROOT
from bench.measure import BASE, MAPPING, NOW
from bench.tables import write_tables
from kg.owner import owner_url
from kg.pipeline import Pipeline
from kg.settings import load_plant
from kg.sources import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.live.events import Event

SOURCE = "machines"
_MAPPING = ROOT / "mappings" / "mqtt-machines"
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
_LONGEST_SECONDS = 300.0
_PLANT = """\
[plant]
name = "Benchmark"
base = "{base}"
[[source]]
name = "export"
mapping = {export}
[[source]]
name = "{source}"
mapping = {machines}
url = "mqtt://127.0.0.1:{port}"
"""


class ServerError(Exception):
    """A broker or a served plant does not do what it is there for."""


def write_plant(folder: Path, jobs: int, seed: int, port: int) -> None:
    """Write a plant of so many jobs, whose machines publish at the broker on a port."""
    tables = folder / "tables"
    tables.mkdir(parents=True)
    write_tables(tables, jobs, seed)
    write_settings(folder, port)


def write_settings(folder: Path, port: int, more: str = "") -> None:
    """Write what such a plant is, and ``more`` of it, over what stands there."""
    text = _PLANT.format(
        base=BASE,
        source=SOURCE,
        export=json.dumps(str(MAPPING)),
        machines=json.dumps(str(_MAPPING)),
        port=port,
    )
    (folder / "plant.toml").write_text(text + more, encoding="utf-8")


@contextmanager
def open_loaded(folder: Path, jobs: int, seed: int) -> Iterator[tuple[Pipeline, int]]:
    """Write such a plant and load it without its machines; gives it, and how many quads it has."""
    write_plant(folder, jobs, seed, port=1)  # nobody connects to it
    with Pipeline.open(load_plant(folder)) as pipeline:
        pipeline.read(NOW)
        pipeline.apply(NOW)
        yield pipeline, sum(1 for _ in pipeline.store.match())


def message_of(event: Event) -> Message:
    """Give what arrives when a machine publishes an event."""
    return Message(event.topic, event.payload, {"machine": event.machine})


def find_mosquitto() -> str:
    """Give where Mosquitto is.

    Raises:
        ServerError: it is not installed.
    """
    program = shutil.which("mosquitto", path=_PATH)
    if program is None:
        raise ServerError("Mosquitto is not on this machine: `make servers` installs it")
    return program


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """Run a Mosquitto that keeps what it has in a folder; gives its port on this machine."""
    program = find_mosquitto()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    folder.mkdir(parents=True)
    user = "user root\n" if os.getuid() == 0 else ""
    (folder / "mosquitto.conf").write_text(
        f"{user}listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
        f"persistence_location {folder}/\nmax_queued_messages 0\n"
    )
    with (folder / "log").open("wb") as log:
        command = [program, "-c", str(folder / "mosquitto.conf")]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(lambda: _answers(port), server, "Mosquitto")
        yield port
    finally:
        server.terminate()
        server.wait()


@contextmanager
def served(folder: Path, command: tuple[str, ...] = ("-m", "kg.cli")) -> Iterator[int]:
    """Serve the plant of a folder with ``traveler serve``; gives its port once all is well."""
    with (folder / "serve.log").open("wb") as log:
        words = [*command, "serve", "--port", "0", "--quiet", "--plant", str(folder)]
        server = subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=log, stderr=log)
    store = folder / "store"
    try:
        _wait(lambda: bool(owner_url(store)), server, "traveler serve")
        port = int((owner_url(store) or "").rpartition(":")[2])
        _wait(lambda: is_ready(port), server, "traveler serve")
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def is_ready(port: int) -> bool:
    """Ask a served plant whether its graph has all that its journal holds, and all is well."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        asked.request("GET", "/ready")
        return asked.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        asked.close()


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _wait(is_so: Callable[[], bool], server: subprocess.Popen[bytes], name: str) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not is_so():
        if server.poll() is not None:
            raise ServerError(f"{name} ended with code {server.returncode}")
        if time.monotonic() > deadline:
            raise ServerError(f"{name} is not ready after {_LONGEST_SECONDS:.0f} s")
        time.sleep(0.05)
