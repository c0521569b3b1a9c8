"""Present: all facts that hold in a plant now, as validation reads them.

The properties that shapes look at are read from the tables in which rules follow links, and all
others, and by SPARQL, from a store in memory: most plants never need that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kg.reason.known import Known
    from kg.records import Fact, Term
    from kg.store import EmbeddedStore


class Present:
    """One plant's present; ``store`` gives all of it, for what the tables do not hold."""

    def __init__(self, known: Known, store: Callable[[], EmbeddedStore]) -> None:
        self._known = known
        self._store = store

    @property
    def store(self) -> EmbeddedStore:
        """All facts, in the graphs of what is asserted and of what is derived."""
        return self._store()

    def facts(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> Iterator[Fact]:
        """Give the facts of a pattern; None is anything."""
        if p is None or not self._known.has(p):
            return self.store.facts(s, p, o)
        if s is None:
            if o is not None:
                return ((subject, p, o) for subject in self._known.subjects(p, o))
            return ((subject, p, value) for subject, value in self._known.links(p).pairs())
        if o is not None:
            return iter([(s, p, o)] if (s, p, o) in self._known else ())
        return ((s, p, value) for value in self._known.objects(s, p))

    def pairs(self, predicate: Term) -> tuple[list[Term], list[Term]]:
        """Give all subjects and objects of a property, each pair once."""
        if not self._known.has(predicate):
            found = [(s, o) for s, _, o in self.store.facts(p=predicate)]
        else:
            found = list(self._known.links(predicate).pairs())
        return [s for s, _ in found], [o for _, o in found]

    def __len__(self) -> int:
        return self._known.size()
