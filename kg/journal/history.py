"""History: every version of records that the journal still holds, not only the newest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.records import record_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from kg.records import Record

    Read = Callable[[str, tuple[object, ...]], list[Any]]
    ToRecord = Callable[[tuple[Any, ...]], Record]
    Place = tuple[str, str, str]
    """A record's source, table and key."""

_PAGE = 5_000
# CROSS JOIN is SQLite's way to fix the order: from the wanted keys to the table's index.
_STANDING = """
SELECT n.key, n.seq, r.effective, r.recorded, n.deleted, s.seq IS NOT NULL
FROM json_each(?) AS wanted
CROSS JOIN newest AS n ON n.source = ? AND n.kind = ? AND n.key = wanted.value
CROSS JOIN record AS r ON r.seq = n.seq
LEFT JOIN stand_in AS s ON (s.source, s.kind, s.key) = (n.source, n.kind, n.key)
"""
_VERSIONS = """
FROM json_each(?) AS wanted
CROSS JOIN record ON record.source = ? AND record.kind = ? AND record.key = wanted.value
WHERE record.payload <> '' ORDER BY record.seq
"""
_DATED = """
SELECT record.key, record.seq, record.effective, record.recorded, record.deleted
FROM json_each(?) AS wanted
CROSS JOIN record ON record.source = ? AND record.kind = ? AND record.key = wanted.value
WHERE record.payload <> '' ORDER BY record.seq
"""
_OF_SEQS = """
FROM json_each(?) AS wanted CROSS JOIN record ON record.seq = wanted.value ORDER BY record.seq
"""
_FIRST = """
FROM newest JOIN record USING (seq) WHERE newest.source = ? AND newest.kind = ?
  AND NOT newest.deleted ORDER BY newest.key LIMIT ?
"""
_UNKNOWN = """
SELECT wanted.value ->> 0, wanted.value ->> 1, wanted.value ->> 2 FROM json_each(?) AS wanted
WHERE NOT EXISTS (SELECT 1 FROM record AS r WHERE r.source = wanted.value ->> 0
  AND r.kind = wanted.value ->> 1 AND r.key = wanted.value ->> 2 AND r.seq <= ?)
"""
_ALL_REPLACED = """
SELECT record.seq FROM record LEFT JOIN newest ON newest.seq = record.seq
WHERE newest.seq IS NULL AND record.seq <= ?2 AND record.payload <> '' AND ?1 = 0
"""
# What was the newest version of a key when it was last asked, or came and went since.
_REPLACED_SINCE = """
WITH touched AS (SELECT DISTINCT source, kind, key FROM record WHERE seq > ?1 AND seq <= ?2),
  before AS (
    SELECT t.source, t.kind, t.key, max(r.seq) AS seq FROM touched AS t
    CROSS JOIN record AS r ON (r.source, r.kind, r.key) = (t.source, t.kind, t.key)
    WHERE r.seq <= ?1 AND r.payload <> '' GROUP BY t.source, t.kind, t.key)
SELECT seq FROM before UNION
SELECT record.seq FROM record LEFT JOIN newest ON newest.seq = record.seq
WHERE record.seq > ?1 AND record.seq <= ?2 AND newest.seq IS NULL AND record.payload <> ''
"""


class Standing(NamedTuple):
    """The newest version of a key; ``is_stood_in`` where it cannot be lifted, and one before can.

    Times are ISO 8601, UTC.
    """

    seq: int
    effective: str | None
    recorded: str
    is_deleted: bool
    is_stood_in: bool


class Dated(NamedTuple):
    """A version of a key without its row; times are ISO 8601, UTC."""

    key: str
    seq: int
    effective: str | None
    recorded: str
    is_deleted: bool


class History:
    """Reads the versions of one journal file; any thread may ask."""

    def __init__(self, read: Read, to_record: ToRecord, columns: str) -> None:
        self._read = read
        self._to_record = to_record
        self._columns = columns

    def standing(self, source: str, kind: str, keys: Collection[str]) -> dict[str, Standing]:
        """Give by key what the newest versions are, without their rows."""
        rows = self._read(_STANDING, (json.dumps(list(keys)), source, kind))
        return {
            key: Standing(seq, at, recorded, bool(gone), bool(held))
            for key, seq, at, recorded, gone, held in rows
        }

    def unknown_at(self, seq: int, records: Collection[Record]) -> set[str]:
        """Give the paths of those records of which no version had come by ``seq``."""
        places = [(record.source, record.kind, record.key) for record in records]
        return {record_path(*row) for row in self._read(_UNKNOWN, (json.dumps(places), seq))}

    def dated(self, source: str, kind: str, keys: Collection[str]) -> list[Dated]:
        """Give all versions of keys that were not pruned without their rows, the oldest first."""
        rows = self._read(_DATED, (json.dumps(list(keys)), source, kind))
        return [Dated(key, seq, at, recorded, bool(gone)) for key, seq, at, recorded, gone in rows]

    def of_seqs(self, seqs: Collection[int]) -> list[Record]:
        """Give the versions with these seqs, the oldest first."""
        return self._read_records(_OF_SEQS, (json.dumps(list(seqs)),))

    def versions(self, source: str, kind: str, keys: Collection[str]) -> list[Record]:
        """Give all versions of keys that were not pruned, the oldest first."""
        return self._read_records(_VERSIONS, (json.dumps(list(keys)), source, kind))

    def first_of(self, source: str, kind: str, most: int) -> list[Record]:
        """Give the newest versions of a table's first ``most`` live keys, in their order."""
        return self._read_records(_FIRST, (source, kind, most))

    def replaced(self, after: int, until: int) -> Iterator[list[Record]]:
        """Give, a page at a time, the versions that were replaced by a seq in (after, until].

        From ``after`` 0 on they are all that are not the newest of their keys.
        """
        query = _ALL_REPLACED if after == 0 else _REPLACED_SINCE
        found = sorted(seq for (seq,) in self._read(query, (after, until)))
        for start in range(0, len(found), _PAGE):
            yield self.of_seqs(found[start : start + _PAGE])

    def _read_records(self, query: str, parameters: tuple[object, ...]) -> list[Record]:
        rows = self._read(f"SELECT {self._columns} {query}", parameters)
        return [self._to_record(row) for row in rows]

    def moved_since(self, moment: str, most: int) -> set[Place]:
        """Give records of which a version was recorded, or became true, after a time (sortable)."""
        rows = self._read(
            "SELECT DISTINCT source, kind, key FROM record WHERE rtrim(recorded, 'Z') > ?1"
            " OR rtrim(effective, 'Z') > ?1 LIMIT ?2",
            (moment, most),
        )
        return {(source, kind, key) for source, kind, key in rows}

    def touched(self, after: int) -> set[Place]:
        """Give the records of which a version came after a seq."""
        rows = self._read("SELECT DISTINCT source, kind, key FROM record WHERE seq > ?", (after,))
        return {(source, kind, key) for source, kind, key in rows}

    def seq_at(self, recorded: str) -> int:
        """Give the seq of the last record among those recorded up to a time; 0 where none was."""
        rows = self._read(
            "SELECT coalesce(max(seq), 0) FROM record WHERE rtrim(recorded, 'Z') <= ?", (recorded,)
        )
        return int(rows[0][0])
