"""Sayable: what can stand in a graph at all, and whether a query can find anything there.

A thing that can be said is a property, or a class of which something can be said to be. From those
that mappings make follow those that the ontology's rules derive of them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rdflib import RDF, URIRef, Variable
from rdflib.paths import AlternativePath, InvPath, MulPath, SequencePath
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parserutils import CompValue

from kg import vocab
from kg.parsing import parse_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kg.reason.rules import ConstructRule, Rule, RuleSet
    from kg.records import Fact, Term
    from kg.settings import SourceSettings

ALWAYS = frozenset(
    {vocab.RECORD_KIND, vocab.EFFECTIVE_AT, vocab.IN_GROUP, vocab.LEADS_GROUP, vocab.TIME_DOUBT}
)
"""What the store keeps of every record, whatever its mapping."""
_TERM = re.compile(r"<[^<>\s]+>")


def folded(source: SourceSettings, terms: Iterable[Term]) -> frozenset[Term]:
    """Give what a source can say, with what the folds of its events add."""
    found = {*terms}
    kinds = {table.fold.kind for table in source.tables if table.fold is not None}
    if "open-close" in kinds:
        found |= {vocab.RUN, vocab.STARTED_AT, vocab.ENDED_AT}
    if vocab.ACTIVITY in found and "latest" in kinds:
        found.add(vocab.ACTIVITY_SINCE)
    if {vocab.STARTED_AT, vocab.ON_MACHINE} <= found:
        found.add(vocab.INFERRED_END_AT)
    return frozenset(found)


class Derivation(NamedTuple):
    """One way in which terms come about: of all of ``needs``, where ``query`` can find anything."""

    heads: frozenset[Term]
    needs: frozenset[Term]
    query: str = ""


def derivations(rules: RuleSet) -> tuple[Derivation, ...]:
    """Give the ways in which the ontology's rules make terms of others."""
    return _derivations(rules.rules, rules.constructs)


@lru_cache(maxsize=4)
def _derivations(
    rules: tuple[Rule, ...], constructs: tuple[ConstructRule, ...]
) -> tuple[Derivation, ...]:
    found = [
        Derivation(frozenset({_said(rule.head)}), frozenset(map(_said, rule.body)))
        for rule in rules
    ]
    for rule in constructs:
        query = f"SELECT * WHERE {{ {rule.body} }}"
        heads = frozenset(term for term in _TERM.findall(rule.head) if _is_property(term))
        found.append(Derivation(heads, frozenset(_asked(query)), query))
    return tuple(found)


def _said(pattern: Fact) -> Term:
    _, predicate, value = pattern
    return value if predicate == vocab.RDF_TYPE and value.startswith("<") else predicate


def _is_property(term: Term) -> bool:
    return term[1:].startswith(vocab.TR) and term[1:].removeprefix(vocab.TR)[:1].islower()


def closed(said: Iterable[Term], rules: RuleSet) -> frozenset[Term]:
    """Give all that can stand in a graph for what mappings can say."""
    found = {*said, *ALWAYS}
    waiting = list(derivations(rules))
    while True:
        there = frozenset(found)
        ready = [way for way in waiting if _is_ready(way, there)]
        if not ready:
            return there
        found = found.union(*(way.heads for way in ready))
        waiting = [way for way in waiting if way not in ready]


def _is_ready(way: Derivation, there: frozenset[Term]) -> bool:
    return can_answer(way.query, there) if way.query else way.needs <= there


def roots(term: Term, there: frozenset[Term], usual: frozenset[Term], rules: RuleSet) -> set[Term]:
    """Give what a source would have to say so that a term can stand in the graph.

    ``there`` is what can already; ``usual`` are the terms that mappings are known to say, at which
    a way back ends.
    """
    found = _roots(term, there, usual, rules, frozenset())
    return {term} if found is None else found


def _roots(
    term: Term,
    there: frozenset[Term],
    usual: frozenset[Term],
    rules: RuleSet,
    above: frozenset[Term],
) -> set[Term] | None:
    if term in there:
        return set()
    if term in usual:
        return {term}
    ways = []
    for way in derivations(rules):
        if term in way.heads and not way.needs & (above | {term}):
            parts = [_roots(need, there, usual, rules, above | {term}) for need in way.needs]
            known = [part for part in parts if part is not None]
            if len(known) == len(parts):
                ways.append(set().union(*known))
    # A property that no rule makes is said, or nowhere.
    is_derived = any(term in way.heads for way in derivations(rules))
    return min(
        ways, key=lambda one: (len(one), sorted(one)), default=None if is_derived else {term}
    )


# ---- whether a query can find anything


@lru_cache(maxsize=512)
def _algebra(query: str) -> CompValue:
    return translateQuery(parse_query(query)).algebra


def can_answer(query: str, there: frozenset[Term]) -> bool:
    """Tell whether a query can have rows where only these terms stand in the graph."""
    return _Reading(there.__contains__, _values(_algebra(query))).finds(_algebra(query))


def _asked(query: str) -> set[Term]:
    """Give the terms that a query asks the presence of, its alternatives too."""
    asked: set[Term] = set()

    def note(term: Term) -> bool:
        asked.add(term)
        return True

    _Reading(note, {}).finds(_algebra(query))
    return asked


def _nodes(node: object) -> Iterator[CompValue]:
    if isinstance(node, CompValue):
        yield node
        for part in node.values():
            yield from _nodes(part)
    elif isinstance(node, list):
        for part in node:
            yield from _nodes(part)


def _values(algebra: CompValue) -> dict[Variable, set[Term]]:
    """Give what VALUES let each variable be."""
    found: dict[Variable, set[Term]] = {}
    for node in _nodes(algebra):
        if node.name == "values":
            for row in node.res:
                for variable, value in row.items():
                    if isinstance(variable, Variable) and isinstance(value, URIRef):
                        found.setdefault(variable, set()).add(f"<{value}>")
    return found


class _Reading:
    """Walks a query's algebra (SPARQL 1.1, section 18.2); ``has`` tells of a term."""

    def __init__(self, has: Callable[[Term], bool], values: dict[Variable, set[Term]]) -> None:
        self._has = has
        self._values = values

    def finds(self, node: Any) -> bool:
        """Tell whether a part of a query can have a solution."""
        name = node.name
        if name == "BGP":
            return all(self._triple(*triple) for triple in node.triples)
        if name == "Union":
            return self._any(self.finds, (node.p1, node.p2))
        if name == "Join":
            return self.finds(node.p1) and self.finds(node.p2)
        if name in {"LeftJoin", "Minus"}:
            return self.finds(node.p1)
        if name == "values":
            return True
        return self.finds(node.p) if "p" in node else True

    def _any(self, found: Callable[[Any], bool], parts: Iterable[Any]) -> bool:
        """Tell whether one of several is found; each is looked at."""
        seen = [found(part) for part in parts]
        return any(seen)

    def _triple(self, _subject: object, predicate: Any, value: object) -> bool:
        if isinstance(predicate, Variable):
            allowed = self._values.get(predicate)
            return allowed is None or self._any(self._has, allowed)
        if predicate == RDF.type and isinstance(value, URIRef):
            return self._has(f"<{value}>")
        return self._path(predicate)

    def _path(self, path: Any) -> bool:
        if isinstance(path, URIRef):
            return not path.startswith(vocab.TR) or self._has(f"<{path}>")
        if isinstance(path, SequencePath):
            return all(self._path(part) for part in path.args)
        if isinstance(path, AlternativePath):
            return self._any(self._path, path.args)
        if isinstance(path, InvPath):
            return self._path(path.arg)
        if isinstance(path, MulPath):
            return path.zero or self._path(path.path)
        return True
