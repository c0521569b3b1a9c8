"""SPARQL servers of the tests' own: started on loopback, in folders that go with them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from kg.store.endpoint import Endpoint

START_SECONDS = 60
QUERY_SECONDS = 8
"""After which a server itself ends a query that nobody waits for any more."""
VIRTUOSO_INI = """\
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
ServerPort = 127.0.0.1:{sql_port}
DisableUnixSocket = 1
ServerThreads = 20
CheckpointInterval = 0
NumberOfBuffers = 20000
MaxDirtyBuffers = 15000
DirsAllowed = .
; Debian's 7.2.5 stops answering when it shares out a scan of a large graph among threads.
ThreadsPerQuery = 1
AsyncQueueMaxThreads = 2
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerThreads = 16
[SPARQL]
ResultSetMaxRows = {max_rows}
MaxQueryExecutionTime = {seconds}
"""


@dataclass(frozen=True)
class SparqlServer:
    """Where a server answers, and the account that may write."""

    endpoint: str
    update: str
    graph_store: str
    account: tuple[str, str] | None = None

    def open(self, **changed: object) -> Endpoint:
        """Reach it as a plant does."""
        given = {
            "query": self.endpoint,
            "update": self.update,
            "graph_store": self.graph_store,
            "account": self.account,
        }
        return Endpoint(**(given | changed))

    def wipe(self, base: str) -> None:
        """Remove every graph of one plant."""
        endpoint = self.open()
        found = endpoint.rows(
            "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } "
            f'FILTER(STRSTARTS(STR(?g), "{base}")) }}'
        )
        for start in range(0, len(found), 100):
            graphs = [row["g"] for row in found[start : start + 100]]
            endpoint.update(";\n".join(f"CLEAR SILENT GRAPH {graph}" for graph in graphs))


@contextmanager
def start_oxigraph(folder: Path | None = None, port: int = 0) -> Iterator[SparqlServer]:
    """Start `oxigraph serve`, in memory or in a folder, on a free port or a given one."""
    port = port or free_port()
    program = Path(sys.executable).with_name("oxigraph")
    command = [program, "serve", "--bind", f"127.0.0.1:{port}", "--timeout-s", QUERY_SECONDS]
    if folder is not None:
        command += ["--location", folder]
    with _running(list(map(str, command)), None, port, "/query"):
        at = f"http://127.0.0.1:{port}"
        yield SparqlServer(f"{at}/query", f"{at}/update", f"{at}/store")


def has_virtuoso() -> bool:
    """Tell whether Virtuoso is on this machine."""
    return shutil.which("virtuoso-t") is not None


@contextmanager
def start_virtuoso(folder: Path, max_rows: int = 1_000_000) -> Iterator[SparqlServer]:
    """Start Virtuoso with a database and a configuration of its own in a folder."""
    port, sql_port = free_port(), free_port()
    config = VIRTUOSO_INI.format(
        port=port, sql_port=sql_port, max_rows=max_rows, seconds=QUERY_SECONDS
    )
    (folder / "virtuoso.ini").write_text(config)
    command = ["virtuoso-t", "-f", "+configfile", "virtuoso.ini"]
    with _running(command, folder, port, "/sparql"):
        at = f"http://127.0.0.1:{port}"
        graphs = f"{at}/sparql-graph-crud-auth"
        yield SparqlServer(f"{at}/sparql", f"{at}/sparql-auth", graphs, ("dba", "dba"))


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def _running(command: list, folder: Path | None, port: int, path: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(process, f"http://127.0.0.1:{port}{path}")
        yield
    finally:
        process.kill()
        process.wait()


def _wait_for(process: subprocess.Popen, address: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            direct.open(address, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{process.args} does not answer at {address}: {process.poll()}")


class Link:
    """The way to a server, that can be cut: real requests are passed on, or lost.

    ``lost`` decides for each write, counted from 0, whether its "request" or its "answer" is lost.
    ``basic`` is an account that is asked for on the way (RFC 7617).
    """

    def __init__(self, server: SparqlServer, basic: tuple[str, str] | None = None) -> None:
        self.writes = 0
        self._admits = basic and f"Basic {b64encode(':'.join(basic).encode()).decode()}"
        self.lost: Callable[[int], str | None] = lambda _: None
        self._target = urlsplit(server.endpoint)
        self._writing = {urlsplit(url).path for url in (server.update, server.graph_store)}
        link = self

        class Passing(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                link.pass_on(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
        self._thread = Thread(target=self._http.serve_forever, args=(0.05,))
        self._thread.start()
        at = f"127.0.0.1:{self._http.server_port}"
        urls = (server.endpoint, server.update, server.graph_store)
        moved = [urlsplit(url)._replace(netloc=at).geturl() for url in urls]
        self.server = SparqlServer(*moved, server.account)

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def pass_on(self, request: BaseHTTPRequestHandler) -> None:
        """Pass one request on, and its answer back."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        lost = None
        # A request that only fetches the challenge of its server is no write yet.
        if urlsplit(request.path).path in self._writing and self._is_admitted(request):
            lost = self.lost(self.writes)
            self.writes += 1
        request.close_connection = True
        if self._admits and request.headers.get("Authorization") != self._admits:
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="graphs"')
            request.end_headers()
            return
        if lost == "request":
            return
        connection = HTTPConnection(self._target.netloc, timeout=30)
        connection.request("POST", request.path, body, dict(request.headers))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if lost == "answer":
            return
        request.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() in {"content-type", "www-authenticate"}:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _is_admitted(self, request: BaseHTTPRequestHandler) -> bool:
        return self.server.account is None or "Authorization" in request.headers
