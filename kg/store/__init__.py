"""The graph of a plant: what a store is, and the embedded one; ``engines`` opens any of them."""

from __future__ import annotations

from kg.store.embedded import EmbeddedStore
from kg.store.generations import adopt, recipe_of, write_store
from kg.store.protocol import Generations, Graphs, Queries, QueryAnswer, Store
from kg.store.terms import PREFIXES, Quad, stored_form

__all__ = [
    "PREFIXES",
    "EmbeddedStore",
    "Generations",
    "Graphs",
    "Quad",
    "Queries",
    "QueryAnswer",
    "Store",
    "adopt",
    "recipe_of",
    "stored_form",
    "write_store",
]
