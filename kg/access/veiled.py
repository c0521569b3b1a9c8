"""Veiled: the genealogy of a plant as one role sees it, fact by fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.access.hiding import followed, typed_by
from kg.access.seenfinder import SeenFinder

if TYPE_CHECKING:
    from collections.abc import Collection

    from kg.access.sight import Sight
    from kg.answer import Answers
    from kg.records import Fact, Term


class RoleVeil:
    """Keeps from a role what is hidden, and what rests on a hidden source (`kg.answer.tracing`)."""

    def __init__(self, sight: Sight, answers: Answers) -> None:
        self._sight = sight
        self._said = said_in_hiding(sight, answers)
        self.obscured: frozenset[Term] = sight.hiding.properties | self._said

    def shown(self, facts: Collection[Fact]) -> list[Fact]:
        """Give the facts that are shown, in their order."""
        sight, hiding = self._sight, self._sight.hiding
        hidden = sight.hidden_among({end for s, _, o in facts for end in (s, o)})
        return [
            fact
            for fact in facts
            if fact[1] not in hiding.properties
            and fact[0] not in hidden
            and fact[2] not in hidden
            and (fact[1] not in self._said or sight.rests_openly(fact))
        ]

    def label(self, thing: Term) -> str:
        """Give what people call a thing, as far as that is shown; "" where it has no such name."""
        return self._sight.shown_label(thing)


def veil_over(answers: Answers, reference: str, sight: Sight | None) -> tuple[str, RoleVeil | None]:
    """Give the id of what a role means by a name, and what it does not see; None: everything.

    Raises:
        UnknownEntity: it means nothing, or nothing that is shown.
    """
    if sight is None:
        return reference, None
    found = SeenFinder(answers.finder, sight).find(reference)
    return found.id, RoleVeil(sight, answers)


def said_in_hiding(sight: Sight, answers: Answers) -> frozenset[Term]:
    """Give the properties that a hidden source can say, and what follows from them."""
    sources = sight.hiding.sources
    said = {term for source in sources for term in answers.producers.said_by(source)}
    return followed(said, answers.rules) if said else frozenset()


def classes_in_hiding(
    sight: Sight, answers: Answers, properties: Collection[Term]
) -> frozenset[Term]:
    """Give the hidden classes, and those that a hidden source can say of a thing that it is one."""
    sources = sight.hiding.sources
    said = {term for source in sources for term in answers.producers.said_by(source)}
    if not said:
        return sight.hiding.classes
    return sight.hiding.classes | typed_by(properties, said, answers.rules)
