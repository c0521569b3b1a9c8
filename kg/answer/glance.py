"""Glance: one answer's view of a store, in which nothing is looked up twice.

An answer asks a few things for many properties, and most of them several times: what it is, since
when, by whose word. So of a thing that is asked for its third property all that is said is read at
once, and of others all that any graph says for a property.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kg.records import Fact, Term
    from kg.store import Store

    Said = list[tuple[Term, Term]]
    """Values of a property, each with the graph that says so; "" is the present."""

ASKED_OFTEN = 3
"""Properties after which all that is said of a thing is read."""
MOST_SAID = 150
"""Of a thing of which more is said it costs less to read one property at a time."""


class Glance:
    """Reads an embedded store for one answer; what it has read stays as it was.

    A way of reading that is not remembered goes to the store itself.
    """

    def __init__(self, store: Store) -> None:
        self._store: Any = store
        self.base = store.base
        self._slots: dict[Term, dict[Term, Said]] = defaultdict(dict)
        self._whole: set[Term] = set()
        self._wide: set[Term] = set()
        self._leading: dict[tuple[Term, Term], list[Fact]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def objects(self, s: Term, p: Term, g: Term = "") -> list[Term]:
        """Give the objects of a subject and property in one graph, the current one by default."""
        return [o for o, graph in self._slot(s, p) if graph == g]

    def claims(self, subject: Term, predicate: Term) -> Said:
        """Give (object, graph) of every named graph that says something for the slot."""
        return [claim for claim in self._slot(subject, predicate) if claim[1]]

    def holders(self, fact: Fact) -> list[Term]:
        """Give the named graphs that hold a fact: its provenance."""
        s, p, value = fact
        return [graph for o, graph in self._slot(s, p) if o == value and graph]

    def present(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> list[Fact]:
        """Give the facts of a pattern in the current graph; None is anything."""
        if p is None:
            found: list[Fact] = self._store.present(s, p, o)
            return found
        if s is not None:
            return [(s, p, value) for value in self.objects(s, p) if o in (None, value)]
        if o is None:
            return list(self._store.present(s, p, o))
        if (p, o) not in self._leading:
            self._leading[p, o] = self._store.present(None, p, o)
        return self._leading[p, o]

    def _slot(self, s: Term, p: Term) -> Said:
        held = self._slots[s]
        found = held.get(p)
        if found is not None:
            return found
        if s in self._whole:
            return []
        if len(held) + 1 >= ASKED_OFTEN and s not in self._wide:
            said = self._store.around(s, MOST_SAID)
            if said is not None:
                return self._take_in(s, said).get(p, [])
            self._wide.add(s)
        held[p] = self._store.slot(s, p)
        return held[p]

    def _take_in(self, s: Term, said: list[tuple[Term, Term, Term]]) -> dict[Term, Said]:
        held: dict[Term, Said] = {}
        for p, o, graph in said:
            held.setdefault(p, []).append((o, graph))
        self._whole.add(s)
        self._slots[s] = held
        return held


def glance(store: Store) -> Store:
    """Give one answer's view of a store, where that is faster: of one that is not far away."""
    if getattr(store, "around", None) is None:
        return store
    view: Any = Glance(store)
    found: Store = view
    return found
