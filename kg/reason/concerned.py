"""Concerned: which things a rule with negation must be asked about again after a change.

Such a rule gives the same for a thing whether it is asked about that thing alone or about all
(``ontology/rules``). A fact concerns a thing if it may be one of those that the rule looks at for
it: from the fact's place in the rule a way of patterns leads to ``$this``.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from pyparsing import ParseResults
from rdflib.plugins.sparql.algebra import translatePath, traverse
from rdflib.plugins.sparql.parserutils import CompValue

from kg.errors import OntologyError
from kg.parsing import parse_query
from kg.reason.groups import (
    Unsupported,
    compile_group,
    fill,
    join,
    pattern_of,
    triples_of,
    variables,
)
from kg.reason.rules import shape_of, shapes_of, unify

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.reason.known import Known
    from kg.reason.rules import ConstructRule, Shape
    from kg.records import Fact, Term

    Way = tuple[Fact, tuple[Fact, ...]]
    """A pattern, and those that lead from it to ``?this`` and must hold beside it."""

THIS = "?this"


class Concern:
    """One rule with negation, asked about one thing at a time, or about all.

    Raises:
        OntologyError: a pattern of it has no fixed property, no way leads from it to $this, or it
            is written with what is not taken.
    """

    def __init__(self, rule: ConstructRule) -> None:
        self.name = rule.name
        try:
            parsed = parse_query(f"CONSTRUCT {{ {rule.head} }} WHERE {{ {rule.body} }}")
            tree = traverse(parsed[1], visitPost=translatePath)
        except Exception as error:  # the parser raises many types
            raise self._unusable(f"is no SPARQL: {error}") from error
        try:
            self._group = compile_group(tree["where"])
            self.heads = [pattern_of(triple) for triple in triples_of(tree["template"])]
        except Unsupported as error:
            raise self._unusable(str(error)) from error
        if any(THIS not in (head[0], head[2]) for head in self.heads):
            raise self._unusable("gives facts that $this has no part in")
        self.absent = self._group.absent
        """What must not hold, as far as single patterns tell it."""
        self.outer = self._group.patterns
        """What must hold for the rule to give anything, whatever it finds absent."""
        self.ways: dict[Shape, list[Way]] = defaultdict(list)
        for pattern, beside in _groups(tree["where"], ()):
            way = _way_to_this(pattern, beside)
            if way is None:
                raise self._unusable(f"looks at {' '.join(pattern)}, which leads not to $this")
            # What else is said of the same things must hold too, and tells most of them apart.
            near = variables(pattern)
            beside = tuple(p for p in dict.fromkeys(beside) if p[0] in near and p not in way)
            checks = tuple(p for p in beside if p != pattern) if way else ()
            self.ways[shape_of(pattern)].append((pattern, way + checks))

    def about(self, thing: Term | None, known: Known) -> Iterator[Fact]:
        """Give what the rule says about one thing; about all where None."""
        yield from self.given({} if thing is None else {THIS: thing}, known)

    def given(self, bindings: Mapping[str, Term], known: Known) -> Iterator[Fact]:
        """Give what the rule says where some of its variables are known."""
        for found in self._group.solutions(bindings, known):
            for head in self.heads:
                fact = fill(head, found)
                if fact[0][0] == "<":
                    yield fact

    def looks_at(self) -> set[Term]:
        """Give the properties that it looks at or gives."""
        return {p for p, _ in self.ways} | {head[1] for head in self.heads}

    def _unusable(self, why: str) -> OntologyError:
        return OntologyError(
            f"the rule {self.name!r} {why}",
            hint="write it as patterns with fixed properties that $this is connected with,"
            " and filters of EXISTS, NOT EXISTS, =, != and IN",
        )


@lru_cache(maxsize=256)
def concern_of(construct: ConstructRule) -> Concern:
    """Look into a rule once: parsing it takes longer than a batch."""
    return Concern(construct)


class Concerned:
    """Which things each of some rules must be asked about again, for the facts that changed."""

    def __init__(self, concerns: Sequence[Concern]) -> None:
        self._ways: dict[Shape, list[tuple[int, Way]]] = defaultdict(list)
        for place, concern in enumerate(concerns):
            for shape, ways in concern.ways.items():
                self._ways[shape].extend((place, way) for way in ways)

    def of(self, fact: Fact, known: Known) -> Iterator[tuple[int, Term]]:
        """Give the rules by their place and the things that a fact concerns."""
        for shape in shapes_of(fact):
            for place, (pattern, way) in self._ways.get(shape, ()):
                bindings = unify(pattern, fact)
                if bindings is not None:
                    for found in join(way, bindings, known):
                        yield place, found[THIS]


def _groups(node: object, outside: tuple[Fact, ...]) -> Iterator[tuple[Fact, tuple[Fact, ...]]]:
    """Give each pattern with those that hold where it matters: of its group and outer ones."""
    if isinstance(node, CompValue) and node.name.startswith("GroupGraphPattern"):
        parts = list(node["part"]) if "part" in node else []
        blocks = [part for part in parts if part.name == "TriplesBlock"]
        own = tuple(pattern_of(triple) for b in blocks for triple in triples_of(b["triples"]))
        for pattern in own:
            yield pattern, (*outside, *own)
        outside = (*outside, *own)
    for part in _parts(node):
        yield from _groups(part, outside)


def _parts(node: object) -> Iterable[object]:
    if isinstance(node, CompValue):
        return list(node.values())
    return list(node) if isinstance(node, list | tuple | ParseResults) else ()


def _way_to_this(start: Fact, patterns: Sequence[Fact]) -> tuple[Fact, ...] | None:
    """Find the shortest way of patterns, each sharing a variable with one before, to ``?this``."""
    ways: list[tuple[frozenset[str], tuple[Fact, ...]]] = [(variables(start), ())]
    tried = {start}
    for known, way in ways:
        if THIS in known:
            return way
        for pattern in patterns:
            if pattern not in tried and known & variables(pattern):
                tried.add(pattern)
                ways.append((known | variables(pattern), (*way, pattern)))
    return None
