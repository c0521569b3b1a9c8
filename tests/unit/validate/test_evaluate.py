"""Evaluating over a store: several graphs, its spellings, nodes with a lot, and blank nodes."""

from __future__ import annotations

from rdflib import Graph

from kg.records import Term
from kg.store import EmbeddedStore
from kg.store.files import facts_of_lines, store_of
from kg.validate.evaluate import Evaluator
from kg.validate.facts import Facts
from kg.validate.model import Result, Shapes
from kg.validate.parse import read_shapes, shapes_of
from tests.whole_validation import targets, validate

PREFIXES = """
@prefix ex: <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
ONE, TWO = "<urn:g:1>", "<urn:g:2>"


def stored_shapes(turtle: str) -> Shapes:
    return read_shapes(Graph().parse(data=PREFIXES + turtle))


def exact_shapes(turtle: str) -> Shapes:
    lines = Graph().parse(data=PREFIXES + turtle).serialize(format="nt")
    return shapes_of(Facts(facts_of_lines(lines)))


def ex(name: str) -> Term:
    return f"<http://example.org/{name}>"


def component(result: Result) -> str:
    return result.component.rsplit("#")[-1].removesuffix("ConstraintComponent>")


def store(*facts: str, graph: Term = "") -> EmbeddedStore:
    made = EmbeddedStore.in_memory("http://example.org/")
    made.bulk_load(f"{fact} {graph} ." for fact in facts)
    return made


def test_several_graphs_are_one_for_look_ups_and_for_queries() -> None:
    shapes = stored_shapes("""
        ex:S a sh:PropertyShape ; sh:targetNode ex:a ; sh:path ( ex:p ex:q ) ; sh:minCount 1 ;
            sh:sparql [ sh:select "SELECT $this ?value { $this $PATH ?value }" ] .""")
    quads = [(ex("a"), ex("p"), ex("b"), ONE), (ex("b"), ex("q"), '"1"', TWO)]
    found = validate(shapes, store_of(quads), (ONE, TWO))
    assert [(one.value, component(one)) for one in found] == [('"1"', "SPARQL")]


def test_a_fact_that_two_graphs_hold_counts_once() -> None:
    shapes = stored_shapes("""
        ex:S a sh:PropertyShape ; sh:targetNode ex:a ; sh:path ex:p ; sh:maxCount 1 .""")
    quads = [(ex("a"), ex("p"), '"1"', graph) for graph in (ONE, TWO)]
    assert not validate(shapes, store_of(quads), (ONE, TWO))


def test_a_node_with_a_lot_is_read_by_what_is_asked_of_it() -> None:
    shapes = stored_shapes("""
        ex:S a sh:NodeShape ; sh:targetNode ex:hub ;
            sh:closed true ; sh:ignoredProperties ( ex:q ) ;
            sh:property [ sh:path ex:p ; sh:maxCount 300 ] ;
            sh:property [ sh:path ex:q ; sh:maxCount 0 ] .""")
    many = [f"{ex('hub')} {ex('p')} {ex(f'n{number}')}" for number in range(301)]
    results = validate(shapes, store(*many, f"{ex('hub')} {ex('q')} {ex('one')}"))
    assert sorted(component(one) for one in results) == ["MaxCount"] * 2


def test_a_store_that_keeps_values_only_meets_what_shapes_spell_otherwise() -> None:
    shapes = stored_shapes("""
        ex:S a sh:PropertyShape ; sh:targetSubjectsOf ex:p ; sh:path ex:p ;
            sh:datatype xsd:byte ; sh:hasValue "01"^^xsd:integer ;
            sh:in ( "01"^^xsd:byte 200 ) .""")
    held = store(f'{ex("a")} {ex("p")} "+1"^^<http://www.w3.org/2001/XMLSchema#byte>')
    assert not validate(shapes, held)
    results = validate(
        shapes, store(f'{ex("a")} {ex("p")} "200"^^<http://www.w3.org/2001/XMLSchema#byte>')
    )
    assert {component(one) for one in results} == {
        "Datatype",
        "HasValue",
    }


def test_a_file_keeps_its_spellings() -> None:
    shapes = exact_shapes("""
        ex:S a sh:PropertyShape ; sh:targetSubjectsOf ex:p ; sh:path ex:p ; sh:minLength 2 ;
            sh:datatype xsd:byte .""")
    data = Facts([(ex("a"), ex("p"), '"01"^^<http://www.w3.org/2001/XMLSchema#byte>')])
    assert not validate(shapes, data)


def test_blank_nodes_of_a_store_are_focus_and_value_nodes() -> None:
    shapes = stored_shapes("""
        ex:S a sh:NodeShape ; sh:targetClass ex:Thing ;
            sh:property [ sh:path ( ex:p ex:q ) ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ;
            sh:property [ sh:path [ sh:inversePath ex:p ] ; sh:maxCount 0 ] .""")
    kind = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    held = store_of(
        [
            ("_:a", kind, ex("Thing"), ""),
            ("_:a", ex("p"), "_:b", ""),
            ("_:b", ex("q"), "_:c", ""),
            ("_:b", kind, ex("Other"), ""),
            (ex("Other"), "<http://www.w3.org/2000/01/rdf-schema#subClassOf>", ex("Thing"), ""),
        ]
    )
    results = validate(shapes, held)
    assert {(one.focus, one.value, component(one)) for one in results} == {
        ("_:a", "_:c", "NodeKind"),
        ("_:b", None, "MinCount"),
        ("_:b", None, "MaxCount"),
    }


def test_targets_are_known_one_by_one_and_all_together() -> None:
    shapes = stored_shapes("""
        ex:S a sh:NodeShape ; sh:targetNode ex:never ; sh:targetClass ex:C ;
            sh:targetSubjectsOf ex:p ; sh:targetObjectsOf ex:q .""")
    [shape] = shapes.targeted()
    kind = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    held = store(
        f"{ex('a')} {kind} {ex('C')}",
        f"{ex('b')} {ex('p')} {ex('x')}",
        f'{ex("c")} {ex("q")} "text"',
    )
    evaluator = Evaluator(shapes, held)
    expected = {ex("never"), ex("a"), ex("b"), '"text"'}
    assert targets(evaluator, shape) == expected
    every = [*expected, ex("c"), ex("x"), ex("C")]
    assert {node for node in every if evaluator.is_target(shape, node)} == expected


def test_what_is_not_run_here_is_left_with_its_reason() -> None:
    shapes = exact_shapes("""
        ex:Runs a sh:NodeShape ; sh:targetNode ex:a ; sh:class ex:C .
        ex:Aims a sh:NodeShape ; sh:target [ a sh:SPARQLTarget ; sh:select "SELECT ?this {}" ] .
        ex:Asks a sh:NodeShape ; sh:targetNode ex:a ; sh:node ex:Inner .
        ex:Inner sh:property [ sh:path ex:p ; sh:js [ sh:jsFunctionName "f" ] ] .
        ex:Component a sh:ConstraintComponent ; sh:parameter [ sh:path ex:limit ] ;
            sh:validator [ a sh:JSValidator ; sh:jsFunctionName "f" ] .
        ex:Limits a sh:NodeShape ; sh:targetNode ex:a ; ex:limit 1 .
        ex:Alone a sh:NodeShape ; sh:expression ex:e .""")
    assert [shape.node for shape in shapes.targeted()] == [ex("Runs")]
    assert {node: why.split()[0] for node, why in shapes.left.items()} == {
        ex("Aims"): "sh:target",
        ex("Asks"): "sh:js",
        ex("Limits"): ex("Component"),
    }


def test_sibling_shapes_are_those_of_all_parents() -> None:
    shapes = exact_shapes("""
        ex:Hand a sh:NodeShape ; sh:targetNode ex:hand ; sh:property ex:Thumbs, ex:Fingers .
        ex:Thumbs sh:path ex:digit ; sh:qualifiedMinCount 1 ;
            sh:qualifiedValueShapesDisjoint true ; sh:qualifiedValueShape [ sh:hasValue ex:thumb ] .
        ex:Fingers sh:path ex:digit ; sh:qualifiedMaxCount 1 ;
            sh:qualifiedValueShapesDisjoint true ;
            sh:qualifiedValueShape [ sh:nodeKind sh:IRI ] .""")
    data = Facts((ex("hand"), ex("digit"), ex(name)) for name in ("thumb", "one", "two"))
    assert sorted(component(one) for one in validate(shapes, data)) == [
        "QualifiedMaxCount",
        "QualifiedMinCount",
    ]
