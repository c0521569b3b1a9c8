"""The graph: its engines, its generations, and the lane for ad-hoc queries."""

from __future__ import annotations

from kg.store.embedded import EmbeddedStore
from kg.store.engines import open_generations, open_queries
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
    "open_generations",
    "open_queries",
    "stored_form",
]
