from __future__ import annotations

import pytest

from kg.errors import QueryError
from kg.store.query_text import QueryLimits, check_query_text, nesting_depth


@pytest.mark.parametrize(
    ("query", "depth"),
    [
        ("ASK {}", 1),
        ("SELECT (((1)) AS ?x) { { ?s ?p [ ?q ( 1 2 ) ] } }", 4),
        ('ASK { ?s ?p \'((((\' , "[[[[" , \'\'\'(\' ( \'\'\' , """"(" (\\"""" }', 1),
        ("ASK { # ((((((\n ?s <http://x/((((#((((> ?o }", 1),
        ("ASK { <http://x/#a> ?p (1) }", 2),
        ("ASK } } } { { {", 3),
    ],
)
def test_only_brackets_that_nest_are_counted(query: str, depth: int) -> None:
    assert nesting_depth(query) == depth


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT " + "(" * 65, "query-too-deep"),
        ("ASK {}" + " " * 65_536, "query-too-long"),
        ("ASK { ?s ?p '" + "é" * 33_000 + "' }", "query-too-long"),
        ("ASK { ?s ?p '\ud800' }", "query-syntax"),
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(query: str, code: str) -> None:
    with pytest.raises(QueryError) as caught:
        check_query_text(query, QueryLimits())
    assert caught.value.code == code


def test_what_is_just_allowed_is_let_through() -> None:
    check_query_text("ASK " + "{" * 64 + "}" * 64 + " " * (65_536 - 132), QueryLimits())
