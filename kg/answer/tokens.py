"""Tokens: how many a text has at most for a model, without the model's own tokenizer.

The estimate errs high on what cards and JSON are made of: 1.0 to 1.5 times what common byte-level
tokenizers make of it, measured in tests. Letters and signs beyond ASCII count as their UTF-8 bytes:
no byte-level tokenizer makes more tokens of a text than it has bytes, so it is never low on them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Tokenizer: TypeAlias = "Callable[[str], int]"
"""Counts the tokens of a text: `estimate_tokens`, or a model's own tokenizer."""
MIN_TOKENS = 100
MAX_TOKENS = 4_000
"""Between which a card's length can be asked for."""
LOWER, UPPER = 5, 2
"""Letters of a word in small letters, and of one in capitals, that make a token at most."""
_PIECE = re.compile(
    rf"[a-z]{{1,{LOWER}}}|[A-Z]{{1,{UPPER}}}|[0-9]{{1,3}}|\n|[\"{{}}\[\]:,]{{1,3}}|[\x21-\x7e]"
    r"|[\x00-\x08\x0e-\x1b\x7f]"
)
"""What makes one token at most, of ASCII; blanks that end no line make none."""
_BEYOND = re.compile(r"[^\x00-\x7f\s]+")


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text; errs high."""
    count = len(_PIECE.findall(text))
    if not text.isascii():
        beyond = "".join(_BEYOND.findall(text))
        count += len(beyond.encode("utf-8", "surrogatepass"))
    return count
