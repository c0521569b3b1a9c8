"""Concerned: which things a rule with negation must be asked about again after a change.

Such a rule gives the same for a thing whether it is asked about that thing alone or about all
(``ontology/rules``). A fact concerns a thing if it may be one of those that the rule looks at for
it: from the fact's place in the rule a way of patterns leads to ``$this``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from pyparsing import ParseResults
from rdflib import URIRef, Variable
from rdflib.plugins.sparql.algebra import translatePath, traverse
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.plugins.sparql.parserutils import CompValue

from kg.errors import OntologyError
from kg.rederive import shape_of, shapes_of, solve
from kg.rules import unify

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg.records import Fact, Term
    from kg.rederive import Facts, Shape
    from kg.rules import ConstructRule

THIS = "?this"
_THIS = re.compile(r"\?this\b")


class Concern:
    """One rule with negation, asked about one thing at a time.

    Raises:
        OntologyError: a pattern of it has no fixed property, or no way leads from it to $this.
    """

    def __init__(self, rule: ConstructRule) -> None:
        self._rule = rule
        parsed = parseQuery(f"CONSTRUCT {{ {rule.head} }} WHERE {{ {rule.body} }}")
        tree = traverse(parsed[1], visitPost=translatePath)
        self.heads = [self._pattern(triple, "head") for triple in _triples(tree["template"])]
        if any(THIS not in (head[0], head[2]) for head in self.heads):
            raise self._unusable("gives facts that $this has no part in")
        self.outer: tuple[Fact, ...] = ()
        """What must hold for the rule to give anything, whatever it finds absent."""
        self._ways: dict[Shape, list[tuple[Fact, tuple[Fact, ...]]]] = defaultdict(list)
        for pattern, beside in self._groups(tree["where"], ()):
            self.outer = self.outer or beside
            way = _way_to_this(pattern, beside)
            if way is None:
                raise self._unusable(f"looks at {' '.join(pattern)}, which leads not to $this")
            # What else is said of the same things must hold too, and tells most of them apart.
            near = _variables(pattern)
            beside = tuple(p for p in dict.fromkeys(beside) if p[0] in near and p not in way)
            checks = tuple(p for p in beside if p != pattern) if way else ()
            self._ways[shape_of(pattern)].append((pattern, way + checks))

    def of(self, fact: Fact, facts: Facts) -> Iterator[Term]:
        """Give the things that a fact concerns, among the facts that hold."""
        for shape in shapes_of(fact):
            for pattern, way in self._ways.get(shape, ()):
                bindings = unify(pattern, fact)
                if bindings is not None:
                    yield from (found[THIS] for found in solve(way, bindings, facts))

    def about(self, thing: Term, graphs: Iterable[Term]) -> str:
        """Write the query that gives what the rule says about one thing, from some graphs."""
        head, body = (
            _THIS.sub(lambda _: thing, part) for part in (self._rule.head, self._rule.body)
        )
        return f"CONSTRUCT {{ {head} }} {' '.join(f'FROM {g}' for g in graphs)} WHERE {{ {body} }}"

    def _groups(
        self, node: object, outside: tuple[Fact, ...]
    ) -> Iterator[tuple[Fact, tuple[Fact, ...]]]:
        """Give each pattern with those that hold where it matters: of its group and outer ones."""
        if isinstance(node, CompValue) and node.name.startswith("GroupGraphPattern"):
            blocks = [part for part in node.get("part") or () if _is_block(part)]
            own = tuple(
                self._pattern(triple, str(position))
                for block in blocks
                for position, triple in enumerate(_triples(block["triples"]))
            )
            for pattern in own:
                yield pattern, (*outside, *own)
            outside = (*outside, *own)
        for part in _parts(node):
            yield from self._groups(part, outside)

    def _pattern(self, triple: Sequence[object], place: str) -> Fact:
        s, p, o = triple
        if not isinstance(p, URIRef):
            raise self._unusable(f"has a property that is not fixed: {p}")
        # A value is looked for as anything: that asks about too many things at worst.
        return _term(s, place), f"<{p}>", _term(o, place)

    def _unusable(self, why: str) -> OntologyError:
        return OntologyError(
            f"the rule {self._rule.name!r} {why}",
            hint="write it as patterns with fixed properties that $this is connected with",
        )


def _term(node: object, place: str) -> Term:
    if isinstance(node, Variable):
        return f"?{node}"
    return f"<{node}>" if isinstance(node, URIRef) else f"?value{place}"


def _is_block(node: object) -> bool:
    return isinstance(node, CompValue) and node.name == "TriplesBlock"


def _triples(blocks: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    for flat in blocks:
        for start in range(0, len(flat), 3):
            yield flat[start : start + 3]


def _parts(node: object) -> Iterable[object]:
    if isinstance(node, CompValue):
        return list(node.values())
    return list(node) if isinstance(node, list | tuple | ParseResults) else ()


def _way_to_this(start: Fact, patterns: Sequence[Fact]) -> tuple[Fact, ...] | None:
    """Find the shortest way of patterns, each sharing a variable with one before, to ``?this``."""
    ways: list[tuple[frozenset[str], tuple[Fact, ...]]] = [(_variables(start), ())]
    tried = {start}
    for known, way in ways:
        if THIS in known:
            return way
        for pattern in patterns:
            if pattern not in tried and known & _variables(pattern):
                tried.add(pattern)
                ways.append((known | _variables(pattern), (*way, pattern)))
    return None


def _variables(pattern: Fact) -> frozenset[str]:
    return frozenset(part for part in pattern if part[0] == "?")
