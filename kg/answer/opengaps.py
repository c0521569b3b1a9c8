"""Open gaps by entity: an answer looks at those of a few, of perhaps many thousands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kg.journal import OpenGap
    from kg.records import Term

    Key = tuple[Term, str]


class OpenGaps:
    """The gaps that are open, asked for by entity, each entity once; by (entity, slot) as well."""

    def __init__(self, find: Callable[[Term], Iterable[OpenGap]]) -> None:
        self._find = find
        self._found: dict[Term, dict[Key, OpenGap]] = {}

    def of(self, entity: Term) -> dict[Key, OpenGap]:
        """Give those of one entity, the longest open first."""
        if entity not in self._found:
            self._found[entity] = {(gap.entity, gap.slot): gap for gap in self._find(entity)}
        return self._found[entity]

    def get(self, key: Key) -> OpenGap | None:
        """Give the one of an entity and slot; None where none is open."""
        return self.of(key[0]).get(key)


def gaps_of(gaps: OpenGaps | Mapping[Key, OpenGap], entity: Term) -> Iterable[OpenGap]:
    """Give the open gaps of an entity, whichever way all of them are held."""
    if isinstance(gaps, OpenGaps):
        return gaps.of(entity).values()
    return [gap for (about, _), gap in gaps.items() if about == entity]
