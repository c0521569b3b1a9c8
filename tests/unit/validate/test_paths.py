"""Paths lead where SPARQL's property paths lead, forwards and backwards."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.records import Fact
from kg.validate.facts import Facts
from kg.validate.lookup import Lookup
from kg.validate.model import Path
from kg.validate.paths import sources, to_sparql, values
from tests.unit.validate.plants import LITERALS, NODES, facts, paths, store_of


@settings(max_examples=300, deadline=None)
@given(paths, st.sets(facts, max_size=14), st.sampled_from((*NODES, LITERALS[0])))
def test_a_path_leads_where_sparql_says(path: Path, held: set[Fact], start: str) -> None:
    # The store finds no way of no step from what is not in the graph, where SPARQL does.
    held |= {(NODES[0], "<urn:p:other>", start), (NODES[0], "<urn:p:other>", NODES[0])}
    store = store_of({"": held})
    found = store.select(f"SELECT DISTINCT ?end {{ {start} {to_sparql(path)} ?end }}")
    expected = {row["end"] for row in found}
    for data in (store, Facts(held), Lookup(store)):
        reached = values(path, start, data)
        assert len(reached) == len(set(reached))
        assert set(reached) == expected
    assert set(Lookup(store).values(path, start)) == expected


@settings(max_examples=200, deadline=None)
@given(paths, st.sets(facts, max_size=14))
def test_sources_are_values_backwards(path: Path, held: set[Fact]) -> None:
    data = Facts(held)
    ends = {*NODES, *(o for _, _, o in held)}
    forwards = {(start, end) for start in ends for end in values(path, start, data)}
    backwards = {(start, end) for end in ends for start in sources(path, end, data)}
    assert backwards == forwards
