"""Ontologies that cannot be used are refused, and the axiom is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import OntologyError
from kg.reason import Reasoner
from kg.reason.rules import compile_rules
from kg.settings import Plant

PREFIXES = """\
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix : <https://x.example/> .
:A a owl:Class . :B a owl:Class . :C a owl:Class .
:p a owl:ObjectProperty . :q a owl:ObjectProperty . :r a owl:ObjectProperty .
"""


def compiled(folder: Path, axioms: str):
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "own.ttl").write_text(PREFIXES + axioms, encoding="utf-8")
    return compile_rules(folder)


CONTRADICTIONS = {
    "a class below nothing": (
        ":A rdfs:subClassOf owl:Nothing .",
        "<https://x.example/A> is owl:Nothing",
    ),
    "a class below another that is below nothing": (
        ":A rdfs:subClassOf :B . :B owl:equivalentClass owl:Nothing .",
        "nothing can be a <https://x.example/A>: <https://x.example/B> is owl:Nothing",
    ),
    "a class below two that are apart": (
        ":C rdfs:subClassOf :A, :B . :A owl:disjointWith :B .",
        "nothing can be a <https://x.example/C>: <https://x.example/A> owl:disjointWith",
    ),
    "a class apart from itself": (":A owl:disjointWith :A .", "nothing can be a"),
    "two domains that are apart": (
        ":p rdfs:domain :A, :B . :A owl:disjointWith :B .",
        "<https://x.example/p> can have no subject",
    ),
    "a range apart from the domain of the inverse": (
        ":p rdfs:range :A ; owl:inverseOf :q . :q rdfs:domain :B . :A owl:disjointWith :B .",
        "can have no object",
    ),
    "a symmetric property between two that are apart": (
        ":p a owl:SymmetricProperty ; rdfs:domain :A ; rdfs:range :B . :A owl:disjointWith :B .",
        "<https://x.example/p> can have no",
    ),
    "a property below two that are apart": (
        ":r rdfs:subPropertyOf :p, :q . :p owl:propertyDisjointWith :q .",
        "<https://x.example/r> can link nothing",
    ),
}
NOT_FOLLOWED = {
    "a class without a name": (
        ":A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom :B ] .",
        "is none that is followed",
    ),
    "a functional property": (":p a owl:FunctionalProperty .", "FunctionalProperty"),
    "an intersection": (":A owl:intersectionOf ( :B :C ) .", "intersectionOf"),
    "a chain of nothing": (":p owl:propertyChainAxiom () .", "an empty list"),
    "a chain that goes in a circle": (
        ":p owl:propertyChainAxiom _:x . _:x rdf:first :q ; rdf:rest _:x .",
        "propertyChainAxiom> with a list",
    ),
    "a chain through an unnamed inverse": (
        ":p owl:propertyChainAxiom ( [ owl:inverseOf :q ] :r ) .",
        "is none that is followed",
    ),
    "a range that is a text": (':p rdfs:range "A" .', "range> a class or property"),
}


@pytest.mark.parametrize(("axioms", "told"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_an_ontology_that_contradicts_itself_is_refused(tmp_path: Path, axioms, told) -> None:
    with pytest.raises(OntologyError) as raised:
        compiled(tmp_path, axioms)
    assert "contradicts itself" in raised.value.message
    assert told in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize(("axioms", "told"), NOT_FOLLOWED.values(), ids=NOT_FOLLOWED)
def test_an_axiom_that_would_mean_nothing_is_refused(tmp_path: Path, axioms, told) -> None:
    with pytest.raises(OntologyError) as raised:
        compiled(tmp_path, axioms)
    assert told in raised.value.message
    assert "shape" in raised.value.hint


def test_what_can_be_is_taken(tmp_path: Path) -> None:
    compiled(tmp_path, ":A owl:disjointWith :B . :p rdfs:domain :A . :q rdfs:domain :B .")


def test_turtle_that_is_none_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match=r"own\.ttl"):
        compiled(tmp_path, ":A rdfs:subClassOf ; .")


def test_a_rule_is_refused_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "one.ttl").write_text(
        """
        @prefix sh: <http://www.w3.org/ns/shacl#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        [] a sh:NodeShape ; sh:targetClass <x:A> ; sh:rule [ rdfs:label "my rule" ;
          sh:construct "CONSTRUCT { $this <x:p> ?o } WHERE { OPTIONAL { $this <x:q> ?o } }" ] .
        """,
        encoding="utf-8",
    )
    rules = compiled(tmp_path, "")
    with pytest.raises(OntologyError, match="'my rule' has a OptionalGraphPattern"):
        Reasoner(Plant(name="Test", base="https://x.example/"), rules)
