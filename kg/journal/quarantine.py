"""Quarantine: the rows that could not become records or facts, until they can or are discarded."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.records import Rejected

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping

    from kg.records import Record

_REJECTED = "source, kind, position, stage, code, message, hint, raw, key"
_SELECT = f"""
SELECT id, mapping, first_seen, last_seen, attempts, superseded, discarded_at, discarded_why,
  {_REJECTED} FROM quarantine
"""
# What was discarded once is known again by its bytes: its line in a file may have moved.
_SEE_DISCARDED = """
UPDATE quarantine SET last_seen = ?, attempts = attempts + 1, mapping = ?
WHERE source = ? AND kind = ? AND stage = ? AND code = ? AND raw_digest = ?
  AND discarded_at IS NOT NULL
"""
_PUT = f"""
INSERT INTO quarantine ({_REJECTED}, raw_digest, mapping, first_seen, last_seen, attempts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
ON CONFLICT (source, kind, stage, code, raw_digest, position) DO UPDATE SET
  last_seen = excluded.last_seen, attempts = attempts + 1, mapping = excluded.mapping,
  key = excluded.key, message = excluded.message, hint = excluded.hint
RETURNING id, attempts
"""
_DISCARD = """
UPDATE quarantine SET discarded_at = ?, discarded_why = ?
WHERE discarded_at IS NULL AND (source, kind, stage, code, raw_digest) IN
  (SELECT source, kind, stage, code, raw_digest FROM quarantine WHERE id = ?)
"""
_SUPERSEDE = """
UPDATE quarantine SET superseded = 1 WHERE stage = 'read' AND discarded_at IS NULL
  AND source = ? AND kind = ? AND key = ? AND id < coalesce(?, id + 1)
"""


_AGAIN = """
UPDATE OR REPLACE quarantine SET code = ?, message = ?, hint = ?, key = ?, mapping = ?,
  last_seen = ?, attempts = attempts + 1 WHERE id = ? AND discarded_at IS NULL
"""
_LEAVE = "DELETE FROM quarantine WHERE id = ? AND discarded_at IS NULL"
_COUNT = """
SELECT source, kind, stage, code, count(*) FROM quarantine WHERE discarded_at IS NULL
GROUP BY source, kind, stage, code ORDER BY source, kind, stage, code
"""


class WaitingCount(NamedTuple):
    """How many rows of a table wait in quarantine for one reason."""

    source: str
    kind: str
    stage: str
    code: str
    rows: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A rejected row in quarantine; the times are ISO 8601 in UTC.

    ``mapping`` is the version of the mapping and settings that it was last tried with.
    ``is_superseded`` says that its key came again in a later row, which could be read.
    """

    id: int
    rejected: Rejected
    mapping: str
    first_seen: str
    last_seen: str
    attempts: int
    is_superseded: bool = False
    discarded_at: str | None = None
    discarded_why: str | None = None

    def to_dict(self, mappings: Mapping[tuple[str, str], str]) -> dict[str, Any]:
        """Give plain data for JSON; ``mappings`` are today's versions."""
        said = self.rejected
        return {
            "id": self.id,
            "source": said.source,
            "table": said.kind,
            "key": said.key,
            "position": said.position,
            "stage": said.stage,
            "code": said.code,
            "message": said.message,
            "hint": said.hint,
            "raw": _to_bytes(said.raw).decode(errors="backslashreplace"),
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "attempts": self.attempts,
            "is_mapping_current": self.mapping == mappings.get((said.source, said.kind)),
            "is_superseded": self.is_superseded,
            "discarded_at": self.discarded_at,
            "discarded_why": self.discarded_why,
        }


def select_rows(connection: sqlite3.Connection, where: str, *values: object) -> list[Quarantined]:
    """Give the rows that a condition holds for, oldest first."""
    rows = connection.execute(f"{_SELECT} WHERE {where} ORDER BY id", values)
    return [_quarantined(row) for row in rows]


def put_rows(
    connection: sqlite3.Connection,
    rejected: Iterable[Rejected],
    mappings: Mapping[tuple[str, str], str],
    moment: str,
    replacing: Collection[int],
) -> int:
    """Write rows and count the new ones; of ``replacing`` those go that did not come again."""
    staying, new = set(), 0
    for row in rejected:
        raw = _to_bytes(row.raw)
        digest = blake2b(raw, digest_size=16).digest()
        mapping = mappings.get((row.source, row.kind), "")
        known = (row.source, row.kind, row.stage, row.code, digest)
        if connection.execute(_SEE_DISCARDED, (moment, mapping, *known)).rowcount:
            continue
        place = (row.source, row.kind, row.position, row.stage, row.code)
        said = (row.message, row.hint, raw, row.key, digest, mapping, moment, moment)
        number, attempts = connection.execute(_PUT, (*place, *said)).fetchone()
        staying.add(number)
        new += attempts == 1
    connection.executemany(_LEAVE, ((number,) for number in replacing if number not in staying))
    return new


def put_again(
    connection: sqlite3.Connection,
    tried: Mapping[int, Rejected | None],
    mappings: Mapping[tuple[str, str], str],
    moment: str,
) -> None:
    """Count an attempt of each row that failed again, whatever for now; the others leave."""
    for number, row in tried.items():
        if row is None:
            connection.execute(_LEAVE, (number,))
        else:
            mapping = mappings.get((row.source, row.kind), "")
            said = (row.code, row.message, row.hint, row.key, mapping, moment, number)
            connection.execute(_AGAIN, said)


def count_rows(connection: sqlite3.Connection) -> list[WaitingCount]:
    """Count what waits, by table and reason."""
    return [WaitingCount(*row) for row in connection.execute(_COUNT)]


def supersede_rows(
    connection: sqlite3.Connection, records: Iterable[tuple[Record, int | None]]
) -> None:
    """Mark the rows of these records' keys that are older: what they say is out of date."""
    keys = ((record.source, record.kind, record.key, before) for record, before in records)
    connection.executemany(_SUPERSEDE, keys)


def discard_rows(
    connection: sqlite3.Connection, numbers: Iterable[int], reason: str, moment: str
) -> int:
    """Discard rows, and those of the same bytes; counts them."""
    return sum(
        connection.execute(_DISCARD, (moment, reason, number)).rowcount for number in numbers
    )


def _quarantined(row: tuple[Any, ...]) -> Quarantined:
    number, mapping, first, last, attempts, superseded, at, why, *said = row
    source, kind, position, stage, code, message, hint, raw, key = said
    place = (source, kind, position, stage, code)
    rejected = Rejected(*place, message, hint, raw.decode("utf-8", "surrogateescape"), key)
    return Quarantined(number, rejected, mapping, first, last, attempts, bool(superseded), at, why)


def _to_bytes(raw: str) -> bytes:
    try:
        return raw.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a surrogate pair that no byte stood for
        return raw.encode("utf-8", "surrogatepass")
