"""Tokens: the words and numbers of a question, and how they hang together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from kg.answer.finding.words import BEFORE_TIMES, KIND_PHRASES, KIND_WORDS, PLAIN_WORDS, UNITS
from kg.answer.names import fold, split_words
from kg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CHARACTERS = 2_000
"""The longest question that is read."""
MOST_WORDS = 80
"""So many words of a question are looked at."""
MOST_OF_A_CHUNK = 300
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_TIME = re.compile(
    r"\(?(?:\d{4}-\d{1,2}-\d{1,2}(?:t[\d:.]+(?:z|[+-]\d{2}:?\d{2})?)?|\d{1,2}:\d{2}(?::\d{2})?z?"
    r"|\d{1,2}[./]\d{1,2}[./](?:\d{2}|\d{4})?)[),.;?!]*"
)
_GLUE = re.compile(r"[-._#+~–]*")
"""What stands between the parts of one id; anything else parts two of them."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number: folded, the piece of the question that it stands in, and what precedes it.

    ``glue`` is what stands between it and the one before in the same piece, None where it begins
    one. ``is_counted`` says that it tells a time or an amount.
    """

    word: str
    chunk: int
    text: str
    glue: str | None
    is_counted: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is a number."""
        return self.word[0].isdigit()

    @property
    def is_plain(self) -> bool:
        """Whether it only says how is asked."""
        return self.word in PLAIN_WORDS

    @property
    def is_glued(self) -> bool:
        """Whether it goes on with the id or word before it."""
        return self.glue is not None and _GLUE.fullmatch(self.glue) is not None


def read_tokens(question: str) -> tuple[list[Token], bool]:
    """Split a question into tokens; tells too whether it has more words than are looked at.

    Raises:
        ConfigError: it is empty, or too long to be a question.
    """
    if len(question) > MOST_CHARACTERS:
        raise ConfigError(
            f"the question has {len(question):,} characters",
            hint=f"up to {MOST_CHARACTERS:,}: name the thing, and what is asked of it",
            code="question",
        )
    tokens: list[Token] = []
    # Half a character, as JSON can escape one, is none.
    plain = question.encode("utf-8", "replace").decode()
    for number, chunk in enumerate(plain.split()):
        tokens += _tokens_of(chunk, number)
        if len(tokens) > MOST_WORDS:
            break
    if not tokens:
        raise ConfigError(
            "the question has no words" if question.strip() else "the question is empty",
            hint="name a thing, and what is asked of it: why is job 1043 late?",
            code="question",
        )
    return _counted(_phrased(tokens[:MOST_WORDS])), len(tokens) > MOST_WORDS


def _tokens_of(chunk: str, number: int) -> list[Token]:
    text = chunk.strip("\"'`´“”„‚‘’«»()[]{}<>,;:!?¿¡。、？！")
    given = unquote(chunk) if "%" in chunk else chunk
    folded = fold(given[:MOST_OF_A_CHUNK])
    is_time = _TIME.fullmatch(folded) is not None
    found: list[Token] = []
    end = 0
    for part in _PARTS.finditer(folded):
        for word in split_words(part[0]):
            glue = folded[end : part.start()] if found else None
            found.append(Token(word, number, text, glue, is_time))
        end = part.end()
    return found


def _phrased(tokens: list[Token]) -> list[Token]:
    """Read two words that name a kind together as one: ``work order``."""
    read: list[Token] = []
    for token in tokens:
        before = read[-1].word if read else ""
        word = KIND_PHRASES.get((before, token.word))
        if word is None or read[-1].is_counted:
            read.append(token)
        else:
            first = read.pop()
            read.append(Token(word, token.chunk, f"{first.text} {token.text}", first.glue))
    return read


def _counted(tokens: list[Token]) -> list[Token]:
    return [
        Token(token.word, token.chunk, token.text, token.glue, is_counted=True)
        if token.is_counted or _is_amount(tokens, at)
        else token
        for at, token in enumerate(tokens)
    ]


def _is_amount(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether a number counts something, or is a year or an hour: ``40 pieces``."""
    token = tokens[at]
    before = tokens[at - 1].word if at else ""
    if not token.is_number or before in KIND_WORDS or (at and token.is_glued):
        return False
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if after is not None and after.word in UNITS and (len(after.word) > 1 or after.is_glued):
        return True
    is_small = len(token.word) <= 2 or (len(token.word) == 4 and token.word[:2] in {"19", "20"})
    is_whole = after is None or not after.is_glued
    return is_small and is_whole and before in BEFORE_TIMES


def text_of(tokens: Sequence[Token], first: int, last: int) -> str:
    """Give the words of a question from one token to another, as they were written."""
    chunks = {token.chunk: token.text for token in tokens[first : last + 1]}
    return " ".join(chunks.values())
