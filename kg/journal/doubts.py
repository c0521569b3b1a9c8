"""Doubts: what is current although its source no longer says so, or said so unreadably."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kg.records import record_path

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable

    from kg.records import Record

_HAS_DOUBTS = "SELECT EXISTS (SELECT 1 FROM doubt WHERE source = ? AND kind = ?)"
_CLEAR_OTHERS = """
DELETE FROM doubt WHERE source = ? AND kind = ?
  AND key NOT IN (SELECT value FROM json_each(?))
"""
_CLEAR = """
DELETE FROM doubt WHERE source = ? AND kind = ? AND key IN (SELECT value FROM json_each(?))
"""
# The first doubt counts: until then its source had vouched for the record.
_DOUBT = """
INSERT OR IGNORE INTO doubt
SELECT n.source, n.kind, n.key, cursor.confirmed_at FROM json_each(?) AS wanted
CROSS JOIN newest AS n ON n.source = ? AND n.kind = ? AND n.key = wanted.value
  AND NOT n.deleted
LEFT JOIN cursor ON cursor.source = n.source AND cursor.kind = n.kind
"""
_ALL = """
SELECT source, kind, key, confirmed_at FROM doubt
UNION ALL
SELECT record.source, record.kind, record.key, recorded FROM stand_in JOIN record USING (seq)
"""
_FORGET_STAND_INS = """
DELETE FROM stand_in WHERE (source, kind, key) IN
  (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))
"""


def has_doubts(connection: sqlite3.Connection, source: str, kind: str) -> bool:
    """Tell whether a record of a table is in doubt."""
    return bool(connection.execute(_HAS_DOUBTS, (source, kind)).fetchone()[0])


def write_doubts(
    connection: sqlite3.Connection,
    source: str,
    kind: str,
    doubted: Collection[str],
    cleared: Collection[str] | None,
) -> None:
    """Doubt live keys of a table; ``cleared`` are in doubt no more, None: all the others."""
    table, wanted = (source, kind), json.dumps(list(doubted))
    if cleared is None:
        connection.execute(_CLEAR_OTHERS, (*table, wanted))
    else:
        connection.execute(_CLEAR, (*table, json.dumps(list(cleared))))
    connection.execute(_DOUBT, (wanted, *table))


def write_stand_ins(
    connection: sqlite3.Connection, lifted: Iterable[Record] | None, stand_ins: Iterable[Record]
) -> None:
    """Note which older versions are current among the records that were lifted; None: all."""
    if lifted is None:
        connection.execute("DELETE FROM stand_in")
    else:
        keys = json.dumps([[r.source, r.kind, r.key] for r in lifted])
        connection.execute(_FORGET_STAND_INS, (keys,))
    connection.executemany(
        "INSERT INTO stand_in VALUES (?, ?, ?, ?)",
        ((r.source, r.kind, r.key, r.seq) for r in stand_ins),
    )


def read_doubts(connection: sqlite3.Connection) -> dict[str, str | None]:
    """Give the path of each record in doubt, and when its source last vouched for it."""
    return {record_path(*names): at for *names, at in connection.execute(_ALL)}
