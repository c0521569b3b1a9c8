"""Drift: the columns of messages that went away, and those that came."""

from __future__ import annotations

import json
import threading
from difflib import get_close_matches
from typing import TYPE_CHECKING

from kg.sources.reading import Row, Unreadable

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

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
        self._known = set(_read(cursor))
        self._lock = threading.Lock()

    def cursor(self) -> str:
        """Write down what is known, for the next start."""
        with self._lock:
            return json.dumps(sorted(self._known), ensure_ascii=False)

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

    def added(self, rows: list[Row]) -> list[str]:
        """Say once of each column that it is new; nothing of those of the first messages."""
        columns = {column for row in rows for column in row.cells}
        with self._lock:
            new = columns - self._known if len(self._known) < _MOST_KNOWN else set()
            is_first = not self._known
            self._known |= new
        if is_first:
            return []
        return [f"{self._place}: column {column!r} is new" for column in sorted(new)]

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
            new = there - self._known
        return sorted(column for column in private if get_close_matches(column, new))


def _read(cursor: str) -> list[str]:
    try:
        return [str(name) for name in json.loads(cursor)]
    except (ValueError, TypeError):
        return []
