"""Step: one change of the present on its way through all that is derived from it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg.reason.concerned import THIS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.reason.concerned import Concern, Concerned
    from kg.reason.known import Known
    from kg.reason.rederive import Rules
    from kg.records import Fact, Term

ASSERTED = "<urn:traveler:asserted>"
DERIVED = "<urn:traveler:derived>"


class TooFar(Exception):
    """A change leads so far that deriving all anew costs less than following it."""


class Step:
    """Keeps ``derived``, and what is known, right under one change.

    First comes what rules without negation make of it, then the rules with negation are asked
    again about the things concerned, and what they say now is followed in turn. ``most_derived``
    bounds what there may be in the end, ``most_looked_at`` how far the change may lead.

    Raises:
        TooFar: what is known is then neither as it was nor as it should be.
    """

    def __init__(
        self,
        known: Known,
        derived: set[Fact],
        rules: Rules,
        concerns: Sequence[Concern],
        concerned: Concerned,
        most_derived: int,
        most_looked_at: int,
    ) -> None:
        self._known = known
        self._derived = derived
        self._rules = rules
        self._concerns = concerns
        self._concerned_by = concerned
        self._most_derived = most_derived
        self._left = most_looked_at
        self._was_derived: dict[Fact, bool] = {}
        self._concerned: dict[int, set[Term]] = defaultdict(set)
        self.changed: set[Fact] = set()
        """All facts that may hold no more, or only now."""

    def change(self, removed: set[Fact], added: set[Fact]) -> None:
        """Change what is asserted, and follow it through the rules without negation."""
        removed = {fact for fact in removed if self._is_asserted(fact)}
        added = {fact for fact in added if not self._is_asserted(fact)}
        was_derived = added & self._derived
        for fact in was_derived:
            self._was_derived.setdefault(fact, True)
        self._derived -= was_derived
        for fact in added:
            self._known.add(fact)
        gone = self._fallen(removed)
        for fact in removed:
            self._known.remove(fact)
        self._forget(gone - removed)
        back = {fact for fact in gone if self._rules.derives(fact, self._known)}
        self._learn(back)
        self._follow((added - was_derived) | back)
        self.changed |= removed | added

    def change_derived(self, removed: set[Fact], added: set[Fact]) -> None:
        """Change what something else than the rules has derived, such as inferred ends."""
        gone = self._fallen(removed)
        self._forget(gone)
        back = {fact for fact in gone if self._rules.derives(fact, self._known)}
        self._learn(back | added)
        self._follow(back | added)

    def ask_again(self) -> None:
        """Ask the rules with negation in their order, and follow what they say."""
        self._withdraw()
        for place, concern in enumerate(self._concerns):
            self._ask(concern, self._concerned[place])

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
            found.update(self._known.facts(*_about(head, thing)))
        return found & self._derived

    def _ask(self, concern: Concern, things: set[Term]) -> None:
        """Ask one rule about the things concerned, without what it said of them before."""
        if not things:
            return
        said = set().union(*(self._said(concern, thing) for thing in things))
        if said:
            self.change_derived(said, set())
        answers = {fact for thing in things for fact in concern.about(thing, self._known)}
        fresh = {fact for fact in answers if fact not in self._known}
        self._learn(fresh)
        self._follow(fresh)

    def outcome(self) -> tuple[set[Fact], set[Fact]]:
        """Tell what went and what came of what is derived."""
        gone = {f for f, was in self._was_derived.items() if was and f not in self._derived}
        come = {f for f, was in self._was_derived.items() if not was and f in self._derived}
        return gone, come

    def before(self) -> set[Fact]:
        """Give what was derived before this step."""
        was = {fact for fact, was in self._was_derived.items() if was}
        return (self._derived - self._was_derived.keys()) | was

    def _fallen(self, gone: Iterable[Fact]) -> set[Fact]:
        """Give what goes, and all that was derived with its help; it is all still there."""
        fallen = set(gone)
        waiting = list(fallen)
        while waiting:
            fact = waiting.pop()
            for head in self._heads(fact):
                if head in self._derived and head not in fallen:
                    fallen.add(head)
                    waiting.append(head)
        return fallen

    def _follow(self, fresh: set[Fact]) -> None:
        """Derive from facts that are new here, and from what is derived from them."""
        while fresh:
            heads: set[Fact] = set()
            for fact in fresh:
                heads.update(self._heads(fact))
            fresh = {fact for fact in heads if fact not in self._known}
            self._learn(fresh)

    def _heads(self, fact: Fact) -> list[Fact]:
        """Give what follows from a fact in one step, and note whom it concerns."""
        for place, thing in self._concerned_by.of(fact, self._known):
            self._concerned[place].add(thing)
        heads = list(self._rules.follow(fact, self._known))
        self._left -= len(heads) + 1
        if self._left < 0:
            raise TooFar
        return heads

    def _is_asserted(self, fact: Fact) -> bool:
        return fact in self._known and fact not in self._derived

    def _learn(self, facts: set[Fact]) -> None:
        for fact in facts:
            self._was_derived.setdefault(fact, fact in self._derived)
            self._known.add(fact)
        self._derived |= facts
        if len(self._derived) > self._most_derived:
            # Deriving all anew tells which rule it is.
            raise TooFar

    def _forget(self, facts: set[Fact]) -> None:
        for fact in facts:
            self._was_derived.setdefault(fact, fact in self._derived)
            self._known.remove(fact)
        self._derived -= facts


def _about(head: Fact, thing: Term) -> tuple[Term | None, Term | None, Term | None]:
    """Give the pattern of all that a head may say about one thing."""
    s, p, o = (thing if part == THIS else None if part[0] == "?" else part for part in head)
    return s, p, o
