"""Retention: what older versions said is dropped before a horizon; that they were is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

# The last version that was known and true at the horizon answers for it and all before.
# Names and digests stay, so that a version which is delivered again is known again.
_PRUNE = """
UPDATE record SET payload = '' FROM (
  SELECT source, kind, key, max(seq) AS seq FROM record
  WHERE rtrim(recorded, 'Z') <= ?1 AND rtrim(coalesce(effective, recorded), 'Z') <= ?1
  GROUP BY source, kind, key HAVING count(*) > 1) AS last
WHERE (record.source, record.kind, record.key) = (last.source, last.kind, last.key)
  AND record.seq < last.seq AND record.payload <> ''
  AND record.seq NOT IN (SELECT seq FROM stand_in)
"""
_MOVE = """
INSERT INTO meta VALUES ('horizon', ?1) ON CONFLICT (key) DO UPDATE SET
  value = max(value, excluded.value)
"""


def prune_versions(connection: sqlite3.Connection, horizon: str) -> int:
    """Empty the versions that were superseded by ``horizon`` (sortable); counts them."""
    connection.execute(_MOVE, (horizon,))
    return connection.execute(_PRUNE, (horizon,)).rowcount
