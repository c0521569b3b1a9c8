"""Readiness of plants that connect some of the mappings that ship."""

from __future__ import annotations

from functools import cache

import pytest

from kg import assets, vocab
from kg.answer.asking.producers import Producers
from kg.answer.asking.questions import load_questions
from kg.answer.asking.readiness import ORDER, Readiness, find_readiness, shipped_mappings
from kg.answer.asking.sayable import can_answer, closed, roots
from kg.lift import Engine, Lifter
from kg.reason.rules import compile_rules
from kg.settings import Plant, load_source

BASE = "https://plant.example/"
DEMO = ("demo-erp", "demo-mes", "demo-identity", "notes")
RULES = compile_rules(assets.ontology_folder())


@cache
def ready(*mappings: str) -> Readiness:
    sources = tuple(load_source(assets.mappings_folder() / name) for name in mappings)
    plant = Plant(name="Test", base=BASE, sources=sources)
    engine = Engine()
    produced = {source.name: Lifter(source, BASE, engine).produces() for source in sources}
    questions = load_questions()
    shipped = shipped_mappings(BASE)
    return find_readiness(plant, questions, Producers(plant, produced), RULES, shipped)


def states(found: Readiness) -> dict[str, str]:
    return {one.name: one.state for one in found.questions}


def test_a_plant_without_sources_answers_what_needs_none_and_is_told_where_to_begin() -> None:
    found = ready()
    assert states(found)["what-runs-on-a-machine"] == "none"
    assert found.next[0].what == "mapping"
    assert {one.name for one in found.next if one.what == "mapping"} > set(DEMO[:2])


def test_what_runs_is_known_by_an_mes_and_for_whom_by_an_erp() -> None:
    alone = ready("demo-mes")
    assert states(alone)["what-runs-on-a-machine"] == "part"
    assert states(alone)["requirements-that-override-the-specification"] == "none"
    lacks = {one.name: one.lacks for one in alone.questions}["what-runs-on-a-machine"]
    assert {"orderedBy", "pinnedSpec"} & {*lacks}
    assert "forCustomer" not in lacks, "no source says what rules derive"
    erp = next(one for one in alone.next if one.name == "demo-erp")
    assert "what-runs-on-a-machine" in erp.whole
    assert erp == alone.next[0]
    both = states(ready("demo-erp", "demo-mes"))
    assert {name for name, state in both.items() if state == "whole"} >= {*erp.whole}


def test_what_is_connected_is_not_offered() -> None:
    offered = {one.name for one in ready(*DEMO).next if one.what == "mapping"}
    assert not offered & {*DEMO}


@pytest.mark.parametrize("more", DEMO)
def test_to_connect_more_takes_nothing_away(more: str) -> None:
    before, after = states(ready("demo-erp")), states(ready("demo-erp", more))
    assert all(ORDER.index(after[name]) >= ORDER.index(before[name]) for name in before)


def test_whoever_lacks_nothing_is_whole_and_what_is_lacking_makes_it_whole() -> None:
    found = ready(*DEMO)
    assert {bool(one.lacks) for one in found.questions if one.state == "whole"} == {False}
    sets = {one.says for one in found.next if one.what == "properties"}
    for one in found.questions:
        if one.state != "whole":
            assert one.lacks in sets, one.name
            offered = next(o for o in found.next if o.says == one.lacks)
            assert one.name in offered.whole


def test_the_counts_are_those_of_the_numbers_at_their_worst() -> None:
    found = ready("demo-mes")
    assert sum(map(found.count, ORDER)) == len({one.number for one in found.questions})


# ---- what can be said


def term(name: str) -> str:
    return f"<{vocab.TR}{name}>"


PREFIX = f"PREFIX tr: <{vocab.TR}> "


@pytest.mark.parametrize(
    ("query", "there", "expected"),
    [
        ("SELECT * { ?s tr:makes ?o }", {"makes"}, True),
        ("SELECT * { ?s tr:makes ?o }", set(), False),
        ("SELECT * { ?s a tr:Job }", {"Job"}, True),
        ("SELECT * { ?s a tr:Job }", {"makes"}, False),
        ("SELECT * { ?s a ?any }", set(), True),
        ("SELECT * { ?s tr:makes ?o OPTIONAL { ?o tr:unit ?u } }", {"makes"}, True),
        ("SELECT * { ?s tr:makes ?o . ?o tr:unit ?u }", {"makes"}, False),
        ("SELECT * { { ?s tr:makes ?o } UNION { ?s tr:orders ?o } }", {"orders"}, True),
        ("SELECT * { ?s tr:makes ?o MINUS { ?s tr:orders ?o } }", {"makes"}, True),
        ("SELECT * { ?s tr:makes ?o FILTER NOT EXISTS { ?s tr:unit ?u } }", {"makes"}, True),
        ("SELECT * { ?s tr:makes/tr:unit ?o }", {"makes"}, False),
        ("SELECT * { ?s tr:makes|tr:unit ?o }", {"unit"}, True),
        ("SELECT * { ?s ^tr:makes ?o }", {"makes"}, True),
        ("SELECT * { ?s tr:makes* ?o }", set(), True),
        ("SELECT * { ?s tr:makes+ ?o }", set(), False),
        ("SELECT * { VALUES ?p { tr:makes tr:unit } ?s ?p ?o }", {"unit"}, True),
        ("SELECT * { VALUES ?p { tr:makes tr:unit } ?s ?p ?o }", {"orders"}, False),
        ("SELECT * { { SELECT ?s { ?s tr:makes ?o } } }", set(), False),
        ("SELECT * { GRAPH ?g { ?s tr:makes ?o } }", {"makes"}, True),
    ],
)
def test_a_query_can_find_something_where_its_terms_can_stand(query, there, expected) -> None:
    assert can_answer(PREFIX + query, frozenset(map(term, there))) is expected


def test_what_rules_derive_stands_in_the_graph_too() -> None:
    said = {vocab.ALLOCATION_OF, vocab.TO_ORDER_LINE, vocab.LINE_OF, vocab.ORDERED_BY}
    found = closed(said, RULES)
    assert {vocab.FOR_CUSTOMER, vocab.HAS_ALLOCATION, vocab.SALES_ORDER, vocab.CUSTOMER} <= found
    assert vocab.RUNNING_ON not in found
    assert vocab.RUNNING_ON in closed({vocab.ON_MACHINE, vocab.RUN}, RULES)
    assert vocab.FOR_CUSTOMER not in closed(said - {vocab.LINE_OF}, RULES)


def test_what_is_lacking_is_told_by_what_sources_say() -> None:
    usual = frozenset({vocab.ALLOCATION_OF, vocab.TO_ORDER_LINE, vocab.LINE_OF, vocab.ORDERED_BY})
    there = closed({vocab.ALLOCATION_OF, vocab.TO_ORDER_LINE}, RULES)
    assert roots(vocab.FOR_CUSTOMER, there, usual, RULES) == {vocab.LINE_OF, vocab.ORDERED_BY}
    assert roots(vocab.HAS_ALLOCATION, there, usual, RULES) == set()
    assert roots(vocab.CARRIES, there, usual, RULES) == {vocab.CARRIES}
