"""Variables get their values wherever SPARQL lets them stand."""

from __future__ import annotations

import pytest

from kg.errors import QueryError
from kg.store import EmbeddedStore
from kg.store.files import store_of
from kg.validate.prebinding import hands_on, project, variables_of, write_path, write_values
from kg.validate.queries import check_query

A, P = "<urn:a>", "<urn:p>"
STORE = store_of([(A, P, '"1"', ""), ("<urn:b>", P, '"2"', ""), ("_:c", P, '"3"', "")])


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT $this ?v { $this <urn:p> ?v }", [{"v": '"1"'}]),
        ("SELECT DISTINCT $this { $this <urn:p> ?v }", None),
        ("SELECT * { $this <urn:p> ?v }", [{"v": '"1"'}]),
        ("select reduced ?this ?v where { ?this <urn:p> ?v }", [{"v": '"1"'}]),
        ("SELECT (STR($this) AS ?v) { }", [{"v": '"urn:a"'}]),
        ("SELECT ($this AS ?v) { FILTER BOUND(?this) }", [{"v": A}]),
        ("SELECT ?v { BIND ($this AS ?w) ?w <urn:p> ?v }", [{"v": '"1"'}]),
        ("SELECT ?v { { SELECT $this ?v { $this <urn:p> ?v } } }", [{"v": '"1"'}]),
        ("SELECT ?v { { SELECT $this { } } ?s <urn:p> ?v FILTER (?s = $this) }", [{"v": '"1"'}]),
        (
            "SELECT $this (COUNT(?v) AS ?n) { $this <urn:p> ?v } GROUP BY $this ORDER BY $this",
            [{"n": '"1"^^<http://www.w3.org/2001/XMLSchema#integer>'}],
        ),
        ("SELECT ?v { ?s <urn:p> ?v } ORDER BY ($this = ?s) DESC(?v) LIMIT 1", [{"v": '"3"'}]),
        ("SELECT ?v { BIND ('$this' AS ?v) # $this\n}", [{"v": '"$this"'}]),
        ("PREFIX select: <urn:> SELECT ?v { $this select:p ?v }", [{"v": '"1"'}]),
        ("PREFIX u: <urn:this?> SELECT ?v { $this <urn:p> ?v }", [{"v": '"1"'}]),
        ("ASK { $this <urn:p> '1' }", None),
        ("ASK { { SELECT $this { } } FILTER NOT EXISTS { $this <urn:q> ?x } }", None),
    ],
)
def test_an_iri_is_written_in_the_place_of_a_variable(
    query: str, rows: list[dict[str, str]] | None
) -> None:
    found = STORE.select(write_values(query, {"this": A}))
    assert found
    if rows is not None:
        assert [{k: v for k, v in row.items() if not k.startswith("is")} for row in found] == rows
    assert "this" in variables_of(query) or "$this" not in query.split("#")[0].replace(
        "'$this'", ""
    )


def test_an_ask_that_is_false_has_no_row() -> None:
    assert not STORE.select(write_values("ASK { $this <urn:p> '2' }", {"this": A}))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?v { $this <urn:p> ?v FILTER (isBlank($this) && BOUND($this)) }",
        "SELECT DISTINCT $this ?v { $this <urn:p> ?v }",
        "SELECT (MAX(?x) AS ?v) { $this <urn:p> ?x } GROUP BY ?nothing",
        "SELECT (IF(BOUND($this), (?x), $this) AS ?v) { $this <urn:p> ?x }",
    ],
)
def test_a_blank_node_is_bound_by_the_store(query: str) -> None:
    [node] = [s for s, _, _ in STORE.facts(p=P, o='"3"')]
    found = STORE.select(project(query, frozenset({"this"})), bound={"this": node})
    assert [(row["this"], row["v"]) for row in found] == [(node, '"3"')]


def test_what_hands_a_value_on_is_known() -> None:
    this = frozenset({"this"})
    assert hands_on("SELECT ?v { BIND (IF(?a, (?this), 1) AS ?v) }", this)
    assert hands_on("SELECT ?v { { SELECT $this ($this AS ?v) {} } }", this)
    assert not hands_on(
        "SELECT ($this AS ?v) { BIND (STR(?that) AS ?x) FILTER ($this = ?x) }", this
    )
    assert not hands_on("SELECT ?v { ?as <urn:p> '$this AS ?v' }", this)


def test_a_path_is_written_in_the_place_of_its_variable() -> None:
    query = "SELECT ?v { $this $PATH ?v . ?v ?PATHS '$PATH' }"
    assert (
        write_path(query, "(^<urn:p>)") == "SELECT ?v { $this (^<urn:p>) ?v . ?v ?PATHS '$PATH' }"
    )


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("SELECT $this { $this ?p ?o MINUS { ?s ?p ?o } }", "MINUS"),
        ("SELECT $this { FILTER EXISTS { VALUES ?p { 1 } } }", "VALUES"),
        ("SELECT $this { SERVICE ?s { ?s ?p ?o } }", "SERVICE"),
        ("SELECT $this FROM NAMED <urn:g> { ?s ?p ?o }", "FROM"),
        ("SELECT (1 AS ?this) { }", "this"),
        ("SELECT $this { { SELECT ?o { ?s ?p ?o } } }", "subquery"),
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "neither"),
        ("SELECT $this { " + "(" * 100, "deep"),
        ("SELECT $this { ?s ?p \ud800 }", "text"),
        ("SELECT $this { ?s ?p ?o }" + " " * 70_000, "bytes"),
    ],
)
def test_what_the_standard_forbids_is_refused(query: str, word: str) -> None:
    with pytest.raises(QueryError, match=word):
        check_query(query, {"this"})


def test_subqueries_may_select_everything() -> None:
    assert check_query("SELECT $this { { SELECT * { $this ?p ?o } } }", {"this"}) == "SELECT"
    assert isinstance(STORE, EmbeddedStore)
