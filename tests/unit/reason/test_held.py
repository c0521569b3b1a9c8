"""What a store holds is read by property, and is what reading all of it gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.reason.held import read_held
from kg.reason.known import Links
from kg.store import EmbeddedStore

BASE = "https://plant.example/"
THINGS = [f"<{BASE}thing/{n}>" for n in range(4)]
PROPERTIES = [f"<{BASE}p{n}>" for n in range(3)]
VALUES = [*THINGS, '"a"', '"a\\tb\\n"', '"x"@en', '"1"^^<http://www.w3.org/2001/XMLSchema#integer>']
DERIVED = f"<{BASE}graph/derived>"

facts = st.tuples(*map(st.sampled_from, (THINGS, PROPERTIES, VALUES)))


@given(st.sets(facts), st.sets(facts), st.none() | st.sets(st.sampled_from(PROPERTIES)))
def test_what_is_held_is_read_by_property(asserted, derived, properties) -> None:
    derived -= asserted
    store = EmbeddedStore.in_memory(BASE)
    added = {(*fact, "") for fact in asserted | derived} | {(*fact, DERIVED) for fact in derived}
    store.apply((), added, 1)
    held = read_held(store, DERIVED, properties)
    found = [(s, p, o) for p, ss, oo in held.present for s, o in zip(ss, oo, strict=True)]
    wanted = {f for f in store.graph("") if properties is None or f[1] in properties}
    if properties is not None:
        assert sorted(found) == sorted(wanted)
    assert wanted <= set(found)
    assert held.derived == store.graph(DERIVED) == derived
    assert held.asserted - len(asserted) == len(store.graph("")) - len(asserted | derived)


pairs = st.lists(st.tuples(*map(st.sampled_from, (THINGS, VALUES))))


@pytest.mark.parametrize("is_there", [False, True])
@given(pairs, pairs)
def test_many_links_taken_in_at_once_are_those_taken_in_one_by_one(is_there, first, more) -> None:
    at_once, one_by_one = Links(), Links()
    for s, o in first if is_there else ():
        at_once.add(s, o)
        one_by_one.add(s, o)
    at_once.take_in([s for s, _ in more], [o for _, o in more])
    for s, o in more:
        one_by_one.add(s, o)
    assert at_once.forward == one_by_one.forward
    assert at_once.backward == one_by_one.backward
