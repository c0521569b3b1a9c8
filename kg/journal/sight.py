"""Sight: what a journal says of its sources now, read again only once somebody has written."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from kg.journal.doubts import read_doubts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

LOOK_SECONDS = 0.01
"""After so long at most it is seen what another process has written."""


@dataclass(frozen=True, slots=True)
class Seen:
    """When each (source, table) last vouched for what it holds, and the records in doubt.

    ``doubts`` has the path of each record that its source did not vouch for when last read, and
    when it last did.
    """

    confirmed: Mapping[tuple[str, str], datetime]
    doubts: Mapping[str, datetime | None]


class Sight:
    """Looks by a connection of its own, so that it waits for nobody; any thread may look.

    ``commits`` counts those of this process: what they wrote is seen at once. To ask SQLite each
    time would let other threads go first each time.
    """

    def __init__(self, connection: sqlite3.Connection, commits: Callable[[], int]) -> None:
        self._connection = connection
        self._commits = commits
        self._turn = threading.Lock()
        self._version = self._counted = -1
        self._look_again = 0.0
        self._seen = Seen({}, {})

    def look(self) -> Seen:
        """Tell what is committed."""
        with self._turn:
            commits, now = self._commits(), monotonic()
            if commits == self._counted and now < self._look_again:
                return self._seen
            # It differs once another connection has committed (SQLite, PRAGMA data_version).
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if version != self._version:
                seen = self._read()
                # The same where it says the same: much is worked out from it.
                self._seen = seen if seen != self._seen else self._seen
                self._version = version
            self._counted, self._look_again = commits, now + LOOK_SECONDS
            return self._seen

    def close(self) -> None:
        """Close the connection."""
        with self._turn:
            self._connection.close()

    def _read(self) -> Seen:
        rows = self._connection.execute("SELECT source, kind, confirmed_at FROM cursor")
        confirmed = {(source, kind): datetime.fromisoformat(at) for source, kind, at in rows}
        doubts = read_doubts(self._connection)
        return Seen(
            confirmed,
            {path: datetime.fromisoformat(at) if at else None for path, at in doubts.items()},
        )
