"""The lane of ad-hoc SPARQL: the query workers of whatever store the plant has at the moment."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kg.errors import QueryError
from kg.store.workers import QueryWorkers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request

    from kg.owner import Owner
    from kg.records import Term
    from kg.store import EmbeddedStore
    from kg.store.workers import QueryAnswer

CHECKPOINTS = "checkpoints"
WORKERS = 2


class Lane:
    """Starts its workers with the first query, and follows the plant's store through rebuilds."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._lock = threading.Lock()
        self._workers: QueryWorkers | None = None
        self._followed: EmbeddedStore | None = None
        self._is_closed = False

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
        """Run one query; Raises: QueryError, QueryTimeout, StoreError (see QueryWorkers.run)."""
        return self._current().run(
            query,
            accept,
            timeout_seconds,
            default_graphs=default_graphs,
            named_graphs=named_graphs,
            min_seq=min_seq,
        )

    def close(self) -> None:
        """Stop the workers, also in the middle of a query."""
        with self._lock:
            self._is_closed = True
            if self._workers is not None:
                self._workers.close()

    def _current(self) -> QueryWorkers:
        with self._lock:
            if self._is_closed:
                raise QueryError("the server is going down", hint="ask again later", code="busy")
            pipeline = self._owner.pipeline
            store = pipeline.store
            if self._workers is None:
                folder = pipeline.plant.store_path / CHECKPOINTS
                self._workers = QueryWorkers(store, folder, workers=WORKERS)
            elif store is not self._followed:
                self._workers.follow(store)
            self._followed = store
            return self._workers


def lane_of(request: Request) -> Lane:
    """Give the lane of the app that a request came to."""
    lane: Lane = request.app.state.lane
    return lane
