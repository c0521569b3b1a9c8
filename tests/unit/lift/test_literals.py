from __future__ import annotations

import re

import pyoxigraph as ox
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.lift.literals import LANGUAGE

SUBTAGS = (
    "en deu abcd abcdefgh abcdefghi x i a klingon foo oed GB sgn BE FR u co 1996 419 12 a1b Hant"
)
tags = st.lists(st.sampled_from(["", *SUBTAGS.split(" ")]), min_size=1, max_size=6).map("-".join)


def is_language_of_the_store(tag: str) -> bool:
    try:
        ox.Literal("x", language=tag)
    except ValueError:
        return False
    return True


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(tags)
def test_a_language_tag_is_one_for_the_store(tag: str) -> None:
    assert bool(re.fullmatch(LANGUAGE, tag)) == is_language_of_the_store(tag)
