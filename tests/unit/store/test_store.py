"""What every store does, whatever engine is behind it."""

from __future__ import annotations

from collections import Counter
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from kg.errors import QueryError, StoreError
from kg.store import stored_form
from tests.unit.store.conftest import BASE as B

if TYPE_CHECKING:
    from kg.store import Generations, Quad, Store

TR = "https://w3id.org/traveler/ontology/"
XSD = "http://www.w3.org/2001/XMLSchema#"
JOB, MACHINE = f"<{B}job/1>", f"<{B}machine/M7>"
MAKES, ON = f"<{TR}makes>", f"<{TR}onMachine>"
ERP, MES = f"<{B}record/erp/job/1>", f"<{B}record/mes/run/9>"
PART, OTHER = f"<{B}part/P>", f"<{B}part/Q>"
FACTS: list[Quad] = [
    (JOB, MAKES, PART, ""),
    (JOB, MAKES, PART, ERP),
    (JOB, MAKES, PART, MES),
    (JOB, MAKES, OTHER, MES),
    (JOB, ON, MACHINE, MES),
]


@pytest.fixture
def store(empty_store: Store) -> Store:
    empty_store.apply((), FACTS, 7)
    return empty_store


def test_a_batch_and_its_offset_are_written(store: Store) -> None:
    assert store.applied_seq() == 7
    store.apply([FACTS[0], FACTS[4]], [(JOB, MAKES, OTHER, "")], 8)
    assert store.applied_seq() == 8
    assert store.graph("") == {(JOB, MAKES, OTHER)}
    assert store.objects(JOB, ON, MES) == []


def test_a_batch_of_many_chunks_is_whole(store: Store) -> None:
    many: list[Quad] = [
        (f"<{B}job/{n}>", MAKES, f"<{B}part/{n}>", f"<{B}record/erp/job/{n % 40}>" if n % 3 else "")
        for n in range(2_500)
    ]
    store.apply((), many, 8)
    store.apply(many[:1_200], many[1_000:1_200], 9)
    left = [*many[1_000:1_200], *many[1_200:]]
    assert store.graph("") - {(JOB, MAKES, PART)} == {fact[:3] for fact in left if not fact[3]}
    one = f"<{B}record/erp/job/7>"
    assert store.graph(one) == {fact[:3] for fact in left if fact[3] == one}


def test_a_batch_with_one_bad_term_writes_nothing(store: Store) -> None:
    for bad in ("_:b", "<relative>", '"x', "<x:a b>"):
        with pytest.raises(StoreError):
            store.apply([FACTS[0]], [(JOB, MAKES, bad, ""), (JOB, ON, MACHINE, "")], 8)
    assert store.applied_seq() == 7
    assert store.graph("") == {FACTS[0][:3]}


def test_the_offset_never_goes_back(store: Store) -> None:
    with pytest.raises(StoreError, match="cannot go back to 6") as caught:
        store.apply((), [(JOB, ON, MACHINE, "")], 6)
    assert caught.value.code == "store-behind"
    store.apply((), [(JOB, ON, MACHINE, "")], 7)
    assert store.objects(JOB, ON) == [MACHINE]


def test_a_quad_both_removed_and_added_stays(store: Store) -> None:
    store.apply(FACTS, FACTS, 8)
    assert Counter(store.about(JOB)) == Counter(fact[1:] for fact in FACTS)


def test_a_number_that_gets_another_datatype_stays(store: Store) -> None:
    quantity = f"<{TR}quantity>"
    store.apply((), [(JOB, quantity, f'"5.0"^^<{XSD}decimal>', "")], 8)
    whole = (JOB, quantity, f'"5"^^<{XSD}integer>', "")
    store.apply([(JOB, quantity, f'"5"^^<{XSD}decimal>', "")], [whole], 9)
    # Virtuoso takes 5 and 5.0 for one value, and keeps the datatype that was there.
    (kept,) = store.objects(JOB, quantity)
    assert kept.startswith('"5"^^')
    store.apply([whole], (), 10)
    assert store.objects(JOB, quantity) == []


def test_patterns_tell_who_says_what(store: Store) -> None:
    assert sorted(store.claims(JOB, MAKES)) == [(PART, ERP), (PART, MES), (OTHER, MES)]
    assert sorted(store.holders((JOB, MAKES, PART))) == [ERP, MES]
    assert store.graph(MES) == {fact[:3] for fact in FACTS if fact[3] == MES}
    assert sorted(store.about(JOB)) == sorted(fact[1:] for fact in FACTS)
    assert store.subjects(MAKES, PART) == [JOB]
    assert store.subjects(f"<{TR}status>", PART) == []
    assert store.objects(JOB, MAKES) == [PART]
    assert store.graph(f"<{B}record/none>") == set()


def test_what_is_consulted_is_what_each_question_gives(store: Store) -> None:
    rounds = []

    def look(graphs):
        rounds.append(None)
        said = {g: graphs.graph(g) for g in (ERP, MES)}
        slots = {(s, p) for facts in said.values() for s, p, _ in facts}
        claims = {slot: sorted(graphs.claims(*slot)) for slot in slots}
        first = min(said[MES])  # fails as long as the graph is not there
        return said, claims, graphs.subjects(*first[1:])

    found = store.consult(look)
    assert found == (
        {g: store.graph(g) for g in (ERP, MES)},
        {(JOB, p): sorted(store.claims(JOB, p)) for p in (MAKES, ON)},
        [JOB],
    )
    assert len(rounds) <= 4


def test_an_error_in_work_that_saw_all_comes_out(store: Store) -> None:
    def fail(graphs):
        if graphs.graph(ERP):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.consult(fail)


def test_select_sees_the_current_graph_and_graph_the_named_ones(store: Store) -> None:
    assert store.select("SELECT ?x ?none { ?x tr:makes ?p }") == [{"x": JOB}]
    rows = store.select("SELECT ?g { GRAPH ?g { <job/1> tr:makes <part/P> } }")
    assert sorted(row["g"] for row in rows) == [ERP, MES]
    assert store.ask("ASK { ?s tr:onMachine ?m }") is False
    assert store.ask("ASK { ?s tr:makes ?m }") is True
    assert store.ask(f"ASK {{ GRAPH {MES} {{ ?s tr:onMachine ?m }} }}") is True


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "SELECT ?o ?g { ?s tr:makes ?o OPTIONAL { GRAPH ?g { ?s tr:makes ?o } } }",
            [f"{PART} {ERP}", f"{PART} {MES}"],
        ),
        (
            "SELECT ?o { GRAPH ?g { ?s tr:makes ?o } FILTER NOT EXISTS { ?s tr:makes ?o } }",
            [OTHER],
        ),
        (
            "# graph of \"quotes' {\nSELECT ?o { GRAPH ?g { ?s tr:makes ?o ; tr:onMachine ?m } }",
            [PART, OTHER],
        ),
        (
            "SELECT ?n { { SELECT (COUNT(*) AS ?n) { ?s tr:makes ?o } } GRAPH ?g { ?s a ?none } }",
            [],
        ),
        (
            "SELECT ?n { { SELECT (COUNT(DISTINCT ?o) AS ?n) { GRAPH ?g { ?s tr:makes ?o } } } }",
            [f'"2"^^<{XSD}integer>'],
        ),
        (
            "SELECT ?g { { GRAPH ?g { ?s tr:onMachine ?m } } UNION { ?g tr:makes ?o } }",
            [JOB, MES],
        ),
        (
            f"PREFIX x: <{TR}> SELECT ?s {{ ?s x:makes ?o . GRAPH {MES} {{ ?s x:onMachine ?m }} }}",
            [JOB],
        ),
        ("SELECT ?o { VALUES ?s { <job/1> } ?s tr:makes ?o } ORDER BY ?o LIMIT 1", [PART]),
    ],
)
def test_queries_of_both_give_the_same_everywhere(
    store: Store, query: str, expected: list[str]
) -> None:
    found = store.select(query)
    assert sorted(" ".join(row.values()) for row in found) == sorted(expected)


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("SELECT ?x {", {"query-syntax"}),
        ("INSERT DATA { <x:s> <x:p> 1 }", {"query-syntax"}),
        ("# SELECT\nDELETE WHERE { ?s ?p ?o }", {"query-syntax"}),
        ("ASK {}", {"query-form"}),
        ("SELECT (<x:f>(1) AS ?x) {}", {"query-failed", "query-syntax"}),
    ],
)
def test_a_bad_query_is_a_query_error(store: Store, query: str, codes: set[str]) -> None:
    with pytest.raises(QueryError) as caught:
        store.select(query)
    assert caught.value.code in codes
    assert store.graph("") == {FACTS[0][:3]}


@pytest.mark.parametrize(
    "value",
    [
        '"\\\\u0041 \\t\\n\\r \\"x\\" ’ \u2028 \\u0001"',
        '"åäö 漢字 😀"',
        '" spaced  "',
        '""',
        f'"{"long " * 20_000}"',
        '"Säge"@de',
        '"saw"@en-GB',
        f'"true"^^<{XSD}boolean>',
        f'"01"^^<{XSD}integer>',
        f'"1.50"^^<{XSD}decimal>',
        f'"12345678.000001"^^<{XSD}decimal>',
        f'"1.5E3"^^<{XSD}double>',
        f'"2026-11-23"^^<{XSD}date>',
        f'"2026-11-23T15:41:10Z"^^<{XSD}dateTime>',
        f'"2026-11-23T15:41:10.25+01:00"^^<{XSD}dateTime>',
        f'"x"^^<{B}datatype>',
        f"<{B}job/%C3%A5%20{'x' * 900}>",
    ],
)
def test_a_value_comes_back_and_can_be_taken_away(store: Store, value: str) -> None:
    text = f"<{TR}text>"
    for graph in ("", ERP):
        store.apply((), [(JOB, text, value, graph)], 8)
        assert store.objects(JOB, text, graph) == [stored_form(value)]
        assert store.select(f"SELECT ?s {{ ?s {text} {value} }}") == [{"s": JOB}]
    assert store.holders((JOB, text, value)) == [ERP]
    store.apply([(JOB, text, value, graph) for graph in ("", ERP)], (), 9)
    assert not any(p == text for p, _, _ in store.about(JOB))


def test_writers_in_several_threads_lose_nothing(store: Store) -> None:
    def write(thread: int) -> None:
        for number in range(10):
            store.apply((), [(f"<{B}job/{thread}-{number}>", MAKES, PART, "")], 7)

    threads = [Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.graph("")) == 41


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    for ask in (store.applied_seq, lambda: store.graph(""), lambda: store.select("ASK {}")):
        with pytest.raises(StoreError, match="closed"):
            ask()


def test_a_new_generation_takes_the_place_of_the_old_one(
    generations: Generations, store: Store
) -> None:
    assert generations.made_by("recipe")
    new = [(JOB, MAKES, OTHER, ""), (JOB, MAKES, OTHER, MES), (JOB, ON, MACHINE, MES)]
    with generations.write(new, 9, "another") as fresh:
        assert store.graph("") == {FACTS[0][:3]}
        assert fresh.graph("") == {(JOB, MAKES, OTHER)}
        assert fresh.select("SELECT ?p { ?j tr:makes ?p }") == [{"p": OTHER}]
        assert fresh.applied_seq() == 9
        assert sorted(fresh.about(JOB)) == sorted(quad[1:] for quad in new)
        assert generations.made_by("another")
        assert not generations.made_by("recipe")
        fresh.apply((), [FACTS[0]], 10)


def test_the_current_generation_is_found_again(generations: Generations, store: Store) -> None:
    generations.write([(JOB, MAKES, OTHER, "")], 9, "another").close()
    store.close()
    generations.close()
    again = generations.current()
    assert again is not None
    with again:
        assert again.graph("") == {(JOB, MAKES, OTHER)}
        assert again.applied_seq() == 9
        again.apply((), FACTS, 10)
        assert sorted(again.claims(JOB, MAKES)) == [(PART, ERP), (PART, MES), (OTHER, MES)]
