"""The history of gaps: when each was first seen and when it was gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from kg.records import Gap

_OPEN = "SELECT entity, slot, shape, id FROM gap WHERE closed_at IS NULL"
_CLOSE = "UPDATE gap SET closed_at = ?, closed_seq = ? WHERE id = ?"
_RESTATE = "UPDATE gap SET severity = ?, message = ? WHERE id = ?"
_INSERT = """
INSERT INTO gap (entity, slot, shape, severity, message, opened_at, opened_seq)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


def write_gaps(
    connection: sqlite3.Connection, gaps: Iterable[Gap], checked_seq: int, moment: str
) -> None:
    """Open the gaps that are new, close those that are gone, restate those that stay."""
    found = {(gap.entity, gap.slot, gap.shape): gap for gap in gaps}
    opened = {(entity, slot, shape): row for entity, slot, shape, row in connection.execute(_OPEN)}
    gone = [(moment, checked_seq, row) for key, row in opened.items() if key not in found]
    staying = [
        (gap.severity, gap.message, opened[key]) for key, gap in found.items() if key in opened
    ]
    new = [
        (*key, gap.severity, gap.message, moment, checked_seq)
        for key, gap in found.items()
        if key not in opened
    ]
    connection.executemany(_CLOSE, gone)
    connection.executemany(_RESTATE, staying)
    connection.executemany(_INSERT, new)
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('checked_seq', ?)", (str(checked_seq),))
