"""IRIs: the grammar of RFC 3987, section 2.2, as patterns that every engine and Python read.

No pattern repeats a group, because Java's matcher recurses on these: so ``IRI`` takes a percent
sign as any other character, and what ``BAD_PERCENT`` finds is none for all that.
"""

from __future__ import annotations

import re
from functools import cache

# iunreserved beyond ASCII: these stay as they are in IRIs.
UCS = (
    r"\x{A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF}"
    + "".join(rf"\x{{{plane:X}0000}}-\x{{{plane:X}FFFD}}" for plane in range(1, 14))
    + r"\x{E1000}-\x{EFFFD}"
)
SCHEME = "[A-Za-z][A-Za-z0-9+.-]*:"
BAD_PERCENT = "%[0-9A-Fa-f]?(?:[^0-9A-Fa-f]|$)"

_PRIVATE = r"\x{E000}-\x{F8FF}\x{F0000}-\x{FFFFD}\x{100000}-\x{10FFFD}"
_NAME = rf"A-Za-z0-9._~!$&\x27()*+,;=%{UCS}-"
_PATH = f":@{_NAME}"
_HEX = "[0-9A-Fa-f]{1,4}"
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LAST = rf"(?:{_HEX}:{_HEX}|{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE})"
_IPV6 = "|".join(
    [
        f"(?:{_HEX}:){{6}}{_LAST}",
        f"::(?:{_HEX}:){{5}}{_LAST}",
        *(
            f"(?:(?:{_HEX}:){{0,{5 - after - 1}}}{_HEX})?::(?:{_HEX}:){{{after}}}{_LAST}"
            for after in range(4, -1, -1)
        ),
        f"(?:(?:{_HEX}:){{0,5}}{_HEX})?::{_HEX}",
        f"(?:(?:{_HEX}:){{0,6}}{_HEX})?::",
    ]
)
_LITERAL = rf"\[(?:{_IPV6}|v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&\x27()*+,;=:-]+)\]"
_AUTHORITY = f"(?:[:{_NAME}]*@)?(?:{_LITERAL}|[{_NAME}]*)(?::[0-9]*)?"
_HIERARCHY = (
    f"(?://{_AUTHORITY}(?:/[/{_PATH}]*)?|/(?:[{_PATH}][/{_PATH}]*)?|(?:[{_PATH}][/{_PATH}]*)?)"
)
IRI = rf"{SCHEME}{_HIERARCHY}(?:\?[/?{_PRIVATE}{_PATH}]*)?(?:#[/?{_PATH}]*)?"

PLAIN = rf"{SCHEME}[A-Za-z0-9._~/-]*(?:#[A-Za-z0-9._~/-]*)?"
"""Most IRIs: to make the pattern of all takes longer than to read a mapping."""


@cache
def _in_python(pattern: str) -> re.Pattern[str]:
    codes = re.compile(r"\\x\{([0-9A-F]+)\}")
    return re.compile(codes.sub(lambda match: chr(int(match[1], 16)), pattern))


def is_iri(text: str) -> bool:
    """Tell whether a text is an IRI in full, with a scheme."""
    if re.fullmatch(PLAIN, text):
        return True
    return bool(_in_python(IRI).fullmatch(text)) and not re.search(BAD_PERCENT, text)


def has_scheme(text: str) -> bool:
    """Tell whether a text begins as an IRI in full does."""
    return bool(re.match(SCHEME, text))
