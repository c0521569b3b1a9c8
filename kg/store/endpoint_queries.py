"""The lane for ad-hoc SPARQL on a SPARQL server: it runs there, within the limits of here."""

from __future__ import annotations

import time
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from kg.errors import QueryError, StoreError, TravelerError
from kg.store.endpoint import JSON, TRIPLES, parse_results, parse_triples, refuse_cut
from kg.store.engine_errors import let_go
from kg.store.protocol import QueryAnswer
from kg.store.query_text import QueryLimits, check_query_text, check_stays_here, query_form
from kg.store.results import ResultLimits, too_large, write_graph, write_results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.records import Term
    from kg.store.dataset import Scoped
    from kg.store.remote import RemoteStore

AT_ONCE = 4


class EndpointQueries:
    """Runs anybody's queries on the server of a store; see ``Queries``. Thread-safe.

    What a query may see and call is what the account at the query address may: the server is the
    wall. A query past its deadline is given up here; the server may go on with it for a while.
    """

    def __init__(self, store: RemoteStore, limits: QueryLimits | None = None) -> None:
        self._store = store
        self._limits = limits or QueryLimits()
        self._room = BoundedSemaphore(AT_ONCE)

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
        """Run one query to its end; waiting for room counts.

        Raises: QueryTimeout; QueryError with code ``busy``, ``behind``, ``query-syntax``,
        ``query-too-long``, ``query-too-deep``, ``query-failed``, ``result-too-large`` or
        ``not-acceptable``; StoreError.
        """
        check_query_text(query, self._limits)
        check_stays_here(query)
        form = query_form(query)
        seq = self._store.applied_seq()
        if seq < min_seq:
            message = f"The graph has reached record {seq}, not yet {min_seq}."
            raise QueryError(message, hint="Ask again in a moment.", code="behind")
        scoped = self._store.scoped(query, form)
        if default_graphs is not None or named_graphs is not None:
            scoped = self._store.in_dataset(query, default_graphs or (), named_graphs or ())
        deadline = time.monotonic() + min(timeout_seconds, self._limits.timeout_seconds)
        if not self._room.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise QueryError(
                "Too many queries run already.", hint="Ask again in a moment.", code="busy"
            )
        try:
            media_type, body = self._answer(form, scoped, accept, deadline - time.monotonic())
        except TravelerError as error:
            let_go(error)
            raise
        finally:
            self._room.release()
        return QueryAnswer(body, media_type, seq)

    def _answer(self, form: str, scoped: Scoped, accept: str, seconds: float) -> tuple[str, bytes]:
        limits = ResultLimits(self._limits.rows, self._limits.result_bytes)
        is_graph = form in {"CONSTRUCT", "DESCRIBE"}
        asked = TRIPLES if is_graph else JSON
        reply = self._store.endpoint.fetch(scoped, asked, seconds, limits.result_bytes)
        try:
            refuse_cut(reply)
        except StoreError as error:
            raise too_large("more than the SPARQL endpoint gives at once") from error
        if is_graph:
            return write_graph(parse_triples(reply.body), accept, limits)
        return write_results(parse_results(reply.body, form), accept, limits)

    def follow(self, store: RemoteStore) -> None:
        """Answer from another generation from now on."""
        self._store = store

    def close(self) -> None:
        """Do nothing: queries under way run into their deadline."""
