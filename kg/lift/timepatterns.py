"""Patterns of times that a mapping writes: strptime's, and Java's of the published functions."""

from __future__ import annotations

import re

from kg.errors import MappingError
from kg.lift.spark_patterns import read_strptime

FORMS = ("iso", "epoch-s", "epoch-ms", "ticks")
"""What a pattern may be by name, as in source.toml."""

# A run of one letter, and the specifier that reads what it writes.
_LETTERS = {
    **dict.fromkeys(("yyyy", "uuuu", "y", "u"), "%Y"),
    **dict.fromkeys(("yy", "uu"), "%y"),
    **dict.fromkeys(("MMMM", "LLLL"), "%B"),
    **dict.fromkeys(("MMM", "LLL"), "%b"),
    **dict.fromkeys(("MM", "M", "LL", "L"), "%m"),
    **dict.fromkeys(("dd", "d"), "%d"),
    **dict.fromkeys(("HH", "H"), "%H"),
    **dict.fromkeys(("hh", "h"), "%I"),
    **dict.fromkeys(("mm", "m"), "%M"),
    **dict.fromkeys(("ss", "s"), "%S"),
    "SSS": "%f",
    "a": "%p",
    "EEEE": "%A",
    "EEE": "%a",
}
_JAVA_TOKEN = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|(.)", re.DOTALL)


def check_strptime(pattern: str) -> str:
    """Say what is wrong with a strptime pattern; "" if both engines read it."""
    if "%" not in pattern:
        return f"pattern {pattern!r} has no %: write such as %d.%m.%Y, or one of {', '.join(FORMS)}"
    try:
        read_strptime(pattern)
    except MappingError as error:
        return f"{error.message.partition(': ')[2]}: {error.hint.partition(',  or')[0]}"
    return ""


def from_java(pattern: str) -> str:
    """Write a pattern of Java's DateTimeFormatter for strptime; names of months are English.

    Raises:
        ValueError: it has a letter that is not read.
    """
    made = []
    for quoted, letters, _, mark in _JAVA_TOKEN.findall(pattern):
        if letters and letters not in _LETTERS:
            raise ValueError(
                f"pattern {pattern!r}: {letters} is not read; there are {', '.join(_LETTERS)}"
            )
        plain = mark or quoted.replace("''", "'")
        made.append(_LETTERS[letters] if letters else plain.replace("%", "%%"))
    return "".join(made)
