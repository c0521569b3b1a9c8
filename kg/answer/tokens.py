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
    r"([a-z]+)|([A-Z]+)|(\d{1,3})|(\s+)|([\"{}\[\]:,]{1,3}|[\x21-\x7e])|(.)", re.DOTALL
)


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text; errs high."""
    count = 0
    for small, capital, number, blank, sign, other in _PIECE.findall(text):
        if small:
            count += -(-len(small) // LOWER)
        elif capital:
            count += -(-len(capital) // UPPER)
        elif number or sign:
            count += 1
        elif blank:
            count += blank.count("\n")
        else:
            count += len(other.encode("utf-8", "surrogatepass"))
    return count
