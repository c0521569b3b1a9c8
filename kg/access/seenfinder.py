"""Finding what a role names: only by names that are shown to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.access.withheldgaps import unseen
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from kg.access.sight import Sight
    from kg.answer.find import Entity, Finder


class SeenFinder:
    """Finds what somebody means by a name that is shown to him, and tells nothing of others."""

    def __init__(self, finder: Finder, sight: Sight) -> None:
        self._finder = finder
        self._sight = sight

    def find(self, reference: str, kind: str | None = None) -> Entity:
        """Find the one entity that is meant.

        Raises:
            UnknownEntity: none is, or none that is shown.
        """
        try:
            found = self._finder.find(reference, kind)
        except UnknownEntity:
            raise unseen(reference) from None
        if self._sight.hides_thing(found.id) or not self._sight.is_named(found.id, reference):
            raise unseen(reference)
        return found
