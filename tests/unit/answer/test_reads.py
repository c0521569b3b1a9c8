from __future__ import annotations

import pytest

from kg import vocab
from kg.answer.questions import load_questions
from kg.answer.reads import properties_read, readers

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
    assert found[vocab.FOR_CUSTOMER] == ("what-runs-on-a-machine",)
    assert found[vocab.ORDERED_BY] == ("where-a-batch-went",)


def test_every_question_reads_something() -> None:
    for question in load_questions().values():
        assert properties_read(question.query), question.name
