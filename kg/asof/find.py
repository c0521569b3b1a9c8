"""Find, as of another time: by the names of today, if not by an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.find import Entity, Finder
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def find(self, reference: str, kind: str | None = None) -> Entity:
        """Find the one entity that is meant.

        Raises:
            UnknownEntity: none is, several are, or it was not known then.
        """
        exact = self.by_iri(reference, kind)
        if exact:
            return exact
        known = self._today.find(reference, kind)
        found = self.by_iri(known.id, kind)
        if found is None:
            raise UnknownEntity(
                f"{known.id} was not known then", hint="ask for a later time, or leave it out"
            )
        return found
