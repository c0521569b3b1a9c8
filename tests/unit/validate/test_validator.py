"""Following changes finds what looking at everything finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import Graph

from kg.reason.known import Known
from kg.reason.present import Present
from kg.records import Fact, Gap
from kg.store import EmbeddedStore, stored_form
from kg.validate import validator as validating
from kg.validate.evaluate import Evaluator
from kg.validate.gaps import PlantShapes, read_plant_shapes
from kg.validate.model import Shapes
from kg.validate.validator import Difference, Validator
from kg.vocab import RDF_TYPE
from tests.unit.validate.plants import PROPERTIES, SUBCLASS, facts, random_shapes, store_of
from tests.whole_validation import targets

GRAPH = "<urn:g>"
TABLES = (*PROPERTIES[:2], SUBCLASS, RDF_TYPE)
PREFIXES = """
    @prefix sh: <http://www.w3.org/ns/shacl#> .
    @prefix tr: <https://w3id.org/traveler/ontology/> .
    @prefix : <urn:> .
"""


def plant_of(shapes: Shapes) -> PlantShapes:
    return PlantShapes(shapes, {}, {}, frozenset(), frozenset())


def keys(gaps: list[Gap]) -> dict[tuple[str, str, str], Gap]:
    return {(gap.entity, gap.slot, gap.shape): gap for gap in gaps}


def from_scratch(plant: PlantShapes, store: EmbeddedStore) -> dict[tuple[str, str, str], Gap]:
    evaluator = Evaluator(plant.shapes, store, (GRAPH,))
    found = {
        plant.gap_of(result)
        for shape in plant.shapes.targeted()
        for focus in targets(evaluator, shape)
        for result in evaluator.results(shape, focus)
    }
    return keys(sorted(found, key=lambda gap: (gap.message, gap.severity)))


def change(store: EmbeddedStore, known: Known | None, removed: set[Fact], added: set[Fact]) -> None:
    store.apply([(*f, GRAPH) for f in removed], [(*f, GRAPH) for f in added], 0)
    if known is not None:
        for s, p, o in removed:
            if known.has(p):
                known.remove((s, p, stored_form(o)))
        for s, p, o in added:
            if known.has(p):
                known.add((s, p, stored_form(o)))


def patched(gaps: dict, difference: Difference) -> dict:
    """Do to gaps what a difference says, which must fit."""
    for gap in difference.closed:
        del gaps[gap.entity, gap.slot, gap.shape]
    opened, reworded = keys(difference.opened), keys(difference.reworded)
    assert not opened.keys() & gaps.keys()
    assert reworded.keys() <= gaps.keys()
    return gaps | opened | reworded


@settings(max_examples=100, deadline=None)
@given(
    random_shapes(),
    st.sets(facts, max_size=12),
    st.lists(st.tuples(st.sets(facts, max_size=4), st.sets(facts, max_size=4)), max_size=6),
)
def test_after_any_changes_the_gaps_are_those_of_a_new_start(
    shapes: Shapes, held: set[Fact], changes: list[tuple[set[Fact], set[Fact]]]
) -> None:
    plant, store, known = plant_of(shapes), store_of({GRAPH: set()}), Known(TABLES)
    change(store, known, set(), held)
    followers = [
        Validator(plant, data, (GRAPH,)) for data in (store, Present(known, lambda: store))
    ]
    told = [keys(validator.full()) for validator in followers]
    assert told == 2 * [from_scratch(plant, store)]
    for removed, added in changes:
        change(store, known, removed, added)
        told = [
            patched(gaps, validator.update(removed, added))
            for gaps, validator in zip(told, followers, strict=True)
        ]
        assert told == [keys(validator.gaps()) for validator in followers]
        assert [len(gaps) for gaps in told] == [validator.count() for validator in followers]
        assert told == 2 * [from_scratch(plant, store)]


def read(text: str) -> PlantShapes:
    return read_plant_shapes(Graph().parse(data=PREFIXES + text, format="turtle"))


JOBS = """
    :Job a sh:NodeShape ; sh:targetClass :job ; tr:slot "part" ;
      sh:property [ sh:path :makes ; sh:minCount 1 ; sh:maxCount 1 ; sh:message "one part" ] ;
      sh:property :Status ;
      sh:or ( [ sh:property [ sh:path :on ; sh:minCount 1 ] ]
              [ sh:property [ sh:path ( :of :on ) ; sh:minCount 1 ] ] ) ;
      sh:message "no machine" .
    :Status a sh:PropertyShape ; sh:path <urn:plant/status> ; sh:in ( :open ) ;
      sh:severity sh:Warning ; sh:message "strange"@en , "seltsam"@de .
"""


def test_results_become_gaps_with_slot_shape_severity_and_message() -> None:
    store = store_of(
        {"": {("<urn:1>", RDF_TYPE, "<urn:job>"), ("<urn:1>", "<urn:plant/status>", "<urn:x>")}}
    )
    assert Validator(read(JOBS), store).full() == [
        Gap("<urn:1>", "part", "<urn:Job>", "violation", "no machine"),
        Gap("<urn:1>", "status", "<urn:Status>", "warning", "seltsam"),
        Gap("<urn:1>", "urn:makes", "<urn:Job>", "violation", "one part"),
    ]


def test_what_merging_asks_of_shapes_is_read_from_them() -> None:
    assert read(JOBS).single_valued == {"<urn:makes>"}


def test_a_validator_goes_on_from_gaps_on_record() -> None:
    plant = read(JOBS)
    job = ("<urn:1>", RDF_TYPE, "<urn:job>")
    store = store_of({GRAPH: {job}})
    gaps = Validator(plant, store, (GRAPH,)).full()
    validator = Validator(plant, store, (GRAPH,))
    assert validator.restore(gaps)
    assert validator.gaps() == gaps
    made = ("<urn:1>", "<urn:makes>", "<urn:p>")
    change(store, None, set(), {made})
    difference = validator.update((), {made})
    assert (difference.closed, difference.stated) == (
        [gap for gap in gaps if gap.slot == "urn:makes"],
        [],
    )
    assert keys(validator.gaps()) == from_scratch(plant, store)


def test_gaps_of_a_shape_that_two_shapes_use_are_not_taken_over() -> None:
    plant = read("""
        :A a sh:NodeShape ; sh:targetClass :a ; sh:property :P .
        :B a sh:NodeShape ; sh:targetClass :b ; sh:property :P .
        :P a sh:PropertyShape ; sh:path :p ; sh:minCount 1 .
    """)
    store = store_of({"": {("<urn:1>", RDF_TYPE, "<urn:a>")}})
    gaps = Validator(plant, store).full()
    assert len(gaps) == 1
    assert not Validator(plant, store).restore(gaps)
    assert Validator(plant, store).restore([])


def test_a_change_of_very_much_is_looked_at_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validating, "FOLLOWED_ANYWAY", 2)
    plant = read(JOBS)
    store = store_of({GRAPH: set()})
    validator = Validator(plant, store, (GRAPH,))
    assert validator.full() == []
    jobs = {(f"<urn:{number}>", RDF_TYPE, "<urn:job>") for number in range(3)}
    change(store, None, set(), jobs)
    difference = validator.update((), jobs)
    assert len(difference.opened) == len(validator.gaps()) == 6
    assert keys(validator.gaps()) == from_scratch(plant, store)


QUERY = '''
    :Q a sh:NodeShape ; sh:targetClass :job ; sh:sparql [
      sh:message "more than another" ;
      sh:select """SELECT $this
        WHERE { $this <urn:q> ?one . ?other <urn:q> ?two FILTER(?one > ?two) }""" ] .
'''


def test_a_query_is_asked_again_in_time() -> None:
    plant = read(QUERY + JOBS)
    assert plant.timed == {"<urn:Q>"}
    integer = "<http://www.w3.org/2001/XMLSchema#integer>"
    held = {("<urn:1>", RDF_TYPE, "<urn:job>"), ("<urn:1>", "<urn:q>", f'"2"^^{integer}')}
    store = store_of({GRAPH: held})
    validator = Validator(plant, store, (GRAPH,))
    before = validator.full()
    assert "<urn:Q>" not in {gap.shape for gap in before}
    other = ("<urn:2>", "<urn:q>", f'"1"^^{integer}')
    change(store, None, set(), {other})
    assert not validator.update((), {other}).stated  # nothing says that it concerns a job
    difference = validator.look_at_timed()
    assert [gap.message for gap in difference.opened] == ["more than another"]
    change(store, None, {other}, set())
    validator.update({other}, ())
    assert validator.look_at_timed().closed == difference.opened
    assert validator.gaps() == before


LEFT = """
    :L a sh:NodeShape ; sh:targetClass :job ; tr:slot "left" ; sh:message "too long" ;
      sh:property [ sh:path :makes ; sh:maxCount 0 ; sh:message "makes something" ] ;
      sh:expression [ sh:path :fine ] .
"""


def test_what_is_left_to_the_reference_engine_is_looked_at_in_time() -> None:
    plant = read(LEFT + JOBS)
    assert (set(plant.shapes.left), plant.timed) == ({"<urn:L>"}, {"<urn:L>"})
    assert plant.timed_shapes() == ["<urn:L>"]
    store = store_of({GRAPH: {("<urn:1>", RDF_TYPE, "<urn:job>")}})
    validator = Validator(plant, store, (GRAPH,))
    validator.full()
    made = ("<urn:1>", "<urn:makes>", "<urn:p>")
    change(store, None, set(), {made})
    assert not validator.update((), {made}).opened
    assert [gap.message for gap in validator.look_at_timed().opened] == ["makes something"]


DEEP = """
    :D a sh:NodeShape ; sh:targetClass :job ; sh:property [ sh:path :of ; sh:property :Named ] .
    :Named a sh:PropertyShape ; sh:path :name ; sh:minCount 1 ; sh:message "no name" .
"""


def test_a_gap_that_two_focus_nodes_have_is_one_and_closes_with_the_last() -> None:
    plant = read(DEEP)
    jobs = {(f"<urn:{number}>", RDF_TYPE, "<urn:job>") for number in (1, 2)}
    of = {(f"<urn:{number}>", "<urn:of>", "<urn:order>") for number in (1, 2)}
    store = store_of({GRAPH: jobs})
    validator = Validator(plant, store, (GRAPH,))
    assert validator.full() == []
    assert plant.deep_roots() == {"<urn:D>"}
    told: list[list[int]] = []
    for fact, is_added in [(f, True) for f in sorted(of)] + [(f, False) for f in sorted(of)]:
        removed, added = (set(), {fact}) if is_added else ({fact}, set())
        change(store, None, removed, added)
        difference = validator.update(removed, added)
        told.append([len(difference.opened), len(difference.closed), validator.count()])
    assert told == [[1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 1, 0]]
    change(store, None, set(), of)
    assert not Validator(plant, store, (GRAPH,)).restore(validator.full())
