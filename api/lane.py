"""The lane of ad-hoc SPARQL: what runs queries on whatever store the plant has at the moment."""

from __future__ import annotations

import threading
from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING

from kg.errors import QueryError, TravelerError
from kg.store.engines import open_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request

    from kg.owner import Owner
    from kg.records import Term
    from kg.store import Queries, QueryAnswer, Store

CHECKPOINTS = "checkpoints"
WORKERS = 2
WAIT_SECONDS = 2.0
"""How long a record is waited for that is not in the graph yet, and by how many at most."""
MOST_WAITING = 8


class Lane:
    """Starts with the first query, and follows the plant's store through rebuilds.

    ``outcomes`` counts queries by what became of them: ``answered``, or the code of the error.
    """

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._lock = threading.Lock()
        self._queries: Queries | None = None
        self._followed: Store | None = None
        self._is_closed = False
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)
        self.outcomes: Counter[str] = Counter()

    def run(
        self,
        query: str,
        accept: str,
        timeout_seconds: float,
        *,
        default_graphs: Sequence[Term] | None,
        named_graphs: Sequence[Term] | None,
        min_seq: int,
    ) -> QueryAnswer:
        """Run one query; Raises: QueryError, QueryTimeout, StoreError (see Queries.run)."""
        outcome = "internal"
        self._wait_for(min_seq, min(timeout_seconds, WAIT_SECONDS))
        try:
            answer = self._current().run(
                query,
                accept,
                timeout_seconds,
                default_graphs=default_graphs,
                named_graphs=named_graphs,
                min_seq=min_seq,
            )
            outcome = "answered"
        except TravelerError as error:
            outcome = error.code
            raise
        finally:
            with self._lock:
                self.outcomes[outcome] += 1
        return answer

    def close(self) -> None:
        """Stop what runs, also in the middle of a query."""
        with self._lock:
            self._is_closed = True
            if self._queries is not None:
                self._queries.close()

    def _wait_for(self, seq: int, seconds: float) -> None:
        """Give a record a moment to come in; who finds too many waiting does not wait."""
        pipeline = self._owner.pipeline
        if pipeline.store.applied_seq() >= seq or not self._waiting.acquire(blocking=False):
            return
        told, deadline = threading.Event(), monotonic() + seconds
        try:
            with pipeline.changes.listening(told.set):
                while pipeline.store.applied_seq() < seq and monotonic() < deadline:
                    told.wait(min(0.1, max(0.0, deadline - monotonic())))
                    told.clear()
        finally:
            self._waiting.release()

    def _current(self) -> Queries:
        with self._lock:
            if self._is_closed:
                raise QueryError("the server is going down", hint="ask again later", code="busy")
            pipeline = self._owner.pipeline
            store = pipeline.store
            if self._queries is None:
                folder = pipeline.plant.store_path / CHECKPOINTS
                self._queries = open_queries(store, folder, workers=WORKERS)
            elif store is not self._followed:
                self._queries.follow(store)
            self._followed = store
            return self._queries


def lane_of(request: Request) -> Lane:
    """Give the lane of the app that a request came to."""
    lane: Lane = request.app.state.lane
    return lane
