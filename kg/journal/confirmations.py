"""Confirmations: when each table's source vouched for what it holds, now and at other times.

Not each time is kept: those that follow one another more closely than a source owes it are one
stretch, of which the longest silence is known. So a table that is polled every minute has one row
until it falls silent, and whether it was stale at a time is told exactly.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from kg.journal.file import SET_CURSOR

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    Read = Callable[..., list[tuple[str, ...]]]

LONGEST_SECONDS = 900.0
"""No longer silence is ever taken for none."""
_LAST = """
SELECT rowid, until, silence_s FROM confirmation WHERE source = ? AND kind = ?
ORDER BY rowid DESC LIMIT 1
"""
_BEGIN = "INSERT OR IGNORE INTO confirmation VALUES (?, ?, ?, ?, 0)"
_GO_ON = "UPDATE confirmation SET until = ?, silence_s = ? WHERE rowid = ?"
_AT = """
SELECT source, kind, max(since), until, silence_s FROM confirmation
WHERE julianday(since) <= julianday(?) GROUP BY source, kind
"""
_FIRST = "SELECT value FROM meta WHERE key = 'confirmations'"


class Vouched(NamedTuple):
    """When tables were last vouched for before a time: at that moment or later.

    ``from_`` is since when that is on record; None: it always was.
    """

    confirmed: Mapping[tuple[str, str], datetime]
    from_: datetime | None


class Confirmations:
    """What is on record of when tables were vouched for.

    ``steps`` are the seconds, by source, after which its silence would make it stale.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self.steps: dict[str, float] = {}

    def write(
        self, connection: sqlite3.Connection, table: tuple[str, str], cursor: str, moment: str
    ) -> None:
        """Keep a cursor, and that its source vouched for the table (ISO 8601, UTC)."""
        connection.execute(SET_CURSOR, (*table, cursor, moment))
        last = connection.execute(_LAST, table).fetchone()
        if last is None:
            connection.execute(_BEGIN, (*table, moment, moment))
            return
        row, until, silence = last
        seconds = (datetime.fromisoformat(moment) - datetime.fromisoformat(until)).total_seconds()
        if seconds > min(self.steps.get(table[0], LONGEST_SECONDS), LONGEST_SECONDS):
            connection.execute(_BEGIN, (*table, moment, moment))
        elif seconds > 0:
            connection.execute(_GO_ON, (moment, max(float(silence), seconds), row))

    def at(self, moment: datetime) -> Vouched:
        """Give when each table was last vouched for by a time, and since when that is known.

        Inside a stretch it may have been later than is told, by its longest silence at most.
        """
        text = moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        found = {}
        for source, kind, since, until, silence in self._read(_AT, (text,)):
            first, last = datetime.fromisoformat(since), datetime.fromisoformat(until)
            if last > moment:
                last = max(first, moment - timedelta(seconds=float(silence)))
            found[source, kind] = last
        rows = self._read(_FIRST)
        return Vouched(found, datetime.fromisoformat(rows[0][0]) if rows else None)
