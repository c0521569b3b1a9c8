"""Rows become columns of text, as the engine reads them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NO_COLUMN = "raw"
"""The column of a relation of which no column is wanted: its rows still count."""


def to_columns(
    rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> dict[str, list[str | None]]:
    """Give the columns of the rows that ``names`` maps to new names; absent values are None."""
    columns: dict[str, list[str | None]] = {}
    for name, new in names.items():
        values = [row.get(name) for row in rows]
        columns[new] = [
            value if value is None or type(value) is str else to_text(value) for value in values
        ]
    if not columns:
        columns[NO_COLUMN] = [None] * len(rows)
    return columns


def to_text(value: object) -> str:
    """Write a scalar as text: 12.0 is ``12``, True is ``true``, no number has an exponent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        plain = repr(value)
        if "e" in plain:
            plain = format(Decimal(plain), "f")
        return plain.removesuffix(".0")
    return str(value)


def find_unencodable(row: Mapping[str, Any]) -> str:
    """Name the first column whose text holds half a surrogate pair; "" if none does."""
    for name, value in row.items():
        if isinstance(value, str) and has_lone_surrogate(value):
            return name
    return ""


def has_lone_surrogate(text: str) -> bool:
    """Tell text that holds half of a character, which no encoding can write."""
    return not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)
