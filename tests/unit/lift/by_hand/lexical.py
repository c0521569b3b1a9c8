"""What is an IRI, a language tag, a value of a datatype, and how source values are written.

Each is copied from its standard's grammar, and shares nothing with the code under test.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from .mapping import XSD

_UCS = "\xa0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef" + "".join(
    f"{chr(plane << 16)}-{chr((plane << 16) + 0xFFFD)}" for plane in range(1, 14)
)
_UCS += "\U000e1000-\U000efffd"
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"


def _grammar(ucs: str, private: str) -> re.Pattern[str]:
    """Write the rule IRI of RFC 3987, section 2.2 (or URI of RFC 3986, appendix A)."""
    encoded, delims = "%[0-9A-Fa-f]{2}", "!$&'()*+,;="
    plain = rf"A-Za-z0-9\-._~{ucs}"
    pchar = rf"(?:[{plain}{delims}:@]|{encoded})"
    segment, segment_nz = rf"{pchar}*", rf"{pchar}+"
    octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
    v4 = rf"{octet}\.{octet}\.{octet}\.{octet}"
    h16 = "[0-9A-Fa-f]{1,4}"
    ls32 = rf"(?:{h16}:{h16}|{v4})"
    v6 = "|".join(
        [
            rf"(?:{h16}:){{6}}{ls32}",
            rf"::(?:{h16}:){{5}}{ls32}",
            rf"(?:{h16})?::(?:{h16}:){{4}}{ls32}",
            rf"(?:(?:{h16}:){{0,1}}{h16})?::(?:{h16}:){{3}}{ls32}",
            rf"(?:(?:{h16}:){{0,2}}{h16})?::(?:{h16}:){{2}}{ls32}",
            rf"(?:(?:{h16}:){{0,3}}{h16})?::{h16}:{ls32}",
            rf"(?:(?:{h16}:){{0,4}}{h16})?::{ls32}",
            rf"(?:(?:{h16}:){{0,5}}{h16})?::{h16}",
            rf"(?:(?:{h16}:){{0,6}}{h16})?::",
        ]
    )
    future = rf"v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~{delims}:]+"
    host = rf"(?:\[(?:{v6}|{future})\]|(?:[{plain}{delims}]|{encoded})*)"
    authority = rf"(?:(?:[{plain}{delims}:]|{encoded})*@)?{host}(?::[0-9]*)?"
    hierarchy = "|".join(
        [
            rf"//{authority}(?:/{segment})*",
            rf"/(?:{segment_nz}(?:/{segment})*)?",
            rf"{segment_nz}(?:/{segment})*",
            "",
        ]
    )
    query, fragment = rf"(?:{pchar}|[{private}/?])*", rf"(?:{pchar}|[/?])*"
    scheme = r"[A-Za-z][A-Za-z0-9+\-.]*"
    return re.compile(rf"{scheme}:(?:{hierarchy})(?:\?{query})?(?:\#{fragment})?")


_IRI, _URI = _grammar(_UCS, _PRIVATE), _grammar("", "")
_UNRESERVED = re.compile(rf"[A-Za-z0-9\-._~{_UCS}]")
_UNRESERVED_ASCII = re.compile(r"[A-Za-z0-9\-._~]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*:")


def is_iri(text: str) -> bool:
    return bool(_IRI.fullmatch(text))


def is_uri(text: str) -> bool:
    return bool(_URI.fullmatch(text))


def has_scheme(text: str) -> bool:
    return bool(_SCHEME.match(text))


def iri_safe(text: str, *, is_ascii: bool = False) -> str:
    """Percent-encode what is not unreserved ("IRI encoding", RML-Core)."""
    kept = _UNRESERVED_ASCII if is_ascii else _UNRESERVED
    return "".join(
        letter if kept.fullmatch(letter) else "".join(f"%{byte:02X}" for byte in letter.encode())
        for letter in text
    )


# langtag and privateuse of RFC 5646, section 2.1; of the irregular ones those that tests use.
_TAG = re.compile(
    r"(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?|x(?:-[a-z0-9]{1,8})+|i-klingon)",
    re.IGNORECASE,
)


def is_language(text: str) -> bool:
    return text.isascii() and bool(_TAG.fullmatch(text))


_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_CLOCK = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)" + _ZONE
_DAY = r"-?(?:[1-9][0-9]{3,}|0[0-9]{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_SPACES = {
    "integer": r"[+-]?[0-9]+",
    "decimal": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)",
    "double": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "boolean": "true|false|1|0",
    "date": _DAY + _ZONE,
    "time": _CLOCK,
    "dateTime": f"{_DAY}T{_CLOCK}",
    "hexBinary": "(?:[0-9A-Fa-f]{2})*",
}
_ALSO = {"int": "integer", "long": "integer", "nonNegativeInteger": "integer", "float": "double"}
"""Datatypes that Traveler validates beyond those, by the form of a wider one."""


def is_well_typed(text: str, datatype: str) -> bool:
    """Tell whether a text is in the lexical space of a datatype (XML Schema 1.1, part 2).

    Others than the validatable RDF datatypes take any text ("Datatype-override mapping").
    """
    name = datatype.removeprefix(XSD)
    name = _ALSO.get(name, name)
    if not datatype.startswith(XSD) or name not in _SPACES:
        return True
    if not re.fullmatch(_SPACES[name], text):
        return False
    return _is_day(text) if name in {"date", "dateTime"} else True


def _is_day(text: str) -> bool:
    found = re.match(r"-?([0-9]+)-([0-9]{2})-([0-9]{2})", text)
    assert found
    year, month, day = map(int, found.groups())
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = [31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return day <= days[month - 1]


def write_double(value: float) -> str:
    """Write a double in its canonical form: one digit, a point, digits, E, the power of ten."""
    if value != value:
        return "NaN"
    sign = "-" if str(value).startswith("-") else ""
    if value in {float("inf"), float("-inf")}:
        return f"{sign}INF"
    mantissa, _, power = repr(abs(value)).partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    if not digits:
        return f"{sign}0.0E0"
    lost = len(whole + part) - len(digits)
    exponent = len(whole) - 1 - lost + int(power or "0")
    rest = digits[1:].rstrip("0") or "0"
    return f"{sign}{digits[0]}.{rest}E{exponent}"


def natural(value: Any) -> tuple[str, str]:
    """Write a value and name its datatype, "" for text ("Natural mapping of source values")."""
    match value:
        case str():
            return value, ""
        case bool():
            return str(value).lower(), XSD + "boolean"
        case int():
            return str(value), XSD + "integer"
        case float():
            return write_double(value), XSD + "double"
        case Decimal():
            return _plain(value), XSD + "decimal"
        case bytes():
            return "".join(f"{byte:02X}" for byte in value), XSD + "hexBinary"
        case datetime():
            zone = "" if value.tzinfo is None else "Z"
            clock = f"{value:%H:%M:%S}{_fraction(value)}{zone}"
            return f"{_day(value)}T{clock}", XSD + "dateTime"
        case date():
            return _day(value), XSD + "date"
        case time():
            return f"{value:%H:%M:%S}{_fraction(value)}", XSD + "time"
    raise TypeError(f"no value of a source: {value!r}")


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _day(value: date) -> str:
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def _fraction(value: datetime | time) -> str:
    return f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
