from __future__ import annotations

import pytest
from rdflib import URIRef
from rdflib.paths import Path
from rdflib.plugins.sparql import prepareQuery

from kg import vocab
from kg.answer.asking.questions import load_questions
from kg.answer.asking.reads import properties_read, readers

PREFIX = "PREFIX tr: <https://w3id.org/traveler/ontology/>\n"


def names(query: str) -> set[str]:
    return {term[1:-1].removeprefix(vocab.TR) for term in properties_read(PREFIX + query)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * { ?s tr:makes ?o }", {"makes"}),
        ("SELECT * { ?s a tr:Job }", set()),
        ("SELECT * { ?s <https://w3id.org/traveler/ontology/makes> ?o }", {"makes"}),
        ("SELECT * { ?s tr:hasLine/^tr:orders|tr:makes ?o }", {"hasLine", "orders", "makes"}),
        ("SELECT * { ?s tr:makes ?o OPTIONAL { ?o tr:unit ?u } }", {"makes", "unit"}),
        ("SELECT * { { ?s tr:makes ?o } UNION { ?s tr:orders ?o } }", {"makes", "orders"}),
        ("SELECT * { ?s tr:makes ?o MINUS { ?s tr:orders ?o } }", {"makes"}),
        ("SELECT * { ?s tr:makes ?o FILTER NOT EXISTS { ?s tr:orders ?o } }", {"makes"}),
        ("SELECT * { ?s tr:makes ?o FILTER EXISTS { ?s tr:orders ?o } }", {"makes", "orders"}),
        ("SELECT * { VALUES (?p ?n) { (tr:makes 'part') } ?s ?p ?o }", {"makes"}),
        ("SELECT * { { SELECT ?s { ?s tr:makes ?o } } }", {"makes"}),
        ("SELECT * { GRAPH ?g { ?s tr:makes ?o } }", {"makes"}),
        ("SELECT * { ?s <http://else.example/makes> ?o }", set()),
    ],
)
def test_a_query_reads_what_it_asks_the_presence_of(query, expected) -> None:
    assert names(query) == expected


def test_a_question_about_what_is_lacking_is_no_reader_of_it() -> None:
    found = readers(load_questions().values())
    assert "jobs-that-lack-a-link" not in found[vocab.FOR_CUSTOMER]
    assert "jobs-that-lack-a-link" in found[vocab.UNIT_PRICE]
    assert "what-runs-on-a-machine" in found[vocab.FOR_CUSTOMER]
    assert "where-a-batch-went" in found[vocab.ORDERED_BY]


def test_every_question_reads_something() -> None:
    for question in load_questions().values():
        assert question.needs(), question.name


def test_what_is_computed_reads_what_its_header_says_too() -> None:
    question = load_questions()["why-an-order-is-late"]
    assert vocab.PLANNED_END in question.needs() - properties_read(question.query)


def test_a_query_is_read_as_a_parser_reads_it() -> None:
    for question in load_questions().values():
        algebra = prepareQuery(question.query).algebra
        assert question.named_columns or question.columns() == tuple(map(str, algebra.PV))
        named = {str(node) for node in iris_of(algebra) if str(node).startswith(vocab.TR)}
        assert {term[1:-1] for term in properties_read(question.query)} <= named


def iris_of(node):
    """Every IRI in a parsed query, whatever it is there for."""
    if isinstance(node, URIRef):
        yield node
    elif isinstance(node, Path):
        yield from iris_of(vars(node))
    elif isinstance(node, dict):
        for part in (*node.keys(), *node.values()):
            yield from iris_of(part)
    elif not isinstance(node, str) and hasattr(node, "__iter__"):
        for part in node:
            yield from iris_of(part)
