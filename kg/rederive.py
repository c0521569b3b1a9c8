"""Rederive: follow a change of facts through rules, and look at nothing else.

Delete and rederive (Gupta, Mumick, Subrahmanian 1993): all that a gone fact helped to derive is
taken away, what has another derivation comes back, and what is new is followed. Counting
derivations instead would keep alive what inverse or transitive rules derive in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

from kg.rules import unify
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.records import Fact, Term
    from kg.rules import Rule

    Bindings = Mapping[str, Term]
    Shape = tuple[Term, Term]
    """A property; for a type also the class, as hardly a rule looks at types of any class."""


class Facts(Protocol):
    """What rules look at: all facts that hold, by pattern."""

    def facts(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterator[Fact]:
        """Give the facts that match a pattern, as they are asked for; None is anything."""
        ...


def shapes_of(fact: Fact) -> tuple[Shape, ...]:
    """Give the shapes of patterns that a fact may match."""
    _, p, o = fact
    return ((p, ""), (p, o)) if p == RDF_TYPE else ((p, ""),)


def shape_of(pattern: Fact) -> Shape:
    """Give the one shape of a pattern, whose property is fixed."""
    _, p, o = pattern
    return p, o if p == RDF_TYPE and o[0] != "?" else ""


def solve(patterns: Sequence[Fact], bindings: Bindings, facts: Facts) -> Iterator[Bindings]:
    """Find all ways to make facts of patterns, beginning where most is known.

    A thing says few facts of one property, and may be told by very many: those are asked last.
    """
    if not patterns:
        yield bindings
        return
    known = [[bindings.get(part, part) for part in pattern] for pattern in patterns]
    at = max(range(len(known)), key=lambda i: _weight(known[i]))
    s, p, o = (None if part[0] == "?" else part for part in known[at])
    rest = [pattern for i, pattern in enumerate(patterns) if i != at]
    for fact in facts.facts(s, p, o):
        found = unify((known[at][0], known[at][1], known[at][2]), fact)
        if found is not None:
            yield from solve(rest, {**bindings, **found}, facts)


def _weight(pattern: Sequence[Term]) -> int:
    return 2 * (pattern[0][0] != "?") + (pattern[2][0] != "?")


def fill(pattern: Fact, bindings: Bindings) -> Fact:
    """Put what is known into a pattern."""
    s, p, o = pattern
    return bindings.get(s, s), bindings.get(p, p), bindings.get(o, o)


class Rules:
    """Rules without negation, by what they look at and by what they derive."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._looking: dict[Shape, list[tuple[Rule, int]]] = defaultdict(list)
        self._giving: dict[Shape, list[Rule]] = defaultdict(list)
        for rule in rules:
            self._giving[shape_of(rule.head)].append(rule)
            for place, pattern in enumerate(rule.body):
                self._looking[shape_of(pattern)].append((rule, place))

    def follow(self, fact: Fact, facts: Facts) -> Iterator[Fact]:
        """Give what is derived from a fact and others in one step."""
        for shape in shapes_of(fact):
            for rule, place in self._looking.get(shape, ()):
                bindings = unify(rule.body[place], fact)
                if bindings is not None:
                    rest = rule.body[:place] + rule.body[place + 1 :]
                    for found in solve(rest, bindings, facts):
                        yield fill(rule.head, found)

    def derives(self, fact: Fact, facts: Facts) -> bool:
        """Tell whether some rule gives a fact in one step."""
        for shape in shapes_of(fact):
            for rule in self._giving.get(shape, ()):
                bindings = unify(rule.head, fact)
                if bindings is not None and any(True for _ in solve(rule.body, bindings, facts)):
                    return True
        return False
