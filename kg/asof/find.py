"""Find, as of another time: by the names of today, if not by an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.find import Entity, Finder
from kg.answer.finding.found import ALL_SEEN
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kg.answer.bundle import Focus
    from kg.answer.finding.found import Asked, Eyes, Found
    from kg.records import Term
    from kg.store import Store


class FinderThen(Finder):
    """Finds what was there at a time; labels are looked up as they are today."""

    def __init__(self, store: Store, base: str, today: Finder, names: Mapping[Term, Term]) -> None:
        super().__init__(store, base)
        self._today = today
        self._known_as = names

    def other_names(self, alias: Term) -> list[Term]:
        """Give the canonical IRI that an alias had."""
        return [self._known_as[alias]] if alias in self._known_as else []

    def find(self, reference: str, kind: str | None = None, eyes: Eyes = ALL_SEEN) -> Entity:
        """Find the one entity that is meant.

        Raises:
            UnknownEntity: none is, several are, or it was not known then.
        """
        exact = self.by_iri(reference, kind)
        if exact is not None and self.is_seen(eyes, exact, reference):
            return exact
        return self._then(self._today.find(reference, kind, eyes).id, kind)

    def find_entities(
        self, query: str, kinds: Collection[str] = (), limit: int = 5, eyes: Eyes = ALL_SEEN
    ) -> Found:
        """Give what the words of a query can mean today."""
        return self._today.find_entities(query, kinds, limit, eyes)

    def read_question(
        self,
        question: str,
        kind: str | None = None,
        focus: Focus | None = None,
        eyes: Eyes = ALL_SEEN,
    ) -> Asked:
        """Say what a question is about and what it asks.

        Raises:
            UnknownEntity: nothing known is named, or several things, or it was not known then.
            ConfigError: the question is empty, or too long.
        """
        asked = self._today.read_question(question, kind, focus, eyes)
        self._then(asked.subject.id, kind)
        return asked

    def _then(self, short: str, kind: str | None) -> Entity:
        found = self.by_iri(short, kind)
        if found is None:
            raise UnknownEntity(
                f"{short} was not known then", hint="ask for a later time, or leave it out"
            )
        return found
