"""The graph: an embedded store, its generations on disk, and the workers for ad-hoc queries."""

from __future__ import annotations

from kg.store.embedded import EmbeddedStore
from kg.store.generations import write_store
from kg.store.terms import PREFIXES, Quad, stored_form

__all__ = ["PREFIXES", "EmbeddedStore", "Quad", "stored_form", "write_store"]
