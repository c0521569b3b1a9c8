"""Drift: the columns of messages that went away, came, or hold another type of value."""

from __future__ import annotations

import json
import threading
from difflib import get_close_matches
from typing import TYPE_CHECKING

from kg.sources.reading import Row, Unreadable

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from kg.records import Scalar
    from kg.settings import SourceSettings, TableSettings

_MOST_KNOWN = 1_000
"""Beyond this names are data (a serial number as a key), and no column is worth a word."""


class Drift:
    """Knows the columns that a table's messages had so far; any thread may ask.

    A message has no header, so what it lacks is told from the settings: the columns without which
    it cannot be followed, and columns with names of people under another name.
    """

    def __init__(self, source: SourceSettings, table: TableSettings, cursor: str) -> None:
        self._place = f"{source.name}.{table.name}"
        self._table = table
        self._known = _read(cursor)
        self._lock = threading.Lock()

    def cursor(self) -> str:
        """Write down what is known, for the next start."""
        with self._lock:
            return json.dumps({name: sorted(types) for name, types in self._known.items()})

    def missing(self, row: Row, *, is_wanted: bool) -> Unreadable | None:
        """Refuse a message without a column that it must have; one for other tables only filters.

        ``is_wanted`` says that it is for this table by ``where``.
        """
        there = row.cells.keys()
        gone = sorted(set(self._table.where) - there)
        if not gone and is_wanted:
            gone = self._gone(there)
        if not gone:
            return None
        near = get_close_matches(gone[0], there, n=3) or sorted(there)[:12]
        return Unreadable(
            *(row.place, "missing-column", f"it has no {gone[0]!r}, which source.toml names"),
            hint=f"it has {', '.join(near) or 'nothing'}: mend source.toml or the sender",
            raw=row.raw,
        )

    def changes(self, rows: list[Row]) -> list[str]:
        """Say once of each column that it is new, or of another type; not of the first messages."""
        said = []
        with self._lock:
            is_first = not self._known
            for row in rows:
                for column, value in row.cells.items():
                    if change := self._note(column, value):
                        said.append(f"{self._place}: column {column!r} {change}")
        return [] if is_first else said

    def _note(self, column: str, value: Scalar) -> str:
        """Remember a column and the type of its value; tell what is new of it."""
        known = self._known.get(column)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                return ""
            self._known[column] = {_type_of(value)} - {""}
            return "is new"
        kind = _type_of(value)
        if not kind or kind in known:
            return ""
        before = " or ".join(sorted(known))
        known.add(kind)
        return f"holds {kind}, not {before}" if before else ""

    def _gone(self, there: AbstractSet[str]) -> list[str]:
        table = self._table
        needed = {*table.key, table.version} - {""}
        if table.row == "event":
            needed.add(table.event_time)
        elif table.changed and not there & {*table.changed, table.event_time}:
            needed.add(table.changed[0])
        gone = sorted(needed - there)
        return gone or self._renamed(there)

    def _renamed(self, there: AbstractSet[str]) -> list[str]:
        """Find columns of people's names and words that seem to go by another name now.

        JSON may leave out what it has not, but what is a name must not pass as anything else.
        """
        private = {*self._table.personal, *self._table.free_text} - there
        if not private:
            return []
        with self._lock:
            new = there - self._known.keys()
        return sorted(column for column in private if get_close_matches(column, new))


def _type_of(value: Scalar) -> str:
    """Name the type of a value; "" where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "a number"


def _read(cursor: str) -> dict[str, set[str]]:
    try:
        return {str(name): set(types) for name, types in json.loads(cursor).items()}
    except (ValueError, TypeError, AttributeError):
        return {}
