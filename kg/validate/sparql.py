"""Evaluating the queries of shapes at a focus node (SHACL, sections 5.3 and 6.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kg.errors import OntologyError, QueryError
from kg.reason.present import Present
from kg.store import EmbeddedStore
from kg.store.files import store_of
from kg.validate.model import Predicate, Result
from kg.validate.prebinding import hands_on, project, write_values
from kg.validate.shapesgraph import TRUE
from kg.validate.values import literal_of, parts_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kg.records import Term
    from kg.validate.constraints import At
    from kg.validate.facts import Data
    from kg.validate.model import Shapes, Sparql

_SHAPES_GRAPH = "<urn:traveler:shapes>"
_PLACE = re.compile(r"\{[?$](\w+)\}")
_NOT_MET = literal_of("Query finds that the constraint is not met")


class Queries:
    """A data graph that can be asked by SPARQL: the store itself, or a copy of facts in memory."""

    def __init__(self, shapes: Shapes, data: Data, graphs: tuple[Term, ...]) -> None:
        self._graphs = graphs
        self._shapes_graph: Term | None = None
        store = data.store if isinstance(data, Present) else data
        if isinstance(store, EmbeddedStore):
            self._store = store
            return
        self._shapes_graph = _SHAPES_GRAPH
        held = [(*fact, "") for fact in data.facts()]
        self._store = store_of([*held, *((*fact, _SHAPES_GRAPH) for fact in shapes.facts)])

    def rows(self, constraint: Sparql, at: At, value: Term | None = None) -> list[dict[str, Term]]:
        """Give the rows of a query. Raises: OntologyError where it cannot be evaluated."""
        given: dict[str, Term | None] = {
            "this": at.focus,
            "currentShape": at.shape.node,
            "shapesGraph": self._shapes_graph,
            "value": value,
            **dict(constraint.bindings),
        }
        place = f"the query of shape {at.shape.node}"
        if "shapesGraph" in constraint.uses and self._shapes_graph is None:
            hint = "A plant's graph does not hold the shapes; traveler validate does."
            raise OntologyError(f"{place} asks for $shapesGraph", hint=hint)
        used = {name: term for name in constraint.uses if (term := given[name]) is not None}
        values = {name: term for name, term in used.items() if not term.startswith("_:")}
        blank = {name: term for name, term in used.items() if name not in values}
        query = write_values(constraint.query, values)
        if blank and hands_on(constraint.query, frozenset(blank)):
            hint = "Give the node an IRI, or write the query without BIND."
            raise OntologyError(f"{place} binds a blank node to another variable", hint=hint)
        try:
            return self._store.select(
                project(query, frozenset(blank)) if blank else query, self._graphs, blank or None
            )
        except QueryError as error:
            raise OntologyError(f"{place}: {error.message}", hint=error.hint) from error


def check_query(at: At, constraint: Sparql) -> Iterator[Result]:
    """Give the results of one query at a focus node."""
    rows = at.evaluator.queries.rows
    if constraint.is_ask:
        for value in at.values:
            if not rows(constraint, at, value):
                yield _result(at, constraint, {"value": value})
        return
    for row in rows(constraint, at):
        if row.get("failure") == TRUE:
            raise OntologyError(f"the query of shape {at.shape.node} reports a failure")
        yield _result(at, constraint, row)


def _result(at: At, constraint: Sparql, row: Mapping[str, Term]) -> Result:
    """Map a solution to a result (section 5.3.2)."""
    shape, path = at.shape, row.get("path")
    return Result(
        focus=at.focus,
        path=Predicate(path) if path is not None and path.startswith("<") else shape.path,
        value=row.get("value", at.focus if shape.path is None else None),
        component=constraint.component,
        source=shape.node,
        root=shape.node,
        severity=shape.severity,
        messages=_messages(at, constraint, row),
        constraint=constraint.node,
    )


def _messages(at: At, constraint: Sparql, row: Mapping[str, Term]) -> tuple[Term, ...]:
    """Give the messages: the row's own, then the nearest to the query, filled in."""
    if "message" in row and row["message"].startswith('"'):
        return (row["message"],)
    near = (constraint.messages, at.shape.messages)
    first, second = near if constraint.node is not None else reversed(near)
    known = {"this": at.focus, **dict(constraint.bindings), **row}
    return tuple(_filled(message, known) for message in first or second or (_NOT_MET,))


def _filled(message: Term, known: Mapping[str, Term]) -> Term:
    """Put values in the places ``{?name}`` of a message, and keep its language."""
    text = parts_of(message)[0]

    def value_of(found: re.Match[str]) -> str:
        term = known.get(found[1])
        return found[0] if term is None else term if term.startswith("_:") else text_of(term)

    filled = literal_of(_PLACE.sub(value_of, text))
    return filled + message[message.rindex('"') + 1 :]
