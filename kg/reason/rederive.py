"""Rederive: follow a change of facts through rules without negation, and look at nothing else.

Delete and rederive (Gupta, Mumick, Subrahmanian 1993): all that a gone fact helped to derive is
taken away, what has another derivation comes back, and what is new is followed. Counting
derivations instead would keep alive what inverse or transitive rules derive in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg.reason.groups import join
from kg.reason.rules import shape_of, shapes_of, unify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kg.reason.known import Known
    from kg.reason.rules import Rule, Shape
    from kg.records import Fact, Term

    Follow = Callable[[Fact, Known], Iterable[Fact]]
    """Gives what a rule makes of a fact at one place of its body, and of others."""


class Rules:
    """Rules without negation, by what they look at and by what they derive."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._looking: dict[Shape, list[Follow]] = defaultdict(list)
        self._giving: dict[Shape, list[Rule]] = defaultdict(list)
        for rule in rules:
            self._giving[shape_of(rule.head)].append(rule)
            for place, pattern in enumerate(rule.body):
                follow = _follow_one(rule) if len(rule.body) == 1 else _follow_path(rule, place)
                self._looking[shape_of(pattern)].append(follow)

    def follow(self, fact: Fact, known: Known) -> Iterator[Fact]:
        """Give what is derived from a fact and others in one step."""
        for shape in shapes_of(fact):
            for follow in self._looking.get(shape, ()):
                yield from follow(fact, known)

    def derives(self, fact: Fact, known: Known) -> bool:
        """Tell whether some rule gives a fact in one step."""
        for shape in shapes_of(fact):
            for rule in self._giving.get(shape, ()):
                bindings = unify(rule.head, fact)
                if bindings is not None and any(True for _ in join(rule.body, bindings, known)):
                    return True
        return False


def _follow_one(rule: Rule) -> Follow:
    """Follow the only pattern of a body: each term of the head is fixed or an end of the fact."""
    (pattern,) = rule.body
    s, p, o = rule.head
    from_s, from_o = pattern.index(s), pattern.index(o) if o[0] == "?" else None

    def follow(fact: Fact, _known: Known) -> Iterable[Fact]:
        subject = fact[from_s]
        # A value is the subject of nothing (RDF 1.1 Concepts, section 3.1).
        if subject[0] == '"':
            return ()
        return ((subject, p, o if from_o is None else fact[from_o]),)

    return follow


def _follow_path(rule: Rule, place: int) -> Follow:
    """Follow a link of a chain both ways to its ends."""
    before = tuple(p for _, p, _ in reversed(rule.body[:place]))
    after = tuple(p for _, p, _ in rule.body[place + 1 :])
    head = rule.head[1]

    def follow(fact: Fact, known: Known) -> Iterable[Fact]:
        ends = walk(fact[2], after, known)
        if not ends:
            return ()
        starts = {fact[0]}
        for predicate in before:
            starts = {found for s in starts for found in known.subjects(predicate, s)}
        return ((start, head, end) for start in starts for end in ends)

    return follow


def walk(start: Term, predicates: Iterable[Term], known: Known) -> set[Term]:
    """Give all that a chain of properties leads to from a thing."""
    ends = {start}
    for predicate in predicates:
        ends = {found for end in ends for found in known.objects(end, predicate)}
    return ends
