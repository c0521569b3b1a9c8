"""The peers: SPARQL servers that are given a plant's present, and answer the bare query."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import quote

from bench.live.served import ServerError
from bench.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

_GRAPH = "urn:bench:present"
_START_SECONDS = 900.0
_VIRTUOSO = """\
[Database]
DatabaseFile = virtuoso.db
ErrorLogFile = virtuoso.log
LockFile = virtuoso.lck
TransactionFile = virtuoso.trx
xa_persistent_file = virtuoso.pxa
[TempDatabase]
DatabaseFile = temporary.db
TransactionFile = temporary.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
ServerThreads = 100
CheckpointInterval = 0
NumberOfBuffers = 85000
MaxDirtyBuffers = 60000
DirsAllowed = {folder}
; Version 7.2.5 stops answering when it shares out a scan of a large graph among threads.
ThreadsPerQuery = 1
AsyncQueueMaxThreads = 2
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerThreads = 80
MaxKeepAlives = 80
KeepAliveTimeout = 60
[SPARQL]
ResultSetMaxRows = 100000
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server: how it is started with a graph, and at which path it answers a query.

    ``serve`` is given an empty folder and the graph as N-Triples, and gives a port. ``most_facts``
    is how large a graph may be for it to take part.
    """

    name: str
    title: str
    serve: Callable[[Path, Path], AbstractContextManager[int]]
    version: Callable[[], str]
    before: str = "/query?query="
    most_facts: int = 1 << 40

    def path(self, query: str) -> str:
        """Give the path of a query, which it answers as JSON."""
        return self.before + quote(query, safe="")


@contextmanager
def _oxigraph(folder: Path, graph: Path) -> Iterator[int]:
    """Serve by ``oxigraph serve-read-only``, from a folder on the disk."""
    program = shutil.which("oxigraph") or str(sys.executable).replace("python", "oxigraph")
    if shutil.which(program) is None:
        raise ServerError("it is not installed")
    place = str(folder / "store")
    load = [program, "load", "--location", place, "--file", str(graph)]
    subprocess.run(load, check=True, capture_output=True)
    port = _free_port()
    command = [program, "serve-read-only", "--location", place, "--bind", f"127.0.0.1:{port}"]
    with _running(command, folder, port):
        yield port


@contextmanager
def _virtuoso(folder: Path, graph: Path) -> Iterator[int]:
    """Serve by Virtuoso, with a database and a configuration of its own, by its bulk loader."""
    server, client = shutil.which("virtuoso-t"), shutil.which("isql-vt")
    if server is None or client is None:
        raise ServerError("it is not installed")
    port, sql = _free_port(), _free_port()
    settings = _VIRTUOSO.format(folder=graph.parent, port=port, sql=sql)
    (folder / "virtuoso.ini").write_text(settings, encoding="utf-8")
    with _running([server, "-f", "+configfile", "virtuoso.ini"], folder, port):
        words = (
            f"ld_dir('{graph.parent}', '{graph.name}', '{_GRAPH}'); rdf_loader_run(); checkpoint;"
        )
        loading = [client, f"127.0.0.1:{sql}", "dba", "dba", f"exec={words}"]
        subprocess.run(loading, check=True, capture_output=True, timeout=_START_SECONDS)
        yield port


@contextmanager
def _rdflib(folder: Path, graph: Path) -> Iterator[int]:
    """Serve by rdflib, in a process that holds the graph in memory."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.answer.run_rdflib", str(graph), "--port", str(port)]
    with _running(command, ROOT, port):
        yield port


def _version_of_virtuoso() -> str:
    program = shutil.which("virtuoso-t")
    if program is None:
        return ""
    told = subprocess.run([program, "-?"], capture_output=True, text=True, check=False).stderr
    numbers = (word for word in told.split() if word[0].isdigit() and word.count(".") >= 2)
    return f"Virtuoso {next(numbers, '').rstrip(',')}".strip()


PEERS = {
    peer.name: peer
    for peer in (
        Peer("oxigraph", "oxigraph serve", _oxigraph, lambda: f"oxigraph {version('oxigraph')}"),
        Peer(
            "virtuoso",
            "Virtuoso",
            _virtuoso,
            _version_of_virtuoso,
            f"/sparql?default-graph-uri={quote(_GRAPH, safe='')}&query=",
        ),
        # A million facts take it some two gigabytes.
        Peer(
            "rdflib", "rdflib", _rdflib, lambda: f"rdflib {version('rdflib')}", most_facts=1_000_000
        ),
    )
}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """Run a server until it is no longer needed; it has begun once somebody listens."""
    server = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _listens(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise ServerError(f"it ended with code {server.poll()}, or does not listen")
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
