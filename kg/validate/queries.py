"""Queries of shapes: what the standard forbids in them (SHACL, section 5.2.1 and appendix A)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyparsing import ParseResults
from rdflib.plugins.sparql.parserutils import CompValue

from kg.errors import QueryError
from kg.parsing import parse_query
from kg.store.query_text import QueryLimits, check_query_text, check_stays_here

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_FORBIDDEN = {
    "MinusGraphPattern": "MINUS",
    "ServiceGraphPattern": "SERVICE",
    "InlineData": "VALUES",
    "ValuesClause": "VALUES",
    "DatasetClause": "FROM",
}
_OPTIONAL = frozenset({"shapesGraph", "currentShape", "PATH"})


def check_query(query: str, prebound: Collection[str]) -> str:
    """Refuse what a shape's query may not be, or not have in it; gives its form.

    ``prebound`` are the variables that can have a value beforehand. Raises: QueryError.
    """
    check_query_text(query, QueryLimits())
    check_stays_here(query)
    try:
        _, tree = parse_query(query)
    except Exception as error:  # pyparsing's, rdflib's, and Python's own for what is nested deep
        raise QueryError(f"it is no SPARQL: {error}", code="query-syntax") from error
    if tree.name not in ("SelectQuery", "AskQuery"):
        raise QueryError("it is neither SELECT nor ASK", code="query-form")
    for part in _walk(tree):
        _check_part(part, frozenset(prebound))
    return "ASK" if tree.name == "AskQuery" else "SELECT"


def _check_part(part: CompValue, prebound: frozenset[str]) -> None:
    if part.name in _FORBIDDEN:
        word = _FORBIDDEN[part.name]
        raise QueryError(f"it has {word}, which the standard forbids", code="query-form")
    named = [_of(part, "evar"), _of(part, "var") if part.name in ("Bind", "GroupAs") else None]
    for variable in named:
        if variable is not None and str(variable) in prebound:
            message = f"it gives ?{variable} a value of its own, which the standard forbids"
            raise QueryError(message, code="query-form")
    if part.name == "SubSelect" and (projected := _projected(part)) is not None:
        hidden = sorted(prebound - _OPTIONAL - projected)
        if hidden:
            message = (
                f"it has a subquery that does not select ${hidden[0]}, which the standard forbids"
            )
            raise QueryError(message, code="query-form")


def _projected(select: CompValue) -> set[str] | None:
    """Give the names that a SELECT gives; None for ``*``."""
    terms = _of(select, "projection")
    if terms is None:
        return None
    return {str(_of(term, "var") or _of(term, "evar")) for term in terms}


def _of(part: CompValue, name: str) -> Any:
    return dict.get(part, name)  # its own gives the name back where there is nothing


def _walk(node: Any) -> Iterator[CompValue]:
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, CompValue):
            yield part
            waiting.extend(part.values())
        elif isinstance(part, list | ParseResults):
            waiting.extend(part)
