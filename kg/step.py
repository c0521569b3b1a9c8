"""Step: one change of the present on its way through all that is derived from it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg.concerned import THIS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.concerned import Concern
    from kg.records import Fact, Term
    from kg.rederive import Rules
    from kg.store import EmbeddedStore

ASSERTED = "<urn:traveler:asserted>"
DERIVED = "<urn:traveler:derived>"


class Step:
    """Keeps ``derived``, and the memory it is a set of, right under one change.

    First comes what rules without negation make of it, then the rules with negation are asked
    again about the things concerned, and what they say now is followed in turn.
    """

    def __init__(
        self,
        memory: EmbeddedStore,
        derived: set[Fact],
        rules: Rules,
        concerns: Sequence[Concern],
    ) -> None:
        self._memory = memory
        self._derived = derived
        self._rules = rules
        self._concerns = concerns
        self._was_derived: dict[Fact, bool] = {}
        self._concerned: dict[int, set[Term]] = defaultdict(set)
        self.changed: set[Fact] = set()
        """All facts that may hold no more, or only now."""

    def change(self, removed: set[Fact], added: set[Fact]) -> None:
        """Change what is asserted, and follow it through the rules without negation."""
        added = {fact for fact in added if not self._is_asserted(fact)}
        known = added & self._derived
        self._forget(known)
        self._memory.apply((), [(*fact, ASSERTED) for fact in added], 0)
        gone = self._fallen(removed)
        self._memory.apply([(*fact, ASSERTED) for fact in removed], (), 0)
        self._forget(gone - removed)
        back = {fact for fact in gone if self._rules.derives(fact, self._memory)}
        self._learn(back)
        self._follow((added - known) | back)
        self.changed |= removed | added

    def change_derived(self, removed: set[Fact], added: set[Fact]) -> None:
        """Change what something else than the rules has derived, such as inferred ends."""
        gone = self._fallen(removed)
        self._forget(gone)
        back = {fact for fact in gone if self._rules.derives(fact, self._memory)}
        self._learn(back | added)
        self._follow(back | added)

    def ask_again(self) -> None:
        """Ask the rules with negation in their order, and follow what they say."""
        self._withdraw()
        for place, concern in enumerate(self._concerns):
            self._ask(concern, sorted(self._concerned[place]))

    def _withdraw(self) -> None:
        """Take away what rules with negation said of the things concerned, all at once.

        It may be all that their premises rest on, their own or each other's in a circle.
        """
        seen: dict[int, set[Term]] = defaultdict(set)
        while True:
            said: set[Fact] = set()
            for place, concern in enumerate(self._concerns):
                fresh = self._concerned[place] - seen[place]
                seen[place] |= fresh
                said.update(*(self._said(concern, thing) for thing in fresh))
            if not said:
                return
            self.change_derived(said, set())

    def _said(self, concern: Concern, thing: Term) -> set[Fact]:
        """Give what a rule with negation can have derived about a thing."""
        found: set[Fact] = set()
        for head in concern.heads:
            found.update(self._memory.facts(*_about(head, thing)))
        return found & self._derived

    def _ask(self, concern: Concern, things: Sequence[Term]) -> None:
        """Ask one rule about the things concerned, without what it said of them before."""
        if not things:
            return
        said = set().union(*(self._said(concern, thing) for thing in things))
        if said:
            self.change_derived(said, set())
        graphs = (ASSERTED, DERIVED)
        answers = [self._memory.construct(concern.about(thing, graphs)) for thing in things]
        fresh = {fact for fact in set().union(*answers) if not self._is_there(fact)}
        self._learn(fresh)
        self._follow(fresh)

    def outcome(self) -> tuple[set[Fact], set[Fact]]:
        """Tell what went and what came of what is derived."""
        gone = {f for f, was in self._was_derived.items() if was and f not in self._derived}
        come = {f for f, was in self._was_derived.items() if not was and f in self._derived}
        return gone, come

    def _fallen(self, gone: Iterable[Fact]) -> set[Fact]:
        """Give what goes, and all that was derived with its help; it is all still there."""
        fallen = set(gone)
        waiting = list(fallen)
        while waiting:
            fact = waiting.pop()
            self._concern(fact)
            for head in {*self._rules.follow(fact, self._memory)}:
                if head in self._derived and head not in fallen:
                    fallen.add(head)
                    waiting.append(head)
        return fallen

    def _follow(self, fresh: set[Fact]) -> None:
        """Derive from facts that are new here, and from what is derived from them."""
        while fresh:
            heads: set[Fact] = set()
            for fact in fresh:
                self._concern(fact)
                heads.update(self._rules.follow(fact, self._memory))
            fresh = {fact for fact in heads if not self._is_there(fact)}
            self._learn(fresh)

    def _concern(self, fact: Fact) -> None:
        for place, concern in enumerate(self._concerns):
            self._concerned[place].update(concern.of(fact, self._memory))

    def _is_there(self, fact: Fact) -> bool:
        return fact in self._derived or self._is_asserted(fact)

    def _is_asserted(self, fact: Fact) -> bool:
        return self._memory.contains(fact, ASSERTED)

    def _learn(self, facts: set[Fact]) -> None:
        for fact in facts:
            self._was_derived.setdefault(fact, fact in self._derived)
        self._derived |= facts
        self._memory.apply((), [(*fact, DERIVED) for fact in facts], 0)

    def _forget(self, facts: set[Fact]) -> None:
        for fact in facts:
            self._was_derived.setdefault(fact, fact in self._derived)
        self._derived -= facts
        self._memory.apply([(*fact, DERIVED) for fact in facts], (), 0)


def _about(head: Fact, thing: Term) -> tuple[Term | None, Term | None, Term | None]:
    """Give the pattern of all that a head may say about one thing."""
    s, p, o = (thing if part == THIS else None if part[0] == "?" else part for part in head)
    return s, p, o
