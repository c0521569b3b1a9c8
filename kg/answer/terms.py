"""Terms: what the ontology has to write queries with, as one writes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from rdflib import OWL, RDF, RDFS, SKOS, Graph, Namespace, URIRef

from kg import vocab

if TYPE_CHECKING:
    from pathlib import Path

TermKind = Literal["class", "property", "code"]
_KINDS: dict[URIRef, TermKind] = {
    OWL.Class: "class",
    OWL.ObjectProperty: "property",
    OWL.DatatypeProperty: "property",
    SKOS.Concept: "code",
}
_OWN = Namespace(vocab.TR)


@dataclass(frozen=True, slots=True)
class OntologyTerm:
    """A term: its name in a query (``tr:runningOn``, ``<…/code/activity/idle>``), and in words."""

    name: str
    label: str
    definition: str
    kind: TermKind


@cache
def ontology_terms(folder: Path) -> tuple[OntologyTerm, ...]:
    """Read the terms of an ontology's files in English, in the order of their names."""
    graph = Graph()
    for path in sorted(folder.glob("*.ttl")):
        graph.parse(path)
    found = {
        (term, kind)
        for type_, kind in _KINDS.items()
        for term in graph.subjects(RDF.type, type_)
        if isinstance(term, URIRef) and str(term).startswith((vocab.TR, vocab.TRC))
    }
    told = (_term(graph, term, kind) for term, kind in found)
    return tuple(sorted(told, key=lambda one: (one.name, one.kind)))


def _term(graph: Graph, term: URIRef, kind: TermKind) -> OntologyTerm:
    # A code's name holds a slash, which stands in no prefixed name (SPARQL 1.1, 19.8).
    is_plain = term.startswith(_OWN)
    return OntologyTerm(
        name=f"tr:{term.removeprefix(str(_OWN))}" if is_plain else f"<{term}>",
        label=_english(graph, term, RDFS.label) or _english(graph, term, SKOS.prefLabel),
        definition=_english(graph, term, SKOS.definition),
        kind=kind,
    )


def _english(graph: Graph, term: URIRef, predicate: URIRef) -> str:
    texts = graph.objects(term, predicate)
    return min((str(text) for text in texts if getattr(text, "language", None) == "en"), default="")
