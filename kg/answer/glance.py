"""Glance: one answer's view of a store, in which nothing is looked up twice.

An answer asks a few things for many properties, and most of them several times: what it is, since
when, by whose word. So of a thing that is asked for its second property all that is said is read at
once, and of what is asked for twice who points to it all that does. Of a thing of which very much
is said, such as a machine with its history, single facts are looked for one by one.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.records import Fact, Term
    from kg.store import Store

    Claims = list[tuple[Term, Term]]
    """Values of a property, or who has it, each with the record's graph that says so."""

MOST_SAID = 150
"""Of a thing of which more is said it costs less to read one property at a time."""


class _Said(NamedTuple):
    """What is at the other end of a property: in the present, and by what each named graph says."""

    ends: list[Term]
    claims: Claims


_NOTHING = _Said([], [])


class Wide:
    """The things of which much is said, or to which much points, as far as somebody met them.

    They are remembered from answer to answer; of what has become narrow since more is looked up
    than need be.
    """

    def __init__(self) -> None:
        self.said: set[Term] = set()
        self.pointed: set[Term] = set()


class Glance:
    """Reads an embedded store for one answer; what it has read stays as it was.

    A way of reading that is not remembered goes to the store itself. What it gives is not to be
    changed.
    """

    def __init__(self, store: Store, wide: Wide) -> None:
        self._store: Any = store
        self._wide = wide
        self._tell_of = getattr(store, "tell_of", None)
        self._tell_of_value = getattr(store, "tell_of_value", None)
        self.base = store.base
        self._slots: dict[Term, dict[Term, _Said]] = defaultdict(dict)
        self._whole: dict[Term, dict[Term, _Said]] = {}
        self._leading: dict[Term, dict[Term, list[Fact]]] = defaultdict(dict)
        self._subjects: dict[tuple[Term, Term], list[Term]] = {}
        self._pointing: dict[Term, dict[Term, _Said]] = {}
        self._facts: dict[Fact, bool] = {}
        self._holders: dict[Fact, list[Term]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    # ---- what is said of a thing

    def objects(self, s: Term, p: Term, g: Term = "") -> list[Term]:
        """Give the objects of a subject and property in one graph, the current one by default."""
        said = self._slots[s].get(p) or self._said(s, p)
        return [o for o, graph in said.claims if graph == g] if g else said.ends

    def claims(self, subject: Term, predicate: Term) -> Claims:
        """Give (object, graph) of every named graph that says something for the slot."""
        return self._said(subject, predicate).claims

    def holders(self, fact: Fact) -> list[Term]:
        """Give the named graphs that hold a fact: its provenance."""
        s, p, value = fact
        if s not in self._wide.said or p in self._slots[s]:
            return [graph for o, graph in self._said(s, p).claims if o == value]
        found = self._holders.get(fact)
        if found is None:
            found = self._holders[fact] = self._store.holders(fact)
        return found

    def _is_present(self, fact: Fact) -> bool:
        s, p, value = fact
        if s not in self._wide.said or p in self._slots[s]:
            return value in self._said(s, p).ends
        found = self._facts.get(fact)
        if found is None:
            found = self._facts[fact] = bool(self._store.present(*fact))
        return found

    def _said(self, s: Term, p: Term) -> _Said:
        held = self._slots[s]
        found = held.get(p)
        if found is None:
            whole = self._whole_of(s, is_asked_again=bool(held))
            if whole is None:
                found = _parted(self._store.slot(s, p))
            else:
                found = whole.get(p, _NOTHING)
                if self._tell_of is not None:
                    self._tell_of(s, p)
            held[p] = found
        return found

    def _whole_of(self, s: Term, *, is_asked_again: bool) -> dict[Term, _Said] | None:
        """Give all that is said of a thing that is asked for again, unless it is very much."""
        whole = self._whole.get(s)
        if whole is not None or not is_asked_again or s in self._wide.said:
            return whole
        told = self._store.around(s, MOST_SAID)
        if told is None:
            self._wide.said.add(s)
            return None
        whole = self._whole[s] = _by_property(told)
        return whole

    # ---- who points to a thing

    def present(
        self, s: Term | None = None, p: Term | None = None, o: Term | None = None
    ) -> list[Fact]:
        """Give the facts of a pattern in the current graph; None is anything."""
        if p is None or (s is None and o is None):
            found: list[Fact] = self._store.present(s, p, o)
            return found
        if s is None:
            return self._led(p, o)
        if o is None:
            return [(s, p, value) for value in self._said(s, p).ends]
        return [(s, p, o)] if self._is_present((s, p, o)) else []

    def subjects(self, predicate: Term, value: Term) -> list[Term]:
        """Give every subject that has the value in any named graph, once, sorted."""
        found = self._subjects.get((predicate, value))
        if found is None:
            whole = self._pointing_to(value, is_asked_again=bool(self._leading[value]))
            if whole is None:
                found = self._store.subjects(predicate, value)
            else:
                found = sorted({s for s, _ in whole.get(predicate, _NOTHING).claims})
                if self._tell_of_value is not None:
                    self._tell_of_value(predicate, value, is_named=True)
            self._subjects[predicate, value] = found
        return found

    def _led(self, p: Term, o: Any) -> list[Fact]:
        held = self._leading[o]
        found = held.get(p)
        if found is None:
            whole = self._pointing_to(o, is_asked_again=bool(held))
            if whole is None:
                found = self._store.present(None, p, o)
            else:
                found = [(s, p, o) for s in whole.get(p, _NOTHING).ends]
                if self._tell_of_value is not None:
                    self._tell_of_value(p, o, is_named=False)
            held[p] = found
        return found

    def _pointing_to(self, o: Term, *, is_asked_again: bool) -> dict[Term, _Said] | None:
        """Give all that points to what is asked for again, unless it is very much."""
        whole = self._pointing.get(o)
        if whole is not None or not is_asked_again or o in self._wide.pointed:
            return whole
        told = self._store.pointing(o, MOST_SAID)
        if told is None:
            self._wide.pointed.add(o)
            return None
        whole = self._pointing[o] = _by_property((p, s, graph) for s, p, graph in told)
        return whole


def _by_property(told: Iterable[tuple[Term, Term, Term]]) -> dict[Term, _Said]:
    """Sort what was read (property, other end, graph) by its property."""
    slots: dict[Term, Claims] = defaultdict(list)
    for p, end, graph in told:
        slots[p].append((end, graph))
    return {p: _parted(slot) for p, slot in slots.items()}


def _parted(slot: Claims) -> _Said:
    """Part what is present ("" is the present's graph) from what is claimed."""
    return _Said([o for o, graph in slot if not graph], [claim for claim in slot if claim[1]])


def glance(store: Store, wide: Wide) -> Store:
    """Give one answer's view of a store, where that is faster: of one that is not far away."""
    if getattr(store, "around", None) is None:
        return store
    view: Any = Glance(store, wide)
    found: Store = view
    return found
