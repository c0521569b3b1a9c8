"""What questions read: the properties without whose facts a question has no full answer."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from rdflib import URIRef
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.plugins.sparql.parserutils import CompValue

from kg import vocab

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.answer.questions import Question
    from kg.records import Term

_ABSENCE = {"MinusGraphPattern", "Builtin_NOTEXISTS"}
"""Patterns that ask for what is not there (SPARQL 1.1, section 8): a gap answers those."""


def readers(questions: Iterable[Question]) -> dict[Term, tuple[str, ...]]:
    """Give for each property of the ontology the questions that read it, by name."""
    found: dict[Term, list[str]] = defaultdict(list)
    for question in questions:
        for predicate in sorted(properties_read(question.query)):
            found[predicate].append(question.name)
    return {predicate: tuple(sorted(names)) for predicate, names in found.items()}


def properties_read(query: str) -> frozenset[Term]:
    """Give the ontology's properties that a query asks the presence of, also by way of VALUES."""
    prologue, body = parseQuery(query)
    prefixes = {
        str(declared.prefix or ""): str(declared.iri)
        for declared in prologue
        if declared.name == "PrefixDecl"
    }
    iris = {_expand(node, prefixes) for node in _present(body)}
    # A property's name begins with a small letter, a class's with a capital.
    return frozenset(
        f"<{iri}>"
        for iri in iris
        if iri.startswith(vocab.TR) and iri.removeprefix(vocab.TR)[:1].islower()
    )


def _present(node: object) -> Iterator[CompValue | URIRef]:
    """Walk a parsed query for the names in it, past what asks for absence."""
    if isinstance(node, URIRef):
        yield node
    elif isinstance(node, CompValue):
        if node.name == "pname":
            yield node
        elif node.name not in _ABSENCE:
            for part in node.values():
                yield from _present(part)
    elif not isinstance(node, str) and hasattr(node, "__iter__"):
        for part in node:
            yield from _present(part)


def _expand(node: CompValue | URIRef, prefixes: dict[str, str]) -> str:
    if isinstance(node, URIRef):
        return str(node)
    return prefixes.get(str(node.prefix or ""), "") + str(node.localname)


@lru_cache(maxsize=256)
def columns_of(query: str) -> tuple[str, ...]:
    """Name the variables that a SELECT projects, in their order."""
    _, body = parseQuery(query)
    return tuple(str(part.evar if "evar" in part else part.var) for part in body.projection)
