"""What a shape looks at, and which focus nodes a change can concern."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.records import Fact
from kg.store import EmbeddedStore
from kg.validate.affected import Affected, Look, is_walkable, looks_of
from kg.validate.evaluate import Evaluator
from kg.validate.model import (
    Alternative,
    Class,
    Closed,
    Constraint,
    Count,
    Inverse,
    Logic,
    Pair,
    Path,
    Predicate,
    Qualified,
    Repeated,
    Sequence,
    Shape,
    Shapes,
    Sparql,
    Target,
)
from kg.vocab import RDF_TYPE
from tests.unit.validate.plants import SUBCLASS, VIOLATION, links, random_shapes, store_of
from tests.whole_validation import targets

GRAPH = "<urn:g>"
P, Q, R = (Predicate(f"<urn:{name}>") for name in "pqr")


def shape(
    node: str, path: Path | None, *constraints: Constraint, targets: tuple[Target, ...] = ()
) -> Shape:
    return Shape(node, path, targets, constraints, VIOLATION, ())


def shapes_of(*shapes: Shape) -> Shapes:
    return Shapes({one.node: one for one in shapes}, {})


ANY = Repeated(P, 0)


@pytest.mark.parametrize(
    ("path", "looks"),
    [
        (P, {Look(None, P.iri)}),
        (Inverse(P), {Look(None, P.iri, is_inverse=True)}),
        (Inverse(Inverse(P)), {Look(None, P.iri)}),
        (Sequence((P, Q)), {Look(None, P.iri), Look(P, Q.iri)}),
        (
            Inverse(Sequence((P, Q))),
            {Look(None, Q.iri, is_inverse=True), Look(Inverse(Q), P.iri, is_inverse=True)},
        ),
        (Alternative((P, Q)), {Look(None, P.iri), Look(None, Q.iri)}),
        (Repeated(P, 1), {Look(ANY, P.iri)}),
        (Repeated(P, 0, is_once=True), {Look(None, P.iri)}),
        (
            Sequence((Repeated(P, 1), Q)),
            {Look(ANY, P.iri), Look(Repeated(P, 1), Q.iri)},
        ),
    ],
)
def test_a_path_is_looked_at_step_by_step(path: Path, looks: set[Look]) -> None:
    one = shape("<urn:s>", path, Count("MinCount", 1))
    assert looks_of(one, shapes_of(one)) == looks


def test_constraints_look_at_the_values_or_at_the_focus_node() -> None:
    inner = shape("<urn:i>", R, Count("MaxCount", 0))
    off = Shape("<urn:off>", Q, (), (Count("MinCount", 1),), VIOLATION, (), is_deactivated=True)
    one = shape(
        "<urn:s>",
        P,
        Class("<urn:c>"),
        Pair("Equals", Q.iri),
        Closed(frozenset()),
        Logic("Not", ("<urn:i>",)),
        Qualified("<urn:off>", 1, None),
        targets=(Target("class", "<urn:c>"), Target("objects", R.iri), Target("node", "<urn:n>")),
    )
    assert looks_of(one, shapes_of(one, inner, off)) == {
        Look(None, P.iri),
        Look(P, RDF_TYPE),
        Look(None, Q.iri),
        Look(P, None),
        Look(P, R.iri),
        Look(None, RDF_TYPE),
        Look(None, R.iri, is_inverse=True),
    }


def test_queries_are_not_walked_however_deep_they_are() -> None:
    query = Sparql("<urn:c>", "<urn:q>", "SELECT $this WHERE {}", False, frozenset())
    inner = shape("<urn:i>", None, query)
    one = shape("<urn:s>", None, Logic("And", ("<urn:i>",)))
    assert not is_walkable(one, shapes_of(one, inner))
    plain = shape("<urn:i>", None, Class("<urn:c>"))
    assert is_walkable(one, shapes_of(one, plain))


def test_a_subclass_that_comes_or_goes_can_concern_any_focus_node() -> None:
    one = shape("<urn:s>", P, targets=(Target("class", "<urn:c>"),))
    changed = [("<urn:d>", SUBCLASS, "<urn:c>")]
    assert Affected(shapes_of(one)).of(changed, store_of({})) is None


@settings(max_examples=150, deadline=None)
@given(
    random_shapes(),
    st.sets(links, max_size=12),
    st.sets(links, max_size=3),
    st.sets(links, max_size=3),
)
def test_focus_nodes_that_are_not_affected_keep_their_results(
    shapes: Shapes, held: set[Fact], removed: set[Fact], added: set[Fact]
) -> None:
    store = store_of({GRAPH: held})
    before = results(shapes, store)
    store.apply([(*f, GRAPH) for f in removed], [(*f, GRAPH) for f in added], 0)
    after = results(shapes, store)
    concerned = Affected(shapes).of([*(removed & held) - added, *added - held], store)
    assert concerned is not None
    for place in before.keys() | after.keys():
        if before.get(place) != after.get(place):
            assert place[1] in concerned[place[0]]


def results(shapes: Shapes, store: EmbeddedStore) -> dict:
    evaluator = Evaluator(shapes, store, (GRAPH,))
    return {
        (shape.node, focus): set(evaluator.results(shape, focus))
        for shape in shapes.targeted()
        for focus in targets(evaluator, shape)
    }
