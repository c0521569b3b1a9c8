"""Spans: what words and numbers that stand together in a question can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.answer.finding.words import KIND_WORDS, POINTERS
from kg.answer.names import LEGAL_FORMS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kg.answer.finding.tokens import Token

SHORT_NUMBER = 2
"""With so few digits a number means nothing by itself."""
_WEAK, _SHORT_WORD = 0.5, 0.85


def kind_before(tokens: Sequence[Token], at: int) -> int | None:
    """Give where the word stands that says of which kind a name is; None where there is none."""
    before = at - 1
    for _ in range(2):
        if before < 0:
            return None
        if tokens[before].word in KIND_WORDS:
            return before
        if tokens[before].word not in POINTERS:
            return None
        before -= 1
    return before if before >= 0 and tokens[before].word in KIND_WORDS else None


def kinds_before(tokens: Sequence[Token], at: int) -> tuple[frozenset[str], ...]:
    """Give the kinds that the word before a name says, the likeliest first; () without one."""
    before = kind_before(tokens, at)
    return () if before is None else KIND_WORDS[tokens[before].word]


def can_be_name(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Tell whether tokens can be one name: they cut no id, and are not only words of the asking."""
    part = tokens[first : last + 1]
    if is_cut(tokens, first) or (last + 1 < len(tokens) and is_cut(tokens, last + 1)):
        return False
    if all(t.is_number for t in part) and any(t.glue is None for t in part[1:]):
        return False  # numbers that were written apart
    word, is_short = part[0].word, first == last and len(part[0].word) <= SHORT_NUMBER
    if is_short and len(word) == SHORT_NUMBER and part[0].text.isupper():
        return any(token.text.islower() for token in tokens)  # a code, such as a person's
    if all(token.is_plain for token in part):
        return False
    has_kind = kind_before(tokens, first) is not None
    if all(token.is_counted or token.is_plain for token in part) and not has_kind:
        return False
    return has_kind or not is_short or part[0].is_number


def is_cut(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether an id or word goes on over the border before a token.

    Words of the asking may be glued to a name (``SAW-01-Auftrag``, ``job1043``), and so are those
    of scripts that write no spaces.
    """
    if at == 0 or not tokens[at].is_glued:
        return False
    one, two = tokens[at - 1], tokens[at]
    if not (one.word.isascii() and two.word.isascii()):
        return False
    return not (one.word in KIND_WORDS or two.is_plain)


def trust(tokens: Sequence[Token], first: int, last: int, *, has_kind: bool) -> float:
    """Give the most that a match by these tokens can score: short numbers alone say little."""
    token = tokens[first]
    if first < last or has_kind:
        return 1.0
    if token.is_number:
        return _WEAK if len(token.word) <= SHORT_NUMBER else 1.0
    return _SHORT_WORD if len(token.word) <= SHORT_NUMBER else 1.0


def has_ids(part: Sequence[Token], name: Sequence[str]) -> bool:
    """Tell whether a name has every id of a piece of a question whole: ``42CrMo4``."""
    at = 0
    while at < len(part):
        end = end_of_id(part, at) + 1
        own = [token.word for token in part[at:end]]
        if len(own) > 1 and any(token.is_number for token in part[at:end]):
            starts = range(len(name) - len(own) + 1)
            if not any(list(name[start : start + len(own)]) == own for start in starts):
                return False
        at = end
    return True


def end_of_id(tokens: Sequence[Token], first: int) -> int:
    """Give the last token of the id or word that one begins."""
    last = first
    while last + 1 < len(tokens) and tokens[last + 1].is_glued and is_cut(tokens, last + 1):
        last += 1
    return last


def share_of(words: Collection[str], name: Sequence[str]) -> float:
    """Give how much of a name's letters some words are; its legal form does not count."""
    own = [w for w in name if not w[0].isdigit() and w not in LEGAL_FORMS]
    letters = sum(map(len, own)) or 1
    return min(1.0, sum(len(word) for word in own if word in words) / letters)
