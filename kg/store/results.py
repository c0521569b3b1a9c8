"""Results in the format that was asked for, and never more of them than is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import QueryError
from kg.store.media import GRAPHS, RESULTS, choose_media_type
from kg.store.terms import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class ResultLimits:
    """How many rows or triples a result may have, and how many bytes."""

    rows: int
    result_bytes: int


def write_results(
    found: ox.QuerySolutions | ox.QueryBoolean, accept: str, limits: ResultLimits
) -> tuple[str, bytes]:
    """Write the rows of a SELECT or the answer of an ASK; gives the media type and the text.

    Raises: QueryError with code ``result-too-large`` or ``not-acceptable``.
    """
    media_type = choose_media_type(accept, RESULTS)
    format_ = RESULTS[media_type]
    if isinstance(found, ox.QueryBoolean):
        return media_type, found.serialize(format=format_) or b""
    # TSV first: a row is a line there, so it is counted, and stopped, while it is written.
    lines: Any = _Collected(limits.result_bytes, limits.rows)
    found.serialize(lines, ox.QueryResultsFormat.TSV)
    if format_ == ox.QueryResultsFormat.TSV:
        return media_type, bytes(lines.data)
    output: Any = _Collected(limits.result_bytes, None)
    again = ox.parse_query_results(bytes(lines.data), ox.QueryResultsFormat.TSV)
    again.serialize(output, format_)
    return media_type, bytes(output.data)


def write_graph(found: Iterable[ox.Triple], accept: str, limits: ResultLimits) -> tuple[str, bytes]:
    """Write the triples of a CONSTRUCT or DESCRIBE; see ``write_results``."""
    media_type = choose_media_type(accept, GRAPHS)
    # The engine repeats a triple for every solution that makes it; a graph is a set.
    triples: dict[ox.Triple, None] = {}
    for triple in found:
        triples[triple] = None
        if len(triples) > limits.rows:
            raise too_large(f"more than {limits.rows} triples")
    output: Any = _Collected(limits.result_bytes, None)
    ox.serialize(triples, output, GRAPHS[media_type], prefixes=PREFIXES)
    return media_type, bytes(output.data)


def too_large(what: str) -> QueryError:
    """Say that a result is larger than it may be."""
    hint = "Narrow the query, count first, or page with ORDER BY, LIMIT and OFFSET."
    return QueryError(f"The result has {what}.", hint=hint, code="result-too-large")


class _Collected:
    """A file in memory that refuses to grow beyond its limits."""

    def __init__(self, most_bytes: int, most_rows: int | None) -> None:
        self.data = bytearray()
        self._most_bytes = most_bytes
        self._most_rows = most_rows
        self._rows = -1  # the first line is the header

    def write(self, piece: bytes) -> int:
        """Take a piece; Raises: QueryError with code ``result-too-large``."""
        self.data += piece
        if len(self.data) > self._most_bytes:
            raise too_large(f"more than {self._most_bytes} bytes")
        if self._most_rows is not None:
            self._rows += piece.count(b"\n")
            if self._rows > self._most_rows:
                raise too_large(f"more than {self._most_rows} rows")
        return len(piece)

    def flush(self) -> None:
        """Do nothing: all is in memory."""
