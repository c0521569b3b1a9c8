"""Patterns that a mapping writes for DuckDB -> the same in Java's regular expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kg.errors import MappingError

_TOKEN = re.compile(r"\\.|\[:(\^?)(\w+):\]|\(\?P<|\[\^?\]?|\]|.", re.DOTALL)
_CLASSES = {
    "alnum": r"\p{Alnum}",
    "alpha": r"\p{Alpha}",
    "ascii": r"\p{ASCII}",
    "blank": r"\p{Blank}",
    "cntrl": r"\p{Cntrl}",
    "digit": r"\p{Digit}",
    "graph": r"\p{Graph}",
    "lower": r"\p{Lower}",
    "print": r"\p{Print}",
    "punct": r"\p{Punct}",
    "space": r"\s\x0B",
    "upper": r"\p{Upper}",
    "word": r"\w",
    "xdigit": r"\p{XDigit}",
}
_OUTSIDE = {"$": r"\z", "^": r"\A", r"\s": r"[\t\n\f\r ]", r"\S": r"[^\t\n\f\r ]", "(?P<": "(?<"}
_INSIDE = {"&": r"\&", "[": r"\[", r"\s": r"\t\n\f\r "}

_DIGITS = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "f": 6}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_LONG_MONTHS = (
    "january february march april may june july august september october november december"
)
_DAYS = "sun mon tue wed thu fri sat"
_LONG_DAYS = "sunday monday tuesday wednesday thursday friday saturday"
_NAMES = {"b": _MONTHS, "h": _MONTHS, "B": _LONG_MONTHS, "a": _DAYS, "A": _LONG_DAYS, "p": "am pm"}
_HOUR_12 = "(0?[1-9](?![0-9])|1[0-2])"
_SPACES = r"[ \t\n\x0B\f\r]"


def rewrite_pattern(pattern: str) -> str:
    r"""Write an RE2 pattern for Java: only ``\n`` ends a line, and ``$`` is the very end."""
    made: list[str] = []
    is_inside = False
    for match in _TOKEN.finditer(pattern):
        part = match.group()
        if is_inside:
            is_inside = part != "]"
            made.append(_inside(part, match.group(2), is_negated=match.group(1) == "^"))
        else:
            is_inside = part.startswith("[")
            made.append(_opened(part) if is_inside else _OUTSIDE.get(part, part))
    return "(?d)" + "".join(made)


def _opened(part: str) -> str:
    # A bracket that comes first stands for itself.
    return part.replace("]", r"\]")


def _inside(part: str, class_name: str | None, *, is_negated: bool) -> str:
    if class_name:
        return ("[^" if is_negated else "[") + _CLASSES[class_name] + "]"
    return _INSIDE.get(part, part)


@dataclass(frozen=True, slots=True)
class TimePattern:
    """A time pattern as a regular expression; ``marks`` are the specifiers of its groups."""

    pattern: str
    marks: str

    def number(self, *marks: str) -> int:
        """Number the group of the first of the specifiers that is there, from 1; 0 if none is."""
        found = [self.marks.find(mark) + 1 for mark in marks if mark in self.marks]
        return found[0] if found else 0


def read_strptime(written: str) -> TimePattern:
    """Read a strptime pattern as DuckDB does: numbers may be short, spaces may be many.

    Raises:
        MappingError: it has a specifier that is not read here.
    """
    parts: list[str] = []
    marks = ""
    for mark, plain in re.findall(r"%-?(.)|(.)", written, re.DOTALL):
        if plain or mark == "%":
            plain = plain or "%"
            parts.append(f"{_SPACES}+" if plain.isspace() else re.escape(plain))
            continue
        parts.append(_group(mark, written))
        marks += mark
    return TimePattern(rf"(?i)\A{_SPACES}*{''.join(parts)}{_SPACES}*\z", marks)


def _group(mark: str, written: str) -> str:
    if mark == "I":
        return _HOUR_12
    if mark in _DIGITS:
        return f"([0-9]{{1,{_DIGITS[mark]}}}+)"
    if mark in _NAMES:
        return f"({'|'.join(_NAMES[mark].split())})"
    if mark == "z":
        return r"([+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?)"
    raise MappingError(
        f"time pattern {written!r}: %{mark} is not read by Spark",
        hint=f"use %{', %'.join('YymbBdHIpMSfaAz')}, or lift with --engine duckdb",
    )
