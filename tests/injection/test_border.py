"""Each hostile text at the border, by itself: nothing passes that could act on a card."""

from __future__ import annotations

import re
import unicodedata

import pytest

from kg.answer.untrusted import (
    MAX_SAID,
    MAX_TEXT,
    STATES,
    boundary_of,
    clean,
    id_text,
    quoted,
    said,
    value_text,
)
from tests.injection.payloads import PAYLOADS

LINK = re.compile(r"\w://|www\.|javascript:|data:|mailto:|\w@\w", re.IGNORECASE)
ROLE = re.compile(r"\b(?:system|assistant|human|user)\s*:", re.IGNORECASE)
each = pytest.mark.parametrize("payload", [p.payload for p in PAYLOADS], ids=lambda p: repr(p)[:20])


def test_there_are_enough_payloads_and_each_tries_something() -> None:
    assert len(PAYLOADS) >= 60
    assert len({one.name for one in PAYLOADS}) == len({one.payload for one in PAYLOADS})
    assert len(PAYLOADS) == len({one.name for one in PAYLOADS})
    assert all(one.payload and one.tries for one in PAYLOADS)


@each
def test_what_passes_is_one_short_line_that_can_be_seen(payload: str) -> None:
    for text in (clean(payload), clean(payload, is_id=True)):
        assert len(text) <= MAX_TEXT
        assert len(text.splitlines()) <= 1
        assert text == text.strip()
        kinds = {unicodedata.category(letter) for letter in text}
        assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        assert unicodedata.is_normalized("NFKC", text.replace("…", ""))
        assert not re.search(r"[\u0300-\u036f]{3}", text)
        assert not set(text) & set("\u3164\u115f\u1160\u2800\ufe0f")


@each
def test_what_passes_holds_no_markup_link_role_or_word_of_the_card(payload: str) -> None:
    for text in (clean(payload), clean(payload, is_id=True)):
        assert not set(text) & set('[]{}"`<>|*\\【】')
        assert not LINK.search(text)
        assert not ROLE.search(text)
        assert not re.search(rf"\b(?:{'|'.join(STATES)})\b", text)
        assert not re.match(r"[#>=]|[-+*] ", text)


@each
def test_what_was_cleaned_is_not_changed_by_cleaning_again(payload: str) -> None:
    assert clean(clean(payload)) == clean(payload)
    assert clean(clean(payload, is_id=True), is_id=True) == clean(payload, is_id=True)


@each
def test_a_value_is_one_bare_word_or_stands_in_quotes(payload: str) -> None:
    for text in (value_text(payload), id_text(payload), quoted(payload)):
        assert re.fullmatch(r'"[^"]*"|[^\s";()\[\],]+', text)


@each
def test_a_sentence_cannot_begin_another_fact(payload: str) -> None:
    text = said(f"job/1 waits for {payload}")
    assert text.startswith("job/1 waits for")
    assert len(text) <= MAX_SAID
    assert not set(text) & set('[];"\n')


def test_a_boundary_is_drawn_from_all_that_is_said_and_stands_in_none_of_it() -> None:
    first = boundary_of(["a card", "a note"])
    assert first == boundary_of(["a card", "a note"])
    assert first != boundary_of(["a card", "another note"])
    assert re.fullmatch(r"[0-9a-f]{16}", first)
    # A note that knows the boundary of everything else moves it.
    assert boundary_of(["a card", first]) not in first
