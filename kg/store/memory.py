"""A store in memory that follows changes: written without a text that must be parsed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.store.embedded import EmbeddedStore
from kg.store.terms import engine_graph, engine_iri, engine_term

if TYPE_CHECKING:
    from collections.abc import Collection

    from kg.store.terms import Quad

_MANY = 2_000
"""From so many quads on they are loaded faster in bulk."""


class MemoryStore(EmbeddedStore):
    """Facts of one process, which are gone with it."""

    @classmethod
    def in_memory(cls, base: str) -> MemoryStore:
        """Make an empty one."""
        return cls(ox.Store(), base)

    def replace(self, removed: Collection[Quad], added: Collection[Quad]) -> None:
        """Remove quads, then add others; who reads meanwhile may see a part of it.

        Raises: StoreError for what is no IRI or literal.
        """
        with self._writing:
            engine = self._open_engine()
            for quad in removed:
                engine.remove(_engine_quad(quad))
            if len(added) < _MANY:
                engine.extend(map(_engine_quad, added))
            else:
                self.bulk_load(f"{s} {p} {o} {g} ." for s, p, o, g in added)


def _engine_quad(quad: Quad) -> ox.Quad:
    s, p, o, g = quad
    return ox.Quad(engine_iri(s), engine_iri(p), engine_term(o), engine_graph(g))
