"""What rules find in the tables of known facts is what SPARQL finds in a store."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib.plugins.sparql.algebra import translatePath, traverse
from rdflib.plugins.sparql.parser import parseQuery

from kg.reason.groups import Unsupported, compile_group
from kg.reason.known import Known
from kg.store import EmbeddedStore

X = "https://x.example/"
PREDICATES = [f"<{X}p{n}>" for n in range(3)]
VARIABLES = ["?a", "?b", "?c"]
names = st.integers(0, 3).map(lambda n: f"<{X}x{n}>")
facts = st.sets(st.tuples(names, st.sampled_from(PREDICATES), names), max_size=14)
ends = st.one_of(st.sampled_from(VARIABLES), st.sampled_from(VARIABLES), names)
patterns = st.builds("{} {} {} .".format, ends, st.sampled_from(PREDICATES), ends)


@st.composite
def groups(draw, depth: int = 2, outside: tuple[str, ...] = ()) -> str:
    """Write a group whose comparisons are of variables that its patterns, or outer ones, bind."""
    basic = draw(st.lists(patterns, min_size=1, max_size=3))
    text = " ".join(basic)
    known = sorted({v for v in VARIABLES if v in text} | set(outside))
    compared = st.sampled_from([*known, f"<{X}x0>"])
    comparisons = st.one_of(
        st.builds("{} {} {}".format, compared, st.sampled_from(["=", "!="]), compared),
        st.builds(
            "{} {} (<{}x1>, {})".format,
            compared,
            st.sampled_from(["IN", "NOT IN"]),
            st.just(X),
            compared,
        ),
    )
    filters = comparisons
    if depth:
        inner = groups(depth=depth - 1, outside=tuple(known))
        exists = st.builds("{} {{ {} }}".format, st.sampled_from(["EXISTS", "NOT EXISTS"]), inner)
        filters = st.one_of(exists, exists, comparisons)
    filters = st.one_of(
        filters,
        st.builds("({}) || ({})".format, filters, filters),
        st.builds("({}) && !({})".format, filters, filters),
    )
    chosen = draw(st.lists(filters, max_size=2))
    return " ".join([text, *(f"FILTER ({one})" for one in chosen)])


def compiled(body: str):
    tree = traverse(parseQuery(f"SELECT * WHERE {{ {body} }}")[1], visitPost=translatePath)
    return compile_group(tree["where"])


def check(body: str, held: set) -> None:
    known = Known(PREDICATES)
    store = EmbeddedStore.in_memory(X)
    for fact in held:
        known.add(fact)
    store.apply([], [(*fact, "") for fact in held], 1)
    found = {tuple(sorted(one.items())) for one in compiled(body).solutions({}, known)}
    rows = store.select(f"SELECT * WHERE {{ {body} }}")
    assert found == {tuple(sorted((f"?{k}", v) for k, v in row.items())) for row in rows}


@settings(max_examples=150, deadline=None)
@given(groups(), facts)
def test_a_group_has_the_solutions_that_a_store_finds(body, held) -> None:
    check(body, held)


@pytest.mark.slow
@settings(max_examples=1_000, deadline=None)
@given(groups(), facts)
def test_many_groups_have_the_solutions_that_a_store_finds(body, held) -> None:
    check(body, held)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("?a <x:p> ?b OPTIONAL { ?a <x:q> ?c }", "OptionalGraphPattern"),
        ("{ ?a <x:p> ?b } UNION { ?a <x:q> ?b }", "GroupOrUnionGraphPattern"),
        ("?a <x:p> ?b FILTER (?b < 3)", "filters by <"),
        ("?a <x:p> ?b FILTER (?b = 3)", "the literal 3"),
        ("?a <x:p> ?b FILTER (?c = ?b)", "?c, which no pattern"),
        ("?a <x:p> ?b FILTER bound(?b)", "Builtin_BOUND"),
        ("?a <x:p>/<x:q> ?b", "a property that is not fixed"),
        ("FILTER (?a = ?b)", "no pattern around it"),
        ("?a ?p ?b", "a property that is not fixed"),
        ("?a <x:p> ?b BIND (?a AS ?c)", "Bind"),
    ],
)
def test_what_is_not_taken_is_named(body: str, told: str) -> None:
    with pytest.raises(Unsupported) as raised:
        compiled(body)
    assert told in str(raised.value)


def test_a_value_in_a_pattern_is_that_of_the_store() -> None:
    integer = "^^<http://www.w3.org/2001/XMLSchema#integer>"
    known = Known([PREDICATES[0]])
    known.add((f"<{X}a>", PREDICATES[0], f'"7"{integer}'))
    assert list(compiled(f"?a {PREDICATES[0]} 07").solutions({}, known)) == [{"?a": f"<{X}a>"}]
