from __future__ import annotations

import pytest

from kg import assets, vocab
from kg.draft import meanings
from kg.draft.meanings import find_classes, find_property, own_words
from kg.draft.words import split_words
from kg.reason.rules import load_graph

TR = vocab.TR


@pytest.fixture(scope="module")
def known() -> set[str]:
    graph = load_graph(assets.ontology_folder())
    return {str(subject).removeprefix(TR) for subject in graph.subjects() if TR in str(subject)}


@pytest.fixture(scope="module")
def codes() -> set[str]:
    graph = load_graph(assets.ontology_folder())
    return {str(s).removeprefix(vocab.TRC) for s in graph.subjects() if vocab.TRC in str(s)}


def test_every_term_that_can_be_proposed_is_in_the_ontology(known: set[str]) -> None:
    linked = {term for links in meanings.LINKS.values() for term in links.values()}
    named = {known_property.name for known_property in meanings.PROPERTIES}
    coded = {term for term, _ in meanings.SCHEMES.values()}
    classes = set(meanings.KINDS) | set(meanings.LINKS) | set(meanings.LEAVES)
    assert linked | named | coded | classes <= known


def test_every_code_that_can_be_proposed_is_in_its_list(codes: set[str]) -> None:
    lists = {scheme for _, scheme in meanings.SCHEMES.values()}
    proposed = {f"{scheme}/{code}" for scheme in lists for code in meanings.codes_of(scheme)}
    assert proposed <= codes


def test_a_property_is_for_classes_that_a_table_can_be_about() -> None:
    assert {name for known in meanings.PROPERTIES for name in known.classes} <= set(meanings.KINDS)


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("production_order", ("Job",)),
        ("Production.WorkOrder.dates-lost", ("Job",)),
        ("SalesOrderDetail", ("SalesOrderLine",)),
        ("item_spec", ("Specification",)),
        ("customer_item", ("Part",)),
        ("order", ("Job", "SalesOrder")),
        ("purchase_order", ()),
        ("colour", ()),
    ],
)
def test_the_longest_phrase_says_the_class_then_the_last(
    name: str, classes: tuple[str, ...]
) -> None:
    assert find_classes(split_words(name))[0] == classes


@pytest.mark.parametrize(
    ("name", "column", "term"),
    [
        ("Job", "OrderQty", "plannedQuantity"),
        ("Job", "Liefertermin", "dueDate"),
        ("Job", "antal", "plannedQuantity"),
        ("Job", "kasserat", "scrapQuantity"),
        ("Operation", "op_no", "sequence"),
        ("Run", "Startzeit", "startedAt"),
        ("Part", "lot_tracked", "isLotTracked"),
        ("Characteristic", "Untergrenze", "lowerLimit"),
        ("Customer", "OrderQty", ""),
    ],
)
def test_a_column_is_a_property_of_its_table_s_class(name: str, column: str, term: str) -> None:
    found = find_property(name, split_words(column), own_words(name))
    assert (found.name if found else "") == term
