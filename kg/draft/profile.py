"""Profile: what a table's columns hold, by looking at its rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from kg.sources.cells import cell_text
from kg.sources.reading import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.sources.reading import Unreadable

LOOKED_AT = 100_000
"""Rows of a table that are looked at; a longer one is judged by its first ones."""

_VOID = (
    "- -- --- . ? #1 #N/A #REF! #VALUE! n/a N/A n.a. NULL null (null) None NaN nan TBD tbd k.A."
    " UNAVAILABLE 1900-01-01 1899-12-30 0001-01-01 9999-12-31 0000-00-00 00.00.0000 01.01.1900"
    " 00:00.0"
)
PLACEHOLDERS = frozenset({*_VOID.split(), "Job No,"})
"""Cells that stand for nothing in records of real plants."""

_MIDNIGHTS = ("T00:00:00", " 00:00:00", " 00:00:00.000", " 00:00:00.0000000")
_OFTEN = 0.2


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its distinct values in order of first use, without empty ones and placeholders.

    ``suspect`` is a value that stands in many rows of a column whose other values all differ.
    """

    name: str
    rows: int
    empty: int
    values: tuple[str, ...]
    placeholders: dict[str, int] = field(default_factory=dict)
    suspect: str = ""

    @property
    def filled(self) -> int:
        """How many rows have a value."""
        return self.rows - self.empty - sum(self.placeholders.values())

    @property
    def is_key(self) -> bool:
        """Whether every row has a value and no two the same."""
        return self.filled == self.rows == len(self.values)

    @property
    def samples(self) -> tuple[str, ...]:
        """Three values, the first ones."""
        return self.values[:3]


@dataclass(frozen=True, slots=True)
class Profile:
    """A table's columns and how much of it they were judged by."""

    columns: tuple[Column, ...]
    rows: int
    is_whole: bool = True
    unreadable: tuple[Unreadable, ...] = ()
    cells: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    """Each row's texts, for keys of several columns."""

    def column(self, name: str) -> Column | None:
        """Find a column by its name."""
        return next((column for column in self.columns if column.name == name), None)

    def is_unique(self, names: tuple[str, ...]) -> bool:
        """Say whether these columns together tell all rows apart, and are never empty."""
        places = [number for number, column in enumerate(self.columns) if column.name in names]
        if any(self.columns[place].filled < self.rows for place in places):
            return False
        seen = {tuple(row[place] for place in places) for row in self.cells}
        return len(seen) == self.rows


def profile_rows(rows: Iterable[Row | Unreadable], most: int = LOOKED_AT) -> Profile:
    """Look at the first ``most`` rows of a table."""
    source: Iterator[Row | Unreadable] = iter(rows)
    taken = list(islice(source, most))
    is_whole = next(source, None) is None
    bad = tuple(row for row in taken if not isinstance(row, Row))
    good = [row.cells for row in taken if isinstance(row, Row)]
    names = list(dict.fromkeys(name for row in good for name in row))
    cells = tuple(tuple(cell_text(row.get(name)) for name in names) for row in good)
    columns = tuple(
        _profile_column(name, [row[place] for row in cells]) for place, name in enumerate(names)
    )
    return Profile(columns, len(good), is_whole, bad, cells)


def _profile_column(name: str, texts: list[str]) -> Column:
    counts = Counter(texts)
    empty = counts.pop("", 0)
    found = {value: count for value, count in counts.items() if _is_placeholder(value)}
    values = tuple(value for value in counts if value not in found)
    return Column(name, len(texts), empty, values, found, _suspect(counts, found, len(texts)))


def _is_placeholder(value: str) -> bool:
    if value in PLACEHOLDERS:
        return True
    return any(value.endswith(end) and value[: -len(end)] in PLACEHOLDERS for end in _MIDNIGHTS)


def _suspect(counts: Counter[str], placeholders: dict[str, int], rows: int) -> str:
    """Find the one value that repeats where all others differ: a dummy, perhaps."""
    rest = [(count, value) for value, count in counts.items() if value not in placeholders]
    if rows < 10 or len(rest) < 4:
        return ""
    count, value = max(rest)
    others = sum(number for number, _ in rest) - count
    is_alone = count >= _OFTEN * rows and len(rest) - 1 >= 0.9 * others
    return value if is_alone else ""
