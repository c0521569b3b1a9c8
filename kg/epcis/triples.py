"""EPCIS events as RDF, in the terms of GS1: what the standard's own JSON-LD context would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdflib import Graph
from rdflib.plugins.parsers.jsonld import to_rdf

from kg.epcis.words import CODES, CONTEXT, KNOWN_CONTEXTS, NUMBERS, THINGS, TYPES, UNDEFINED
from kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_NESTED = 64
"""How deep an event may be nested, extensions included."""
_KEYWORDS = ("@import", "@propagate")


def event_graph(document: Mapping[str, Any], place: str) -> Graph:
    """Give the triples of a document or an event; ``place`` names it in errors.

    Nothing is fetched: of contexts, those of the standard are known by their address, and others
    must stand in the document. Raises: SourceError for any other, and for what is no JSON-LD.
    """
    written = _written_out(document, "", place, 0)
    graph = Graph()
    try:
        to_rdf(written, graph)
    except Exception as error:  # rdflib raises whatever its parts do
        raise SourceError(
            f"{place}: no JSON-LD: {error}", hint="is it an EPCIS 2.0 document in JSON?"
        ) from error
    return graph


def _written_out(node: Any, name: str, place: str, depth: int) -> Any:
    """Write codes out as IRIs, ``type`` by its place, and contexts as what they are."""
    if depth > MOST_NESTED:
        raise SourceError(
            f"{place}: nested deeper than {MOST_NESTED}", hint="leave such extensions out"
        )
    if isinstance(node, list):
        return [_written_out(item, name, place, depth + 1) for item in node]
    if not isinstance(node, dict):
        return _coded(node, CODES.get(name, ""))
    written = dict(
        _member(key, value, name, place, depth)
        for key, value in node.items()
        if (name, key) not in UNDEFINED
    )
    if not depth:
        written.pop("id", None)  # of the envelope: several have the same, and they are none
    return written


def _member(key: str, value: Any, name: str, place: str, depth: int) -> tuple[str, Any]:
    if key == "@context":
        return key, _context(value, place)
    if name in TYPES and key == "type":
        called, prefix = TYPES[name]
        return called, _coded(value, prefix)
    if name in TYPES and key in THINGS:
        return THINGS[key], value
    if key in NUMBERS and isinstance(value, int) and not isinstance(value, bool):
        return key, _double(value, place)
    return key, _written_out(value, key, place, depth + 1)


def _double(number: int, place: str) -> float:
    try:
        return float(number)
    except OverflowError as error:
        raise SourceError(f"{place}: {number:.3e} is no xsd:double", hint="mend it") from error


def _coded(value: Any, prefix: str) -> Any:
    return f"{prefix}{value}" if prefix and isinstance(value, str) and ":" not in value else value


def _context(context: Any, place: str) -> list[Any]:
    """Put our own context in the place of the standard's, and refuse what would be fetched."""
    listed = context if isinstance(context, list) else [context]
    found: list[Any] = []
    for one in listed:
        if isinstance(one, dict):
            _check_inline(one, place)
            found.append(one)
        elif one in KNOWN_CONTEXTS:
            found.append(CONTEXT)
        else:
            raise SourceError(
                f"{place}: the context {one!r} is not known here, and contexts are never fetched",
                hint="write its terms into the document's @context",
            )
    return found


def _check_inline(context: dict[str, Any], place: str) -> None:
    """Refuse a context that names others by their address (JSON-LD 1.1, sections 4.1.9, 4.1.10)."""
    for key, value in context.items():
        nested = value.get("@context") if isinstance(value, dict) else None
        if key in _KEYWORDS or nested is not None:
            raise SourceError(
                f"{place}: {key!r} of its @context leads to another context",
                hint="write plain terms into the document's @context",
            )
