"""Untrusted: the one border through which text from data goes to a card or a model.

Names, ids, descriptions, notes, units, record ids and source names are all written by somebody, and
some of them by somebody who means harm. What passes is one line in NFKC (Unicode Standard Annex
15) of at most some characters, without anything that is not seen, that leads elsewhere, or that a
card is made of. Nothing is left out because of what it says in plain words: it is shown as data.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TEXT = 120
MAX_SAID = 2 * MAX_TEXT
MAX_READ = 8
"""How many times the shown length is looked at of a text: longer ones only cost time."""
MAX_MARKS = 2
"""Accents on one letter; more are piled up to hide the lines around."""
STATES = (
    "MISSING", "UNKNOWN", "NONE", "NOT_DUE", "WITHHELD", "STALE", "INFERRED", "CONFLICT",
    "COMPUTED", "PERSON", "BLOCKED", "CANNOT SAY", "READY", "WAITING", "LATE", "RUNNING",
)  # fmt: skip
"""The words in capitals by which a card says how things stand; in data they are lower-cased."""
_GONE = {"Cf", "Cs", "Co", "Cn"}
_BLANK = {"Cc", "Zl", "Zp", "Zs"}
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Letters and marks that show nothing, though their category does not say so."""
_LINK = re.compile(
    r"""\w{1,20}://\S*                                     # any scheme that names a host
    | (?:javascript|data|vbscript|file|mailto|tel|blob|about)\s?:\S*
    | www\d?\.\S+
    | !?\[[^\]]*\]\s?(?:\([^)]*\)|\[[^\]]*\])              # Markdown's links and images
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HOST = re.compile(r"\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}/\S*", re.IGNORECASE)
"""A host and a path without a scheme: some read it as a link, but ids may look like it."""
_MAIL = re.compile(r"(?<=[\w.+-])@(?=[\w-])")
_ROLE = re.compile(
    r"\b(system|assistant|user|human|developer|tool|function|ai|model|instructions?)(\s*):",
    re.IGNORECASE,
)
_STATE = re.compile(rf"\b(?:{'|'.join(STATES)})\b")
_HEADING = re.compile(r"#{2,}|={3,}|-{3,}|~{2,}|\*{2,}|_{3,}")
_STAND_INS = str.maketrans(
    {
        **dict.fromkeys("[{【〔⟦⟨〖", "("),
        **dict.fromkeys("]}】〕⟧⟩〗", ")"),
        **dict.fromkeys('`"“”„‟″', "'"),
        "<": "‹",
        ">": "›",
        "|": "¦",
        "*": "∗",
        "\\": "/",
    }
)
_BARE = re.compile(r"[^\s\";()\[\],…]+")
_FIRST = re.compile(r"(?:[#›∗=\s]+|[-+](?=[-+\s]|$))+")
"""What would begin a heading, a list or a quotation; a number may begin with its sign."""


@lru_cache(maxsize=1 << 14)
def clean(text: str, most: int = MAX_TEXT, *, is_id: bool = False) -> str:
    """Make text from data safe to show; what was cleaned stays as it is when cleaned again."""
    if text.endswith("…") and len(text) <= most:  # NFKC would make three dots of it
        plain = clean(text.rstrip("…"), most - 1, is_id=is_id)
        return plain if plain.endswith("…") else f"{plain}…"
    plain = _settle(_seen(text[: MAX_READ * most]), is_id=is_id)
    if len(plain) <= most:
        return plain
    while len(plain) >= most:
        plain = _settle(plain[: most - 1].rstrip(), is_id=is_id)
    return plain + "…"


def _settle(plain: str, *, is_id: bool) -> str:
    """Clean until nothing changes: what is left may be a link once something in it is gone."""
    while True:
        before = plain
        plain = _seen(_told(plain if is_id else _HEADING.sub(" ", _HOST.sub("(link)", plain))))
        if plain == before:
            return plain


def _told(plain: str) -> str:
    """Take links, markup, roles and the card's own words out of a line."""
    plain = _LINK.sub("(link)", plain)
    plain = plain.translate(_STAND_INS)
    plain = _MAIL.sub(" at ", plain)
    plain = _ROLE.sub(r"\1 –", plain)
    plain = _STATE.sub(lambda found: found[0].lower(), plain)
    return plain[found.end() :] if (found := _FIRST.match(plain)) else plain


def _seen(text: str) -> str:
    """Keep what can be seen, on one line, in NFKC."""
    plain = unicodedata.normalize("NFKC", text)
    kept: list[str] = []
    marks = 0
    for letter in _UNSEEN.sub("", plain):
        kind = unicodedata.category(letter)
        if kind in _GONE:
            continue
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        if marks <= MAX_MARKS:
            kept.append(" " if kind in _BLANK else letter)
    return unicodedata.normalize("NFKC", " ".join("".join(kept).split()))


def quoted(text: str, most: int = MAX_TEXT) -> str:
    """Write text from data in double quotes, which it cannot hold."""
    return f'"{clean(text, most)}"'


def value_text(text: str) -> str:
    """Write a value from data: as it is where it is one bare word, else in double quotes."""
    return _bare(clean(text))


def id_text(text: str) -> str:
    """Write an entity's id, which may hold dots and slashes as a host's name does."""
    return _bare(clean(text, is_id=True))


def _bare(plain: str) -> str:
    return plain if _BARE.fullmatch(plain) else f'"{plain}"'


def said(text: str) -> str:
    """Write a sentence of the answer itself, in which text from data may stand."""
    return clean(text, MAX_SAID).replace(";", ",")


def boundary_of(parts: Iterable[str]) -> str:
    """Draw a line's boundary out of all that an answer says, which none of it holds.

    Whoever writes a note would have to know the whole answer and its clock, and find a text that
    holds its own digest.
    """
    whole = "\n".join(parts)
    salt = 0
    while True:
        drawn = hashlib.blake2b(f"{salt}\n{whole}".encode(), digest_size=8).hexdigest()
        if drawn not in whole:
            return drawn
        salt += 1
