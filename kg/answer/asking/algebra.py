"""Algebra: a query as the parts that it is evaluated by (SPARQL 1.1, section 18)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rdflib.plugins.sparql.algebra import translateGroupGraphPattern, translateQuery, traverse
from rdflib.plugins.sparql.parserutils import CompValue

from kg.parsing import parse_query
from kg.store import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIXES = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())


@lru_cache(maxsize=1_024)
def algebra_of(query: str) -> Any:
    """Parse a query, by the prefixes that stores declare; it takes a tenth of a second and more.

    What EXISTS asks for is translated too. Raises what the parser raises, which is of many types.
    """
    return traverse(translateQuery(parse_query(_PREFIXES + query)).algebra, visitPost=_translated)


def expressions_in(expression: Any) -> Iterator[CompValue]:
    """Give every part of an expression, but not what lies in the groups that it asks for."""
    if isinstance(expression, CompValue):
        yield expression
        if not is_existence(expression):
            for part in expression.values():
                yield from expressions_in(part)
    elif isinstance(expression, list | tuple):
        for part in expression:
            yield from expressions_in(part)


def is_existence(expression: CompValue) -> bool:
    """Tell whether a part of an expression asks whether a group has a solution, or none."""
    return bool(expression.name.endswith("EXISTS"))


def _translated(node: Any) -> Any:
    """Translate what EXISTS asks for, which rdflib leaves as it was parsed."""
    if isinstance(node, CompValue) and node.name == "GroupGraphPatternSub":
        return translateGroupGraphPattern(node)
    return None
