from __future__ import annotations

import pytest

from kg.errors import QueryError
from kg.store.query_text import (
    QueryLimits,
    check_query_text,
    check_stays_here,
    nesting_depth,
    query_form,
)


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


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("SELECT * {}", "SELECT"),
        ("# insert data\nask {}", "ASK"),
        (
            "BASE <x:> PREFIX a: <b#c> PREFIX\n:<d> # delete\nPREFIX e.f:<g>construct{}{}",
            "CONSTRUCT",
        ),
        ("\ufeffSELECT * {}".lstrip("\ufeff"), "SELECT"),
        ("DESCRIBE<x>", "DESCRIBE"),
    ],
)
def test_the_form_of_a_query_is_its_first_word_after_the_prefixes(query: str, form: str) -> None:
    assert query_form(query) == form


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <a> <b> <c> }",
        "PREFIX a: <b> DELETE WHERE { ?s ?p ?o }",
        "# SELECT\nDROP ALL",
        "define sql:log-enable 3 SELECT * {}",
        "LOAD <http://x/SELECT>",
        "SELECTED",
        "",
    ],
)
def test_what_is_no_query_has_no_form(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        query_form(text)
    assert caught.value.code == "query-syntax"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://x/> { ?s ?p ?o } }",
        "SELECT * { ?s ?p x:.SERVICE<http://x/> { ?a ?b ?c } }",
        "SELECT * { service # here\n silent ?where { ?s ?p ?o } }",
        "SELECT * { SERVICE x:y { ?s ?p ?o } }",
        "SELECT * { \\u0053ERVIC\\U00000045 <http://x/> { ?s ?p ?o } }",
        "SELECT * { ?s ?p '\\'' . SERVICE $s { } # ' }",
    ],
)
def test_a_query_that_would_ask_another_server_is_refused(query: str) -> None:
    with pytest.raises(QueryError, match="SERVICE"):
        check_stays_here(query)


@pytest.mark.parametrize(
    "query",
    ["SELECT ?service { ?service <p> ?o }", "SELECT * { ?s tr:service <x> } # service for all"],
)
def test_a_query_about_services_is_not(query: str) -> None:
    check_stays_here(query)
