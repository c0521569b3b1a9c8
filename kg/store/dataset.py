"""The dataset of a query where the current graph is a named one among many (SPARQL 1.1, 13).

Most queries read the current graph alone: the protocol's ``default-graph-uri`` says so. One that
also names others cannot use it, as every record has a graph and the protocol wants each of them
listed. Its pattern is put inside ``GRAPH <current> { … }`` instead, within which another
``GRAPH`` takes over, and a graph that is a variable is kept to the plant's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.store.query_text import visible_text

if TYPE_CHECKING:
    from kg.records import Term

_FROM = re.compile(r"(?<![?$:\w-])FROM(?![\w:-])", re.IGNORECASE)
_GRAPH = re.compile(r"(?<![?$:\w-])GRAPH(?![\w:-])", re.IGNORECASE)
_GRAPH_VARIABLE = re.compile(r"(?<![?$:\w-])GRAPH\s*([?$]\w+)\s*\{", re.IGNORECASE)
_TEMPLATE = re.compile(r"(?<![?$:\w-])CONSTRUCT\s*\{", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scoped:
    """A query and the protocol's parameters that go with it."""

    text: str
    dataset: tuple[tuple[str, str], ...] = ()


def scope_query(query: str, current: Term, base: str) -> Scoped:
    """Let a query read ``current`` as its default graph; one with FROM has said what it reads."""
    text = visible_text(query)
    if _FROM.search(text):
        return Scoped(query)
    where = _where(text) if _GRAPH.search(text) else None
    if where is None:
        return Scoped(query, (("default-graph-uri", current[1:-1]),))
    edits = [(where[0] + 1, f" GRAPH {current} {{ ")]
    for match in _GRAPH_VARIABLE.finditer(text):
        name = f"STR({match[1]})"
        others = f'STRSTARTS({name}, "{base}") && !STRSTARTS({name}, "{base}graph/present/")'
        edits.append((match.start(), "{ "))
        edits.append((_closing(text, match.end() - 1) + 1, f" FILTER({others}) }}"))
    edits.append((where[1], " } "))
    pieces, done = [], 0
    for place, piece in sorted(edits, key=lambda edit: edit[0]):
        pieces += [query[done:place], piece]
        done = place
    return Scoped("".join([*pieces, query[done:]]))


def _where(text: str) -> tuple[int, int] | None:
    """Find the braces of the query's own pattern; a CONSTRUCT has a template before them."""
    template = _TEMPLATE.search(text)
    place = _closing(text, template.end() - 1) + 1 if template else 0
    depth = 0
    for position in range(place, len(text)):
        letter = text[position]
        if letter == "{" and depth == 0:
            return position, _closing(text, position)
        depth += (letter in "({") - (letter in ")}")
    return None


def _closing(text: str, opening: int) -> int:
    """Find the brace that closes another; the end of the text where none does."""
    depth = 0
    for position in range(opening, len(text)):
        depth += (text[position] == "{") - (text[position] == "}")
        if depth == 0:
            return position
    return len(text)
