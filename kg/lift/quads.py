"""Patterns of facts -> lines of N-Quads in SQL, and which of them could be written twice."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
from sqlglot import exp

from kg.lift.functions import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.lift.model import Pattern, Place

Shape: TypeAlias = tuple[str, str, bool]
"""What a term begins with, what it ends with, and whether that is all of it."""

QUAD = ("subject", "predicate", "object", "graph")
"""The columns of quads in Arrow: terms in N-Triples syntax; the default graph is NULL."""

QUAD_SCHEMA = pa.schema([(name, pa.string()) for name in QUAD])

DEFAULT_GRAPHS = (
    "<http://w3id.org/rml/defaultGraph>",
    "<http://www.w3.org/ns/r2rml#defaultGraph>",
)


def line_of(pattern: Pattern, end: str = "\n") -> exp.Expr:
    """Write a pattern's line with its ``end``; NULL where the row has not all of its terms."""
    graph = "" if pattern.graph in DEFAULT_GRAPHS else pattern.graph
    places: list[Place] = [pattern.subject, " ", pattern.predicate, " ", pattern.object]
    if isinstance(graph, str):
        places.append(f" {graph} .{end}" if graph else f" .{end}")
    parts: list[exp.Expr | str] = []
    for place in places:
        if isinstance(place, str) and parts and isinstance(parts[-1], str):
            parts[-1] += place
        else:
            parts.append(place if isinstance(place, str) else _column(place))
    if not isinstance(graph, str):
        is_default = exp.In(this=_column(graph), expressions=[text(iri) for iri in DEFAULT_GRAPHS])
        named = _concat([text(" "), _column(graph)])
        parts += [exp.Case().when(is_default, text("")).else_(named), f" .{end}"]
    line = _concat([text(part) if isinstance(part, str) else part for part in parts])
    there = _is_there(pattern)
    return line if there is None else exp.Case().when(there, line)


def quad_of(pattern: Pattern) -> exp.Expr:
    """Write a pattern's terms as one struct, its graph NULL where it is the default one."""
    graph: exp.Expr = exp.cast(exp.null(), exp.DataType.Type.TEXT)
    if isinstance(pattern.graph, int):
        graph = _column(pattern.graph)
        is_default = exp.In(this=graph.copy(), expressions=[text(iri) for iri in DEFAULT_GRAPHS])
        graph = exp.Case().when(is_default, exp.null()).else_(graph)
    elif pattern.graph not in {"", *DEFAULT_GRAPHS}:
        graph = text(pattern.graph)
    places = (pattern.subject, pattern.predicate, pattern.object)
    terms = [text(place) if isinstance(place, str) else _column(place) for place in places]
    named = [
        exp.PropertyEQ(this=exp.to_identifier(name), expression=term)
        for name, term in zip(QUAD, [*terms, graph], strict=True)
    ]
    there = _is_there(pattern)
    quad = exp.Struct(expressions=named)
    return quad if there is None else exp.Case().when(there, quad)


def _is_there(pattern: Pattern) -> exp.Expr | None:
    """Tell whether a row has all terms of a pattern; None: every row has."""
    places = (pattern.subject, pattern.predicate, pattern.object, pattern.graph)
    columns = [_column(place) for place in places if isinstance(place, int)]
    there = [exp.Not(this=exp.Is(this=column, expression=exp.null())) for column in columns]
    return exp.and_(*there) if there else None


def lines_of(patterns: Sequence[Pattern]) -> exp.Expr:
    """Write all lines of a row as one text; "" where it has none."""
    return _concat([exp.Coalesce(this=line_of(p), expressions=[text("")]) for p in patterns])


def group_overlapping(
    patterns: Sequence[tuple[Pattern, tuple[exp.Expr, ...]]],
) -> list[list[int]]:
    """Group patterns that could write the same line; each comes with its model's outputs."""
    shapes = [_shapes(pattern, outputs) for pattern, outputs in patterns]
    leaders = list(range(len(shapes)))

    def leader(number: int) -> int:
        while leaders[number] != number:
            leaders[number] = leaders[leaders[number]]
            number = leaders[number]
        return number

    for number, shape in enumerate(shapes):
        for other in range(number):
            if _can_be_equal(shape, shapes[other]):
                leaders[leader(number)] = leader(other)
    groups: dict[int, list[int]] = {}
    for number in range(len(shapes)):
        groups.setdefault(leader(number), []).append(number)
    return list(groups.values())


def _shapes(pattern: Pattern, outputs: tuple[exp.Expr, ...]) -> tuple[Shape, ...]:
    graph = "" if pattern.graph in DEFAULT_GRAPHS else pattern.graph
    places = (pattern.predicate, pattern.subject, pattern.object, graph)
    return tuple(
        (place, place, True) if isinstance(place, str) else _shape(outputs[place])
        for place in places
    )


def _shape(term: exp.Expr) -> Shape:
    if isinstance(term, exp.Case):
        (branch,) = term.args["ifs"]
        return _shape(branch.args["true"])
    parts = list(term.flatten()) if isinstance(term, exp.DPipe) else [term]
    first, last = _leading_text(parts), _leading_text(parts[::-1])
    return "".join(first), "".join(last[::-1]), len(first) == len(parts)


def _leading_text(parts: Sequence[exp.Expr]) -> list[str]:
    return [part.name for part in takewhile(lambda part: isinstance(part, exp.Literal), parts)]


def _can_be_equal(left: tuple[Shape, ...], right: tuple[Shape, ...]) -> bool:
    return all(_can_meet(mine, theirs) for mine, theirs in zip(left, right, strict=True))


def _can_meet(left: Shape, right: Shape) -> bool:
    if left[2] and right[2]:
        return left[0] == right[0]
    begins = left[0].startswith(right[0]) or right[0].startswith(left[0])
    ends = left[1].endswith(right[1]) or right[1].endswith(left[1])
    return begins and ends


def _concat(parts: list[exp.Expr]) -> exp.Expr:
    return exp.Anonymous(this="concat", expressions=parts)


def _column(number: int) -> exp.Expr:
    return exp.column(f"o{number}")
