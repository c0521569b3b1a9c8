from __future__ import annotations

import pyoxigraph as ox
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.lift.duckdb import Engine
from kg.lift.iris import IRI, PLAIN, _in_python, is_iri

STARTS = ["http://", "urn:", "a:", "", "http:", "x:/", "1:"]
PARTS = (
    "a 1 % %41 %4 %zz / // ? # : @ [ ] [::1] [1::2:3] [v1.a] [::1.2.3.4] [::1.2.3.256] [1:2] é"
    " \ue000 \U000f0000 \ufdd0 . .. - & ' ( | ^ { http + $ 80 \\ \" < \U0001fffe"
)
texts = st.tuples(
    st.sampled_from(STARTS),
    st.lists(st.sampled_from([*PARTS.split(" "), "\n", "\x80", " "]), max_size=6).map("".join),
).map("".join)


def is_iri_of_the_store(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(texts, min_size=50, max_size=200))
def test_what_is_an_iri_is_one_for_the_store_and_the_engine(values: list[str]) -> None:
    engine = Engine()
    (found,) = engine.prepare("SELECT tr_is_iri(v) FROM batch", ["v"]).run({"v": list(values)})
    engine.close()
    expected = [is_iri_of_the_store(value) for value in values]
    assert [is_iri(value) for value in values] == expected
    assert found == expected


@given(st.from_regex(PLAIN, fullmatch=True))
def test_what_is_told_at_a_glance_is_told_by_the_whole_grammar_too(text: str) -> None:
    assert _in_python(IRI).fullmatch(text)
    assert is_iri(text)
