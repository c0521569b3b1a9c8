"""Updates of ground data (SPARQL 1.1 Update, 3.1.1 and 3.1.2), whole or in chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.terms import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kg.records import Term
    from kg.store.terms import Quad

# Virtuoso's compiler gives up below 5,000 lines of one graph, and below 1,000 operations.
CHUNK_QUADS = 1_000
CHUNK_GRAPHS = 100
CHUNK_LETTERS = 200_000
Change = tuple["Quad", bool]
"""A quad, and whether it comes (or goes)."""


def by_graph(quads: Iterable[Quad]) -> dict[Term, list[str]]:
    """Write quads as lines of their graphs; "" is the default graph.

    Raises: StoreError for what is no IRI or literal.
    """
    groups: dict[Term, list[str]] = {}
    for s, p, o, g in quads:
        line = f"{checked(s)} {checked(p)} {checked(o)} ."
        groups.setdefault(checked(g) if g else "", []).append(line)
    return groups


def quads_text(groups: Mapping[Term, Iterable[str]]) -> str:
    """Write lines as the quads of an update (SPARQL 1.1 grammar, rule 49)."""
    blocks = (
        f"GRAPH {name} {{\n{body}\n}}" if name else body
        for name, body in ((name, "\n".join(lines)) for name, lines in groups.items())
    )
    return "\n".join(blocks)


def data_text(verb: str, groups: Mapping[Term, Iterable[str]]) -> str:
    """Write the text of DELETE DATA or INSERT DATA."""
    return f"{verb} DATA {{\n{quads_text(groups)}\n}}"


def update_text(changes: Iterable[Change]) -> str:
    """Write one update for a chunk; it takes away first, as two spellings may be one value.

    What goes has an operation for each graph: Virtuoso 7 leaves literals with a language or a
    datatype of one's own where DELETE DATA names several.
    """
    listed = list(changes)
    gone = by_graph(quad for quad, is_added in listed if not is_added)
    come = by_graph(quad for quad, is_added in listed if is_added)
    operations = [data_text("DELETE", {name: lines}) for name, lines in gone.items()]
    return ";\n".join([*operations, data_text("INSERT", come)] if come else operations)


def in_chunks(removed: Iterable[Quad], added: Iterable[Quad]) -> Iterator[list[Change]]:
    """Cut a change into chunks of bounded size, what belongs to one subject close together."""
    changes = [(quad, False) for quad in removed] + [(quad, True) for quad in added]
    changes.sort(key=lambda change: (change[0][3], *change[0][:2], change[1]))
    chunk: list[Change] = []
    graphs: set[Term] = set()
    letters = 0
    for change in changes:
        quad, _ = change
        graphs.add(quad[3])
        letters += sum(map(len, quad))
        is_full = len(chunk) == CHUNK_QUADS or len(graphs) > CHUNK_GRAPHS or letters > CHUNK_LETTERS
        if chunk and is_full:
            yield chunk
            chunk, graphs, letters = [], {quad[3]}, sum(map(len, quad))
        chunk.append(change)
    if chunk:
        yield chunk
