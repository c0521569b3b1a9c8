"""What a term is: its text, type and language, and how it compares (SPARQL 1.1, section 17)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from kg.errors import QueryError
from kg.store import EmbeddedStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from kg.records import Term

P = ParamSpec("P")
T = TypeVar("T")

_XSD = "http://www.w3.org/2001/XMLSchema#"
_STRING = f"<{_XSD}string>"
_LANG = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString>"
_CACHED = 1 << 14
_LONGEST_CACHED = 300
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


def _remembered(
    function: Callable[Concatenate[str, P], T],
) -> Callable[Concatenate[str, P], T]:
    """Remember what a function gives for short texts; those of notes would take much room."""
    known = lru_cache(_CACHED)(function)

    def look_up(text: str, /, *rest: P.args, **named: P.kwargs) -> T:
        if len(text) > _LONGEST_CACHED:
            return function(text, *rest, **named)
        return known(text, *rest, **named)  # type: ignore[arg-type]

    return look_up


def is_literal(term: Term) -> bool:
    """Tell literals from IRIs and blank nodes."""
    return term[0] == '"'


def kind_of(term: Term) -> str:
    """Give ``iri``, ``blank`` or ``literal``."""
    return {"<": "iri", "_": "blank"}.get(term[0], "literal")


def parts_of(literal: Term) -> tuple[str, Term, str]:
    """Take a literal apart: text, datatype, and language in lower case."""
    if literal[-1] == '"':
        text, datatype, language = literal[1:-1], _STRING, ""
    elif literal[-1] == ">":
        end = literal.rindex('"^^<')
        text, datatype, language = literal[1:end], literal[end + 3 :], ""
    else:
        end = literal.rindex('"@')
        text, datatype, language = literal[1:end], _LANG, literal[end + 2 :].lower()
    return (_ESCAPE.sub(_unescape, text) if "\\" in text else text), datatype, language


def _unescape(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(found[3], found[3])


def text_of(term: Term) -> str:
    """Give what SPARQL's ``str`` gives of an IRI or a literal."""
    return term[1:-1] if term[0] == "<" else parts_of(term)[0]


def literal_of(text: str) -> Term:
    """Write a text as a literal."""
    for sign, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(sign, escape)
    return f'"{text}"'


# ---- datatypes (SHACL, section 4.1.2)

_ZONE = r"(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?"
_DAY = r"(?P<day>-?(?:[1-9]\d{3,}|0\d{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))"
_TIME = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
_YEAR = r"-?(?:[1-9]\d{3,}|0\d{3})"
_DAYS = r"(?:\d+D)?"
_HOURS = r"(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?"
_FORMS = {
    "boolean": r"true|false|1|0",
    "decimal": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
    "float": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN",
    "double": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN",
    "date": rf"{_DAY}{_ZONE}",
    "time": rf"{_TIME}{_ZONE}",
    "dateTime": rf"{_DAY}T{_TIME}{_ZONE}",
    "dateTimeStamp": rf"{_DAY}T{_TIME}(?!$){_ZONE}",
    "gYear": rf"{_YEAR}{_ZONE}",
    "gYearMonth": rf"{_YEAR}-(?:0[1-9]|1[0-2]){_ZONE}",
    "duration": rf"-?P(?=[\dT])(?:\d+Y)?(?:\d+M)?{_DAYS}{_HOURS}",
    "dayTimeDuration": rf"-?P(?=[\dT]){_DAYS}{_HOURS}",
    "yearMonthDuration": r"-?P(?=\d)(?:\d+Y)?(?:\d+M)?",
}
_INTEGERS: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DIGITS = 4_000
"""Python reads no longer number at once; nobody means one."""
_COMPILED = {name: re.compile(form, re.ASCII) for name, form in _FORMS.items()}


@_remembered
def is_of_datatype(term: Term, datatype: Term, held: Term) -> bool:
    """Tell whether a term is a literal of a datatype, held in another maybe, and well-formed.

    The datatypes of SPARQL and XML Schema's times are known; of others, any text will do.
    """
    if not is_literal(term):
        return False
    text, actual, _ = parts_of(term)
    if actual != held:
        return False
    name = datatype.removeprefix(f"<{_XSD}")[:-1]
    if name in _INTEGERS:
        return _is_integer(text, *_INTEGERS[name])
    form = _COMPILED.get(name)
    if form is None:
        return True
    found = form.fullmatch(text)
    return found is not None and ("day" not in form.groupindex or _is_day(found["day"]))


def _is_integer(text: str, least: int | None, most: int | None) -> bool:
    if _INTEGER.fullmatch(text) is None:
        return False
    if least is None and most is None:
        return True
    if len(text) > _DIGITS:
        return False
    number = int(text)
    return (least is None or number >= least) and (most is None or number <= most)


def _is_day(text: str) -> bool:
    year, month, day = text.rsplit("-", 2)
    try:
        date(4 + int(year[-4:]) % 400, int(month), int(day))  # the calendar repeats after 400 years
    except ValueError:
        return False
    return True


# ---- comparing (SPARQL 1.1, section 17.3)

_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?:T(?P<time>(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})"
    r"(?P<part>\.[0-9]+)?(?P<zone>Z?))?"
)


def is_less(left: Term, right: Term, *, or_equal: bool = False) -> bool:
    """Tell whether SPARQL finds ``left < right``; what it cannot compare is not."""
    if left[0] != '"' or right[0] != '"':
        return False
    one, other = _ordered(left), _ordered(right)
    if one is None or other is None or one[0] != other[0]:
        sign = "<=" if or_equal else "<"
        return _has_order(left) and _has_order(right) and _holds(f"{left} {sign} {right}")
    a, b = one[1], other[1]
    if isinstance(a, float) or isinstance(b, float):
        a, b = float(a), float(b)  # type: ignore[arg-type]
    return bool(a < b or (or_equal and a == b))  # type: ignore[operator]


@_remembered
def _ordered(literal: Term) -> tuple[str, object] | None:
    """Give a value that Python orders as SPARQL does, and among which; None where it does not."""
    text, datatype, language = parts_of(literal)
    if language:
        return None
    if datatype == _STRING:
        return "text", text
    if not is_of_datatype(literal, datatype, datatype):
        return None
    name = datatype.removeprefix(f"<{_XSD}")[:-1]
    if name == "double":
        return "number", float(text)
    if name == "decimal" or (name in _INTEGERS and len(text) <= _DIGITS):
        return "number", Decimal(text)
    if name in ("date", "dateTime") and (found := _INSTANT.fullmatch(text)):
        part = (found["part"] or "").rstrip("0").rstrip(".")
        return f"{name}{found['zone']}", f"{found['day']}{found['time']}{part}"
    return None


def _has_order(literal: Term) -> bool:
    """Tell whether a literal's datatype has an order; the store finds any equal to itself."""
    datatype = parts_of(literal)[1]
    name = datatype.removeprefix(f"<{_XSD}")[:-1]
    is_known = name in _COMPILED or name in _INTEGERS
    return is_known and is_of_datatype(literal, datatype, datatype)


@_remembered
def _holds(expression: str) -> bool:
    """Let the store's engine evaluate an expression; an error is no."""
    try:
        return _nothing().ask(f"ASK {{ FILTER({expression}) }}")
    except QueryError:
        return False


@lru_cache(1)
def _nothing() -> EmbeddedStore:
    return EmbeddedStore.in_memory("urn:traveler:nothing/")


def check_runs(query: str) -> None:
    """Let the store's engine read a SELECT, over an empty graph. Raises: QueryError."""
    _nothing().select(query)


# ---- patterns and languages (SHACL, section 4.4)


@lru_cache(256)
def is_pattern(pattern: str, flags: str) -> bool:
    """Tell whether SPARQL's REGEX takes a pattern."""
    test = f"REGEX({literal_of('')}, {literal_of(pattern)}, {literal_of(flags)})"
    try:
        return bool(_nothing().select(f"SELECT ({test} AS ?it) {{}}")[0])
    except QueryError:
        return False


def matches(term: Term, pattern: str, flags: str) -> bool:
    """Tell whether an IRI or literal, as text, matches a pattern; a blank node does not."""
    if term[0] == "_":
        return False
    return _holds(f"REGEX({literal_of(text_of(term))}, {literal_of(pattern)}, {literal_of(flags)})")


def is_in_language(term: Term, ranges: tuple[str, ...]) -> bool:
    """Tell whether a literal's language is in a basic range (RFC 4647), given in lower case."""
    language = parts_of(term)[2] if is_literal(term) else ""
    return bool(language) and any(
        asked in ("*", language) or language.startswith(f"{asked}-") for asked in ranges
    )
