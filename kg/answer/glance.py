"""Glance: one answer's view of a store, in which nothing is looked up twice.

An answer asks a few things for many properties, and most of them several times: what it is, since
when, by whose word. So of a thing that is asked for more than what people call it all that is said
is read at once: to find the place costs as much as to read five facts there. Of a thing of which
very much is said, such as a machine with its history, single facts are looked for one by one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from kg import vocab

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.records import Fact, Term
    from kg.store import Store

    Claims = list[tuple[Term, Term]]
    """Values of a property, each with the record's graph that says so."""

MOST_SAID = 150
"""Of a thing of which more is said it costs less to read one property at a time."""
_CALLED = frozenset({vocab.RDFS_LABEL, vocab.IDENTIFIER})
"""What most things are asked for, and many for nothing else."""


class _Said(NamedTuple):
    """What is said for a property: the values of the present, and what each named graph claims."""

    values: list[Term]
    claims: Claims


_NOTHING = _Said([], [])


class Wide:
    """The things of which very much is said, as far as somebody met them.

    They are remembered from answer to answer; of one of which less is said since, more is looked
    up than need be.
    """

    def __init__(self) -> None:
        self.things: set[Term] = set()


class Glance:
    """Reads an embedded store for one answer; what it has read stays as it was.

    A way of reading that is not remembered goes to the store itself. What it gives is not to be
    changed.
    """

    def __init__(self, store: Store, wide: Wide) -> None:
        self._store: Any = store
        self._wide = wide
        self._tell_of = getattr(store, "tell_of", None)
        self.base = store.base
        self._slots: dict[Term, dict[Term, _Said]] = defaultdict(dict)
        self._whole: dict[Term, dict[Term, _Said]] = {}
        self._leading: dict[tuple[Term, Term], list[Fact]] = {}
        self._subjects: dict[tuple[Term, Term], list[Term]] = {}
        self._facts: dict[Fact, bool] = {}
        self._holders: dict[Fact, list[Term]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def objects(self, s: Term, p: Term, g: Term = "") -> list[Term]:
        """Give the objects of a subject and property in one graph, the current one by default."""
        said = self._slots[s].get(p) or self._said(s, p)
        return [o for o, graph in said.claims if graph == g] if g else said.values

    def claims(self, subject: Term, predicate: Term) -> Claims:
        """Give (object, graph) of every named graph that says something for the slot."""
        return self._said(subject, predicate).claims

    def holders(self, fact: Fact) -> list[Term]:
        """Give the named graphs that hold a fact: its provenance."""
        s, p, value = fact
        if s not in self._wide.things or p in self._slots[s]:
            return [graph for o, graph in self._said(s, p).claims if o == value]
        found = self._holders.get(fact)
        if found is None:
            found = self._holders[fact] = self._store.holders(fact)
        return found

    def _is_present(self, fact: Fact) -> bool:
        s, p, value = fact
        if s not in self._wide.things or p in self._slots[s]:
            return value in self._said(s, p).values
        found = self._facts.get(fact)
        if found is None:
            found = self._facts[fact] = bool(self._store.present(*fact))
        return found

    def _said(self, s: Term, p: Term) -> _Said:
        held = self._slots[s]
        found = held.get(p)
        if found is None:
            whole = self._whole_of(s) if held or p not in _CALLED else self._whole.get(s)
            if whole is None:
                told = ((p, value, graph) for value, graph in self._store.slot(s, p))
                found = _by_property(told).get(p, _NOTHING)
            else:
                found = whole.get(p, _NOTHING)
                if self._tell_of is not None:
                    self._tell_of(s, p)
            held[p] = found
        return found

    def _whole_of(self, s: Term) -> dict[Term, _Said] | None:
        """Give all that is said of a thing, unless it is very much."""
        whole = self._whole.get(s)
        if whole is not None or s in self._wide.things:
            return whole
        told = self._store.around(s, MOST_SAID)
        if told is None:
            self._wide.things.add(s)
            return None
        whole = self._whole[s] = _by_property(told)
        return whole

    def present(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> list[Fact]:
        """Give the facts of a pattern in the current graph; None is anything."""
        if p is None or (s is None and o is None):
            found: list[Fact] = self._store.present(s, p, o)
            return found
        if s is None:
            assert o is not None
            if (p, o) not in self._leading:
                self._leading[p, o] = self._store.present(None, p, o)
            return self._leading[p, o]
        if o is None:
            return [(s, p, value) for value in self._said(s, p).values]
        return [(s, p, o)] if self._is_present((s, p, o)) else []

    def subjects(self, predicate: Term, value: Term) -> list[Term]:
        """Give every subject that has the value in any named graph, once, sorted."""
        found = self._subjects.get((predicate, value))
        if found is None:
            found = self._subjects[predicate, value] = self._store.subjects(predicate, value)
        return found


def _by_property(told: Iterable[tuple[Term, Term, Term]]) -> dict[Term, _Said]:
    """Sort what was read (property, value, graph) by its property."""
    slots: dict[Term, _Said] = {}
    for p, value, graph in told:
        said = slots.get(p)
        if said is None:
            said = slots[p] = _Said([], [])
        if graph:
            said.claims.append((value, graph))
        else:  # "" is the present's
            said.values.append(value)
    return slots


def glance(store: Store, wide: Wide) -> Store:
    """Give one answer's view of a store, where that is faster: of one that is not far away."""
    if getattr(store, "around", None) is None:
        return store
    view: Any = Glance(store, wide)
    found: Store = view
    return found
