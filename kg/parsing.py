"""Parsing: SPARQL text as rdflib's tree (SPARQL 1.1, section 19), from any thread."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from rdflib.plugins.sparql.parser import parseQuery

if TYPE_CHECKING:
    from pyparsing import ParseResults

_ONE_AT_A_TIME = Lock()


def parse_query(text: str) -> ParseResults:
    """Parse a query.

    The parser finds out how many arguments its actions take when they are first called. Two threads
    that do so at once leave it with a wrong number, and then it fails ever after.

    Raises what the parser raises, which is of many types.
    """
    with _ONE_AT_A_TIME:
        return parseQuery(text)
