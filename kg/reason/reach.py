"""Reach: which rules can give anything, where records say something for some properties only."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg import vocab
from kg.reason.concerned import concern_of
from kg.reason.rules import INVERSE
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.reason.concerned import Concern
    from kg.reason.rules import Rule, RuleSet
    from kg.records import Fact, Term

_OF_RUNS = {vocab.STARTED_AT, vocab.ENDED_AT, vocab.INFERRED_END_AT, vocab.ACTIVITY_SINCE}
"""What folding gives, besides what events say."""


class Reach:
    """The rules that can give something, by the property that they give, and what is possible.

    Of the properties that are possible some can be ``said`` by records, or folded of them. The
    argument ``said`` are the properties that records can say anything for.
    """

    def __init__(self, rules: RuleSet, said: frozenset[Term], *, is_folded: bool) -> None:
        self.said = {*said, RDF_TYPE, *(_OF_RUNS if is_folded else ())}
        self.possible = set(self.said)
        self.giving: dict[Term, list[Rule]] = defaultdict(list)
        self.concerns: dict[Term, list[tuple[int, Fact, Concern]]] = defaultdict(list)
        concerns = [concern_of(construct) for construct in rules.constructs]
        bodies = [
            *((rule.body, [rule.head]) for rule in rules.rules),
            *((concern.outer, concern.heads) for concern in concerns),
        ]
        self._spread(bodies)
        for rule in rules.rules:
            if self._can(rule.body):
                self.giving[rule.head[1]].append(rule)
        for p in list(self.giving):
            self.giving[p] = [rule for rule in self.giving[p] if not self._is_echo(rule, said)]
        self.giving = {p: kept for p, kept in self.giving.items() if kept}
        for place, concern in enumerate(concerns):
            for head in concern.heads if self._can(concern.outer) else ():
                self.concerns[head[1]].append((place, head, concern))

    def _spread(self, bodies: Sequence[tuple[tuple[Fact, ...], list[Fact]]]) -> None:
        size = 0
        while size != len(self.possible):
            size = len(self.possible)
            for body, heads in bodies:
                if self._can(body):
                    self.possible.update(head[1] for head in heads)

    def _is_echo(self, rule: Rule, said: frozenset[Term]) -> bool:
        """Tell whether a rule only turns back what comes by an inverse from what it gives."""
        p = rule.head[1]
        if rule.name != INVERSE or rule.body[0][1] in said:
            return False
        feeding = self.giving.get(rule.body[0][1], ())
        return all(other.name == INVERSE and other.body[0][1] == p for other in feeding)

    def _can(self, body: Iterable[Fact]) -> bool:
        return all(p in self.possible for _, p, _ in body)
