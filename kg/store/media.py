"""Media types of query answers, chosen by what the client accepts (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable

RESULTS = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
    "application/json": ox.QueryResultsFormat.JSON,
    "application/xml": ox.QueryResultsFormat.XML,
}
"""Formats of SELECT and ASK, the preferred one first."""

GRAPHS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "text/plain": ox.RdfFormat.N_TRIPLES,
    "application/json": ox.RdfFormat.JSON_LD,
}
"""Formats of CONSTRUCT and DESCRIBE, the preferred one first."""


RESULT_FORMATS = (
    *("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV"),
    *("Turtle", "N-Triples", "JSON-LD"),
)
"""What both are, by the names that W3C gives to formats (http://www.w3.org/ns/formats/)."""


def choose_media_type(accept: str, offered: Iterable[str]) -> str:
    """Choose the offered type with the highest quality; the first offered wins a tie.

    Raises: QueryError with code ``not-acceptable`` when the header allows none of them.
    """
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()] or [("*/*", 1.0)]
    choices = list(offered)
    best = max(choices, key=lambda media_type: _quality(media_type, ranges))
    if _quality(best, ranges) <= 0:
        message = f"This query has no answer of the type {accept!r}."
        hint = f"Ask for one of: {', '.join(choices)}."
        raise QueryError(message, hint=hint, code="not-acceptable")
    return best


def _media_range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.lower().split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    # The most specific range decides, whatever stands beside it.
    for pattern in (media_type, f"{media_type.split('/')[0]}/*", "*/*"):
        found = [quality for name, quality in ranges if name == pattern]
        if found:
            return max(found)
    return 0.0
