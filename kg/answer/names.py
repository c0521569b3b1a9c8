"""Names: what is left of an id or a name when the ways of writing it are taken away.

Digits are never read loosely: 1043 and 1034 are two numbers, 60 mm and 80 mm two bars.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PARTS = re.compile(r"\d+|[^\W\d_]+")
_DOTTED = re.compile(r"(?<=\b[^\W\d])[./](?=[^\W\d]\b)|(?<=\b[^\W\d])\.(?=\s|$)")
_FORMS = (
    "ab ag as aps asa bv bvba co company corp corporation cv doo eurl gbr gmbh inc incorporated"
    " kft kg kgaa lda limited llc llp ltd ltda mbh nv og ohg ou oy oyj plc pte pty publ sa sarl"
    " sas se sl spa sprl srl sro ug und zoo"
)
LEGAL_FORMS = frozenset(_FORMS.split())
"""What companies write after their names, without dots: it tells no two of them apart."""


_SPELT = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)
"""Letters that Unicode takes for letters of their own, and keyboards elsewhere have not."""


def fold(text: str) -> str:
    """Fold case and accents, and write digits of any script as 0 to 9."""
    plain = text.casefold()
    if plain.isascii():
        return plain
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_SPELT)
    return "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() else c
        for c in plain
        if not unicodedata.combining(c)
    )


def normalise(text: str) -> str:
    """Fold case and accents, split letters from digits and drop leading zeros.

    Digits are never changed otherwise: 1043 is not 1034.
    """
    return " ".join(_parts_of(text))


def split_words(text: str) -> tuple[str, ...]:
    """Split a name into words and numbers, normalised; letters between dots are one word."""
    return tuple(_parts_of(_DOTTED.sub("", text) if "." in text or "/" in text else text))


def _parts_of(text: str) -> list[str]:
    return [
        part.lstrip("0") or "0" if part.isdigit() else part for part in _PARTS.findall(fold(text))
    ]


words_of = lru_cache(maxsize=65_536)(split_words)
"""`split_words`, remembered: for names that are compared with many."""


def id_key(text: str) -> str:
    """Give an id without case, separators and leading zeros: WO-001043 and wo1043 are one.

    Numbers that a separator parts stay parted: 10-43 is not 1043.
    """
    return key_of(words_of(text))


def name_key(text: str) -> str:
    """Give a name without what `id_key` drops and without its legal form, if anything is left."""
    words = words_of(text)
    own = tuple(word for word in words if word not in LEGAL_FORMS) or words
    return key_of(own)


def numbers_of(text: str) -> tuple[str, ...]:
    """Give the numbers in a name, in their order."""
    return tuple(word for word in words_of(text) if word[0].isdigit())


def key_of(words: Iterable[str]) -> str:
    """Join words and numbers into a key; numbers that stand beside each other stay parted."""
    key = ""
    for word in words:
        key += f"-{word}" if key and key[-1].isdigit() and word[0].isdigit() else word
    return key
