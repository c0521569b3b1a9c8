"""Mentions: which records speak of an entity.

Every record is a graph of the store, written together with what it means: the store's own indexes
are the mention index, and never behind. They know an entity by its canonical IRI, which is what
each mention was rewritten to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.vocab import OWL_SAME_AS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.records import Term
    from kg.store import Store


def mentioning(store: Store, entities: Iterable[Term]) -> set[Term]:
    """Give the graphs of the records that speak of one of these, by its canonical IRI.

    What a record says by ``owl:sameAs`` alone is no mention: it is never rewritten.
    """
    prefix = f"<{store.base}record/"
    found: set[Term] = set()
    for entity in entities:
        quads = (*store.match(s=entity), *store.match(o=entity))
        # What a record contributes to the present ("#now") follows from its own graph.
        found |= {g for _, p, _, g in quads if p != OWL_SAME_AS and g.startswith(prefix)}
    return {graph for graph in found if not graph.endswith("#now>")}


def said_aliases(store: Store) -> dict[Term, list[tuple[Term, Term, Term]]]:
    """Give what each record's graph says by ``owl:sameAs``."""
    prefix = f"<{store.base}record/"
    said: dict[Term, list[tuple[Term, Term, Term]]] = {}
    for s, p, o, graph in store.match(p=OWL_SAME_AS):
        if graph.startswith(prefix) and not graph.endswith("#now>"):
            said.setdefault(graph, []).append((s, p, o))
    return said
