"""Held: the present and what was derived of it, as a store holds them, to go on from there.

A plant of a hundred thousand jobs has seven million facts. Read one by one they take four minutes,
in which nobody else gets to run; a property at a time half of that, and others run meanwhile.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from kg.store import EmbeddedStore, stored_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.records import Fact, Term
    from kg.store import Store

    Columns = Iterable[tuple[Term, list[Term], list[Term]]]
    """A property with its subjects and its values, side by side; more than once it may be."""


class Held(NamedTuple):
    """Facts of the present, of some properties or of all; the derived; how many are asserted."""

    present: Columns
    derived: set[Fact]
    asserted: int


def read_held(store: Store, derived_graph: Term, properties: Iterable[Term] | None) -> Held:
    """Read what is held; of ``properties`` alone where that is less work than all of it."""
    if not isinstance(store, EmbeddedStore):
        derived, every = store.graph(derived_graph), store.graph("")
        return Held(by_property(every), derived, len(every) - len(derived))
    there = f"GRAPH {derived_graph}"
    derived = {
        (s, p, o)
        for p, subjects, values in _columns(store, _used(store, there), there)
        for s, o in zip(subjects, values, strict=True)
    }
    ((count,),) = store.columns("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    present = _columns(store, _used(store) if properties is None else properties)
    return Held(present, derived, int(count.split('"')[1]) - len(derived))


def by_property(facts: Iterable[Fact]) -> Columns:
    """Give facts by their property, in the form in which an embedded store has them."""
    found: dict[Term, tuple[list[Term], list[Term]]] = {}
    for s, p, o in facts:
        subjects, values = found.setdefault(p, ([], []))
        subjects.append(intern(s))
        values.append(intern(stored_form(o) if o[0] == '"' else o))
    return ((p, *ends) for p, ends in found.items())


def _used(store: EmbeddedStore, where: str = "") -> list[Term]:
    return store.columns(f"SELECT DISTINCT ?p WHERE {{ {where} {{ ?s ?p ?o }} }}")[0]


def _columns(
    store: EmbeddedStore, properties: Iterable[Term], where: str = ""
) -> Iterator[tuple[Term, list[Term], list[Term]]]:
    for p in properties:
        ends = store.columns(f"SELECT ?s ?o WHERE {{ {where} {{ ?s {p} ?o }} }}")
        # A term stands in many facts: it is kept once.
        subjects, values = (list(map(intern, column)) for column in ends)
        yield p, subjects, values
