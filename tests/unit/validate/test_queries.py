"""What SHACL Core says, said in SPARQL, finds the same, at any path and in any graph."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import Graph

from kg.records import Fact, Term
from kg.store.files import facts_of_lines
from kg.validate.facts import Facts
from kg.validate.model import Path
from kg.validate.parse import shapes_of
from kg.validate.shapesgraph import sh
from kg.vocab import RDF_TYPE
from tests.unit.validate.plants import CLASSES, LITERALS, NODES, PROPERTIES, facts, paths
from tests.unit.validate.writing import path_facts
from tests.whole_validation import validate

XSD = "http://www.w3.org/2001/XMLSchema#"
OTHERS = st.tuples(
    st.sampled_from(("_:one", *NODES)),
    st.sampled_from(PROPERTIES),
    st.sampled_from(("_:one", "_:two")),
)
ASKED: dict[str, tuple[str, tuple[Term, ...]]] = {
    "nodeKind": ("ASK { FILTER (isIRI($value) && BOUND($p)) }", (sh("IRI"),)),
    "class": (
        (
            "ASK { $value <http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
            "/<http://www.w3.org/2000/01/rdf-schema#subClassOf>* $p }"
        ),
        CLASSES,
    ),
    "datatype": (
        "ASK { BIND ($p AS ?type) FILTER (DATATYPE($value) = ?type) }",
        (f"<{XSD}string>", f"<{XSD}boolean>"),
    ),
    "maxLength": (
        "ASK { FILTER (!isBlank($value) && STRLEN(STR($value)) <= $p) }",
        (f'"1"^^<{XSD}integer>', f'"7"^^<{XSD}integer>'),
    ),
    "disjoint": ("ASK { FILTER NOT EXISTS { $this $p $value } }", PROPERTIES),
}
SELECTED: dict[str, tuple[str, tuple[Term, ...]]] = {
    "hasValue": (
        "SELECT $this { FILTER NOT EXISTS { $this $PATH ?any FILTER sameTerm(?any, $p) } }",
        (*NODES[:2], LITERALS[0], LITERALS[6]),
    ),
    "maxCount": (
        (
            "SELECT $this { { SELECT $this $p (COUNT(DISTINCT ?any) AS ?size)"
            " WHERE { $this $PATH ?any } GROUP BY $this $p } FILTER (?size > $p) }"
        ),
        (f'"0"^^<{XSD}integer>', f'"1"^^<{XSD}integer>'),
    ),
    "equals": (
        (
            "SELECT DISTINCT $this ?value {"
            " { $this $PATH ?value FILTER NOT EXISTS { $this $p ?value } }"
            " UNION { $this $p ?value FILTER NOT EXISTS { $this $PATH ?value } } }"
        ),
        PROPERTIES,
    ),
}


def component(kind: str, query: str) -> Facts:
    text = f"""
        @prefix sh: <http://www.w3.org/ns/shacl#> .
        <urn:Component> a sh:ConstraintComponent ; sh:parameter [ sh:path <urn:of:p> ] ;
            sh:validator [ sh:{kind} "{query}" ] ."""
    return Facts(facts_of_lines(Graph().parse(data=text).serialize(format="nt")))


def found(declared: Facts, path: Path, parameter: Term, value: Term, data: Facts) -> Counter[Fact]:
    shape = "<urn:Shape>"
    said = [
        (shape, RDF_TYPE, sh("PropertyShape")),
        *((shape, sh("targetSubjectsOf"), predicate) for predicate in (*PROPERTIES, RDF_TYPE)),
        *path_facts(shape, sh("path"), path),
        (shape, parameter, value),
    ]
    results = validate(shapes_of(Facts([*declared, *said])), data)
    return Counter((one.focus, one.value or "", one.source) for one in results)


@pytest.mark.parametrize("name", [*ASKED, *SELECTED])
@settings(max_examples=40, deadline=None)
@given(st.data(), paths, st.sets(st.one_of(facts, OTHERS), max_size=12))
def test_a_query_finds_what_the_core_finds(
    name: str, draw: st.DataObject, path: Path, held: set[Fact]
) -> None:
    kind, (query, values) = ("ask", ASKED[name]) if name in ASKED else ("select", SELECTED[name])
    value, data = draw.draw(st.sampled_from(values)), Facts(sorted(held))
    by_core = found(Facts(), path, sh(name), value, data)
    by_query = found(component(kind, query), path, "<urn:of:p>", value, data)
    assert by_query == by_core
