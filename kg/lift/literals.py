"""Typed literals: which text a datatype allows, and the one way the store writes it.

Section numbers are those of XML Schema 1.1 Part 2: Datatypes.
"""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from decimal import Decimal

from kg.lift.mapping import XSD

_INTEGERS = (
    "integer int long short byte nonNegativeInteger positiveInteger nonPositiveInteger "
    "negativeInteger unsignedInt unsignedLong unsignedShort unsignedByte"
)
CHECKED = {
    **dict.fromkeys((XSD + name for name in _INTEGERS.split()), "integer"),
    XSD + "decimal": "decimal",
    XSD + "double": "double",
    XSD + "float": "double",
    XSD + "boolean": "boolean",
    XSD + "date": "date",
    XSD + "dateTime": "date_time",
    XSD + "time": "time",
    XSD + "hexBinary": "hex_binary",
    XSD + "anyURI": "any_uri",
}
"""Datatype IRI -> the form its text is checked against and written in."""

_PRIVATE_USE = "[Xx](?:-[A-Za-z0-9]{1,8})+"
_IRREGULAR = (
    "en-GB-oed|sgn-(?:BE-FR|BE-NL|CH-DE)|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|"
    "navajo|pwn|tao|tay|tsu)"
)
LANGUAGE = (
    "(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(?:-[A-Za-z]{4})?"
    "(?:-(?:[A-Za-z]{2}|[0-9]{3}))?(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
    f"(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{{2,8}})+)*(?:-{_PRIVATE_USE})?"
    f"|{_PRIVATE_USE}|{_IRREGULAR}"
)
"""A language tag that is well-formed (BCP 47, RFC 5646, section 2.1)."""

LANGUAGE_TAG = "language tag"
"""What the language of a literal must be, in messages."""

ROW_DATATYPE = "value of the datatype that the row names"
"""What a literal must be whose datatype is no constant."""

NUMERIC = frozenset({"integer", "decimal", "double"})
EXAMPLES = {
    "integer": "12",
    "decimal": '12.5 (a decimal comma is a setting: decimal = "," in source.toml)',
    "double": "1.25E2",
    "boolean": "true, false, 1, 0, t or f",
    "date": "2026-11-23; another form is a setting: times = { column = … } in source.toml",
    "date_time": "2026-11-23T08:00:00Z; another form is a setting: times in source.toml",
    "time": "08:00:00",
    "hex_binary": "CAFE01: two digits for each byte",
    "any_uri": "https://example.org/drawing/12",
}

_OFFSET = r"(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)"
_CLOCK = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"
PATTERNS = {
    "integer": r"[+-]?[0-9]+",
    "decimal": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)",
    "double": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "boolean": r"true|false|1|0|t|f",
    "date": rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_OFFSET}?",
    "date_time": rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}{_OFFSET}?",
    "time": rf"{_CLOCK}{_OFFSET}?",
    "hex_binary": r"(?:[0-9A-Fa-f]{2})*",
    "any_uri": r"[^\x00-\x20<>\"{}|\\^`]*",
}
"""What the whole text must match (no look-around: engines' regular expressions have none)."""

_CENTURY = "(?:[1-9][0-9]*)?(?:[02468][048]|[13579][26])00"
_LEAP_YEAR = f"(?:[1-9][0-9]*)?[0-9]{{2}}(?:0[48]|[2468][048]|[13579][26])|{_CENTURY}"
_DAY_OF_MONTH = (
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8])"
)
_DAY = f"-?(?:(?:[1-9][0-9]*)?[0-9]{{4}}-(?:{_DAY_OF_MONTH})|(?:{_LEAP_YEAR})-02-29)"
LEXICAL = PATTERNS | {
    "boolean": "true|false|1|0",
    "date": f"{_DAY}{_OFFSET}?",
    "date_time": f"{_DAY}T{_CLOCK}{_OFFSET}?",
}
"""The lexical spaces of the standard, of any year: where values stay as they are written."""


def canonical(text: str, form: str) -> str | None:
    """Write a constant of the mapping as the store does; None if it is not of ``form``."""
    if not re.fullmatch(PATTERNS[form], text, re.ASCII):
        return None
    if form in {"date", "date_time"}:
        return _canonical_moment(text)
    if form == "time":
        return _canonical_clock(re.sub("^24", "00", text))
    if form == "boolean":
        return "true" if text in {"true", "1", "t"} else "false"
    if form in NUMERIC:
        return _canonical_number(text, form)
    return text


def is_lexical(text: str, form: str) -> bool:
    """Tell whether a text is in the lexical space of a form, as the standard has it."""
    return bool(re.fullmatch(LEXICAL[form], text, re.ASCII))


def _canonical_number(text: str, form: str) -> str:
    if text.endswith(("INF", "NaN")):
        return text.removeprefix("+")
    if form == "double" and math.isinf(float(text)):
        return "-INF" if text.startswith("-") else "INF"
    number = Decimal(repr(float(text))) if form == "double" else Decimal(text)
    plain = format(number, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain == "-0" and form != "double" else plain


def _canonical_moment(text: str) -> str | None:
    day, rest = text[:10], text[10:]
    try:
        parsed = date.fromisoformat(day)
        if rest.startswith("T24"):
            day, rest = (parsed + timedelta(days=1)).isoformat(), "T00" + rest[3:]
    except (ValueError, OverflowError):
        return None
    return day + _canonical_clock(rest)


def _canonical_clock(text: str) -> str:
    text = re.sub(r"(?:(\.\d*[1-9])0+|\.0+)(?=$|[Z+-])", r"\1", text)
    return re.sub(r"[+-]00:00$", "Z", text)
