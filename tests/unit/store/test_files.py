"""Files of RDF are read as they are spelled, and nothing is fetched for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import QueryError, StoreError
from kg.store.files import FORMATS, facts_of_lines, read_quads, store_of

XSD = "http://www.w3.org/2001/XMLSchema#"
TEXTS = {
    ".ttl": '@prefix u: <urn:> . u:a u:p "01"^^<urn:n> .',
    ".nt": '<urn:a> <urn:p> "01"^^<urn:n> .',
    ".nq": '<urn:a> <urn:p> "01"^^<urn:n> .',
    ".trig": 'PREFIX u: <urn:> { u:a u:p "01"^^u:n }',
    ".jsonld": '{"@id": "urn:a", "urn:p": {"@value": "01", "@type": "urn:n"}}',
}


@pytest.mark.parametrize("ending", FORMATS)
def test_each_form_is_read_and_keeps_its_spelling(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"data{ending.upper()}"
    number = f"{XSD}integer"
    file.write_text(
        TEXTS[ending]
        .replace("<urn:n>", f"<{number}>")
        .replace("urn:n", number)
        .replace("u:n", f"<{number}>")
    )
    assert list(read_quads(file)) == [("<urn:a>", "<urn:p>", f'"01"^^<{number}>', "")]


def test_prefixes_graphs_and_relative_iris(tmp_path: Path) -> None:
    file = tmp_path / "data.trig"
    file.write_text("PREFIX u: <urn:> u:g { <#a> u:p <> }")
    prefixes: dict[str, str] = {}
    here = file.as_uri()
    assert list(read_quads(file, prefixes)) == [(f"<{here}#a>", "<urn:p>", f"<{here}>", "<urn:g>")]
    assert prefixes == {"u": "urn:"}


def test_blank_nodes_of_two_readings_are_never_the_same(tmp_path: Path) -> None:
    file = tmp_path / "data.ttl"
    file.write_text("_:a <urn:p> _:a, [] .")
    first, second = ({term for quad in read_quads(file) for term in quad} for _ in range(2))
    assert len([term for term in first if term.startswith("_:")]) == 2
    assert {term for term in first & second if term.startswith("_:")} == set()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.xml", "<rdf/>"),
        ("data", ""),
        ("data.ttl", "<urn:a> <urn:p> <not closed ."),
        ("data.jsonld", '{"@context": "http://localhost:1/", "@id": "urn:a", "p": 1}'),
        ("data.jsonld", "[" * 100_000),
        ("data.ttl", "<urn:a> <urn:p> <<( <urn:a> <urn:p> <urn:b> )>> ."),
        ("missing.ttl", None),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_file(
    tmp_path: Path, name: str, text: str | None
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(StoreError, match=name) as caught:
        list(read_quads(tmp_path / name))
    assert caught.value.code == "bad-file"


def test_lines_keep_labels_and_spellings() -> None:
    text = f'_:a <urn:p> "01"^^<{XSD}integer> .\n'
    assert list(facts_of_lines(text)) == [("_:a", "<urn:p>", f'"01"^^<{XSD}integer>')]
    with pytest.raises(StoreError):
        list(facts_of_lines("<urn:a> <urn:p> ."))


def test_a_store_of_quads_keeps_labels_and_is_asked_by_them() -> None:
    store = store_of([("_:a", "<urn:p>", "_:b", ""), ("_:b", "<urn:p>", '"1"', "<urn:g>")])
    assert list(store.facts(s="_:a")) == [("_:a", "<urn:p>", "_:b")]
    assert list(store.facts(o="_:b")) == [("_:a", "<urn:p>", "_:b")]
    assert store.select("SELECT ?o { ?s <urn:p> ?o }") == [{"o": "_:b"}]
    both = "SELECT ?s ?end { ?s <urn:p>/<urn:p> ?end }"
    graphs = ("", "<urn:g>")
    assert store.select(both, graphs) == [{"s": "_:a", "end": '"1"'}]
    assert store.select(both, graphs, {"s": "_:a"}) == [{"s": "_:a", "end": '"1"'}]
    assert store.select(both, graphs, {"s": "_:b"}) == []
    with pytest.raises(QueryError):
        store.select(both, graphs, {"unknown": "_:a"})
    with pytest.raises(StoreError):
        list(store.facts(s='"literal"'))
    with pytest.raises(StoreError):
        list(store.facts(s="_:not a label"))
