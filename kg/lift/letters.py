"""Letters with accents, and the letters that they are without."""

from __future__ import annotations

import unicodedata

_BLOCKS = (range(0xC0, 0x250), range(0x1E00, 0x1F00))
_PLAIN = {
    chr(code): unicodedata.normalize("NFD", chr(code))[0]
    for block in _BLOCKS
    for code in block
    if unicodedata.normalize("NFD", chr(code))[0].isascii()
}

ACCENTED = "".join(_PLAIN)
"""Latin letters that are another letter with an accent."""

PLAIN = "".join(_PLAIN.values())
"""The same letters without, one by one."""
