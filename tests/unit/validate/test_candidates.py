"""Looking at all focus nodes at once finds what looking at each of them finds."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.records import Fact, Term
from kg.store import EmbeddedStore
from kg.validate.candidates import Candidates
from kg.validate.columns import Columns
from kg.validate.evaluate import Evaluator
from kg.validate.facts import Facts
from kg.validate.model import Result, Shapes
from kg.validate.paths import values
from tests.unit.validate.plants import (
    CLASSES,
    LITERALS,
    NODES,
    facts,
    paths,
    random_shapes,
    store_of,
)
from tests.whole_validation import targets

ONE, TWO = "<urn:g:1>", "<urn:g:2>"


def at_once(shapes: Shapes, data: EmbeddedStore | Facts, graphs: tuple[Term, ...]) -> object:
    columns, evaluator = Columns(data, graphs), Evaluator(shapes, data, graphs)
    candidates = Candidates(shapes, columns, evaluator)
    return [
        (candidates.targets(shape), candidates.of(shape), told(candidates.results(shape)))
        for shape in shapes.targeted()
    ]


def one_by_one(shapes: Shapes, data: EmbeddedStore | Facts, graphs: tuple[Term, ...]) -> object:
    evaluator = Evaluator(shapes, data, graphs)
    found = []
    for shape in shapes.targeted():
        focuses = targets(evaluator, shape)
        results = [(focus, one) for focus in focuses for one in evaluator.results(shape, focus)]
        found.append((focuses, {focus for focus, _ in results}, told(results)))
    return found


def told(results: list[tuple[Term, Result]]) -> Counter[tuple[Term, Result]]:
    return Counter(results)


@settings(max_examples=150, deadline=None)
@given(random_shapes(), st.sets(facts, max_size=14), st.sets(facts, max_size=5))
def test_the_same_is_found_at_once_and_one_by_one(
    shapes: Shapes, first: set[Fact], second: set[Fact]
) -> None:
    graphs = (ONE, TWO)
    store = store_of({ONE: first, TWO: second})  # also with a fact in both
    assert at_once(shapes, store, graphs) == one_by_one(shapes, store, graphs)
    alone = store_of({"": first})
    assert at_once(shapes, alone, ()) == one_by_one(shapes, alone, ())
    file = Facts(sorted(first))
    assert at_once(shapes, file, ()) == one_by_one(shapes, file, ())


@settings(max_examples=100, deadline=None)
@given(paths, st.sets(facts, max_size=14), st.sets(st.sampled_from((*NODES, *LITERALS))))
def test_a_path_leads_many_nodes_to_what_it_leads_each_to(
    path: object, held: set[Fact], nodes: set[Term]
) -> None:
    store = store_of({"": held})
    begins, ends = Columns(store).walk(path, nodes)
    pairs = list(zip(begins, ends, strict=True))
    assert Counter(pairs) == Counter(
        (node, value) for node in nodes for value in values(path, node, store)
    )


def test_instances_of_classes_that_are_subclasses_of_each_other_are_the_same() -> None:
    first, second = CLASSES
    subclass = "<http://www.w3.org/2000/01/rdf-schema#subClassOf>"
    kind = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    held = {(first, subclass, second), (second, subclass, first), (NODES[0], kind, first)}
    columns = Columns(store_of({"": held}))
    assert columns.instances(first) == columns.instances(second) == {NODES[0]}


@pytest.mark.parametrize(
    "term",
    [
        *LITERALS,
        '"a\\u0001\\b\\f\\u007F\\n\\r\\\\\\""',
        '"é ☃ 𝄞"',
        '"1e3"^^<http://www.w3.org/2001/XMLSchema#double>',
        '"-0.5"^^<http://www.w3.org/2001/XMLSchema#decimal>',
        '"NaN"^^<http://www.w3.org/2001/XMLSchema#double>',
        '"INF"^^<http://www.w3.org/2001/XMLSchema#double>',
        '"1.5"^^<http://www.w3.org/2001/XMLSchema#float>',
        '"+1"^^<urn:type>',
        '""',
    ],
)
def test_columns_spell_terms_as_patterns_do(term: Term) -> None:
    store = store_of({"": {(NODES[0], "<urn:p>", term)}})
    (_, _, spelled) = next(store.facts())
    assert store.columns("SELECT ?s ?o WHERE { ?s ?p ?o }") == [[NODES[0]], [spelled]]


@given(st.text(st.characters(codec="utf-8")))
def test_columns_spell_any_text_as_patterns_do(text: str) -> None:
    escaped = "".join(f"\\U{ord(letter):08X}" for letter in text)
    store = store_of({"": {(NODES[0], "<urn:p>", f'"{escaped}"')}})
    (_, _, spelled) = next(store.facts())
    assert store.columns("SELECT ?o WHERE { ?s ?p ?o }") == [[spelled]]
