"""Alike: how much speaks for two names being of one thing, and in which words to say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz import fuzz

from kg.answer.names import LEGAL_FORMS, name_key, numbers_of, words_of

SAME_ID, SAME_NUMBER, SAME_NAME, NEAR_NAME, OTHER_FORM = 0.9, 0.55, 0.85, 0.6, 0.5
NEAR_RATIO = 88.0


class Clue(NamedTuple):
    """What speaks for two things being one, and how much, from 0 to 1."""

    weight: float
    reason: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name with all of it that is compared."""

    key: str
    text: str
    numbers: tuple[str, ...]
    words: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Name:
        """Take a name apart."""
        return cls(name_key(text), text, numbers_of(text), frozenset(words_of(text)))


def compare(one: Name, other: Name) -> Clue | None:
    """Say how alike two names are; None where they are not, or where a number differs.

    Two that each have a legal form must not differ in more than that.
    """
    if one.numbers != other.numbers or not (one.key and other.key):
        return None
    ratio = fuzz.ratio(one.key, other.key, score_cutoff=NEAR_RATIO)
    if not ratio:
        return None
    forms = [name.words & LEGAL_FORMS for name in (one, other)]
    has_other_form = bool(forms[0] and forms[1]) and forms[0] != forms[1]
    if one.key != other.key:
        if has_other_form:
            return None
        share = (ratio - NEAR_RATIO) / (100 - NEAR_RATIO)
        told = f"{one.text!r} is written much like {other.text!r} ({ratio:.0f} %)"
        return Clue(NEAR_NAME + (SAME_NAME - NEAR_NAME) * share, told)
    if has_other_form:
        return Clue(OTHER_FORM, f"{one.text!r} and {other.text!r} differ in the legal form only")
    return Clue(SAME_NAME, f"{one.text!r} and {other.text!r} are one name written in two ways")


def compare_names(one: str, other: str) -> Clue | None:
    """Compare two names as they are written; see ``compare``."""
    return compare(Name.of(one), Name.of(other))
