"""Where the way of a link ends, against a walk of one job at a time."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import assets, vocab
from kg.answer.gaps.breaks import WAYS, Break, find_breaks
from kg.answer.slots import LINK_RULES
from kg.reason.rules import compile_rules
from kg.store import EmbeddedStore

BASE = "https://tiny.example/"
SLOTS = sorted(WAYS)
things = st.integers(0, 5).map(lambda number: f"<{BASE}t{number}>")


def walked(slot: str, job: str, facts: set[tuple[str, str, str]], said: set[str]) -> Break | None:
    """Follow every way from one job, and keep the end of the longest."""
    onward = defaultdict(set)
    for s, p, o in facts:
        onward[s, p].add(o)
    best: tuple[int, Break] | None = None
    for way in WAYS[slot]:
        ends: dict[int, list[str]] = defaultdict(list)
        places = {job}
        for depth, step in enumerate(way):
            ends[depth] = [place for place in places if not onward[place, step.walked]]
            places = {o for place in places for o in onward[place, step.walked]}
        deepest = max((depth for depth in ends if ends[depth]), default=None)
        if deepest is not None and way[deepest].said in said:
            end = Break(min(ends[deepest]), way[deepest])
            if best is None or deepest > best[0]:
                best = (deepest, end)
    return best[1] if best else None


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SLOTS), st.data())
def test_the_way_ends_where_a_walk_of_one_job_ends(slot, data) -> None:
    steps = [step for way in WAYS[slot] for step in way]
    predicates = st.sampled_from([step.walked for step in steps])
    facts = data.draw(st.sets(st.tuples(things, predicates, things), max_size=15))
    said = data.draw(st.sets(st.sampled_from([step.said for step in steps])))
    jobs = data.draw(st.sets(things, max_size=4))
    with EmbeddedStore.in_memory(BASE) as store:
        store.apply(set(), {(*fact, "") for fact in facts}, 1)
        found = find_breaks(store, slot, jobs, said)
    expected = {job: walked(slot, job, facts, said) for job in jobs}
    assert found == {job: end for job, end in expected.items() if end is not None}


@pytest.mark.parametrize("slot", SLOTS)
def test_the_ways_are_the_chains_of_the_ontology(slot: str) -> None:
    """A way is a chain by which the ontology derives the link, or one property that says it."""
    derived = {
        tuple(pattern[1] for pattern in rule.body)
        for rule in compile_rules(assets.ontology_folder()).rules
        if rule.head[1] in _filling(slot)
    }
    for way in WAYS[slot]:
        chain = tuple(step.walked for step in way)
        assert chain in derived or len(chain) == 1, chain


def _filling(slot: str) -> set[str]:
    rule = LINK_RULES[slot]
    return {*rule.certain, *(predicate for predicate, _ in rule.presumed)}


def test_many_jobs_that_share_an_order_break_at_that_order() -> None:
    order = f"<{BASE}order/1>"
    facts = set()
    for number in range(2_500):
        job, share, line = (f"<{BASE}{kind}/{number}>" for kind in ("job", "share", "line"))
        facts |= {
            (job, vocab.HAS_ALLOCATION, share, ""),
            (share, vocab.TO_ORDER_LINE, line, ""),
            (line, vocab.LINE_OF, order, ""),
        }
    with EmbeddedStore.in_memory(BASE) as store:
        store.apply(set(), facts, 1)
        jobs = {s for s, p, _, _ in facts if p == vocab.HAS_ALLOCATION}
        found = find_breaks(store, "customer", jobs, {vocab.ORDERED_BY})
    assert len(found) == 2_500
    assert {end.entity for end in found.values()} == {order}
    assert {end.step.said for end in found.values()} == {vocab.ORDERED_BY}
