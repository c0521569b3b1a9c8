from __future__ import annotations

import pytest

from kg.store.dataset import scope_query

NOW = "<https://d.example/graph/present/3>"
FILTER = (
    ' FILTER(STRSTARTS(STR(?g), "https://d.example/")'
    ' && !STRSTARTS(STR(?g), "https://d.example/graph/present/")) }'
)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ?p ?o }",
        "SELECT ?graph { ?graph ex:graph 'GRAPH ?g { }' } # GRAPH ?g {",
        "SELECT * { ?s <http://x/GRAPH> ?o . ?s graph:of ?o }",
        "DESCRIBE <x> # no pattern, and no GRAPH",
    ],
)
def test_a_query_of_the_current_graph_alone_leaves_it_to_the_protocol(query: str) -> None:
    scoped = scope_query(query, NOW, "https://d.example/")
    assert scoped.text == query
    assert scoped.dataset == (("default-graph-uri", NOW[1:-1]),)


@pytest.mark.parametrize("query", ["SELECT * FROM <x> { GRAPH ?g { ?s ?p ?o } }", "ASK FROM<x>{}"])
def test_a_query_with_a_dataset_of_its_own_keeps_it(query: str) -> None:
    scoped = scope_query(query, NOW, "https://d.example/")
    assert (scoped.text, scoped.dataset) == (query, ())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ASK { GRAPH <x> { ?s ?p ?o } }", "ASK {« GRAPH <x> { ?s ?p ?o } »}"),
        ("ASK {GRAPH ?g{?s ?p ?o}}", "ASK {«{ GRAPH ?g{?s ?p ?o} FILTER»}"),
        (
            "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o . GRAPH <x> { ?s ?p 1 } } LIMIT 2",
            "CONSTRUCT { ?s ?p ?o } WHERE {« ?s ?p ?o . GRAPH <x> { ?s ?p 1 } »} LIMIT 2",
        ),
        (
            "SELECT (EXISTS { ?a ?b ?c } AS ?x) { GRAPH <x> { ?s ?p '}' } } VALUES ?s { <y> }",
            "SELECT (EXISTS { ?a ?b ?c } AS ?x) {« GRAPH <x> { ?s ?p '}' } »} VALUES ?s { <y> }",
        ),
        (
            "ASK { ?s ?p ?o .GRAPH ?g { { ?s ?p ?o } } OPTIONAL { ?s ?q ?r } }",
            "ASK {« ?s ?p ?o .{ GRAPH ?g { { ?s ?p ?o } } FILTER OPTIONAL { ?s ?q ?r } »}",
        ),
    ],
)
def test_a_query_that_names_graphs_reads_the_current_one_around_them(
    query: str, expected: str
) -> None:
    around = expected.replace("«", f" GRAPH {NOW} {{ ").replace("»", " } ")
    scoped = scope_query(query, NOW, "https://d.example/")
    assert scoped.text == around.replace(" FILTER", FILTER)
    assert scoped.dataset == ()


def test_a_query_with_a_brace_too_few_is_left_for_the_server_to_refuse() -> None:
    scoped = scope_query("SELECT * { GRAPH ?g { ?s ?p ?o ", NOW, "https://d.example/")
    assert scoped.text.count("{") > scoped.text.count("}") - 1
