"""Arriving: records and bad rows of one table, written in their order by one transaction."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from kg.journal.doubts import has_doubts, write_doubts
from kg.journal.people import remember_names
from kg.journal.quarantine import put_rows, supersede_rows
from kg.journal.versions import Appended, Arrival, VersionWriter, receive
from kg.records import Rejected

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from kg.journal.confirmations import Confirmations
    from kg.records import Record

_IS_WAITING = """
SELECT EXISTS (SELECT 1 FROM quarantine WHERE source = ? AND kind = ? AND stage = 'read'
  AND discarded_at IS NULL)
"""


class Arriving:
    """What arrived for one table by itself; made before the journal is asked.

    The order counts: a key that comes again after a row that could not be read makes that row out
    of date, and one that came before it is in doubt.

    Raises:
        JournalError: a record holds what JSON or UTF-8 cannot say.
    """

    def __init__(
        self,
        source: str,
        kind: str,
        items: Sequence[Record | Rejected],
        cursor: str,
        moment: str,
        confirmed: Confirmations,
    ) -> None:
        self._table = (source, kind)
        self._items = [item if isinstance(item, Rejected) else receive(item) for item in items]
        self._cursor = cursor
        self._moment = moment
        self._confirmed = confirmed

    def write(
        self, connection: sqlite3.Connection, mappings: Mapping[tuple[str, str], str]
    ) -> Appended:
        """Write all of it inside a transaction that the caller holds."""
        records = [item.record for item in self._items if isinstance(item, Arrival)]
        remember_names(connection, [one for one in records if one.personal is not None])
        is_waiting = bool(connection.execute(_IS_WAITING, self._table).fetchone()[0])
        writer = VersionWriter(connection, self._moment)
        new = 0
        for is_record, group in groupby(self._items, lambda item: isinstance(item, Arrival)):
            members = list(group)
            if not is_record:
                bad = [item for item in members if isinstance(item, Rejected)]
                put_rows(connection, bad, mappings, self._moment, ())
                is_waiting = True
                continue
            arrivals = [item for item in members if isinstance(item, Arrival)]
            new += writer.append(arrivals).new
            if is_waiting:
                supersede_rows(connection, [(arrival.record, None) for arrival in arrivals])
        self._note_doubts(connection)
        if records:
            self._confirmed.write(connection, self._table, self._cursor, self._moment)
        return Appended(new, len(records) - new)

    def _note_doubts(self, connection: sqlite3.Connection) -> None:
        last: dict[str, bool] = {}
        for item in self._items:
            if isinstance(item, Arrival):
                last[item.record.key] = False
            elif item.key is not None:
                last[item.key] = True
        doubted = {key for key, is_doubted in last.items() if is_doubted}
        if doubted or has_doubts(connection, *self._table):
            write_doubts(connection, *self._table, doubted, last.keys() - doubted)
