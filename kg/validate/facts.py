"""Facts in memory, every literal spelled as it was written: a shapes graph, or a file's data.

The embedded store keeps values and not spellings (``"01"^^xsd:integer`` comes back as ``1``), which
is right for a plant, and wrong for a file that somebody has validated.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kg.records import Fact, Term

T = TypeVar("T")


class Data(Protocol):
    """What validation asks of a data graph: facts by pattern; an ``EmbeddedStore`` is one."""

    def facts(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterator[Fact]:
        """Give the facts of a pattern; None is anything."""
        ...


class Facts:
    """A graph in memory, without duplicates, indexed by subject and by object."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._of: dict[Term, dict[Term, dict[Term, None]]] = {}
        self._to: dict[Term, dict[Term, list[Term]]] = defaultdict(dict)
        self._by: dict[Term, list[tuple[Term, Term]]] = defaultdict(list)
        self.update(facts)

    def update(self, facts: Iterable[Fact]) -> None:
        """Add facts."""
        for s, p, o in facts:
            self._add(s, p, o)

    def _add(self, s: Term, p: Term, o: Term) -> None:
        values = self._of.setdefault(s, {}).setdefault(p, {})
        if o not in values:
            values[o] = None
            self._to[o].setdefault(p, []).append(s)
            self._by[p].append((s, o))

    def facts(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterator[Fact]:
        """Give the facts of a pattern; None is anything."""
        if s is not None:
            found = _in(self._of.get(s, {}), p)
            return ((s, p, value) for p, value in found if o is None or value == o)
        if o is not None:
            return ((subject, p, o) for p, subject in _in(self._to.get(o, {}), p))
        return ((subject, p, value) for p, (subject, value) in _in(self._by, p))

    def objects(self, s: Term, p: Term) -> list[Term]:
        """Give the objects of a subject and property, in the order in which they were read."""
        return list(self._of.get(s, {}).get(p, ()))

    def about(self, s: Term) -> dict[Term, dict[Term, None]]:
        """Give the objects of a subject by property."""
        return self._of.get(s, {})

    def __contains__(self, fact: Fact) -> bool:
        s, p, o = fact
        return o in self._of.get(s, {}).get(p, ())

    def __iter__(self) -> Iterator[Fact]:
        return self.facts()

    def __len__(self) -> int:
        return sum(len(pairs) for pairs in self._by.values())


def _in(groups: Mapping[Term, Iterable[T]], predicate: Term | None) -> Iterator[tuple[Term, T]]:
    """Give the members of one group, or of all, with their properties."""
    for key in groups if predicate is None else (predicate,):
        for member in groups.get(key, ()):
            yield key, member
