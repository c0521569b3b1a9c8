"""The process that runs ad-hoc queries, one at a time; whoever started it may kill it any time.

Started by ``kg.store.workers`` as ``python -m kg.store.query_worker HANDLE SETTINGS``. A request
is one JSON message on the handle; an answer is a JSON header and, unless it is an error, a body.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

import pyoxigraph as ox

from kg.errors import QueryError, StoreError, TravelerError
from kg.store.embedded import EmbeddedStore
from kg.store.fence import Fence, cap_memory
from kg.store.results import ResultLimits, write_graph, write_results
from kg.store.terms import PREFIXES, engine_graph, engine_iri

# Past the owner's deadline by so much a worker ends itself: its owner is gone.
_ORPHAN_SECONDS = 2.0
_NICE = 10
"""Whoever owns the plant, and answers everybody else, comes first."""


class QueryRunner:
    """Holds the checkpoint that is open, and the fence that stands while a query runs."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._base = str(settings["base"])
        self._limits = ResultLimits(int(settings["rows"]), int(settings["result_bytes"]))
        self._fence = Fence(settings["fence"])
        self._path = ""
        self._engine: ox.Store | None = None
        self._seq = 0

    def run(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Answer one request; Raises: QueryError, StoreError."""
        engine = self._open(request["checkpoint"])
        try:
            media_type, body = self._answer(engine, request)
        except SyntaxError as error:
            hint = "Mend it where the message says; tr:, trc:, rdfs: and xsd: need no PREFIX."
            message = f"The query is not valid: {error}"
            raise QueryError(message, hint=hint, code="query-syntax") from error
        except PermissionError as error:
            hint = "SERVICE is refused: a query sees this plant's graph and nothing else."
            message = f"The query failed: {error}"
            raise QueryError(message, hint=hint, code="query-failed") from error
        except (OSError, RuntimeError, ValueError) as error:
            hint = "Ask for less at once; the same query fails again."
            message = f"The query failed: {error}"
            raise QueryError(message, hint=hint, code="query-failed") from error
        return {"media_type": media_type, "seq": self._seq}, body

    def _open(self, path: str) -> ox.Store:
        if self._engine is not None and path == self._path:
            return self._engine
        self._fence.open()
        self._engine = None
        try:
            # Nobody writes a checkpoint, so several workers may open the same one.
            engine = ox.Store.read_only(path)
            if self._fence.kind == "descriptors":
                engine = _in_memory(engine)
        except (OSError, RuntimeError) as error:
            raise StoreError(f"The checkpoint {path} cannot be opened: {error}") from error
        self._seq = EmbeddedStore(engine, self._base).applied_seq()
        self._fence.shut()
        self._engine, self._path = engine, path
        return engine

    def _answer(self, engine: ox.Store, request: dict[str, Any]) -> tuple[str, bytes]:
        default, named = request["default_graphs"], request["named_graphs"]
        found = engine.query(
            request["query"],
            base_iri=self._base,
            prefixes=PREFIXES,
            default_graph=None if default is None else [engine_graph(name) for name in default],
            named_graphs=None if named is None else [engine_iri(name) for name in named],
        )
        if isinstance(found, ox.QueryTriples):
            return write_graph(found, request["accept"], self._limits)
        return write_results(found, request["accept"], self._limits)


def _in_memory(stored: ox.Store) -> ox.Store:
    copy = ox.Store()
    copy.bulk_extend(stored)
    return copy


def serve(connection: Connection, runner: QueryRunner) -> None:
    """Answer requests until the other end is closed."""
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, request["seconds"] + _ORPHAN_SECONDS)
        try:
            header, body = runner.run(request)
        except TravelerError as error:
            header = {"code": error.code, "message": error.message, "hint": error.hint}
            body = b""
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send_bytes(json.dumps(header).encode())
        connection.send_bytes(body)


def main(handle: str, settings_text: str) -> None:
    """Run as a worker on an inherited socket, under a memory cap and behind its owner."""
    settings = json.loads(settings_text)
    os.nice(_NICE)
    cap_memory(int(settings["memory_bytes"]))
    serve(Connection(int(handle)), QueryRunner(settings))


if __name__ == "__main__":
    main(*sys.argv[1:])
