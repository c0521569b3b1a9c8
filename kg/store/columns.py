"""What the engine gives, as terms: rows, facts, or each variable's terms of all rows as one list.

For the last the engine writes them as one text (SPARQL 1.1 TSV results), which is several times
faster than asking it for an object for each term.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING

import pyoxigraph as ox

if TYPE_CHECKING:
    from kg.records import Fact, Term

_XSD = "http://www.w3.org/2001/XMLSchema#"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_BYTES = bytes(code for code in range(128) if _CONTROL.match(chr(code)))
_WHOLE = frozenset('<"_')
"""What a term begins with; numbers and booleans are written without quotes (Turtle, 2.5.2)."""


def to_rows(found: ox.QuerySolutions) -> list[dict[str, Term]]:
    """Give the rows of a SELECT, each with the variables that have a value in it."""
    names = [variable.value for variable in found.variables]
    return [
        {name: str(value) for name, value in zip(names, row, strict=True) if value is not None}
        for row in found
    ]


def to_facts(found: ox.QueryTriples) -> set[Fact]:
    """Give the facts of a CONSTRUCT or DESCRIBE, each once."""
    return {(str(s), str(p), str(o)) for s, p, o in found}


def to_columns(found: ox.QuerySolutions) -> list[list[Term]]:
    """Give a list of terms for each variable; every variable must have a value in every row."""
    told = found.serialize(format=ox.QueryResultsFormat.TSV) or b""
    end = told.index(b"\n")
    width = told.count(b"\t", 0, end) + 1
    if len(told) == end + 1:
        return [[] for _ in range(width)]
    # No cell holds a tab or a line break: they are escaped. Of millions each copy would be felt.
    body = str(memoryview(told)[end + 1 : -1], "utf-8")
    cells = body.split("\n") if width == 1 else body.replace("\n", "\t").split("\t")
    if len(told.translate(None, _CONTROL_BYTES)) < len(told):
        cells = [_respelled(cell) for cell in cells]
    if not _WHOLE.issuperset(map(itemgetter(0), cells)):
        cells = [cell if cell[0] in _WHOLE else _quoted(cell) for cell in cells]
    return [cells[at::width] for at in range(width)]


def _quoted(cell: str) -> Term:
    """Write out a literal that stands without quotes."""
    if cell in ("true", "false"):
        return f'"{cell}"^^<{_XSD}boolean>'
    kind = "double" if "e" in cell.lower() else "decimal" if "." in cell else "integer"
    return f'"{cell}"^^<{_XSD}{kind}>'


def _respelled(cell: str) -> Term:
    """Spell a literal that holds control characters as it is spelled everywhere else."""
    if cell[0] != '"' or not _CONTROL.search(cell):
        return cell
    quad = next(iter(ox.parse(f"<x:s> <x:p> {cell} .", format=ox.RdfFormat.N_TRIPLES)))
    return str(quad.object)
