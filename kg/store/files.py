"""Files of RDF, by the ending of their name, as N-Triples strings; nothing comes from a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.errors import StoreError
from kg.store.embedded import EmbeddedStore
from kg.store.terms import engine_graph, engine_iri, engine_node, engine_subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kg.records import Fact
    from kg.store.terms import Quad

FORMATS = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
    ".trig": ox.RdfFormat.TRIG,
    ".jsonld": ox.RdfFormat.JSON_LD,
}
"""What may be read, by the file's ending."""


def read_quads(path: Path, prefixes: dict[str, str] | None = None) -> Iterator[Quad]:
    """Give the quads of a file one by one, literals spelled as they stand there.

    Blank nodes get labels of their own, so that those of two files are never the same. Relative
    IRIs resolve against the file's own. ``prefixes`` takes those that the file declares.
    Raises: StoreError for what cannot be read.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise StoreError(
            f"{path}: what is in a file {path.suffix or 'without ending'}?",
            hint=f"It should end with one of {', '.join(FORMATS)}.",
            code="bad-file",
        )
    try:
        with path.open("rb") as file:
            base = path.resolve().as_uri()
            parser = ox.parse(file, kind, base_iri=base, rename_blank_nodes=True)
            for quad in parser:
                if isinstance(quad.object, ox.Triple):
                    raise StoreError(
                        f"{path}: has a triple as the object of {quad.subject} {quad.predicate}",
                        hint="Triples about triples (RDF 1.2) are not read here.",
                        code="bad-file",
                    )
                name = quad.graph_name
                graph = "" if isinstance(name, ox.DefaultGraph) else str(name)
                yield str(quad.subject), str(quad.predicate), str(quad.object), graph
            if prefixes is not None:
                prefixes.update(parser.prefixes)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be read: {error.strerror or error}", code="bad-file"
        ) from error
    except (SyntaxError, ValueError) as error:
        hint = "Mend the file; a JSON-LD context must stand in the file itself."
        raise StoreError(f"{path}: {error}", hint=hint, code="bad-file") from error


def facts_of_lines(text: str) -> Iterator[Fact]:
    """Give the facts of N-Triples, literals and blank nodes as they stand there.

    Raises: StoreError for a line that is none.
    """
    try:
        for fact in ox.parse(text.encode(), ox.RdfFormat.N_TRIPLES):
            yield str(fact.subject), str(fact.predicate), str(fact.object)
    except (SyntaxError, ValueError) as error:
        raise StoreError(f"not N-Triples: {error}", code="bad-term") from error


def store_of(quads: Iterable[Quad]) -> EmbeddedStore:
    """Make a store in memory of quads, whose blank nodes keep their labels.

    Raises: StoreError for what no store holds.
    """
    engine = ox.Store()
    engine.bulk_extend(
        ox.Quad(engine_subject(s), engine_iri(p), engine_node(o), engine_graph(g))
        for s, p, o, g in quads
    )
    return EmbeddedStore(engine, "urn:traveler:")
