"""Terms on the way into and out of the engine: N-Triples strings here, engine objects there."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import pyoxigraph as ox

from kg.errors import StoreError

if TYPE_CHECKING:
    from kg.records import Term

Quad: TypeAlias = "tuple[Term, Term, Term, Term]"
"""Subject, predicate, object and graph; the graph is "" for the default graph."""

PREFIXES = {
    "tr": "https://w3id.org/traveler/ontology/",
    "trc": "https://w3id.org/traveler/code/",
    "trf": "https://w3id.org/traveler/function/",
    "trs": "https://w3id.org/traveler/shape/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "sh": "http://www.w3.org/ns/shacl#",
    "dcterms": "http://purl.org/dc/terms/",
}
"""Prefixes that every query may use without declaring them; its own declarations win."""

_IRI = r"<[^\x00-\x20<>\"{}|^`\\]+>"
_TERM = re.compile(
    rf"(?P<iri>{_IRI})"
    r"|(?P<literal>\"(?:[^\"\\\n\r]|\\[tbnrf\"'\\]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*\""
    rf"(?:@[A-Za-z]+(?:-[A-Za-z0-9]+)*(?:--(?:ltr|rtl))?|\^\^{_IRI})?)"
)


@lru_cache(maxsize=1 << 15)
def checked(term: Term) -> Term:
    """Give back a term that is safe to paste into an update (N-Triples, section 2).

    Raises: StoreError for anything else; blank nodes too, as they cannot be deleted by name.
    """
    if _TERM.fullmatch(term) is None:
        message = f"Not a term the graph can hold: {term[:200]!r}."
        hint = (
            "Use an absolute IRI in <…> or a quoted literal; blank nodes must be made IRIs first."
        )
        raise StoreError(message, hint=hint, code="bad-term")
    return term


@lru_cache(maxsize=1 << 15)
def engine_term(term: Term) -> ox.NamedNode | ox.Literal:
    """Turn an IRI or literal term into the engine's object.

    Raises: StoreError for what is neither.
    """
    checked(term)
    try:
        if term[0] == "<":
            return ox.NamedNode(term[1:-1])
        if term[-1] == '"' and "\\" not in term:
            return ox.Literal(term[1:-1])
        quad = next(iter(ox.parse(f"<x:s> <x:p> {term} .", format=ox.RdfFormat.N_TRIPLES)))
    except (ValueError, SyntaxError) as error:
        raise StoreError(f"Not a valid term: {term[:200]!r}: {error}", code="bad-term") from error
    literal: ox.Literal = quad.object
    return literal


def engine_iri(term: Term) -> ox.NamedNode:
    """Turn an IRI term into the engine's object; Raises: StoreError for a literal."""
    node = engine_term(term)
    if not isinstance(node, ox.NamedNode):
        raise StoreError(f"An IRI is needed here, not {term[:200]!r}.", code="bad-term")
    return node


def engine_node(term: Term) -> ox.NamedNode | ox.Literal | ox.BlankNode:
    """Turn any term into the engine's object, to read by it; a blank node is ``_:`` and its label.

    Raises: StoreError for what is no term.
    """
    return _blank_node(term) if term.startswith("_:") else engine_term(term)


def engine_subject(term: Term) -> ox.NamedNode | ox.BlankNode:
    """Turn an IRI or blank node into the engine's object; Raises: StoreError for a literal."""
    return _blank_node(term) if term.startswith("_:") else engine_iri(term)


def _blank_node(term: Term) -> ox.BlankNode:
    try:
        return ox.BlankNode(term[2:])
    except ValueError as error:
        raise StoreError(f"Not a blank node: {term[:200]!r}: {error}", code="bad-term") from error


def engine_graph(term: Term) -> ox.NamedNode | ox.DefaultGraph:
    """Turn a graph's term into the engine's object; "" is the default graph."""
    return engine_iri(term) if term else DEFAULT_GRAPH


@lru_cache(maxsize=1 << 15)
def stored_form(term: Term) -> Term:
    """Give the spelling under which the store gives a term back.

    The engine keeps values, not spellings: ``"01"^^xsd:integer`` comes back as ``"1"``, 1.50 as
    1.5, 24:00:00 as 00:00:00, ``@EN`` as ``@en``. Compare facts in this form only.
    """
    node = engine_node(term)
    if not isinstance(node, ox.Literal):
        return term
    if node.datatype == _STRING:
        return str(node)
    scratch = ox.Store()
    scratch.add(ox.Quad(_ANY, _ANY, node))
    return str(next(iter(scratch)).object)


DEFAULT_GRAPH = ox.DefaultGraph()
_ANY = ox.NamedNode("x:any")
_STRING = ox.NamedNode("http://www.w3.org/2001/XMLSchema#string")
