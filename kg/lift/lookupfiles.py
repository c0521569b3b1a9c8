"""Lookup tables in CSV files beside a mapping, as idlab-fn:lookup reads them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_ENTRIES = 10_000
"""A longer table is rather a logical source of its own, that a join reads."""


def read_lookup(file: Path, start: int, end: int, delimiter: str) -> dict[str, str]:
    """Give the column ``end`` by the column ``start``, from 0; the first row of a key counts.

    Raises:
        ValueError: the file cannot be read, is too long, or has no such column.
    """
    found: dict[str, str] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.reader(lines, delimiter=delimiter):
                if row and max(start, end) >= len(row):
                    raise ValueError(f"{file.name} has no column {max(start, end)}, from 0")
                if row and row[start] and row[end]:
                    found.setdefault(row[start], row[end])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file.name} cannot be read: {error}") from error
    if len(found) > MOST_ENTRIES:
        raise ValueError(f"{file.name} has more than {MOST_ENTRIES} entries: join it as a source")
    return found
