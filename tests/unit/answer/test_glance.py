"""A glance gives what its store gives, and what it gave is watched, and no more than that."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from kg.answer import glance as module
from kg.answer.glance import Wide, glance
from kg.answer.keeping.watched import Reads, WatchedStore
from kg.changes import Changes
from kg.store import EmbeddedStore, Store
from kg.touched import Touched

B = "https://d.example/"
THINGS = [f"<{B}e/{n}>" for n in range(5)]
PROPERTIES = [f"<https://w3id.org/traveler/ontology/p{n}>" for n in range(3)]
GRAPHS = ("", f"<{B}record/a/b/c>", f"<{B}record/a/b/d>")
A, C = THINGS[:2]
P, Q, R = PROPERTIES
Quad = tuple[str, str, str, str]
Look = Callable[[Store], object]


def _draw_quads(draw: Random, count: int) -> set[Quad]:
    values = [*THINGS, '"1"']
    return {
        (draw.choice(THINGS), draw.choice(PROPERTIES), draw.choice(values), draw.choice(GRAPHS))
        for _ in range(count)
    }


def _draw_look(draw: Random) -> Look:
    s, o = draw.choice(THINGS), draw.choice([*THINGS, '"1"'])
    p, graph = draw.choice(PROPERTIES), draw.choice(GRAPHS)
    looks: list[Look] = [
        lambda store: sorted(store.objects(s, p, graph)),
        lambda store: sorted(store.claims(s, p)),
        lambda store: sorted(store.holders((s, p, o))),
        lambda store: store.subjects(p, o),
        lambda store: sorted(store.present(s, p, o)),  # type: ignore[attr-defined]
        lambda store: sorted(store.present(s, p, None)),  # type: ignore[attr-defined]
        lambda store: sorted(store.present(None, p, o)),  # type: ignore[attr-defined]
        lambda store: sorted(store.present(None, p, None)),  # type: ignore[attr-defined]
    ]
    return draw.choice(looks)


@pytest.fixture(params=[2, 150], ids=["much is said", "little is said"])
def _most(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SAID", request.param)


@pytest.mark.usefixtures("_most")
def test_a_glance_gives_what_its_store_gives() -> None:
    draw = Random(5)
    for _ in range(40):
        store = EmbeddedStore.in_memory(B)
        store.apply((), _draw_quads(draw, 40), 1)
        view = glance(store, Wide())
        for look in [_draw_look(draw) for _ in range(60)]:
            assert look(view) == look(store)


@pytest.mark.usefixtures("_most")
def test_what_changes_what_a_glance_gave_touches_it() -> None:
    draw, changed, stood = Random(6), 0, 0
    for _ in range(300):
        store, told = EmbeddedStore.in_memory(B), Touched()
        before = _draw_quads(draw, 40)
        store.apply((), before, 1)
        reads = Reads(told)
        view = glance(WatchedStore(store, reads), Wide())
        looks = [_draw_look(draw) for _ in range(draw.randint(1, 6))]
        gave = [look(view) for look in looks]
        reads.close()
        removed, added = set(draw.sample(sorted(before), 1)), _draw_quads(draw, 1) - before
        store.apply(removed, added, 2)
        told.tell(removed, added, (), 2)
        if [look(store) for look in looks] != gave:
            changed += 1
            assert not reads.are_current()
        stood += reads.are_current()
    # It would be right as well if any change ended everything.
    assert changed > 50
    assert stood > 50


def test_what_was_read_whole_and_not_told_of_ends_nothing() -> None:
    store, told = EmbeddedStore.in_memory(B), Touched()
    store.apply((), {(A, P, C, ""), (A, Q, C, ""), (A, R, C, "")}, 1)
    reads = Reads(told)
    view = glance(WatchedStore(store, reads), Wide())
    assert view.objects(A, P) == view.objects(A, Q) == [C]
    reads.close()
    told.tell({(A, R, C, "")}, (), (), 2)
    assert reads.are_current()
    told.tell({(A, Q, C, "")}, (), (), 3)
    assert not reads.are_current()


def test_an_answer_does_not_stand_that_was_read_whole_before_a_batch_and_told_after_it() -> None:
    store, told = EmbeddedStore.in_memory(B), Touched()
    store.apply((), {(A, P, C, ""), (A, Q, C, ""), (A, R, C, "")}, 1)
    reads = Reads(told)
    view = glance(WatchedStore(store, reads), Wide())
    assert view.objects(A, P) == view.objects(A, Q) == [C]
    store.apply({(A, R, C, "")}, (), 2)
    told.tell({(A, R, C, "")}, (), (), 2)
    assert view.objects(A, R) == [C]
    reads.close()
    assert not reads.are_current()


def test_a_batch_of_very_many_things_ends_no_answer_of_another() -> None:
    changes = Changes(B, kept=4)
    here, there = Reads(changes.touched), Reads(changes.touched)
    store = EmbeddedStore.in_memory(B)
    WatchedStore(store, here).objects(A, P)
    WatchedStore(store, there).objects(THINGS[4], P)
    changes.tell_batch((), {(thing, P, C, "") for thing in THINGS[1:4]} | {(A, P, C, "")}, 1)
    assert [change.topic for change in changes.after(0) or ()] == ["reset"]
    assert there.are_current()
    assert not here.are_current()
