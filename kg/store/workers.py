"""The lane for ad-hoc SPARQL: processes that may be killed, on checkpoints, without a network."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Condition
from typing import TYPE_CHECKING, Any

from kg.errors import QueryError, QueryTimeout
from kg.store.checkpoints import Checkpoints
from kg.store.protocol import QueryAnswer
from kg.store.query_text import QueryLimits, check_query_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.records import Term
    from kg.store.embedded import EmbeddedStore
    from kg.store.fence import FenceKind

# A worker needs no secret that this process may have in its environment.
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "LANG")
_CODE_ROOT = Path(__file__).resolve().parents[2]


class QueryWorkers:
    """Runs anybody's queries on checkpoints of ``store``, kept below ``folder``. Thread-safe.

    ``folder`` must be on the store's disk, as checkpoints are hard links, and belong to it alone.
    """

    def __init__(
        self,
        store: EmbeddedStore,
        folder: Path,
        *,
        workers: int = 1,
        limits: QueryLimits | None = None,
        fence: FenceKind = "filter",
    ) -> None:
        self._limits = limits or QueryLimits()
        self._settings = json.dumps({**asdict(self._limits), "base": store.base, "fence": fence})
        self._checkpoints = Checkpoints(store, folder)
        self._changed = Condition()
        self._waiting = 0
        self._is_closed = False
        self._all = {_Worker(self._settings) for _ in range(workers)}
        self._idle = list(self._all)

    def run(
        self,
        query: str,
        accept: str = "*/*",
        timeout_seconds: float = 10.0,
        *,
        default_graphs: Sequence[Term] | None = None,
        named_graphs: Sequence[Term] | None = None,
        min_seq: int = 0,
    ) -> QueryAnswer:
        """Run one query to its end; the time in the queue counts.

        The graphs, when given, replace the dataset of the query (SPARQL 1.1 Protocol, 2.1.4); ""
        is the current graph. ``min_seq`` is the record that the graph must have reached.
        Raises: QueryTimeout; QueryError with code ``busy``, ``behind``, ``query-syntax``,
        ``query-too-long``, ``query-too-deep``, ``query-failed``, ``query-crashed``,
        ``query-unfenced``, ``result-too-large`` or ``not-acceptable``; StoreError.
        """
        check_query_text(query, self._limits)
        seconds = min(timeout_seconds, self._limits.timeout_seconds)
        deadline = time.monotonic() + seconds
        with self._lent(deadline) as worker, self._checkpoints.newest(min_seq) as checkpoint:
            header, body = worker.ask(
                {
                    "query": query,
                    "accept": accept,
                    "default_graphs": None if default_graphs is None else list(default_graphs),
                    "named_graphs": None if named_graphs is None else list(named_graphs),
                    "checkpoint": str(checkpoint),
                    "seconds": seconds,
                },
                deadline,
            )
        if "code" in header:
            raise QueryError(header["message"], hint=header["hint"], code=header["code"])
        return QueryAnswer(body, header["media_type"], header["seq"])

    def follow(self, store: EmbeddedStore) -> None:
        """Answer from another store of the same plant from now on: a rebuild was swapped in."""
        self._checkpoints.follow(store)

    def close(self) -> None:
        """Stop every worker, also in the middle of a query, and remove the checkpoints."""
        with self._changed:
            self._is_closed = True
            for worker in self._all:
                worker.end()
            for worker in self._idle:
                worker.kill()
            self._changed.notify_all()
        self._checkpoints.close()

    def process_ids(self) -> set[int]:
        """Give the workers' process ids, for metrics and for tests."""
        with self._changed:
            return {worker.process_id for worker in self._all}

    @contextmanager
    def _lent(self, deadline: float) -> Iterator[_Worker]:
        worker = self._take(deadline)
        try:
            yield worker
        finally:
            self._give_back(worker)

    def _take(self, deadline: float) -> _Worker:
        with self._changed:
            if not self._idle and self._waiting >= self._limits.queued:
                raise _busy(f"{self._waiting} queries are waiting already.")
            self._waiting += 1
            try:
                remaining = deadline - time.monotonic()
                self._changed.wait_for(lambda: self._idle or self._is_closed, remaining)
            finally:
                self._waiting -= 1
            if self._is_closed:
                raise QueryError("The query workers are stopped.", code="busy")
            if not self._idle:
                raise QueryTimeout(
                    "The query waited for another one to end, and did not run within its time.",
                    hint="Ask again in a moment. No part is given.",
                )
            return self._alive(self._idle.pop())

    def _give_back(self, worker: _Worker) -> None:
        with self._changed:
            if self._is_closed:
                worker.kill()
                return
            self._idle.append(self._alive(worker))
            self._changed.notify()

    def _alive(self, worker: _Worker) -> _Worker:
        if worker.is_alive():
            return worker
        worker.kill()
        self._all.remove(worker)
        replacement = _Worker(self._settings)
        self._all.add(replacement)
        return replacement


class _Worker:
    """One worker process and the socket to it; used by one thread at a time."""

    def __init__(self, settings: str) -> None:
        ours, theirs = socket.socketpair()
        environment = {key: os.environ[key] for key in _KEPT_ENVIRONMENT if key in os.environ}
        environment["PYTHONPATH"] = str(_CODE_ROOT)
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "kg.store.query_worker"),
                    *(str(theirs.fileno()), settings),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # the engine's last words say nothing of the query
                env=environment,
                start_new_session=True,  # Ctrl-C is the owner's to handle
            )
        self._connection = Connection(ours.detach())
        self.process_id = self._process.pid

    def is_alive(self) -> bool:
        """Tell whether the process runs and the conversation with it is in step."""
        return not self._connection.closed and self._process.poll() is None

    def ask(self, request: dict[str, Any], deadline: float) -> tuple[dict[str, Any], bytes]:
        """Give the header and body of the answer; a worker that fails is dead afterwards.

        Raises: QueryTimeout; QueryError with code ``query-crashed``.
        """
        answered = False
        try:
            self._connection.send_bytes(json.dumps(request).encode())
            if not self._connection.poll(max(0.0, deadline - time.monotonic())):
                raise QueryTimeout(
                    f"The query ran longer than {request['seconds']:g} seconds and was stopped.",
                    hint="Narrow it: name a job or machine, or add LIMIT. No part is given.",
                )
            header = json.loads(self._connection.recv_bytes())
            body = self._connection.recv_bytes()
            answered = True
        except (EOFError, OSError) as error:
            raise QueryError(
                f"The query ended its worker ({self._last_sign()}).",
                hint="Most often it needs more memory than it may have, or nests too deep.",
                code="query-crashed",
            ) from error
        finally:
            if not answered:
                self.kill()
        return header, body

    def kill(self) -> None:
        """End the process and the conversation; only by the thread that uses the worker."""
        self.end()
        self._connection.close()

    def end(self) -> None:
        """End the process at once, from any thread; whoever waits for it learns it soon."""
        self._process.kill()
        self._process.wait()

    def _last_sign(self) -> str:
        try:
            status = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "it stopped answering"
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _busy(message: str) -> QueryError:
    return QueryError(message, hint="Ask again in a moment.", code="busy")
