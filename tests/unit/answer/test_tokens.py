"""The estimate beside what tokenizers made of the same texts; the counts are in tokens.json."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.answer.tokens import LOWER, UPPER, estimate_tokens

COUNTED = json.loads(Path(__file__).with_name("tokens.json").read_text(encoding="utf-8"))
DIGIT_BY_DIGIT = "gemma3"
"""A tokenizer that makes a token of every digit: cards are full of them."""
whole = [one for one in COUNTED if one["kind"] == "whole"]
names = {"argvalues": whole, "ids": lambda one: one["name"]}


@pytest.mark.parametrize("one", **names)
def test_cards_and_json_are_estimated_at_one_to_one_and_a_half_of_what_they_are(one) -> None:
    estimated = estimate_tokens(one["text"])
    for name, tokens in one["tokens"].items():
        if name != DIGIT_BY_DIGIT:
            assert tokens <= estimated <= 1.5 * tokens, name


@pytest.mark.parametrize("one", **names)
def test_a_tokenizer_of_single_digits_makes_a_quarter_more_at_most(one) -> None:
    assert one["tokens"][DIGIT_BY_DIGIT] <= 1.25 * estimate_tokens(one["text"])


def test_beyond_ascii_no_tokenizer_makes_more_than_is_estimated() -> None:
    foreign = [one for one in COUNTED if sum(map(ord, one["text"])) > 500 * len(one["text"])]
    assert len(foreign) >= 6
    for one in foreign:
        assert max(one["tokens"].values()) <= estimate_tokens(one["text"])


def test_a_short_text_is_off_by_two_tokens_at_most() -> None:
    for one in COUNTED:
        most = max(n for name, n in one["tokens"].items() if name != DIGIT_BY_DIGIT)
        assert estimate_tokens(one["text"]) >= most - 2


@given(st.text(alphabet=st.characters(codec="utf-8", min_codepoint=128)))
def test_letters_beyond_ascii_count_as_their_bytes_which_is_the_most_there_can_be(text) -> None:
    shown = "".join(c for c in text if not c.isspace())
    assert estimate_tokens(shown) == len(shown.encode())


@given(st.text())
def test_a_text_is_counted_piece_by_piece_as_is_said_of_each_kind(text: str) -> None:
    kinds = r"([a-z]+)|([A-Z]+)|([0-9]{1,3})|(\s+)|([\"{}\[\]:,]{1,3}|[\x21-\x7e])|(.)"
    counted = 0
    for small, capital, number, blank, sign, other in re.findall(kinds, text, re.DOTALL):
        counted += math.ceil(len(small) / LOWER) + math.ceil(len(capital) / UPPER)
        counted += bool(number or sign) + blank.count("\n")
        counted += len(other.encode("utf-8", "surrogatepass"))
    assert estimate_tokens(text) == counted


@given(st.text(), st.text())
def test_parts_never_count_less_than_the_whole(one: str, other: str) -> None:
    assert estimate_tokens(one) + estimate_tokens(other) >= estimate_tokens(one + other)
