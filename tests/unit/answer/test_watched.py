"""What was read is known: whatever changes an answer touches a key that was noted for it."""

from __future__ import annotations

from random import Random

import pytest

from kg import touched
from kg.answer.keeping.watched import Reads, WatchedStore
from kg.answer.keeping.watchplan import Unplanned, plan_query
from kg.reason.ways import ways_in
from kg.store import EmbeddedStore
from kg.touched import Touched

B = "https://d.example/"
THINGS = [f"<{B}e/{n}>" for n in range(6)]
PROPERTIES = [f"<https://w3id.org/traveler/ontology/p{n}>" for n in range(3)]
A, C = THINGS[:2]
P, Q, R = PROPERTIES
QUERIES = (
    f"SELECT ?x {{ {A} {P} ?x }}",
    f"SELECT ?x {{ ?x {P} {A} }}",
    f"SELECT ?x ?y {{ {A} {P} ?x . ?x {Q} ?y }}",
    f"SELECT ?x {{ ?x {P} ?y . ?y {Q} {A} }}",
    f"SELECT ?x {{ {A} {P} ?x . ?x {Q} {C} }}",
    f"SELECT * {{ {A} {P} ?x OPTIONAL {{ ?x {Q} ?y . ?y {R} ?z }} }}",
    f"SELECT ?x {{ {A} {P} ?x FILTER NOT EXISTS {{ ?x {Q} ?y . ?y {R} {C} }} }}",
    f"SELECT ?x {{ {A} {P} ?x MINUS {{ ?x {Q} {C} }} }}",
    f"SELECT * {{ {{ {A} {P} ?x }} UNION {{ ?x {Q} {A} . ?x {R} ?y }} }}",
    f"SELECT * {{ {{ {A} {P} ?x }} UNION {{ ?x {Q} {A} }} ?x {R} ?z }}",
    f"SELECT * {{ VALUES ?x {{ {A} {C} }} ?y {P} ?x . ?y {Q} ?z }}",
    f"SELECT * {{ VALUES (?x ?y) {{ ({A} UNDEF) (UNDEF {C}) }} ?x {P} ?y }}",
    f"SELECT ?x {{ {A} {P}/{Q} ?x }}",
    f"SELECT ?x {{ ?x {P}/({Q}|{R}) {A} }}",
    f"SELECT ?x {{ {A} ({P}|^{Q}) ?x }}",
    f"SELECT ?x {{ {A} {P}* ?x }}",
    f"SELECT ?x {{ {A} {P}+/{Q} ?x }}",
    f"SELECT ?x {{ {A} {P} ?y BIND(EXISTS {{ ?y {Q} {C} }} AS ?x) }}",
    f"SELECT ?p ?o {{ {A} ?p ?o }}",
    f"SELECT ?s ?p {{ ?s ?p {A} }}",
    f"SELECT ?s {{ ?s {P} ?o }} ORDER BY ?s LIMIT 1",
    f"SELECT (COUNT(?x) AS ?n) {{ {A} {P} ?x . ?x {Q} ?y }}",
    f"SELECT ?g {{ GRAPH ?g {{ {A} {P} ?x }} ?x {Q} ?y }}",
    f"SELECT ?x {{ {A} {P} ?x . {{ SELECT ?x {{ ?x {Q} ?y }} }} }}",
    f'SELECT ?x {{ ?x {P} "1" }}',
    f"ASK {{ {A} {P} {C} . {C} {Q} ?x FILTER(?x != {A}) }}",
)


def _draw_quads(draw: Random, count: int) -> set[tuple[str, str, str, str]]:
    graphs = ("", "", "", f"<{B}record/a/b/c>")
    values = [*THINGS, '"1"']
    return {
        (draw.choice(THINGS), draw.choice(PROPERTIES), draw.choice(values), draw.choice(graphs))
        for _ in range(count)
    }


def _ask(store: EmbeddedStore | WatchedStore, query: str) -> object:
    return store.ask(query) if query.startswith("ASK") else store.select(query)


@pytest.mark.parametrize("query", QUERIES)
def test_what_changes_a_result_touches_what_was_read_for_it(query: str) -> None:
    draw, stood, ended = Random(query), 0, 0
    for _ in range(40):
        told = Touched()
        store = EmbeddedStore.in_memory(B)
        store.apply((), _draw_quads(draw, draw.randint(0, 25)), 1)
        reads = Reads(told)
        before = _ask(WatchedStore(store, reads), query)
        for seq in range(2, 8):
            removed, added = _draw_quads(draw, 2), _draw_quads(draw, 1)
            store.apply(removed, added, seq)
            told.tell(removed, added, (), seq)
            is_current = reads.are_current()
            assert not is_current or _ask(store, query) == before, (removed, added)
            stood += is_current
            ended += not is_current
    assert ended, "nothing was ever touched"


@pytest.mark.parametrize("query", QUERIES[:10])
def test_what_happens_elsewhere_touches_nothing(query: str) -> None:
    told, store = Touched(), EmbeddedStore.in_memory(B)
    store.apply((), {(A, P, C, ""), (C, Q, A, "")}, 1)
    reads = Reads(told)
    _ask(WatchedStore(store, reads), query)
    elsewhere = {(f"<{B}run/9>", P, f"<{B}machine/9>", ""), (f"<{B}run/9>", R, THINGS[5], "")}
    told.tell((), elsewhere, ("record/mes/run/9",), 2)
    assert reads.are_current(), query


def test_a_way_of_reading_that_is_not_known_reads_everything() -> None:
    told, store = Touched(), EmbeddedStore.in_memory(B)
    reads = Reads(told)
    assert WatchedStore(store, reads).dump() == []
    assert touched.EVERYTHING in reads.keys
    told.tell((), {(A, P, C, "")}, (), 1)
    assert not reads.are_current()


def test_what_is_watched_no_more_counts_as_touched() -> None:
    told, store = Touched(), EmbeddedStore.in_memory(B)
    here, there = Reads(told), Reads(told)
    WatchedStore(store, here).objects(A, P)
    WatchedStore(store, there).objects(C, P)
    here.generation = told.renew([here.keys])
    told.tell((), (), ("record/x/y/z",), 1)
    assert here.are_current()
    assert not there.are_current()
    told.tell((), {(A, P, C, "")}, (), 2)
    assert not here.are_current()


def test_who_has_not_looked_for_long_counts_as_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(touched, "MOST_TOLD", 3)
    told, store = Touched(), EmbeddedStore.in_memory(B)
    looks, waits = Reads(told), Reads(told)
    for reads in (looks, waits):
        WatchedStore(store, reads).objects(A, P)
    for thing in THINGS[1:]:
        told.register(touched.of_slot(touched.PRESENT, thing, Q))
    for seq in range(1, 9):
        told.tell((), {(THINGS[1 + seq % 5], Q, A, "")}, (), seq)
        assert looks.are_current()
    assert not waits.are_current()
    told.tell_all(9)
    told.tell((), {(one, Q, A, "") for one in THINGS[1:]}, (), 10)
    assert not looks.are_current()


def test_queries_of_one_form_have_one_plan() -> None:
    (one, first), (other, second) = (
        plan_query(f"SELECT ?x {{ {thing} {P} ?x }}", B) for thing in (A, C)
    )
    assert one is other
    assert (first, second) == ((A,), (C,))
    with pytest.raises(Unplanned):
        plan_query("SELECT nothing", B)


def test_ways_are_those_of_a_query() -> None:
    draw, found = Random(3), 0
    body = [("?x", P, "?y"), ("?y", Q, "?z"), ("?x", R, A)]
    for _ in range(60):
        store = EmbeddedStore.in_memory(B)
        store.apply((), _draw_quads(draw, 30), 1)
        text = " ".join(" ".join(pattern) + " ." for pattern in body)
        wanted = store.select(f"SELECT * {{ {text} }} ORDER BY ?x ?y ?z LIMIT 20")
        assert ways_in(body, store) == wanted
        found += len(wanted)
    assert found > 20
